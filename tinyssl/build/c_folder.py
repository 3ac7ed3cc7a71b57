"""`tinyssl build --target c`: a folder of C to drop into any project."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

from tinyssl.boards import Board
from tinyssl.build.project import write_files
from tinyssl.build.source import ModelSource, sample_inputs
from tinyssl.emit import describe_ops, render_c_folder
from tinyssl.errors import UsageError
from tinyssl.records import BuildInfo


def write_c_folder(source: ModelSource, folder: Path, board: Board) -> BuildInfo:
    """Writes the folder; its self-test holds one input and what TFLM gives for it.

    Returns:
        Sizes are those known without a compiler: weights and arena in bytes.

    Raises:
        UsageError: `folder` exists and holds something else.
    """
    from tinyssl.verify import TflmInterpreter

    golden = sample_inputs(source, 1)[0]
    answer = TflmInterpreter(source.data).invoke(golden)
    isa = board.tinyssl.isa
    files = render_c_folder(source.model, source.plan, golden, answer, isa=isa)
    if folder.exists() and not (folder / BuildInfo.FILE).exists():
        raise UsageError(f"{folder} exists and is not a tinyssl build", hint="give another --out")
    stage = folder.parent / f".{folder.name}.new"
    shutil.rmtree(stage, ignore_errors=True)
    write_files(stage, files)
    text = "".join(f"{path}\0{content}\0" for path, content in sorted(files.items()))
    weights = sum(tensor.bytes for tensor in source.model.tensors if tensor.constant)
    info = BuildInfo(
        board=board.id,
        engine="aot",
        model_path=str(source.path),
        model_sha256=source.model.source_sha256,
        build_id=hashlib.sha256(text.encode()).hexdigest()[:16],
        artifacts={},
        sizes={"weights": weights, "arena": source.plan.peak},
        regions={},
        arena=source.plan.as_json(),
        ops=describe_ops(source.model),
        data_run=source.data_run,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    info.save(stage)
    shutil.rmtree(folder, ignore_errors=True)
    stage.rename(folder)
    return info

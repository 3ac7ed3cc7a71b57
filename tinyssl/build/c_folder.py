"""`tinyssl build --target c`: a folder of C to drop into any project."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from tinyssl.boards import Board
from tinyssl.build.source import ModelSource, sample_inputs
from tinyssl.emit import describe_steps, render_c_folder, weight_bytes, write_sources
from tinyssl.records import BuildInfo


def c_folder(source: ModelSource, board: Board, folder: Path) -> BuildInfo:
    """Writes the model, its kernels and a self-test on one input with what TFLM gives for it.

    Returns:
        Its sizes are those known without a compiler: weights (with biases and the tables of the
        requantisation, as in flash) and arena, in bytes.
    """
    from tinyssl.verify import TflmInterpreter

    golden = sample_inputs(source, 1)[0]
    answer = TflmInterpreter(source.data).invoke(golden)
    files = render_c_folder(source.model, source.plan, golden, answer, isa=source.isa)
    write_sources(files, folder)
    text = "".join(f"{path}\0{content}\0" for path, content in sorted(files.items()))
    weights = weight_bytes(source.model, source.plan, source.isa)
    return BuildInfo(
        board=board.id,
        engine="aot",
        model_path=str(source.path),
        model_sha256=source.model.source_sha256,
        build_id=hashlib.sha256(text.encode()).hexdigest()[:16],
        artifacts={},
        sizes={"weights": weights, "arena": source.plan.peak},
        regions={},
        arena=source.plan.as_json(),
        ops=describe_steps(source.model, source.plan.steps),
        data_run=source.data_run,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )

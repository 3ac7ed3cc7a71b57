"""Targets without a board's image: `c`, a folder of C, and `library`, one to be installed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tinyssl.codegen.aot import render_c_folder
from tinyssl.codegen.library import LibraryFacts, library_name, render_library
from tinyssl.compiler.describe import describe_calls
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import BuildInfo
from tinyssl.core.sources import Sources, write_sources
from tinyssl.graph.interface import Feeds
from tinyssl.project.extras import extra_sources
from tinyssl.project.source import ModelSource, sample_inputs
from tinyssl.targets.boards import Board

Golden = tuple[Feeds, Feeds]
"""Inputs of one inference by name, and what TFLM gives for them"""


def source_folder(
    config: BuildConfig, source: ModelSource, board: Board, folder: Path
) -> BuildInfo:
    """Writes the folder of `config.target`, with one input and what TFLM gives for it.

    Returns:
        Its sizes are those known without a compiler: weights (with biases and the tables of the
        requantisation, as in flash) and arena, in bytes.

    Raises:
        UsageError: The engine is not ours: only its C is a folder of its own.
    """
    if config.engine != "aot":
        raise UsageError(
            f"--target {config.target} is the C of the engine aot, not of {config.engine}",
            hint="leave --engine out",
        )
    files = RENDERERS[config.target](config, source, _golden(source))
    write_sources(files, folder)
    text = "".join(f"{path}\0{content}\0" for path, content in sorted(files.items()))
    weights = source.program.constant_bytes
    return BuildInfo(
        board=board.id,
        engine="aot",
        model_path=str(source.path),
        model_sha256=source.program.graph.source_sha256,
        build_id=hashlib.sha256(text.encode()).hexdigest()[:16],
        artifacts={},
        sizes={"weights": weights, "arena": source.program.arena_bytes},
        regions={},
        arena=source.program.plan.as_json(),
        ops=describe_calls(source.program.graph, source.program.calls),
        data_run=source.data_run,
        changes=list(source.changes),
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _golden(source: ModelSource) -> Golden:
    from tinyssl.runtimes.oracle import open_oracle

    golden = sample_inputs(source, 1)[0]
    return golden, open_oracle(source.data).run(golden)


def _c_folder(config: BuildConfig, source: ModelSource, golden: Golden) -> Sources:
    return render_c_folder(source.program, *golden, extra_sources(config, source))


def _library(config: BuildConfig, source: ModelSource, golden: Golden) -> Sources:
    name = config.library_name or library_name(source.program.graph.name)
    url = config.library_url or ""
    facts = LibraryFacts(name, config.library_version, config.library_author, url)
    return render_library(source.program, golden, facts, extra_sources(config, source))


RENDERERS: dict[str, Callable[[BuildConfig, ModelSource, Golden], Sources]] = {
    "c": _c_folder,
    "library": _library,
}
"""`config.target` -> its files; `firmware` is not among them"""

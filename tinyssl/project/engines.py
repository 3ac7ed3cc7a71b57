"""What each engine puts into the project."""

from __future__ import annotations

from tinyssl.codegen.aot import render_aot, render_engine_aot
from tinyssl.core.config import BuildConfig
from tinyssl.graph.model import Model
from tinyssl.project.project import MODEL_LIBRARY, EngineParts, input_bytes
from tinyssl.project.source import ModelSource
from tinyssl.project.tflm import KEPT_INPUT, tflm_parts
from tinyssl.targets.boards import Board


def engine_model(config: BuildConfig, source: ModelSource) -> Model:
    """The graph that the engine runs: TFLM takes the file as it is, aot what our passes made."""
    return source.graph if config.engine == "tflm" else source.program.graph


def engine_parts(config: BuildConfig, source: ModelSource, board: Board) -> EngineParts:
    """Files and settings of the chosen engine."""
    if config.engine == "tflm":
        return tflm_parts(source, board, config)
    library = render_aot(source.program)
    files = {f"{MODEL_LIBRARY}/src/{path}": text for path, text in library.items()}
    engine = render_engine_aot(source.program)
    files |= {f"src/engine/{path}": text for path, text in engine.items()}
    program = source.program
    keep = input_bytes(program.graph) <= KEPT_INPUT
    return EngineParts(
        files, keep_input=keep, arena_bytes=program.arena_bytes, calls=len(program.inference_calls)
    )

"""The constants of the cost model of training, fitted to measured instructions.

    python -m tools.fit_training_cost           # writes tinyssl/targets/training_cost_table.py

Each model learns on an emulated board with a floating-point unit and on one without, an operator
at a time. The instructions of a kernel are fitted by its features, with constants of at least 0
(tinyssl/targets/training_cost.py). Other models are held out: nothing is fitted to them, and they
tell the error of a whole step.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyssl import compiler
from tinyssl.codegen.aot import render_aot
from tinyssl.compiler import Program
from tinyssl.frontends.tflite import read_file, read_model, write_model
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import DType, Model
from tinyssl.graph.training import TARGET, Loss, training_start
from tinyssl.ops.common.activation import Activation
from tinyssl.project.learner import Learner, Weights
from tinyssl.project.learner_file import canonical_names, learner_file
from tinyssl.project.learning import with_training
from tinyssl.targets.boards import Board, find_board
from tinyssl.targets.fusing import fusing_for
from tinyssl.targets.training_cost import HARD, SOFT, training_features
from tinyssl.zoo import find_entry
from tools.bench_engines.image import Parts, figures
from tools.bench_engines.measure import EMULATED_BY
from tools.fit_cost import Samples, fit
from tools.stamp import ROOT, stamp

TABLE = ROOT / "tinyssl" / "targets" / "training_cost_table.py"
SHARED = ROOT.parent / "shared" / "models"
BOARDS = {HARD: "mps2_an500", SOFT: "mps2_an385"}
RATE = 1e-4

GLUE = """\
#include <string.h>
#include "engine.h"
#include "model.h"

static uint8_t arena[TINYSSL_MODEL_ARENA_BYTES]
    __attribute__((section(".tinyssl_arena"), aligned(16)));
static uint8_t drawn[TINYSSL_MODEL_INPUT_BYTES], none[4];

const char *engine_init(void) { tinyssl_model_init(arena); return NULL; }
const struct engine_info engine_info = {.inputs = 1};
void *engine_data(uint32_t tensor) { return tensor == 0 ? drawn : none; }
uint32_t engine_arena_used(void) { return TINYSSL_MODEL_ARENA_BYTES; }

int engine_invoke(engine_hook *hook, void *context)
{
    uint8_t *input = tinyssl_model_input(arena, 0);
    if (@FLOATS@) {
        for (uint32_t i = 0; i < sizeof drawn / 4; i++) {
            ((float *)input)[i] = (float)(int8_t)drawn[4 * i + 3] / 128.0f;
        }
    } else {
        memcpy(input, drawn, sizeof drawn);
    }
    if (@LABEL@) {
        *(int32_t *)tinyssl_model_data(arena, TINYSSL_MODEL_TENSOR_COUNT - 1) = 1;
    }
    if (hook == NULL) {
        tinyssl_model_invoke(arena);
        return tinyssl_model_train(arena);
    }
    hook(context, 0);
    tinyssl_model_invoke_profiled(arena, hook, context);
    tinyssl_model_train_profiled(arena, hook, context);
    return 0;
}
"""

PROFILED = """
void tinyssl_model_train_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                  void *context);
void tinyssl_model_train_profiled(uint8_t *arena, void (*after)(void *context, uint32_t index),
                                  void *context)
{
    for (uint32_t index = 0; index < TINYSSL_MODEL_TRAINING_OP_COUNT; index++) {
        run(&calls[TINYSSL_MODEL_OP_COUNT + index], (int8_t *)arena);
        after(context, index);
    }
}
"""


@dataclass(frozen=True)
class Case:
    """A model and what learns of it."""

    name: str
    data: bytes
    what: str
    weights: Weights = "float32"
    loss: Loss = Loss.CROSS_ENTROPY
    autoencoder: bool = False
    momentum: float = 0.0

    @property
    def title(self) -> str:
        """`kws last:3 int8`"""
        end = f" momentum {self.momentum:g}" if self.momentum else ""
        return f"{self.name} {self.what} {self.weights}{end}"

    def graph(self, folder: Path) -> Model:
        """With its training step."""
        path = folder / f"{self.name.replace(' ', '_')}.tflite"
        path.write_bytes(self.data)
        what = canonical_names(path, self.what)
        file = learner_file(read_model(self.data, path.stem), what, self.weights)
        learner = Learner(
            what,
            self.loss,
            RATE,
            self.momentum,
            autoencoder=self.autoencoder,
            weights=self.weights,
        )
        return with_training(read_model(file, path.stem), learner)


def dense(name: str, *widths: int, function: str = "TANH") -> bytes:
    """A small float network."""
    stack = LayerStack((1, widths[0]))
    for width in widths[1:-1]:
        stack.dense(width)
        stack.function(function)
    stack.dense(widths[-1])
    return write_model(stack.model(name))


def relu(name: str, *widths: int) -> bytes:
    """The same with ReLU in the layers."""
    stack = LayerStack((1, widths[0]))
    for width in widths[1:-1]:
        stack.dense(width, Activation.RELU)
    stack.dense(widths[-1])
    return write_model(stack.model(name))


def cases() -> tuple[list[Case], list[Case]]:
    """Those that are fitted, and those that are held out."""
    zoo = read_file(find_entry().model)
    kws, resnet, vww = (
        read_file(SHARED / name)
        for name in ("kws_ref_model.tflite", "pretrainedResnet_quant.tflite", "vww_96_int8.tflite")
    )
    auto = relu("auto", 64, 32, 8, 32, 64)
    sine = dense("sine", 1, 32, 32, 1)
    fitted = [
        Case("sine", sine, "all", loss=Loss.SQUARED_ERROR),
        Case("relu", relu("relu", 20, 30, 10), "all"),
        Case("logistic", dense("logistic", 12, 20, 5, function="LOGISTIC"), "all"),
        Case("autoencoder", auto, "all", loss=Loss.SQUARED_ERROR, autoencoder=True),
        Case("relu", relu("relu", 20, 30, 10), "all", momentum=0.9),
        Case("sine", sine, "all", loss=Loss.SQUARED_ERROR, momentum=0.9),
        Case("resnet", resnet, "last:4", momentum=0.9),
        Case("kws", kws, "all"),
        Case("kws", kws, "all", "int8"),
        Case("resnet", resnet, "last:4"),
        Case("resnet", resnet, "last:4", "int8"),
        Case("zoo", zoo, "last:6"),
        Case("zoo", zoo, "last:6", "int8"),
        Case("vww", vww, "bias"),
    ]
    held = [
        Case("wide", relu("wide", 100, 64, 10), "all", momentum=0.9),
        Case("presence", dense("presence", 5, 16, 2), "all"),
        Case("wide", relu("wide", 100, 64, 10), "all"),
        Case("zoo", zoo, "head"),
        Case("zoo", zoo, "last:12"),
        Case("zoo", zoo, "last:12", "int8"),
        Case("vww", vww, "last:8"),
        Case("vww", vww, "last:8", "int8"),
        Case("resnet", resnet, "all", "int8"),
        Case("kws", kws, "last:3"),
    ]
    return fitted, held


def measured(program: Program, board: Board) -> list[int]:
    """Instructions of each call that has a kernel or not, inference first."""
    sources = render_aot(program)
    sources["model.c"] += PROFILED
    header = "void tinyssl_model_train_profiled(uint8_t *, void (*)(void *, uint32_t), void *);\n"
    graph = program.graph
    glue = GLUE.replace("@FLOATS@", str(int(graph.input.dtype is DType.FLOAT32)))
    label = any(v.name == TARGET and v.dtype is DType.INT32 for v in graph.tensors)
    sources["glue.c"] = glue.replace("@LABEL@", str(int(label))).replace(
        "\nconst char *engine_init", f"\n{header}const char *engine_init", 1
    )
    size = graph.input.bytes
    sources["ends.h"] = (
        f"static const uint32_t inputs[] = {{{size}}};\nstatic const uint32_t outputs[] = {{1}};\n"
    )
    return list(figures(Parts(sources), board).operators)[1:]


def samples_of(case: Case, core: str, folder: Path) -> tuple[Samples, float, float]:
    """Kernel -> features and instructions; and the instructions of inference and step."""
    board = find_board(BOARDS[core])
    program = compiler.compile(case.graph(folder), board.tinyssl.isa)
    counts, found = measured(program, board), defaultdict(list)
    start, graph = training_start(program.graph), program.graph
    fusing = fusing_for(board.tinyssl.isa)
    for call, count in zip(program.calls, counts, strict=True):
        if call.kernel is None or call.block is not None:
            continue
        op = graph.ops[call.first]
        if fusing is None or not fusing.op_cost(graph, op):
            found[call.kernel.name].append((training_features(graph, op), count))
    step = sum(n for call, n in zip(program.calls, counts, strict=True) if call.first >= start)
    return dict(found), float(sum(counts) - step), float(step)


def estimated(case: Case, core: str, folder: Path, fitted: dict[str, dict[str, float]]) -> float:
    """Instructions of the step by the constants; kernels that no fitted model has count 0."""
    board = find_board(BOARDS[core])
    program = compiler.compile(case.graph(folder), board.tinyssl.isa)
    start, graph, found = training_start(program.graph), program.graph, 0.0
    for call in program.calls:
        if call.first >= start and call.kernel is not None:
            constants = fitted.get(call.kernel.name, {})
            features = training_features(graph, graph.ops[call.first])
            found += sum(constants.get(name, 0.0) * n for name, n in features.items())
    return found


def one_core(core: str, folder: Path) -> tuple[dict[str, dict[str, float]], list[float]]:
    """Constants of a kind of core, and the relative errors of the held-out models' steps."""
    samples: Samples = defaultdict(list)
    fit_to, held = cases()
    for case in fit_to:
        for kernel, found in samples_of(case, core, folder)[0].items():
            samples[kernel] += found
        sys.stderr.write(f"{core}: {case.title}\n")
    fitted = {kernel: fit(found)[0] for kernel, found in samples.items()}
    errors = []
    for case in held:
        step = samples_of(case, core, folder)[2]
        guess = estimated(case, core, folder, fitted)
        errors.append(guess / step - 1)
        sys.stdout.write(f"{core}: {case.title}: {step:,.0f} measured, {guess:,.0f} estimated\n")
        sys.stdout.flush()
    return fitted, errors


def entries(constants: dict[str, float]) -> str:
    """A dictionary as `ruff format` leaves it, one feature a line."""
    lines = "".join(f'            "{name}": {value!r},\n' for name, value in constants.items())
    return f"{{\n{lines}        }}"


def wrapped(title: str, listed: list[Case]) -> str:
    """Names of models in lines of the house's length."""
    return textwrap.fill(f"{title}: {'; '.join(case.title for case in listed)}.", 100)


def main() -> int:
    """Measures, fits, writes."""
    text = notes = ""
    with tempfile.TemporaryDirectory(prefix="fit-training-") as folder:
        for core in BOARDS:
            fitted, errors = one_core(core, Path(folder))
            sizes = np.abs(errors)
            rows = "".join(
                f'        "{name}": {entries(fitted[name])},\n' for name in sorted(fitted)
            )
            text += f'    "{core}": {{\n{rows}    }},\n'
            median, worst = (round(float(each), 3) for each in (np.median(sizes), sizes.max()))
            notes += f'    "{core}": ({len(errors)}, {median}, {worst}),\n'
    facts = stamp(*EMULATED_BY)
    fit_to, held = cases()
    TABLE.write_text(
        f'"""Written by `python -m tools.fit_training_cost`; do not edit.\n\n'
        f"Commit {facts['commit']}, {facts['date']}, {', '.join(BOARDS.values())},\n"
        f"{facts['machine']}.\n"
        f"{wrapped('Fitted to', fit_to)}\n{wrapped('Held out', held)}\n"
        f'"""\n\nCONSTANTS: dict[str, dict[str, dict[str, float]]] = {{\n{text}}}\n'
        '"""Core -> kernel -> feature -> instructions"""\n\n'
        f"ERRORS: dict[str, tuple[int, float, float]] = {{\n{notes}}}\n"
        '"""Core -> held-out models, median and largest relative error of a whole step"""\n',
        encoding="utf-8",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

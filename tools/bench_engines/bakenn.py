"""BakeNN (PyPI, an ahead-of-time compiler over CMSIS-NN) in the bare program.

Its importer refuses SOFTMAX and MEAN, a batch size that is left open, and operator versions other
than its own. What we change for it is said in the note that goes into the tables.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.model import Model, Op, Quant, Value
from tinyssl.graph.passes import run_passes
from tinyssl.graph.verify import verify
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.common.pads import image_amounts
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.ops.pad import Pad
from tinyssl.ops.softmax import Softmax
from tinyssl.targets.boards import Board, Isa
from tools.bench_engines.image import Parts, Refused, ends

VERSION = "1.0.0"
INSTALL = f'pip install "bakenn[tflite]=={VERSION}"'
WITH_DSP = (Isa.CORTEX_M4, Isa.CORTEX_M7, Isa.CORTEX_M55)
SUFFIXES = (".c", ".h")

ENGINE = """\
/* BakeNN's model behind engine.h. Its arena may not hold input or output: they are arrays. */
#include "engine.h"

#include <stddef.h>

#include "bknn_model.h"

static uint8_t arena[BKNN_MODEL_ARENA_SIZE ? BKNN_MODEL_ARENA_SIZE : 1]
    __attribute__((section(".tinyssl_arena"), aligned(16)));
static int8_t input[BKNN_MODEL_INPUT_BYTES] __attribute__((aligned(16)));
static int8_t output[BKNN_MODEL_OUTPUT_BYTES] __attribute__((aligned(16)));

const struct engine_info engine_info = {
    .engine = "bakenn",
    .input_bytes = BKNN_MODEL_INPUT_BYTES,
    .output_bytes = BKNN_MODEL_OUTPUT_BYTES,
    .inputs = 1,
    .arena_bytes = BKNN_MODEL_ARENA_SIZE,
};

const char *engine_init(void)
{
    return NULL;
}

void *engine_data(uint32_t tensor)
{
    return tensor == 0 ? input : output;
}

int engine_invoke(engine_hook *hook, void *context)
{
    (void)hook;
    (void)context;
    bknn_model_infer(BKNN_MODEL_ARENA_SIZE ? arena : NULL, input, output);
    return 0;
}

const char *engine_op_name(uint32_t index)
{
    (void)index;
    return "";
}

uint32_t engine_arena_used(void)
{
    return BKNN_MODEL_ARENA_SIZE;
}
"""


def plain(data: bytes, name: str, board: Board) -> Parts:
    """The model with what BakeNN refuses taken out."""
    model, notes = accepted(data, name)
    return _parts(_file(model, data), notes, board)


def padded(data: bytes, name: str, board: Board) -> Parts:
    """The same with paddings that are not symmetric as operators of their own.

    For such a padding BakeNN falls back, without saying so, to a kernel that is not CMSIS-NN's.
    """
    model, notes = accepted(data, name)
    model, count = explicit_pads(model)
    if not count:
        raise Refused("no padding to make explicit: as `bakenn`")
    notes = [*notes, f"{count} asymmetric paddings written as PAD"]
    return _parts(_file(model, data), notes, board)


def edited(data: bytes, name: str) -> bytes:
    """The .tflite that BakeNN is given, for the oracle."""
    return _file(accepted(data, name)[0], data)


def _file(model: Model, original: bytes) -> bytes:
    """An edited model as a file; the original where it has what we do not write."""
    try:
        return write_model(model)
    except UnsupportedModel:
        return original


def accepted(data: bytes, name: str) -> tuple[Model, list[str]]:
    """The model as BakeNN takes it, and what was done: nothing that changes the work by 1 %."""
    model, notes = run_passes(read_model(data, name)), []
    last = model.ops[-1]
    if isinstance(last, Softmax):
        model = replace(model, ops=model.ops[:-1], outputs=(last.input,))
        notes.append("without SOFTMAX")
    for op in model.ops:
        if isinstance(op, Mean):
            model = _pooled(model, op)
            notes.append("MEAN as AVERAGE_POOL_2D of the same scale")
    for op in model.ops:
        if isinstance(op, FullyConnected) and len(model.quant(op.weight).scale) > 1:
            model = _convolution(model, op)
            notes.append("FULLY_CONNECTED per channel as CONV_2D 1x1")
    verify(model)
    return model, notes


def _pooled(model: Model, mean: Mean) -> Model:
    """MEAN as the pooling of one window, which keeps the scale: its reader's bias is rescaled."""
    tensors = list(model.tensors)
    source, target = tensors[mean.input], tensors[mean.output]
    assert source.quant is not None
    assert target.quant is not None
    shape = (1, 1, 1, source.shape[3])
    tensors[mean.output] = replace(target, shape=shape, quant=source.quant)
    for op in model.ops:
        if mean.output in op.inputs:
            if not isinstance(op, FullyConnected | Conv2D):
                raise Refused(f"{op.label} reads a MEAN that changes the scale")
            _rescale_bias(tensors, op, source.quant.scale[0])
    size = source.shape[1:3]
    pool = AveragePool2D(
        index=mean.index,
        input=mean.input,
        output=mean.output,
        size=(size[0], size[1]),
        stride=(size[0], size[1]),
    )
    ops = tuple(pool if op is mean else op for op in model.ops)
    return replace(model, tensors=tuple(tensors), ops=ops)


def _rescale_bias(tensors: list[Value], op: WeightedOp, scale: float) -> None:
    """The bias for an input of another scale; BakeNN wants the float32 product, to the bit."""
    if op.bias is None:
        return
    bias, weight = tensors[op.bias], tensors[op.weight]
    assert bias.quant is not None
    assert weight.quant is not None
    product = np.float32(scale) * np.array(weight.quant.scale, np.float32)
    factors = np.array(bias.quant.scale) / product.astype(float)
    values = np.round(bias.array().ravel() * factors).astype(np.int32)
    quant = Quant(tuple(map(float, product)), (0,) * len(product), 0)
    tensors[op.bias] = replace(bias, data=values.tobytes(), quant=quant)


def _convolution(model: Model, dense: FullyConnected) -> Model:
    """A dense layer as a convolution of one pixel: the same sums."""
    tensors = list(model.tensors)
    for index, axis in ((dense.input, 0), (dense.output, 0), (dense.weight, 1)):
        tensor = tensors[index]
        shape = tensor.shape if axis == 0 else (tensor.shape[0], 1, 1, tensor.shape[1])
        tensors[index] = replace(tensor, shape=shape if axis else (1, 1, 1, tensor.shape[-1]))
    if tensors[dense.input].elements != model.tensor(dense.input).elements:
        raise Refused(f"{dense.label} reads an image")
    conv = Conv2D(
        index=dense.index,
        input=dense.input,
        output=dense.output,
        weight=dense.weight,
        bias=dense.bias,
        activation=dense.activation,
    )
    ops = tuple(conv if op is dense else op for op in model.ops)
    return replace(model, tensors=tuple(tensors), ops=ops)


def explicit_pads(model: Model) -> tuple[Model, int]:
    """A PAD in front of every convolution whose padding is not symmetric; how many there are."""
    tensors, ops = list(model.tensors), []
    for op in model.ops:
        ops += _with_pad(op, tensors)
    count = len(ops) - len(model.ops)
    numbered = tuple(replace(op, index=index) for index, op in enumerate(ops))
    return replace(model, tensors=tuple(tensors), ops=numbered), count


def _with_pad(op: Op, tensors: list[Value]) -> list[Op]:
    if not isinstance(op, Conv2D | DepthwiseConv2D):
        return [op]
    pad = op.padding
    if (pad.top, pad.left) == (pad.bottom, pad.right):
        return [op]
    source = tensors[op.input]
    _, height, width, channels = source.shape
    shape = (1, height + pad.top + pad.bottom, width + pad.left + pad.right, channels)
    tensors.append(replace(source, name=f"{source.name} padded", shape=shape))
    made = len(tensors) - 1
    return [
        Pad(index=op.index, input=op.input, output=made, amounts=image_amounts(pad)),
        replace(op, input=made, padding=Padding()),
    ]


def _parts(data: bytes, notes: list[str], board: Board) -> Parts:
    """What BakeNN generates, with the parts of CMSIS-NN that it copies beside it."""
    generated = _generate(data, board)
    manifest = generated["bakenn_sources.cmake"]
    listed = re.findall(r"CMAKE_CURRENT_LIST_DIR}/([^\"]+)\"", manifest)
    includes = [path for path in listed if not path.endswith(".c")]
    block = re.search(r"set\(BAKENN_MODEL_COMPILE_DEFINITIONS\n(.*?)\)", manifest, re.DOTALL)
    defines = block.group(1).split() if block else []
    notes = [*notes, "-O3 -flto"]
    return Parts(
        {k: v for k, v in generated.items() if k.endswith(SUFFIXES)}
        | {"engine.c": ENGINE}
        | ends(data),
        optimise=("-O3", "-flto"),
        includes=tuple(includes),
        defines=tuple(f"-D{name}" for name in defines),
        note=", ".join(notes),
    )


def _generate(data: bytes, board: Board) -> dict[str, str]:
    """Text of the files of BakeNN's output folder."""
    try:
        found = version("bakenn")
        import bakenn
        from bakenn.backend.portable_c import KernelPolicy
    except (PackageNotFoundError, ImportError) as error:
        raise Refused(f"BakeNN is not installed: {INSTALL}") from error
    if found != VERSION:
        raise Refused(f"BakeNN {found} is installed; measured is {VERSION}: {INSTALL}")
    if board.tinyssl.isa not in WITH_DSP:
        raise Refused(f"BakeNN has no target for {board.tinyssl.isa.value}")
    target = bakenn.CORTEX_M4
    options = bakenn.CBackendOptions(
        kernel_policy=KernelPolicy.STATIC_PRIORITY, enable_cmsis_nn=True, target=target
    )
    with tempfile.TemporaryDirectory(prefix="bakenn-") as name:
        source, folder = Path(name) / "model.tflite", Path(name) / "out"
        source.write_bytes(data)
        try:
            bakenn.compile_tflite(
                str(source), str(folder), name="model", target=target, backend_options=options
            )
        except bakenn.BakeNNError as error:
            raise Refused(f"BakeNN: {error}") from error
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

"""What the Armv7E-M kernels' instructions are counted by: the features of the fitted cost model.

A kernel's cost is a sum of constants times features (`targets/cost.py`); each feature counts
something that the kernel's C or assembler does once: a MAC of a group of four pixels, an output, an
element widened to int16, a line. `tools/fit_cost` fits the constants.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

from tinyssl.graph.model import Model, Op
from tinyssl.ops import macs
from tinyssl.ops.common.conv import Convolution
from tinyssl.ops.common.fixed_point import INT8_MAX, INT8_MIN
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.targets import dsp
from tinyssl.targets.fused import FusedBlock
from tinyssl.targets.kernels import FUSED_BLOCK, STEM_BLOCK
from tinyssl.targets.pointwise import Pointwise, pixel_grid
from tinyssl.targets.requantise import clamp, filter_shape, needs_sign

Features = Counter[str]
"""Feature -> how often"""

FUSED = FUSED_BLOCK.name
STEM = STEM_BLOCK.name
CONV = "conv2d_s8_dsp"
INT8 = (INT8_MIN, INT8_MAX)


def op_features(model: Model, op: Op, kernel: Kernel[Any]) -> Features:
    """An operator computed by `kernel`."""
    found = Features({"call": 1})
    if isinstance(op, Conv2D | FullyConnected) and kernel.name == "conv2d_1x1_s8_dsp":
        found += _pointwise(model, op)
    elif isinstance(op, Convolution) and kernel.name == CONV:
        found += _conv(model, op)
    elif isinstance(op, DepthwiseConv2D) and kernel.name.endswith("_dsp"):
        found += _depthwise(model, op)
    elif isinstance(op, Conv2D | FullyConnected) and kernel.name.endswith("_dsp"):
        found += _product(model, op, Counter({1: 1}))
    else:
        found += Features(
            mac=macs(model, op),
            input=model.tensor(op.inputs[0]).elements,
            output=model.tensor(op.outputs[0]).elements,
        )
    return found


def block_features(model: Model, block: FusedBlock, cache_taps: bool) -> Features:
    """A block in one call; `cache_taps`: taps are prepared once."""
    _, in_h, in_w, in_c = model.tensor(block.depthwise.input).shape
    _, out_h, out_w, channels = model.tensor(block.depthwise.output).shape
    stride = block.depthwise.stride[0]
    found = Features({"call": 1, "row": out_h, "line": channels * out_h})
    found["prepared"] = channels * (1 if cache_taps else out_h)
    found[f"depthwise {stride}"] = out_h * channels * out_w
    found["line's rest"] = channels * out_h * (out_w % 4 > 0)
    found += _prefixed("project", _product(model, block.project, groups(out_w, out_h), wide=False))
    if block.stem is not None:
        found += _stem(model, block.stem)
    elif block.expand is not None:
        found += _prefixed("expand", _product(model, block.expand, groups(in_w, in_h)))
    else:
        found["spread"] = in_h * in_w * in_c
    if block.add is not None:
        found["added"] = model.tensor(block.output).elements
    return found


def _stem(model: Model, op: Conv2D) -> Features:
    """A convolution to planes: fours as by itself, but for where outputs go; then two and one."""
    _, out_h, out_w, _ = model.tensor(op.output).shape
    fours = _conv(model, op)
    rest = _prefixed("expand", _product(model, op, groups(out_w % dsp.PIXELS, out_h)))
    fours.subtract(_product(model, op, groups(out_h, out_w % dsp.PIXELS)))
    outputs = fours.pop("output 4", 0)
    return _prefixed("stem", +fours) + rest + Features({"expand output 4": outputs})


def groups(pixels: int, rows: int) -> Counter[int]:
    """Groups of four, two and one pixel that rows are taken by."""
    return Counter({4: rows * (pixels // 4), 2: rows * (pixels % 4 // 2), 1: rows * (pixels % 2)})


def _product(model: Model, op: WeightedOp, taken: Counter[int], wide: bool = True) -> Features:
    """A product of the weights with groups of so many pixels."""
    channels, *taps = filter_shape(model, op)
    depth = -(-prod(taps) // dsp.WORD) * dsp.WORD
    found = Features()
    for pixels, count in taken.items():
        found[f"mac {pixels}"] = count * pixels * channels * depth
        found[f"output {pixels}"] = count * pixels * channels
        found[f"group {pixels}"] = count
        if wide:
            found[f"widened {pixels}"] = count * pixels * depth
    outputs = sum(pixels * count for pixels, count in taken.items()) * channels
    found["signed"] = outputs if needs_sign(model, op) else 0
    found["clamped"] = outputs if clamp(model, op) != INT8 else 0
    return found


def _prefixed(part: str, features: Features) -> Features:
    return Features({f"{part} {name}": count for name, count in features.items()})


def _pointwise(model: Model, op: Pointwise) -> Features:
    lines, pixels = pixel_grid(model, op).lines
    return _product(model, op, groups(pixels, lines))


def _conv(model: Model, op: Convolution) -> Features:
    _, in_h, in_w, in_c = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    _, k_h, k_w, _ = filter_shape(model, op)
    found = _product(model, op, groups(out_w - out_w % 4, out_h) + groups(out_h, out_w % 4))
    region = k_h * (k_w + (dsp.PIXELS - 1) * op.stride[1]) * in_c
    for y in range(out_h):
        top = y * op.stride[0] - op.padding.top
        for x in range(0, out_w, dsp.PIXELS):
            left = x * op.stride[1] - op.padding.left
            right = left + k_w + (dsp.PIXELS - 1) * op.stride[1]
            if top < 0 or left < 0 or top + k_h > in_h or right > in_w:
                found["copied"] += region
                found["border"] += 1
    return found


def _depthwise(model: Model, op: DepthwiseConv2D) -> Features:
    _, in_h, in_w, channels = model.tensor(op.input).shape
    _, out_h, out_w, _ = model.tensor(op.output).shape
    outputs = out_h * out_w * channels
    return Features(
        {
            "channel": channels,
            "line": channels * out_h,
            f"output {op.stride[0]}": outputs,
            "odd": channels * out_h * (out_w % 2),
            "widened": in_h * in_w * channels,
            "row": channels // 4 * in_h,
            "tap": outputs if out_h * out_w > 1 else 0,
            "signed": outputs if needs_sign(model, op) else 0,
            "clamped": outputs if clamp(model, op) != INT8 else 0,
        }
    )

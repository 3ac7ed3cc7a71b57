"""Blocks of operators that `fused_block_s8_dsp` computes in one call: pattern, proof, parameters.

[1x1 expansion] + 3x3 depthwise + 1x1 projection [+ addition of the block's input]: the inverted
residual of MobileNetV2 and, without expansion and addition, the pair of MobileNetV1. Such a pair
may begin with any other convolution, the stem of either network: `stem_block_s8_dsp`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tinyssl.graph.model import LASTING, Model, Op
from tinyssl.graph.uses import inner_values, is_read_outside
from tinyssl.ops.add import Add
from tinyssl.ops.common.overlap import INPUT_CONSUMED, Overlap, streaming_max_offset
from tinyssl.ops.common.params import Constants, Fields, prefix_fields
from tinyssl.ops.common.weights import has_learnt
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.targets import dsp, dsp_depthwise, dsp_elementwise
from tinyssl.targets.requantise import channel_table, clamp, needs_sign, requantise_fits

LONGEST = 4
"""Operators of a block"""

ROWS = 3
"""Rows of planes"""

LINE_BYTES = 72
"""sizeof(struct tinyssl_line)"""


@dataclass(frozen=True)
class FusedBlock:
    """Consecutive operators of a model as the kernel's parts."""

    first: int
    """Position of the first one"""
    expand: Conv2D | None
    depthwise: DepthwiseConv2D
    project: Conv2D
    add: Add | None
    stem: Conv2D | None = None
    """In the expansion's place"""

    @property
    def before(self) -> Conv2D | None:
        """What computes the depthwise's input."""
        return self.expand if self.stem is None else self.stem

    @property
    def input(self) -> int:
        """Index of the tensor that it reads."""
        return self.depthwise.input if self.before is None else self.before.input

    @property
    def output(self) -> int:
        """Index of the tensor that it writes."""
        return self.project.output if self.add is None else self.add.output

    @property
    def middle(self) -> int:
        """Position of the depthwise convolution."""
        return self.first + (self.before is not None)


def find_block(
    model: Model, first: int, last: int, fits: Callable[[Model, FusedBlock], bool]
) -> FusedBlock | None:
    """The operators from `first` to `last` as a block; None where they are none that fits.

    Args:
        model: A verified model.
        first: Position of the first operator.
        last: Position of the last one.
        fits: Whether the instruction set's kernel computes it.
    """
    ops = model.ops[first : last + 1]
    before, rest = (ops[0], ops[1:]) if isinstance(ops[0], Conv2D) else (None, ops)
    if len(rest) not in (2, 3):
        return None
    middle, project, add = (*rest, None)[:3]
    if not isinstance(middle, DepthwiseConv2D) or not isinstance(project, Conv2D):
        return None
    if not isinstance(add, Add | None) or not isinstance(before, Conv2D | None):
        return None
    expand = before if before is not None and _expands(model, before) else None
    stem = before if expand is None else None
    block = FusedBlock(first, expand, middle, project, add, stem)
    return block if _chained(model, block, last) and fits(model, block) else None


def _expands(model: Model, op: Conv2D) -> bool:
    """Whether a convolution keeps pixels to themselves and in their place."""
    window = model.tensor(op.weight).shape[1:3]
    return window == (1, 1) and op.stride == (1, 1) and op.padding == Padding()


def _chained(model: Model, block: FusedBlock, last: int) -> bool:
    """Each operator reads what the one before wrote, and nobody else does.

    A block that writes a state is none: it might read the same state's last value meanwhile.
    """
    if model.tensor(block.output).kind in LASTING:
        return False
    if block.before is not None and block.depthwise.input != block.before.output:
        return False
    if block.project.input != block.depthwise.output:
        return False
    if block.add is not None and {block.add.left, block.add.right} != {
        block.input,
        block.project.output,
    }:
        return False
    positions = range(block.first, last + 1)
    return not any(
        is_read_outside(model, value, positions) for value in inner_values(model, positions)
    )


def fits(model: Model, block: FusedBlock) -> bool:
    """Each operator is in range for `fused_block_s8_dsp` or `stem_block_s8_dsp`."""
    pointwise = [op for op in (block.expand, block.project) if op is not None]
    if block.stem is not None and (block.add is not None or not dsp.conv_fits(model, block.stem)):
        return False
    return (
        all(dsp.pointwise_fits(model, op) and op.stride == (1, 1) for op in pointwise)
        and _depthwise_fits(model, block.depthwise)
        and (block.add is None or dsp_elementwise.add_fits(model, block.add))
    )


def _depthwise_fits(model: Model, op: DepthwiseConv2D) -> bool:
    """3x3 taps, stride 1 or 2, a fused ReLU, and in range with its output raised."""
    return (
        model.tensor(op.weight).shape[1:3] == (3, 3)
        and op.stride in ((1, 1), (2, 2))
        and op.dilation == (1, 1)
        and op.padding.left in (0, 1)
        and op.padding.top <= dsp.UINT8_MAX
        and op.multiplier == 1
        and requantise_fits(model, op, raise_output=dsp.RAISED, steep=True)
        and not needs_sign(model, op)
    )


def plane_columns(model: Model, block: FusedBlock) -> int:
    """Columns of a plane: what a row of outputs reads, and all of the input; even."""
    op = block.depthwise
    count, stride = model.tensor(op.output).shape[2], op.stride[1]
    read = (count + 3) // 2 * 2 if stride == 1 else 2 * count + 2
    written = op.padding.left + model.tensor(op.input).shape[2]
    return max(read, -(-written // 2) * 2)


def scratch_bytes(model: Model, block: FusedBlock, cache_taps: bool) -> int:
    """Working memory; `cache_taps`: the prepared taps of all count, not of one at a time."""
    count = model.tensor(block.depthwise.output).shape[3]
    _, _, out_w, out_c = model.tensor(block.output).shape
    planes = ROWS * 2 * count * plane_columns(model, block)
    columns = dsp.column4_bytes(count, out_w)
    lines = LINE_BYTES * (count if cache_taps else 1)
    column = dsp.column4_bytes(model.tensor(block.input).shape[3]) if block.expand else 0
    if block.stem is not None:
        column = dsp.conv_row_scratch(model, block.stem)
    return planes + columns + lines + column + (out_w * out_c if block.add else 0)


def overlaps(model: Model, block: FusedBlock) -> tuple[Overlap, ...]:
    """How far the output may lie over the input: rows go in and out in order.

    The addition reads input row y when output row y is written, element by element. Of a stem's
    input, what the stem's next row reads is needed still.
    """
    _, in_h, in_w, in_c = model.tensor(block.input).shape
    _, out_h, out_w, out_c = model.tensor(block.output).shape
    rows = model.tensor(block.depthwise.input).shape[1]
    writes = []
    for y in range(out_h):
        read = max(y * block.depthwise.stride[0] - block.depthwise.padding.top + ROWS, 0)
        done = read >= rows
        if block.stem is not None:
            read = max(read * block.stem.stride[0] - block.stem.padding.top, 0)
        unread = INPUT_CONSUMED if done or read >= in_h else read * in_w * in_c
        writes.append(((y + 1) * out_w * out_c, unread))
    offset = streaming_max_offset(writes)
    return (Overlap(block.input, min(offset, 0) if block.add else offset),)


def fields(model: Model, block: FusedBlock, constants: Constants, cache_taps: bool) -> Fields:
    """Members of `struct tinyssl_fused_block_dsp`, or of `struct tinyssl_stem_block_dsp`."""
    if block.stem is None:
        return _block_fields(model, block, constants, cache_taps)
    after = replace(block, first=block.middle, stem=None)
    return {
        **prefix_fields("block", _block_fields(model, after, constants, cache_taps)),
        **prefix_fields("stem", dsp.conv(model, block.stem, constants, to_planes=True)),
    }


def _block_fields(
    model: Model, block: FusedBlock, constants: Constants, cache_taps: bool
) -> Fields:
    _, in_h, in_w, in_c = model.tensor(block.input).shape
    _, out_h, out_w, _ = model.tensor(block.output).shape
    count = model.tensor(block.depthwise.output).shape[3]
    low, high = clamp(model, block.depthwise)
    expand: Fields = {"expand.depth": 0}
    if block.expand is not None:
        expand = _product("expand", model, block.expand, constants)
    return {
        **expand,
        **_product("project", model, block.project, constants),
        **_add(model, block, constants),
        "weight": dsp_depthwise.taps(model, block.depthwise, constants),
        "channel": channel_table(model, block.depthwise, constants),
        **{"in_h": in_h, "in_w": in_w, "in_c": in_c},
        "channels": count,
        **{"out_h": out_h, "out_w": out_w},
        "stride": block.depthwise.stride[0],
        "pad_top": block.depthwise.padding.top,
        "pad_left": block.depthwise.padding.left,
        "columns": plane_columns(model, block),
        "in_zero": model.quant(block.depthwise.input).zero_point[0],
        "zero": model.quant(block.depthwise.output).zero_point[0] + dsp.RAISED,
        "low": low + dsp.RAISED,
        "high": high + dsp.RAISED,
        "lines": count if cache_taps else 1,
    }


def _product(part: str, model: Model, op: Conv2D, constants: Constants) -> Fields:
    form, row = ("planes", op.input) if part == "expand" else ("plain", op.output)
    found = dsp.product4(model, op, constants, form, model.tensor(row).shape[2])
    return {name.replace("product.", f"{part}."): value for name, value in found.items()}


def _add(model: Model, block: FusedBlock, constants: Constants) -> Fields:
    """The addition of one row, with the block's input on the left."""
    if block.add is None:
        return {"add.size": 0}
    found = dsp_elementwise.add(model, block.add, constants)
    _, height, _, _ = model.tensor(block.output).shape
    found["size"] = model.tensor(block.output).elements // height
    if block.add.right == block.input:
        found["left_factor"], found["right_factor"] = found["right_factor"], found["left_factor"]
    return prefix_fields("add", found)


def candidates(model: Model, fits: Callable[[Model, FusedBlock], bool]) -> list[FusedBlock]:
    """All blocks of a model, overlapping ones too, by position and length."""
    return [
        block
        for first in range(len(model.ops))
        for last in range(first + 1, min(first + LONGEST, len(model.ops)))
        if not any(has_learnt(model, op) for op in model.ops[first : last + 1])
        and (block := find_block(model, first, last, fits)) is not None
    ]


def block_ops(model: Model, block: FusedBlock) -> tuple[Op, ...]:
    """Its operators, in order."""
    parts = (block.before, block.depthwise, block.project, block.add)
    return tuple(op for op in parts if op is not None)

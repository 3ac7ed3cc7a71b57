"""Whole small networks as `ir.Model`, with random weights, for the stages after the IR."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Model, Op, Quant, Value
from tinyssl.ops.add import Add
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.ops.reshape import Reshape
from tinyssl.ops.softmax import Softmax

PIXELS = Quant((float(np.float32(1 / 255)),), (-128,))


@dataclass
class Net:
    """Adds operators one after another."""

    source: np.random.Generator
    tensors: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)

    def tensor(self, shape, dtype, quant, data=None):
        name = f"{'w' if data else 'a'}{len(self.tensors)}"
        self.tensors.append(Value(name, tuple(shape), dtype, quant, data))
        return len(self.tensors) - 1

    def activation(self, shape, scale, zero):
        return self.tensor(shape, DType.INT8, Quant((float(np.float32(scale)),), (zero,)))

    def weighted(self, kind, source, shape, axis, output, quant, **options):
        channels = shape[axis]
        values = self.source.integers(-127, 128, shape, dtype=np.int8)
        scales = self.source.uniform(0.002, 0.006, channels).astype(np.float32)
        weight = self.tensor(
            shape, DType.INT8, Quant(tuple(map(float, scales)), (0,) * channels, axis)
            if kind is not FullyConnected
            else Quant((float(scales[0]),), (0,)), values.tobytes()
        )  # fmt: skip
        scales = scales if kind is not FullyConnected else scales[:1]
        product = np.float32(self.tensors[source].quant.scale[0]) * scales
        bias = self.tensor(
            (channels,),
            DType.INT32,
            Quant(tuple(map(float, product)), (0,) * len(product)),
            self.source.integers(-2000, 2000, channels, dtype=np.int32).tobytes(),
        )
        result = self.activation(output, *quant)
        self.ops.append(
            kind(
                index=len(self.ops), input=source, weight=weight, bias=bias, output=result,
                **options,
            )
        )  # fmt: skip
        return result

    def model(self, first, last):
        return Model("network", tuple(self.tensors), tuple(self.ops), (first,), (last,))


def network(seed=0, size=8, classes=4, padding=None):
    """Convolutions, shortcut, pool, dense layer, softmax; `padding`: of the third convolution."""
    net = Net(np.random.default_rng(seed))
    half, quarter = size // 2, size // 4
    image = net.tensor((1, size, size, 3), DType.INT8, PIXELS)
    x = net.weighted(
        Conv2D, image, (8, 3, 3, 3), 0, (1, half, half, 8), (0.02, -128),
        stride=(2, 2), padding=Padding(0, 1, 0, 1), activation=Activation.RELU6,
    )  # fmt: skip
    y = net.weighted(
        DepthwiseConv2D, x, (1, 3, 3, 8), 3, (1, half, half, 8), (0.01, -20),
        padding=Padding(1, 1, 1, 1),
    )  # fmt: skip
    z = net.activation((1, half, half, 8), 0.025, -100)
    net.ops.append(Add(index=len(net.ops), left=x, right=y, output=z))
    w = net.weighted(
        Conv2D, z, (16, 3, 3, 8), 0, (1, quarter, quarter, 16), (0.03, -10),
        stride=(2, 2), padding=padding or Padding(0, 1, 0, 1),
    )  # fmt: skip
    pooled = net.activation((1, 16), 0.02, 5)
    net.ops.append(Mean(index=len(net.ops), input=w, output=pooled))
    flat = net.activation((1, 16), 0.02, 5)
    net.ops.append(Reshape(index=len(net.ops), input=pooled, output=flat))
    logits = net.weighted(FullyConnected, flat, (classes, 16), 0, (1, classes), (0.02, 3))
    odds = net.activation((1, classes), 1 / 256, -128)
    net.ops.append(Softmax(index=len(net.ops), input=logits, output=odds))
    return net.model(image, odds)


def with_external_buffers(data):
    """The same file as ai-edge-quantizer would write it: constants of 64 bytes and more behind."""
    root = schema.ModelT.InitFromPackedBuf(data, 0)
    large = [b for b in root.buffers if b.data is not None and len(b.data) >= 64]
    contents = [bytes(np.asarray(b.data, np.uint8)) for b in large]
    for buffer in large:
        buffer.data, buffer.offset, buffer.size = None, 1, 1  # so that the fields have room
    place = _aligned(len(_pack(root)))
    for buffer, content in zip(large, contents, strict=True):
        buffer.offset, buffer.size = place, len(content)
        place = _aligned(place + len(content))
    result = bytearray(_pack(root))
    for buffer, content in zip(large, contents, strict=True):
        result += bytes(buffer.offset - len(result)) + content
    assert read_model(bytes(result)).tensors  # the reader follows them
    return bytes(result)


def _aligned(offset):
    return (offset + 15) // 16 * 16


def _pack(root):
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(root.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def with_one_byte_changed(program, tensor):
    """The program with the first weight of a tensor moved by 64 (or back, at the end)."""
    (wanted,) = (array for array in program.constants if array.name == f"weight_{tensor}")
    values = wanted.values.copy()
    values[0] += -64 if values[0] > 0 else 64
    other = replace(wanted, values=values)
    constants = tuple(other if array is wanted else array for array in program.constants)
    return replace(program, constants=constants)

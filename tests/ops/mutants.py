"""Damaged and odd .tflite files, made from sound ones by a seed.

Half of the mutations change bytes, as a bad copy or an attacker does; the other half change one
field of the schema, which reaches deeper: such a file is sound as a flatbuffer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.ops import cases

PUBLIC = Path(__file__).parents[2].parent / "shared" / "models" / "public"
PUBLIC_BYTES = 70_000
"""Largest public model that is mutated"""
NUMBERS = (0, 1, -1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, -(2**31))
SCALES = (0.0, -1.0, 1e-30, 1e-9, 1e-4, 0.02, 0.5, 3.0, 1e9, float("inf"), float("nan"))
KINDS = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "PAD", "MEAN", "SOFTMAX", "MUL"),
    *("SHAPE", "RANGE", "PACK", "STRIDED_SLICE", "REDUCE_PROD", "TRANSPOSE", "RESHAPE"),
)
TABLES = ("Conv2DOptions", "DepthwiseConv2DOptions", "Pool2DOptions", "AddOptions", "PadOptions")


def seeds(*, public: bool = False) -> dict[str, bytes]:
    """Name -> sound model: every single-operator case, and small public models where they are."""
    found = {name: make() for name, make in cases.CASES.items()}
    found = {name: data for name, data in found.items() if len(data) < PUBLIC_BYTES}
    if public and PUBLIC.is_dir():
        files = (path for path in sorted(PUBLIC.glob("*.tflite")))
        found |= {
            path.stem: path.read_bytes() for path in files if path.stat().st_size < PUBLIC_BYTES
        }
    return found


class Mutator:
    """Mutants of some models, in an order that the seed decides.

    Args:
        models: Of `seeds`.
        seed: Of the choice.
    """

    def __init__(self, models: dict[str, bytes], seed: int) -> None:
        self._models = list(models.values())
        self._random = random.Random(seed)

    def bytes_changed(self) -> bytes:
        """A model with one to four changes of its bytes."""
        data = bytearray(self._random.choice(self._models))
        for _ in range(self._random.randint(1, 4)):
            self._change(data)
        return bytes(data)

    def field_changed(self) -> bytes:
        """A model with one or two changed fields, packed again."""
        while True:
            model = schema.ModelT.InitFromPackedBuf(self._random.choice(self._models), 0)
            try:
                for _ in range(self._random.choice((1, 1, 2))):
                    self._random.choice(FIELDS)(model, self._random)
                builder = flatbuffers.Builder(1024)
                builder.Finish(model.Pack(builder), b"TFL3")
            except Exception:  # a value that the field cannot hold, or nothing left to change
                continue
            return bytes(builder.Output())

    def mutant(self) -> bytes:
        """One of the two."""
        return self.bytes_changed() if self._random.random() < 0.5 else self.field_changed()

    def _change(self, data: bytearray) -> None:
        source = self._random
        at = source.randrange(len(data)) if data else 0
        match source.randrange(6):
            case 0 if data:
                data[at] ^= 1 << source.randrange(8)
            case 1 if data:
                data[at] = source.randrange(256)
            case 2:
                word = source.choice(NUMBERS) & 0xFFFFFFFF
                start = at & ~3
                data[start : start + 4] = word.to_bytes(4, "little")
            case 3 if source.random() < 0.3:
                del data[at:]
            case 4:
                piece = bytes(data[at : at + source.randint(1, 64)])
                to = source.randrange(len(data) + 1)
                data[to : to + len(piece)] = piece
            case _:
                data[at : at + 2] = source.randbytes(2)


# One function a part of the file.


def _option(model: Any, source: random.Random) -> None:
    operator = source.choice(model.subgraphs[0].operators)
    options = operator.builtinOptions
    if options is None or not vars(options):
        return
    name = source.choice(sorted(vars(options)))
    value = source.choice(SCALES) if name == "beta" else source.choice(NUMBERS)
    setattr(options, name, bool(value) if isinstance(getattr(options, name), bool) else value)


def _options_type(model: Any, source: random.Random) -> None:
    operator = source.choice(model.subgraphs[0].operators)
    table = source.choice(TABLES)
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
    operator.builtinOptions = getattr(schema, f"{table}T")()


def _no_options(model: Any, source: random.Random) -> None:
    operator = source.choice(model.subgraphs[0].operators)
    operator.builtinOptionsType, operator.builtinOptions = 0, None


def _shape(model: Any, source: random.Random) -> None:
    tensor = source.choice(model.subgraphs[0].tensors)
    shape = [int(size) for size in tensor.shape]
    match source.randrange(4):
        case 0 if shape:
            shape[source.randrange(len(shape))] = source.choice(NUMBERS)
        case 1 if shape:
            shape[source.randrange(len(shape))] += source.choice((-1, 1))
        case 2:
            source.shuffle(shape)
        case _:
            shape = [1, *shape] if source.random() < 0.5 else shape[1:]
    tensor.shape = shape


def _type(model: Any, source: random.Random) -> None:
    source.choice(model.subgraphs[0].tensors).type = source.randrange(21)


def _buffer(model: Any, source: random.Random) -> None:
    tensor = source.choice(model.subgraphs[0].tensors)
    tensor.buffer = source.choice((0, 1, len(model.buffers) - 1, len(model.buffers), 2**31))


def _buffer_place(model: Any, source: random.Random) -> None:
    buffer = source.choice(model.buffers)
    buffer.offset, buffer.size = source.choice((0, 1, 2, 64, 2**40)), source.choice((0, 4, 100))


def _scale(model: Any, source: random.Random) -> None:
    quant = source.choice(model.subgraphs[0].tensors).quantization
    if quant is None or quant.scale is None:
        return
    scales = [float(scale) for scale in quant.scale]
    match source.randrange(4):
        case 0:
            scales[source.randrange(len(scales))] = source.choice(SCALES)
        case 1:
            scales = [scale * source.choice((1e-3, 0.5, 1.001, 2, 1e3)) for scale in scales]
        case 2:
            scales = scales[:1]
        case _:
            scales = scales + scales[:1]
    quant.scale = scales


def _zero_point(model: Any, source: random.Random) -> None:
    quant = source.choice(model.subgraphs[0].tensors).quantization
    if quant is not None:
        zeros: tuple[list[int] | None, ...] = (
            None,
            [],
            [0],
            [127],
            [-128],
            [128],
            [3],
            [0, 0],
            [2**40],
        )
        quant.zeroPoint = source.choice(zeros)


def _axis(model: Any, source: random.Random) -> None:
    quant = source.choice(model.subgraphs[0].tensors).quantization
    if quant is not None:
        quant.quantizedDimension = source.choice(NUMBERS)


def _no_quant(model: Any, source: random.Random) -> None:
    source.choice(model.subgraphs[0].tensors).quantization = None


def _inputs(model: Any, source: random.Random) -> None:
    operator = source.choice(model.subgraphs[0].operators)
    inputs = [int(index) for index in operator.inputs]
    match source.randrange(5):
        case 0:
            inputs = inputs[:-1]
        case 1:
            inputs.append(-1)
        case 2 if inputs:
            inputs[source.randrange(len(inputs))] = source.randrange(-2, 8)
        case 3:
            source.shuffle(inputs)
        case _:
            inputs = inputs + inputs[:1]
    operator.inputs = inputs


def _outputs(model: Any, source: random.Random) -> None:
    operator = source.choice(model.subgraphs[0].operators)
    operator.outputs = source.choice(([], [0], [1], [source.randrange(8)], [1, 2]))


def _operators(model: Any, source: random.Random) -> None:
    operators = model.subgraphs[0].operators
    match source.randrange(3):
        case 0:
            source.shuffle(operators)
        case 1:
            operators.append(source.choice(operators))
        case _:
            operators.pop(source.randrange(len(operators)))


def _code(model: Any, source: random.Random) -> None:
    code = source.choice(model.operatorCodes)
    number = getattr(schema.BuiltinOperator, source.choice(KINDS))
    match source.randrange(3):
        case 0:
            code.builtinCode = code.deprecatedBuiltinCode = number
        case 1:
            code.deprecatedBuiltinCode = source.choice((0, 127, -1, number))
        case _:
            code.version = source.choice(NUMBERS)


def _ends(model: Any, source: random.Random) -> None:
    graph = model.subgraphs[0]
    count = len(graph.tensors)
    choice = source.choice(([], [0, 0], [source.randrange(count)], [-1], [count]))
    setattr(graph, source.choice(("inputs", "outputs")), choice)


def _flags(model: Any, source: random.Random) -> None:
    tensor = source.choice(model.subgraphs[0].tensors)
    match source.randrange(5):
        case 0:
            tensor.isVariable = True
        case 1:
            tensor.hasRank = not tensor.hasRank
        case 2:
            tensor.shapeSignature = [source.choice((-1, 1, 5)) for _ in tensor.shape]
        case 3:
            tensor.sparsity = schema.SparsityParametersT()
        case _:
            tensor.name = source.choice((b"", b"\xff\x1b[2J*/", b"x" * 5000))


def _data(model: Any, source: random.Random) -> None:
    buffer = source.choice(model.buffers)
    if buffer.data is None or len(buffer.data) == 0:
        buffer.data = np.arange(8, dtype=np.uint8)
        return
    values = np.array(buffer.data)
    values[source.randrange(len(values)) :] = source.choice((0, 127, 128, 255))
    buffer.data = values


def _graphs(model: Any, source: random.Random) -> None:
    match source.randrange(3):
        case 0:
            model.subgraphs.append(model.subgraphs[0])
        case 1:
            model.version = source.choice(NUMBERS)
        case _:
            model.signatureDefs = [schema.SignatureDefT()]


FIELDS: tuple[Callable[[Any, random.Random], None], ...] = (
    *(_option, _option, _shape, _shape, _scale, _scale, _inputs, _inputs),
    *(_options_type, _no_options, _type, _buffer, _buffer_place, _zero_point, _axis, _no_quant),
    *(_outputs, _operators, _code, _ends, _flags, _data, _graphs),
)

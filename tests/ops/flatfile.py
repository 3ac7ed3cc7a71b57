"""Single-operator .tflite files for tests, made with the schema's own object API.

Independent of tinyssl on purpose: a mistake in our reader or writer cannot hide in both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

SAME, VALID = 0, 1
NONE, RELU, RELU6, TANH = 0, 1, 3, 4

INDEX_BELOW = "index below "
"""Start of the name of an int32 input that holds indices below a number: it follows. TFLM reads
whatever others name"""

TYPES = {"int8": 9, "int16": 7, "int32": 2, "int64": 4, "float32": 0, "uint8": 3, "bool": 6}
TYPES |= {"uint32": 15, "uint64": 12}
QUANTISED = ("int8", "int16", "uint8")
RESOURCE = 13


@dataclass
class Flatfile:
    """Collects tensors and operators; `data()` is the file."""

    tensors: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    operators: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)
    ends: tuple[Any, Any] = ((), ())
    """Inputs and outputs, of a subgraph after the first"""

    def activation(self, shape, scale=None, zero=0, dtype="int8", name=None):
        """Index of a new tensor without data; int32 has a quantisation where a scale is given."""
        if scale is None and dtype in QUANTISED:
            scale = 0.05
        if scale is None or dtype not in (*QUANTISED, "int32"):
            return self._tensor(shape, dtype, None, None, name=name)
        return self.quantised(shape, scale, zero, dtype, name)

    def quantised(self, shape, scale, zero, dtype, name=None):
        """Index of a new tensor without data, of any type, that has a scale."""
        return self._tensor(shape, dtype, [scale], [zero], name=name)

    def constant(self, values, scales=None, zeros=None, axis=0, name=None):
        """Index of a new tensor with data."""
        values = np.asarray(values, order="C")
        zeros = [0] * len(scales) if scales is not None and zeros is None else zeros
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.buffers.append(buffer)
        index = self._tensor(values.shape, values.dtype.name, scales, zeros, axis, name)
        self.tensors[index].buffer = len(self.buffers) - 1
        return index

    def _tensor(self, shape, dtype, scales, zeros, axis=0, name=None):
        tensor = schema.TensorT()
        tensor.name = name or f"tensor{len(self.tensors)}"
        tensor.shape = [int(size) for size in shape]
        tensor.type = TYPES[dtype]
        tensor.buffer = 0
        if scales is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [float(scale) for scale in scales]
            tensor.quantization.zeroPoint = [int(zero) for zero in zeros]
            tensor.quantization.quantizedDimension = axis
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(self, kind, inputs, outputs, version=1, **options):
        """Adds an operator; `options` are the fields of its options table."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(kind, version)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        table = options_table(kind)
        if kind.startswith("CUSTOM"):
            operator.customOptions = list(flexbuffers.Dumps(options)) if options else None
        elif table:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            operator.builtinOptions = getattr(schema, f"{table}T")()
            for name, value in options.items():
                setattr(operator.builtinOptions, name, value)
        self.operators.append(operator)

    def _code(self, kind, version):
        name, _, custom = kind.partition(" ")
        number = getattr(schema.BuiltinOperator, name)
        code = schema.OperatorCodeT()
        code.customCode = custom or None
        code.deprecatedBuiltinCode = min(number, 127)
        code.builtinCode, code.version = number, version
        self.codes.append(code)
        return len(self.codes) - 1

    def variable(self, name):
        """Index of a new handle of the resource variable of that name."""
        handle = self._tensor((), "int32", None, None)
        self.tensors[handle].type = RESOURCE
        self.operator("VAR_HANDLE", [], [handle], container="", sharedName=name)
        return handle

    def read(self, handle, shape, scale=0.05, zero=0, dtype="int8"):
        """Index of a new tensor: what a variable holds."""
        output = self.activation(shape, scale, zero, dtype)
        self.operator("READ_VARIABLE", [handle], [output])
        return output

    def assign(self, handle, value):
        """A variable gets a new value."""
        self.operator("ASSIGN_VARIABLE", [handle, value], [])

    def subgraph(self):
        """A further subgraph, which shares buffers and codes; `data` takes it."""
        return Flatfile(buffers=self.buffers, codes=self.codes)

    def data(self, inputs=(0,), outputs=None, others=()):
        """The file. Default output: that of the last operator.

        Args:
            inputs: Tensors of the first subgraph.
            outputs: As inputs.
            others: Subgraphs after the first.
        """
        model = schema.ModelT()
        outputs = self.operators[-1].outputs if outputs is None else outputs
        model.version = 3
        model.subgraphs = [self._graph(inputs, outputs), *(g._graph(*g.ends) for g in others)]
        model.buffers, model.operatorCodes = self.buffers, self.codes
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _graph(self, inputs, outputs):
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        return graph


def options_table(kind: str) -> str:
    """The schema's options table of an operator; empty where it has none."""
    usual = kind.title().replace("_", "") + "Options"
    return OPTIONS.get(kind, usual if hasattr(schema, usual) else "")


OPTIONS = {
    "BATCH_MATMUL": "BatchMatMulOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "ADD": "AddOptions",
    "PAD": "PadOptions",
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL", "REDUCE_PROD"), "ReducerOptions"
    ),
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "RESHAPE": "ReshapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "SVDF": "SVDFOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
}

"""What somebody reads whose model is not supported: its kind, all that blocks it, and a way out.

The models are those that other tools write; none of their hints may lead nowhere.
"""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops import cases
from tests.ops.flatfile import TYPES, Flatfile, options_table
from tests.ops.hybrid import hybrid
from tests.ops.operators.circular_buffer import circular
from tests.unit.frontends.test_reader import repacked
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.verify import verify
from tinyssl.ops import OPS

STEP = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def refusal(data: bytes) -> UnsupportedModel:
    with pytest.raises(UnsupportedModel) as caught:
        verify(read_model(data))
    return caught.value


def add_conv(file: Flatfile, source: int, size: int = 4) -> int:
    """A 1x1 convolution of two channels."""
    weight = file.constant(np.ones((2, 1, 1, 2), np.int8), [0.01])
    output = file.activation((1, size, size, 2), 0.3)
    file.operator("CONV_2D", [source, weight], [output], 3, padding=cases.VALID, **STEP)
    return output


def with_ends(kind: str) -> bytes:
    """INT8 inside; input and output of another type, as Keras and model zoos write it."""
    file = Flatfile()
    start = file.activation((1, 4, 4, 2), 0.05, dtype=kind, name="pixels")
    inside = file.activation((1, 4, 4, 2), 0.05)
    file.operator("QUANTIZE", [start], [inside])
    found = add_conv(file, inside)
    output = file.activation((1, 4, 4, 2), 0.3, dtype=kind, name="scores")
    file.operator("DEQUANTIZE" if kind == "float32" else "QUANTIZE", [found], [output])
    return file.data()


@pytest.mark.parametrize("kind", ["float32", "uint8"])
def test_ends_of_another_type_are_read(kind):
    last = "DEQUANTIZE" if kind == "float32" else "QUANTIZE"
    assert [op.kind for op in read_model(with_ends(kind)).ops] == ["QUANTIZE", "CONV_2D", last]


def unknown(*kinds: str, rank: int = 4) -> bytes:
    """A chain of operators that tinyssl does not have."""
    file = Flatfile()
    last = file.activation((1, 4, 4, 2)[:rank])
    for kind in kinds:
        output = file.activation((1, 4, 4, 2)[:rank])
        file.operator(kind, [last], [output])
        last = output
    return file.data()


def test_all_operators_are_named_at_once() -> None:
    error = refusal(unknown("SKIP_GRAM", "RANK", "SKIP_GRAM", "LSH_PROJECTION"))
    message = "SKIP_GRAM (#0, #2), #1 RANK, #3 LSH_PROJECTION: operator is not supported"
    assert message in error.message
    assert len(error.blockers) == 4


def test_what_the_verifier_finds_stands_beside_what_the_reader_finds() -> None:
    file = Flatfile()
    start = file.activation((1, 4, 4, 2))
    found = add_conv(file, start)
    gram = file.activation((1, 4, 4, 2), 0.3)
    file.operator("SKIP_GRAM", [found], [gram])
    limit, numbers = file.activation((), dtype="int32"), file.activation((4,), dtype="int32")
    file.operator("RANGE", [limit, limit, limit], [numbers])
    error = refusal(file.data(inputs=[start, limit], outputs=[gram, numbers]))
    assert error.message.startswith("2 things in this model are not supported:\n")
    assert "#1 SKIP_GRAM: operator is not supported" in error.message
    assert "#2 RANGE: it is computed where its inputs are constants" in error.message
    assert "fixed input sizes" in error.hint


def test_rows_inside_a_model_are_no_batch() -> None:
    file = Flatfile()
    start = file.activation((1, 3, 3, 8))
    rows = file.activation((9, 8))
    file.operator("RESHAPE", [start], [rows])
    assert read_model(file.data()).output.shape == (9, 8)


CUSTOM = {
    "edgetpu-custom-op": "compiled for Google's Edge TPU",
    "ethos-u": "compiled for Arm's Ethos-U",
    "FlexErf": "operators of TensorFlow itself: #0 CUSTOM FlexErf",
    "my-own-operator": "#0 CUSTOM my-own-operator: operator is not supported",
}


@pytest.mark.parametrize("code", CUSTOM)
def test_files_of_other_compilers_are_recognised(code):
    def change(model):
        entry = model.operatorCodes[0]
        entry.builtinCode = entry.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        entry.customCode = code

    error = refusal(repacked(cases.softmax(), change))
    assert CUSTOM[code] in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("BIDIRECTIONAL_SEQUENCE_LSTM", "is recurrent"),
        ("RNN", "is recurrent"),
    ],
)
def test_recurrence_is_named(kind, what):
    error = refusal(unknown("RESHAPE", kind))
    assert f"the model {what}" in error.message
    assert f"#1 {kind}" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda op: setattr(op, "inputs", op.inputs[:20]), "20 inputs; 24 are supported"),
        (lambda op: setattr(op, "inputs", [*op.inputs[:9], 1, *op.inputs[10:]]), "peephole"),
        (lambda op: setattr(op, "inputs", [op.inputs[0], -1, *op.inputs[2:]]), "gate in one"),
        (lambda op: setattr(op.builtinOptions, "fusedActivationFunction", 1), "TANH is supported"),
    ],
)
def test_layers_that_tflm_has_no_form_of_are_told(change, what):
    data = repacked(cases.CASES["lstm"](), lambda model: change(model.subgraphs[0].operators[0]))
    assert what in refusal(data).message


@pytest.mark.parametrize("options", [{"cycles_max": 3}, None])
def test_a_buffer_that_ends_inferences_is_told(options: dict[str, int] | None) -> None:
    error = refusal(circular(options=options))
    period = 3 if options else 2
    assert f"a period of {period}: TensorFlow Lite Micro ends {period - 1}" in error.message
    assert "a model of its own" in error.hint


def called_once(inner_kind: str = "", number: int = 1) -> bytes:
    """A variable that CALL_ONCE gives a first value."""
    file = Flatfile()
    start = file.activation((1, 4))
    inner = file.subgraph()
    file.operator("CALL_ONCE", [], [], initSubgraphIndex=number)
    first = inner.constant(np.ones((1, 4), np.int8), [0.05])
    if inner_kind:
        computed = inner.activation((1, 4))
        inner.operator(inner_kind, [first], [computed])
        first = computed
    inner.assign(inner.variable("past"), first)
    handle = file.variable("past")
    past = file.read(handle, (1, 4), 0.05, 0)
    file.assign(handle, start)
    return file.data(outputs=[past], others=[inner])


def test_first_values_that_are_computed_are_told_with_their_operators() -> None:
    assert (
        "#0 CALL_ONCE: its subgraph computes first values with EXP"
        in refusal(called_once("EXP")).message
    )


def test_a_call_of_no_subgraph_is_a_contradiction() -> None:
    with pytest.raises(ModelError, match="subgraph 7 of 2"):
        read_model(called_once(number=7))


def test_a_first_value_that_comes_too_late_is_told() -> None:
    data = repacked(
        called_once(),
        lambda model: model.subgraphs[0].operators.append(model.subgraphs[0].operators.pop(0)),
    )
    assert "CALL_ONCE: it runs after a variable was used" in refusal(data).message


def test_a_variable_that_nobody_assigns_is_a_contradiction() -> None:
    file = Flatfile()
    file.activation((1, 4))
    past = file.read(file.variable("past"), (1, 4), 0.05, 0)
    with pytest.raises(ModelError, match="tensor"):
        verify(read_model(file.data(outputs=[past])))


def changed_types(data: bytes, kind: str, which: slice) -> bytes:
    numbers = TYPES | {"float16": 1, "int2": 19}

    def change(model):
        for tensor in model.subgraphs[0].tensors[which]:
            tensor.type = numbers[kind]

    return repacked(data, change)


def test_floats_where_an_operator_has_none_are_told() -> None:
    error = refusal(changed_types(cases.CASES["svdf"](), "float32", slice(0, 1)))
    assert "#0 SVDF: its input is float32; tinyssl has it for int8" in error.message


def test_a_float_model_is_read() -> None:
    assert read_model(changed_types(cases.pool(), "float32", slice(0, 2))).ops


def test_dynamic_range_quantisation_is_told_apart() -> None:
    assert "only its weights are quantised" in refusal(hybrid()).message


def test_sixteen_bit_activations_are_told_apart() -> None:
    file = Flatfile()
    start, output = (file.activation((1, 8), dtype="int16") for _ in range(2))
    file.operator("ELU", [start], [output])
    error = refusal(file.data())
    assert "#0 ELU: its input is int16 (16x8 quantisation)" in error.message
    assert "ACTIVATIONS_INT16_WEIGHTS_INT8" in error.hint


@pytest.mark.parametrize("kind", ["float16", "int2"])
def test_small_weights_are_told_apart(kind):
    error = refusal(changed_types(cases.dense(), kind, slice(1, 2)))
    assert f"its weights are {kind.upper()}: 1 tensors" in error.message
    assert "\n" not in error.message
    assert "INT8" in error.hint


def test_uint8_throughout_is_told_apart() -> None:
    error = refusal(changed_types(cases.pool(), "uint8", slice(0, 2)))
    assert (
        "tensor0 is uint8, as are 1 other activations: the model is quantised to UINT8"
        in error.message
    )
    assert "\n" not in error.message


def test_a_tensor_that_nobody_uses_may_have_any_type() -> None:
    file = Flatfile()
    start = file.activation((1, 4, 4, 2))
    file.activation((2,), dtype="uint8", name="left over")
    add_conv(file, start)
    verify(read_model(file.data()))


def test_messages_stay_short() -> None:
    kinds = ("EXP", "LOG", "ABS", "NEG", "SQRT", "RSQRT", "SIN", "COS") * 40
    error = refusal(unknown(*kinds))
    assert "EXP (#0, #8, #16, #24 and 36 more)" in error.message
    assert len(error.message) < 700


# What TFLite Micro would read otherwise than we do.


def options_changed(data: bytes, **fields: object) -> bytes:
    def change(model):
        for name, value in fields.items():
            setattr(model.subgraphs[0].operators[0].builtinOptions, name, value)

    return repacked(data, change)


def other_options(model):
    operator = model.subgraphs[0].operators[0]
    operator.builtinOptionsType = schema.BuiltinOptions.DepthwiseConv2DOptions
    operator.builtinOptions = schema.DepthwiseConv2DOptionsT()


CONTRADICTIONS = {
    "options of another operator": (
        repacked(cases.conv(), other_options),
        "#0 CONV_2D: options of type DepthwiseConv2DOptions",
    ),
    "depth multiplier": (
        options_changed(cases.depthwise(channels=(3, 12)), depthMultiplier=2),
        "#0 DEPTHWISE_CONV_2D: depth multiplier 2, but 12 filters .tensor1. for 3 channels",
    ),
    "padding": (options_changed(cases.conv(), padding=2), "padding 2 is neither"),
    "activation": (options_changed(cases.conv(), fusedActivationFunction=9), "no fused activation"),
    "stride": (options_changed(cases.conv(), strideH=0), "both must be positive"),
    "dilation": (options_changed(cases.conv(), dilationHFactor=0), "must be"),
    "axes": (
        repacked(
            cases.mean(),
            lambda model: setattr(
                model.buffers[1], "data", np.array([5, 2], np.int32).view(np.uint8)
            ),
        ),
        r"#0 MEAN: axes \[5, 2\] of 4 dimensions",
    ),
    "axes of floats": (
        repacked(
            cases.mean(),
            lambda model: setattr(model.subgraphs[0].tensors[2], "type", TYPES["float32"]),
        ),
        "float32; it must be int32",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_tflm_reads_otherwise_is_refused(name):
    data, message = CONTRADICTIONS[name]
    with pytest.raises(ModelError, match=message):
        verify(read_model(data))


def test_all_option_tables_of_the_tests_are_those_that_the_reader_asks_for() -> None:
    for kind, spec in OPS.items():
        assert spec.tflite.options in ("", options_table(kind))

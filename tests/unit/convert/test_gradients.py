"""Float operators in torch compute what TensorFlow Lite Micro computes, and have gradients."""

from functools import cache

import numpy as np
import pytest
import torch

from tests.ops.cases import CASES
from tests.ops.flatfile import INDEX_BELOW, Flatfile
from tests.ops.oracle import Tflm, rows_for
from tinyssl.convert.finetune import ComparedValue, compared_values
from tinyssl.convert.gradients import FORWARDS
from tinyssl.convert.gradients.graph import TorchGraph
from tinyssl.core.errors import UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType, Quant
from tinyssl.ops import OPS

SHAPE = (2, 9, 1, 4)
PLAIN = (DType.FLOAT32, DType.INT32, DType.INT64, DType.BOOL)
BEYOND = {
    "ASSIGN_VARIABLE": "keeps a state",
    "READ_VARIABLE": "keeps a state",
    "CONSTANT": "no file has it",
    "MOVE": "no file has it",
    "DEQUANTIZE": "has int8 on one side",
    "QUANTIZE": "has int8 on one side",
    "CUSTOM TFLite_Detection_PostProcess": "chooses boxes: what it reads is compared",
}
"""Operators of float32 that are not computed, and why"""
ENDS = (np.finfo(np.float32).min, np.finfo(np.float32).max)
"""Where TFLM's quotients end"""
FLAT = {
    "ARG_MAX", "ARG_MIN", "CAST", "CEIL", "EMBEDDING_LOOKUP", "EQUAL", "FLOOR", "FLOOR_DIV",
    "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR",
    "NOT_EQUAL", "REDUCE_ALL", "ROUND", "ZEROS_LIKE",
}  # fmt: skip
"""Operators whose inputs get no gradient"""


def _unary(file, kind, source, shape=SHAPE, constants=(), **options):
    output = file.activation(shape, dtype="float32")
    file.operator(kind, [source, *map(file.constant, constants)], [output], **options)
    return output


def roots():
    """What needs positive numbers; views before it."""
    file = Flatfile()
    value = file.activation((8, 9), dtype="float32")
    value = _unary(file, "RESHAPE", value, (1, 2, 9, 4), newShape=[1, 2, 9, 4])
    value = _unary(file, "SQUEEZE", value, (2, 9, 4), squeezeDims=[0])
    value = _unary(file, "EXPAND_DIMS", value, constants=[np.array(2, np.int32)])
    value = _unary(file, "ADD", _unary(file, "SQUARE", value), constants=[np.ones(4, np.float32)])
    parts = [_unary(file, kind, value) for kind in ("SQRT", "RSQRT", "LOG")]
    joined = file.activation((2, 27, 1, 4), dtype="float32")
    file.operator("CONCATENATION", parts, [joined], axis=1)
    return file.data()


def zeros():
    """ZEROS_LIKE, added to the input."""
    file = Flatfile()
    start = file.activation(SHAPE, dtype="float32")
    output = file.activation(SHAPE, dtype="float32")
    file.operator("ADD", [start, _unary(file, "ZEROS_LIKE", start)], [output])
    return file.data()


def embedding():
    """EMBEDDING_LOOKUP in a table of floats."""
    file = Flatfile()
    indices = file.activation((5,), dtype="int32", name=f"{INDEX_BELOW}7")
    table = file.constant(np.random.default_rng(0).random((7, 3), np.float32))
    file.operator("EMBEDDING_LOOKUP", [indices, table], [file.activation((5, 3), dtype="float32")])
    return file.data()


@cache
def float_cases():
    """For each operator the first case without quantised values, by its name; floats before others.

    With the kinds of operators that they have.
    """
    own = {"roots": roots, "zeros": zeros, "embedding": embedding}
    models = {name: read_model(make()) for name, make in (CASES | own).items()}
    plain = [name for name, model in models.items() if all(map(is_plain, values_of(model)))]
    plain.sort(key=lambda name: not has_floats(models[name]))
    found, kinds = {}, set[str]()
    for name in plain:
        held = {op.kind for op in models[name].ops}
        if held - kinds and held <= set(FORWARDS):
            found[name] = (CASES | own)[name]
            kinds |= held
    return found, kinds


def values_of(model):
    return [model.tensor(i) for op in model.ops for i in (*op.inputs, *op.outputs)]


def is_plain(value):
    return value.dtype in PLAIN and value.quant is None


def has_floats(model):
    return any(model.tensor(i).dtype is DType.FLOAT32 for i in model.inputs)


def arrays_of(rows):
    return [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]


def test_every_operator_of_float32_has_a_forward_or_a_reason():
    known = {
        kind
        for kind, spec in OPS.items()
        if any(DType.FLOAT32 in each.types for each in (*spec.op.operands, *spec.op.results))
        and ".training." not in spec.op.__module__  # which no file has
    }
    assert known - set(FORWARDS) == set(BEYOND)
    assert set(FORWARDS) - float_cases()[1] == {"TILE"}  # which TFLM does not have


def test_it_computes_what_tflm_computes():
    for name, make in float_cases()[0].items():
        data = make()
        model = read_model(data)
        rows = rows_for(model, 3)
        oracle = Tflm(data)
        expected = [oracle.run(row) for row in rows]
        with torch.no_grad():
            outputs = TorchGraph(model, model.outputs)(arrays_of(rows))
        for ours, theirs in zip(outputs, zip(*expected, strict=True), strict=True):
            array = np.stack(theirs)
            assert ours.numpy().dtype == array.dtype, name
            found, right = (np.clip(each, *ENDS) for each in (ours.numpy(), array))
            np.testing.assert_allclose(found, right, rtol=2e-5, atol=2e-5, err_msg=name)


def test_gradients_reach_the_inputs():
    for name, make in float_cases()[0].items():
        model = read_model(make())
        if {op.kind for op in model.ops} & FLAT or not has_floats(model):
            continue
        inputs = [
            each.requires_grad_() if each.is_floating_point() else each
            for each in arrays_of(rows_for(model, 3))
        ]
        outputs = TorchGraph(model, model.outputs)(inputs)
        torch.stack([each.square().sum() for each in outputs]).sum().backward()
        found = [each.grad for each in inputs if each.is_floating_point()]
        assert any(each is not None for each in found), name


def test_tile_repeats():
    file = Flatfile()
    start = file.activation((2, 3), dtype="float32")
    _unary(file, "TILE", start, (2, 6), [np.array([1, 2], np.int32)])
    model = read_model(file.data())
    x = torch.arange(12.0).reshape(2, 2, 3)
    (found,) = TorchGraph(model, model.outputs)([x])
    np.testing.assert_array_equal(found.numpy(), np.tile(x.numpy(), (1, 1, 2)))


def test_constants_are_rounded_as_their_quantisation_says():
    file = Flatfile()
    start = file.activation((2, 2), dtype="float32")
    _unary(file, "MUL", start, (2, 2), [np.array([-1.0, 0.303], np.float32)])
    model = read_model(file.data())
    constant = model.ops[0].inputs[1]
    ones = [torch.ones(1, 2, 2)]
    steps = {
        Quant((1.0,), (5,)): 1.303 / 255,  # an asymmetric one, of the constant's own range
        Quant((1.0,), (0,)): 1 / 127,
        Quant((1.0, 1.0), (0, 0)): 0.303 / 127,
    }
    for quant, step in steps.items():
        (found,) = TorchGraph(model, model.outputs, {constant: quant})(ones)
        value = found[0, 0, 1].item()
        assert value == pytest.approx(step * round(0.303 / step), abs=1e-6)


def detection():
    """SOFTMAX beside an ARG_MAX of a sum."""
    file = Flatfile()
    start = file.activation((1, 4), dtype="float32")
    sums = _unary(file, "ADD", start, (1, 4), [np.ones(4, np.float32)])
    classes = _unary(file, "SOFTMAX", start, (1, 4), beta=1.0)
    place = file.activation((1,), dtype="int32")
    file.operator("ARG_MAX", [sums, file.constant(np.array(1, np.int32))], [place], outputType=2)
    return file.data(outputs=[classes, place])


def test_outputs_without_a_gradient_are_compared_where_they_come_from():
    model = read_model(detection())
    add, softmax, _ = model.ops
    assert compared_values(model) == [
        ComparedValue(softmax.inputs[0], classes=True),
        ComparedValue(add.outputs[0], classes=False),
    ]


def test_a_state_is_refused_with_the_operator_and_what_to_do():
    model = read_model(CASES["variable float32"]())
    with pytest.raises(UnsupportedModel, match="what the inference before left") as caught:
        TorchGraph(model, model.outputs)
    assert "READ_VARIABLE" in caught.value.message
    assert "--finetune-epochs" in caught.value.hint

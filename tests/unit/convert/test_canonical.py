from dataclasses import replace

import numpy as np
import pytest

from tests.networks import network, with_external_buffers
from tests.ops.cases import CASES, inputs_for
from tests.ops.hybrid import hybrid
from tests.ops.oracle import Tflm, rows_for
from tinyssl.convert import canonicalise
from tinyssl.convert.canonical import CANONICAL_PASSES
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import is_canonical, read_model, write_model
from tinyssl.ops.fully_connected import FullyConnected


def kinds(data):
    return [op.kind for op in read_model(data).ops]


@pytest.mark.parametrize("name", CASES)
def test_canonical_form_computes_the_same_bytes(name):
    data = CASES[name]()
    canonical = canonicalise(data)
    model = read_model(data)
    before, after = Tflm(data), Tflm(canonical)
    for row in rows_for(model):
        for theirs, found in zip(before.run(row), after.run(row), strict=True):
            np.testing.assert_array_equal(theirs, found)


@pytest.mark.parametrize("name", ["pad and conv", "reshape", "dense of an image", "conv 1x1"])
def test_canonical_form_of_canonical_form_is_itself(name):
    once = canonicalise(CASES[name]())
    assert canonicalise(once) == once


def test_external_buffers_come_inside() -> None:
    data = write_model(network())
    outside = with_external_buffers(data)
    assert is_canonical(outside)
    assert canonicalise(outside) == canonicalise(data)
    assert is_canonical(canonicalise(outside)) == []


def test_a_pad_that_same_padding_can_say_goes() -> None:
    data = CASES["pad and conv"]()
    assert "PAD" in kinds(data)
    assert "PAD" not in kinds(canonicalise(data))


def test_a_reshape_in_front_of_a_dense_layer_goes() -> None:
    assert "RESHAPE" in kinds(write_model(network()))
    canonical = canonicalise(write_model(network()))
    assert "RESHAPE" not in kinds(canonical)
    before, after = Tflm(write_model(network())), Tflm(canonical)
    for x in inputs_for((1, 8, 8, 3), -128, count=20):
        np.testing.assert_array_equal(before.invoke(x), after.invoke(x))


def test_a_reshape_in_front_of_a_softmax_stays() -> None:
    assert "RESHAPE" in kinds(canonicalise(CASES["reshape"]()))


def test_a_reshape_that_changes_dimensions_kept_by_a_dense_layer_stays() -> None:
    model = network()
    keeping = tuple(
        replace(op, keep_num_dims=True) if isinstance(op, FullyConnected) else op
        for op in model.ops
    )
    deep = replace(model, ops=keeping)
    for run in CANONICAL_PASSES:
        deep = run(deep)
    dense = next(op for op in deep.ops if isinstance(op, FullyConnected))
    assert not dense.keep_num_dims  # two dimensions: nothing to keep


def test_operators_are_numbered_by_position() -> None:
    model = read_model(canonicalise(CASES["pad and conv"]()))
    assert [op.index for op in model.ops] == list(range(len(model.ops)))


@pytest.mark.parametrize("cut", [10, 500, 2000])
def test_truncated_files_are_refused(cut):
    with pytest.raises(ModelError):
        canonicalise(write_model(network())[:-cut])


def test_models_with_quantised_weights_alone_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="only its weights") as caught:
        canonicalise(hybrid())
    assert "tinyssl convert --model" in caught.value.hint

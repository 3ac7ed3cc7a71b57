import re

import numpy as np
import pytest

from tests.networks import network, with_external_buffers, with_one_byte_changed
from tests.ops.cases import CASES
from tests.ops.hybrid import hybrid
from tinyssl.compiler import compile
from tinyssl.compiler.arena import plan_arena
from tinyssl.core.errors import Mismatch, ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.passes import run_passes
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import FORCED, make_inputs
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.verify import check_host
from tinyssl.verify.host import STEPPED_INPUTS, first_difference


@pytest.fixture(scope="module")
def data():
    return write_model(network())


@pytest.fixture(scope="module")
def inputs(data):
    return make_inputs(read_model(data), STEPPED_INPUTS + 16, 0)


@pytest.fixture(scope="module")
def program(data):
    return compile(read_model(data))


def test_our_c_gives_the_bytes_of_tflm(data, inputs):
    check = check_host(data, inputs)
    model = read_model(data)
    assert (check.inputs, check.operators) == (len(inputs), len(model.ops))
    per_run = sum(model.tensor(op.outputs[0]).bytes for op in model.ops)
    assert check.bytes == STEPPED_INPUTS * per_run + len(inputs) * model.output.bytes
    oracle = TflmInterpreter(data)
    outputs = [output["output"] for output in check.outputs]
    np.testing.assert_array_equal(outputs, [oracle.run(x)["output"] for x in inputs])
    assert len({output.tobytes() for output in outputs}) > len(inputs) // 2


def test_states_go_on_from_input_to_input() -> None:
    data = CASES["svdf"]()
    inputs = make_inputs(read_model(data), STEPPED_INPUTS + 16, 0)
    check = check_host(data, inputs)
    oracle = TflmInterpreter(data)
    expected = [next(iter(oracle.run(x).values())) for x in inputs]
    found = [next(iter(outputs.values())) for outputs in check.outputs]
    np.testing.assert_array_equal(found, expected)


def test_a_reset_that_does_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    data = CASES["variable int16"]()
    monkeypatch.setattr(HostModel, "reset", lambda _: None)
    with pytest.raises(Mismatch, match="after a reset, input 0: the output"):
        check_host(data, make_inputs(read_model(data), 4, 0))


@pytest.mark.parametrize("position", [0, 1, 3, 6])
def test_one_wrong_weight_byte_is_caught_and_its_operator_named(data, inputs, program, position):
    op = program.graph.ops[position]
    assert isinstance(op, WeightedOp)
    with pytest.raises(Mismatch, match=f"{op.label} is the first operator") as caught:
        check_host(data, inputs, program=with_one_byte_changed(program, op.weight))
    assert re.search(r"is -?\d+ in TensorFlow Lite Micro, -?\d+ in our C", caught.value.message)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_difference_after_the_stepped_inputs_is_found_too(data, inputs, program, monkeypatch):
    monkeypatch.setattr("tinyssl.verify.host.STEPPED_INPUTS", 0)
    with pytest.raises(Mismatch, match="#0 CONV_2D is the first operator"):
        check_host(data, inputs, program=with_one_byte_changed(program, 1))


def test_outputs_alone_are_compared_where_tflm_keeps_no_tensors(data, inputs, program, monkeypatch):
    monkeypatch.setattr(TflmInterpreter, "keeps_tensors", lambda _: False)
    assert check_host(data, inputs[:12]).operators == 0
    with pytest.raises(Mismatch, match=r"the output .* is the first operator"):
        check_host(data, inputs, program=with_one_byte_changed(program, 1))


def test_the_report_holds_place_values_and_count() -> None:
    expected = np.array([[1, 2], [3, 4]], dtype=np.int8)
    found = np.array([[1, 2], [9, -4]], dtype=np.int8)
    difference = first_difference(expected, found, 7, "#3 ADD")
    assert str(difference) == (
        "input 7: #3 ADD is the first operator that differs: element [1][0] is 3 in TensorFlow "
        "Lite Micro, 9 in our C; 2 of 4 elements differ"
    )
    assert first_difference(expected, expected, 7, "#3 ADD") is None


def test_constants_that_tflm_would_misread_are_moved_and_told_of(data, inputs):
    found = check_host(with_external_buffers(data), inputs)
    assert found.inputs == len(inputs)
    assert "moved into the flatbuffer from behind it" in found.changes[0]


def test_truncated_files_are_refused(data, inputs):
    with pytest.raises(ModelError, match="damaged"):
        check_host(data[: len(data) // 2], inputs)


def test_models_with_quantised_weights_alone_are_refused(inputs):
    with pytest.raises(UnsupportedModel, match="only its weights") as caught:
        check_host(hybrid(), inputs)
    assert "tinyssl convert --model" in caught.value.hint


def test_an_input_of_the_wrong_shape_is_a_programming_error(data):
    with pytest.raises(ValueError, match=r"takes int8 \[1, 8, 8, 3\]"):
        TflmInterpreter(data).invoke(np.zeros((1, 4, 4, 3), dtype=np.int8))


def test_tflm_measures_its_arena(data):
    model = read_model(data)
    peak = plan_arena(run_passes(model)).peak
    assert peak < TflmInterpreter(data).arena_bytes < peak + 16384


def test_tflm_prints_nothing(data, capfd):
    oracle = TflmInterpreter(data)
    assert oracle.arena_bytes > 0
    assert capfd.readouterr() == ("", "")


def test_tensors_are_the_outputs_of_all_operators(data, inputs):
    oracle = TflmInterpreter(data)
    found = oracle.tensors(inputs[5])
    model = oracle.model
    assert list(found) == [op.outputs[0] for op in model.ops]
    assert all(found[i].shape == model.tensor(i).shape for i in found)
    np.testing.assert_array_equal(found[model.outputs[0]], oracle.run(inputs[5])["output"])


def stacked(feeds):
    """The arrays of feeds of one input."""
    return np.stack([x for feed in feeds for x in feed.values()])


class TestInputs:
    def test_extremes_quiet_inputs_images_and_noise(self, data):
        model = read_model(data)
        images = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
        x = stacked(make_inputs(model, 40, 0, images))
        assert (x.shape, x.dtype) == ((40, 1, 8, 8, 3), np.int8)
        assert [np.unique(one).tolist() for one in x[:3]] == [[-128], [127], [-128]]
        assert max(int(one.max()) for one in x[3:5]) <= -127  # quiet, at zero point -128
        wire = x[FORCED : FORCED + 5, 0].astype(np.int16) + 128
        np.testing.assert_array_equal(wire, images)
        assert len({one.tobytes() for one in x[FORCED:]}) == 40 - FORCED

    def test_the_seed_decides(self, data):
        model = read_model(data)
        first = stacked(make_inputs(model, 20, 5))
        np.testing.assert_array_equal(first, stacked(make_inputs(model, 20, 5)))
        assert not np.array_equal(first, stacked(make_inputs(model, 20, 6)))

    def test_extremes_come_however_few_are_asked_for(self, data):
        assert len(make_inputs(read_model(data), 1, 0)) == FORCED

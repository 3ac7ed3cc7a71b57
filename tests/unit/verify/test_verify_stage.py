import os
from pathlib import Path

import numpy as np
import pytest

from tests.networks import network, with_one_byte_changed
from tests.ops import cases
from tinyssl.compiler import compile
from tinyssl.core.config import VerifyConfig
from tinyssl.core.errors import AccuracyDrop, DataError, Mismatch, ModelError, UsageError
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import write_model
from tinyssl.learn.tasks import TASKS
from tinyssl.ops.common.weights import WeightedOp
from tinyssl.runtimes.capture import captured
from tinyssl.stages.verify import verify
from tinyssl.verify.accuracy import Quality

MODELS = Path(__file__).parents[3].parent / "shared" / "models"


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "elsewhere.tflite"
    path.write_bytes(write_model(network()))
    return path


def test_a_model_from_elsewhere_is_compared_on_noise(model, workspace):
    record = verify(VerifyConfig(model=model, images=32), workspace)
    results = record.results
    assert record.status == "complete"
    assert (results["images"], results["equal"]) == (32, 32)
    assert list(results["engines"]) == ["tflm", "aot-host", "litert-ref", "litert-xnnpack"]
    for name in ("tflm", "aot-host"):
        assert results["engines"][name] == {"images": 32, "equal": 32, "max_difference": 0}
    assert results["tflm_arena_bytes"] > 0
    assert "accuracy_int8" not in results
    assert record.inputs["model"]["path"] == str(model)


def test_what_was_written_into_the_model_stands_in_the_record(tmp_path, workspace):
    path = tmp_path / "depthwise.tflite"
    path.write_bytes(cases.depthwise(bias=False))
    results = verify(VerifyConfig(model=path, images=12), workspace).results
    assert results["changes"] == "#0 DEPTHWISE_CONV_2D: a bias of zeros"
    assert results["engines"]["litert-ref"]["equal"] == 12


def test_wrong_c_leaves_a_failed_record_with_the_other_engines(model, workspace, monkeypatch):
    def with_a_wrong_weight(graph):
        program = compile(graph)
        op = program.graph.ops[3]
        assert isinstance(op, WeightedOp)
        return with_one_byte_changed(program, op.weight)

    monkeypatch.setattr("tinyssl.compiler.compile", with_a_wrong_weight)
    with pytest.raises(Mismatch, match="#3 CONV_2D"):
        verify(VerifyConfig(model=model, images=16), workspace)
    (record,) = workspace.all("verify")
    assert record.status == "failed"
    assert "#3 CONV_2D" in record.error
    assert "tflm" in record.results["engines"]
    assert "equal" not in record.results


def test_a_missing_file_is_a_usage_error(workspace, tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.tflite"):
        verify(VerifyConfig(model=tmp_path / "nothing.tflite"), workspace)


def test_without_a_converted_model_the_hint_names_the_command(workspace):
    with pytest.raises(UsageError) as caught:
        verify(VerifyConfig(), workspace)
    assert "tinyssl convert" in caught.value.hint


def test_a_damaged_test_split_is_named(model, workspace):
    with workspace.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(model.read_bytes())
        run.file("test", "test.npz").write_bytes(b"not a zip")
        run.file("float_model", "float.tflite").write_bytes(model.read_bytes())
    with pytest.raises(DataError, match=r"test\.npz is damaged"):
        verify(VerifyConfig(), workspace)


def test_a_truncated_file_is_refused_before_tflm_sees_it(model, workspace):
    model.write_bytes(model.read_bytes()[:900])
    with pytest.raises(ModelError, match="900 bytes"):
        verify(VerifyConfig(model=model), workspace)
    assert workspace.all("verify") == []


@pytest.mark.parametrize(
    "name", ["kws_ref_model.tflite", "pretrainedResnet_quant.tflite", "vww_96_int8.tflite"]
)
def test_reference_models_are_byte_equal(name, workspace):
    if not MODELS.is_dir():
        pytest.skip("needs ../shared/models (reference models of MLPerf Tiny)")
    record = verify(VerifyConfig(model=MODELS / name, images=16), workspace)
    assert record.results["equal"] == 16


def quality(int8: float) -> Quality:
    task = TASKS["classification"]
    drop = task.drop(0.9, int8, np.zeros(100))
    return Quality(task, {"accuracy": 0.9}, {"accuracy": int8}, drop, 100)


class TestAccuracyGate:
    def test_a_larger_drop_than_allowed_is_refused_with_the_figures(self) -> None:
        accuracy = quality(0.87)
        with pytest.raises(AccuracyDrop, match=r"loses 3\.00 points") as caught:
            accuracy.gate(2.9)
        assert caught.value.exit_code == 3
        assert "100 test samples" in caught.value.message
        # `tinyssl verify` alone has the same gate, and no finished convert run after a failed one
        assert "more (--max-drop, of convert and verify): `tinyssl verify`" in caught.value.hint

    @pytest.mark.parametrize("int8", [0.9, 0.88, 0.95])
    def test_an_allowed_drop_or_a_gain_passes(self, int8):
        quality(int8).gate(2.0 + 1e-9)


def test_captured_takes_what_c_code_prints_and_gives_it_back(capfd):

    with captured() as printed:
        os.write(1, b"to stdout ")
        os.write(2, b"to stderr")
        assert printed.text == "to stdout to stderr"
    os.write(1, b"after")
    assert printed.text == "to stdout to stderr"
    assert capfd.readouterr() == ("after", "")


def test_captured_gives_the_terminal_back_after_an_error(capfd):

    with pytest.raises(RuntimeError), captured():
        raise RuntimeError
    os.write(2, b"here")
    assert capfd.readouterr().err == "here"

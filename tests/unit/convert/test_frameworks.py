"""Models of other frameworks that convert, and what is said of those that do not.

`tests/emulator/test_one_command.py` takes a file of each framework to a board.
"""

from pathlib import Path

import numpy as np
import pytest

from tinyssl.convert.frameworks import framework_of
from tinyssl.convert.frameworks.base import FloatInput, with_batch_one
from tinyssl.convert.frameworks.pytorch import TorchModel
from tinyssl.convert.frameworks.saved_model import explained, signature_of
from tinyssl.core.config import ConvertConfig
from tinyssl.core.errors import (
    AccuracyDrop,
    TinysslError,
    ToolMissing,
    UnsupportedModel,
    UsageError,
)
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.ops.common.activation import Activation
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.stages.convert_model import convert_model


@pytest.fixture
def models(framework_models: Path) -> Path:
    """Shorter."""
    return framework_models


def converted(models: Path, name: str, tmp_path: Path, **given):
    path = models / name
    config = ConvertConfig(
        model=str(path), calibration=models / "samples.npz", calibration_images=16, **given
    )
    return convert_model(config, Workspace(tmp_path), Silent())


def test_a_factory_needs_the_shape_that_it_takes(models):
    path = f"{models}/factory.py:make"
    with pytest.raises(ValueError, match="--input-shape"):
        TorchModel(path, [])
    source = TorchModel(path, [(1, 3, 16, 16)])
    assert source.inputs == (FloatInput("args_0", (1, 16, 16, 3)),)
    (scores,) = source.run([np.zeros((1, 16, 16, 3), np.float32)])
    assert scores.shape == (1, 2)


def test_a_file_without_names_is_quantised(tmp_path):
    """The quantiser knows tensors by their names; our own writer leaves most of them out."""
    stack = LayerStack((1, 16))
    stack.dense(8, Activation.RELU)
    stack.dense(16)
    path, samples = tmp_path / "net.tflite", tmp_path / "x.npy"
    path.write_bytes(write_model(stack.model()))
    np.save(samples, np.random.default_rng(0).normal(size=(32, 16)).astype(np.float32))
    config = ConvertConfig(model=str(path), calibration=samples)
    record = convert_model(config, Workspace(tmp_path), Silent())
    assert record.results["sqnr_db_output"] > 20


def test_a_function_that_returns_no_module_is_told(tmp_path):
    (tmp_path / "other.py").write_text("def make():\n    return 3\n")
    with pytest.raises(TypeError, match="make returns int"):
        TorchModel(f"{tmp_path}/other.py:make", [(1, 2)])
    with pytest.raises(ValueError, match="has no 'create'"):
        TorchModel(f"{tmp_path}/other.py:create", [(1, 2)])


def test_a_program_says_what_it_takes(models):
    source = TorchModel(str(models / "model.pt2"), [])
    assert source.inputs == (FloatInput("args_0", (1, 16, 16, 3)),)
    image = np.load(models / "samples.npz")["x"][:1].astype(np.float32)
    (scores,) = source.run([image])
    interpreter = LitertInterpreter((models / "model.tflite").read_bytes(), Kernels.OPTIMISED)
    np.testing.assert_allclose(interpreter.invoke(image), scores, atol=1e-5)


def test_a_saved_model_answers_and_converts_as_keras_does(models):
    """Loaded where TensorFlow is: `tests/framework_models.py`."""
    answers = np.load(models / "from_saved_model.npz")
    assert answers["expected"].std(axis=0).max() > 1e-3  # it looks at its input
    np.testing.assert_allclose(answers["found"], answers["expected"], atol=1e-6)
    data = (models / "from_saved_model.tflite").read_bytes()
    interpreter = LitertInterpreter(data, Kernels.OPTIMISED)
    images = np.load(models / "samples.npz")["x"].astype(np.float32)[: len(answers["found"])]
    converted = np.concatenate([interpreter.invoke(image[None]) for image in images])
    np.testing.assert_allclose(converted, answers["expected"], atol=1e-5)


@pytest.mark.parametrize(
    ("names", "chosen"), [(["a", "serving_default"], "serving_default"), (["only"], "only")]
)
def test_the_default_signature_is_taken_else_the_only_one(names, chosen):
    assert signature_of({name: name for name in names}) == chosen


def test_signatures_of_which_none_is_the_default_are_told():
    with pytest.raises(ValueError, match=r"the signatures \['a', 'b'\]; one of them is needed"):
        signature_of({"a": 1, "b": 2})


def test_a_float_tflite_is_quantised(models, tmp_path):
    run = converted(models, "model.tflite", tmp_path)
    assert run.results["float_difference"] == 0
    assert run.results["calibration_samples"] == 16


def test_loops_of_recurrent_layers_are_unrolled(models, tmp_path):
    sequences = tmp_path / "sequences.npy"
    np.save(sequences, np.random.default_rng(0).normal(size=(40, 4, 3)))
    config = ConvertConfig(model=str(models / "recurrent.tflite"), calibration=sequences)
    run = convert_model(config, Workspace(tmp_path), Silent())
    assert run.results["changes"].count("WHILE (4 rounds)") == 3
    assert run.results["float_difference"] < 1e-4
    assert run.results["agreement"] > 0.8
    model = read_model(run.path("model").read_bytes())
    weights = [op.inputs[1] for op in model.ops if op.kind == "FULLY_CONNECTED"]
    assert len(weights) == 6 * 4 + 1
    assert len(set(weights)) == 7  # the rounds share them
    assert run.results["sqnr_db_output"] > 15


def test_a_loop_with_an_open_batch_says_how_to_save_the_model():
    told = "error: 'tf.TensorListReserve' op requires element_shape to be static"
    error = explained(RuntimeError(told))
    assert isinstance(error, UnsupportedModel)
    assert "open batch" in error.message
    assert "input_signature" in error.hint
    other = RuntimeError("something else")
    assert explained(other) is other


def test_an_output_of_noise_fails_and_names_the_layers(models, tmp_path):
    samples = tmp_path / "outlier.npz"
    values = np.random.default_rng(0).random((40, 16, 16, 3))
    values[-1] *= 1e6  # one broken sample takes nearly all codes
    np.savez(samples, x=values)
    config = ConvertConfig(model=str(models / "model.tflite"), calibration=samples)
    with pytest.raises(AccuracyDrop, match=r"is noise: .* Most is lost in #\d") as caught:
        convert_model(config, Workspace(tmp_path), Silent())
    assert "--pixels" in caught.value.hint
    assert caught.value.exit_code == 3


def test_a_hot_pixel_costs_less_where_ranges_clip(models, tmp_path):
    values = np.load(models / "samples.npz")["x"]
    values[-1, 3, 3, 0] = 100  # one number of 40 pictures in [0, 1]
    np.savez(tmp_path / "hot.npz", x=values)
    decibels = {
        method: convert_model(
            ConvertConfig(
                model=str(models / "model.tflite"),
                calibration=tmp_path / "hot.npz",
                ranges=method,
            ),
            Workspace(tmp_path / method),
            Silent(),
        ).results["sqnr_db_output"]
        for method in ("minmax", "percentile", "mse")
    }
    assert min(decibels["percentile"], decibels["mse"]) > decibels["minmax"] + 1


def test_labelled_samples_calibrate_and_gate(models, tmp_path):
    values = np.load(models / "samples.npz")["x"].astype(np.float32)
    interpreter = LitertInterpreter((models / "model.tflite").read_bytes(), Kernels.OPTIMISED)
    answers = np.array([interpreter.invoke(x[None]).argmax() for x in values])
    np.savez(tmp_path / "right.npz", x=values, y=answers)
    config = ConvertConfig(
        model=str(models / "model.tflite"),
        test_data=tmp_path / "right.npz",
        max_drop=100,
        int16_layers=1,
    )
    run = convert_model(config, Workspace(tmp_path), Silent())
    assert (run.results["accuracy_float"], run.results["test_images"]) == (1.0, 40)
    assert run.results["int16_activations"] == []  # the loss was small enough


def test_the_model_and_its_calibration_are_asked_for(models, tmp_path):
    config = ConvertConfig(model=str(models / "model.tflite"))
    with pytest.raises(UsageError, match="samples of what it will see") as caught:
        convert_model(config, Workspace(tmp_path), Silent())
    assert "--calibration" in caught.value.hint


def test_calibration_that_does_not_fit_is_told(models, tmp_path):
    np.savez(tmp_path / "wrong.npz", x=np.zeros((4, 5)))
    config = ConvertConfig(model=str(models / "model.tflite"), calibration=tmp_path / "wrong.npz")
    with pytest.raises(TinysslError, match=r"shape \[5\]; the model takes \[16, 16, 3\]"):
        convert_model(config, Workspace(tmp_path), Silent())


def test_a_broken_file_is_told_with_the_framework(models, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    config = ConvertConfig(model=str(tmp_path / "model.onnx"), calibration=models / "samples.npz")
    with pytest.raises(UnsupportedModel, match="ONNX cannot convert"):
        convert_model(config, Workspace(tmp_path), Silent())


def test_a_missing_package_is_named(models, tmp_path, monkeypatch):
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no onnxruntime here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="no onnxruntime here") as caught:
        converted(models, "model.onnx", tmp_path)
    assert caught.value.hint == "pip install 'tinyssl[onnx]'"


@pytest.mark.parametrize(
    ("name", "hint"),
    {
        "weights.pth": "a file of weights has no graph",
        "model.py": "FACTORY",
        "model.txt": ".onnx",
        "folder/": ".keras",
    }.items(),
)
def test_what_does_not_convert_is_told_what_does(name, hint, tmp_path):
    path = tmp_path / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.touch()
    with pytest.raises(UsageError) as caught:
        framework_of(str(path))
    assert hint in caught.value.hint


def test_a_missing_file_is_told():
    with pytest.raises(UsageError, match=r"there is no gone\.onnx"):
        framework_of("gone.onnx")


def test_a_free_dimension_asks_for_the_shape():
    assert with_batch_one((None, 3, 8), "x") == (1, 3, 8)
    with pytest.raises(ValueError, match=r"free shape \['n', 3, 'h'\]: give it"):
        with_batch_one(("n", 3, "h"), "x")

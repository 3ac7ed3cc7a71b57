"""One real conversion through litert-torch and ai-edge-quantizer, and what must hold of it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.networks import network
from tinyssl.convert.canonical import canonicalise
from tinyssl.convert.quantise import UNIT_QUANT, quantise, require_unit_input
from tinyssl.convert.ranges import activation_ranges
from tinyssl.convert.trace import Classifier, trace
from tinyssl.core.config import VerifyConfig
from tinyssl.core.errors import AccuracyDrop, UnsupportedModel
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import is_canonical, read_model, write_model
from tinyssl.learn.backbones.same_conv import SameConv2d
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.verify import verify
from tinyssl.verify.host import check_host
from tinyssl.verify.sqnr import layer_sqnr

SIZE = 8


class Small(nn.Module):
    """Stride 2 on an even size, a depthwise layer, a shortcut, and a mean over height and width."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(SameConv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU6())
        self.deep = nn.Sequential(SameConv2d(8, 8, 3, 1, 8), nn.BatchNorm2d(8))
        self.last = nn.Sequential(SameConv2d(8, 16, 1), nn.BatchNorm2d(16), nn.ReLU6())

    def forward(self, images):
        stem = self.stem(images)
        return self.last(stem + self.deep(stem)).mean(dim=(2, 3))


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    backbone = Small()
    backbone(torch.rand(64, 3, SIZE, SIZE))  # batch norms that are not the identity
    head = torch.randn(4, 16)
    return Classifier(backbone.eval(), head, torch.randn(4), softmax=True).eval()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("convert") / "log"


@pytest.fixture(scope="module")
def exact(classifier, log):
    return trace(classifier, (SIZE, SIZE, 3), log)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (24, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def quantised(exact, images):
    return quantise(exact, activation_ranges(exact, images))


def test_the_float_model_computes_what_torch_computes(classifier, exact, images):
    interpreter = LitertInterpreter(exact, Kernels.OPTIMISED)
    for image in images[:4]:
        x = image[None].astype(np.float32) / 255
        with torch.no_grad():
            expected = classifier(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(interpreter.invoke(x), expected, atol=1e-6)


def test_the_graph_has_one_operator_a_layer(exact):
    assert [op.kind for op in read_model(exact).ops] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "ADD",
        "CONV_2D",
        "MEAN",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]


def test_what_the_converter_prints_goes_to_the_log(exact, log, capfd):
    assert log.stat().st_size > 0
    assert capfd.readouterr() == ("", "")


def test_the_input_takes_pixels_and_the_output_is_int8(quantised):
    model = read_model(canonicalise(quantised))
    assert model.input.quant == UNIT_QUANT
    assert (model.input.shape, model.input.dtype.value) == ((1, SIZE, SIZE, 3), "int8")
    assert model.output.dtype.value == "int8"
    assert model.output.quant is not None
    assert model.output.quant.scale == (1 / 256,)
    assert model.output.quant.zero_point == (-128,)


def test_our_c_gives_the_bytes_of_tflm(quantised, images):
    data = canonicalise(quantised)
    assert is_canonical(data) == []
    inputs = make_inputs(read_model(data), 40, 0, images)
    assert check_host(data, inputs).inputs == 40


def test_canonical_form_keeps_what_the_quantiser_wrote(quantised, images):
    before = LitertInterpreter(quantised, Kernels.REFERENCE)
    after = LitertInterpreter(canonicalise(quantised), Kernels.REFERENCE)
    for x in make_inputs(read_model(quantised), 30, 0, images):
        (picture,) = x.values()
        np.testing.assert_array_equal(before.invoke(picture), after.invoke(picture))


def test_every_layer_keeps_a_sane_signal_to_noise_ratio(exact, quantised, images):
    oracle = TflmInterpreter(canonicalise(quantised))
    layers = layer_sqnr(exact, oracle, images)
    assert [layer.kind for layer in layers] == [op.kind for op in oracle.model.ops]
    assert all(20 < layer.sqnr_db < 70 for layer in layers)


@pytest.fixture
def as_converted(exact, images, tmp_path):
    """Workspace with a convert run of this INT8 model; labels are what the float model says."""
    interpreter = LitertInterpreter(exact, Kernels.OPTIMISED)
    scaled = images[:, None].astype(np.float32) / 255
    labels = np.array([interpreter.invoke(x).argmax() for x in scaled], dtype=np.int64)

    def store(data: bytes) -> Workspace:
        workspace = Workspace(tmp_path)
        with workspace.start("convert", {}) as run:
            run.file("model", "model.tflite").write_bytes(data)
            run.file("float_model", "float.tflite").write_bytes(exact)
            names = [str(label) for label in range(10)]
            path = run.file("test", "test.npz")
            np.savez(path, images=images, labels=labels, class_names=names)
        return workspace

    return store


def test_verify_measures_accuracy_and_layers_of_a_converted_model(as_converted, quantised):
    workspace = as_converted(canonicalise(quantised))
    record = verify(VerifyConfig(images=40, max_drop=25), workspace)
    assert record.results["accuracy_float"] == 1.0
    assert record.results["accuracy_int8"] >= 0.75
    assert record.results["accuracy_images"] == 24
    layers = json.loads(record.path("layers").read_text())
    assert [layer["kind"] for layer in layers][-2:] == ["FULLY_CONNECTED", "SOFTMAX"]
    worst = min(row["sqnr_db"] for row in layers)
    assert record.results["sqnr_db_worst"] == pytest.approx(worst, abs=0.01)


def test_a_model_named_by_its_path_still_finds_its_test_split(as_converted, quantised):
    workspace = as_converted(canonicalise(quantised))
    path = workspace.latest("convert").path("model")
    record = verify(VerifyConfig(model=path, images=12, max_drop=25), workspace)
    assert record.results["accuracy_images"] == 24


def test_an_int8_model_that_lost_its_accuracy_is_refused_and_recorded(as_converted):
    workspace = as_converted(write_model(network(seed=9)))  # same shapes, other weights
    with pytest.raises(AccuracyDrop, match="24 test samples"):
        verify(VerifyConfig(images=12), workspace)
    (record,) = workspace.all("verify")
    assert record.status == "failed"
    assert record.results["accuracy_float"] - record.results["accuracy_int8"] > 0.02


def test_ranges_cover_every_image(exact, images):
    few, all_of_them = activation_ranges(exact, images[:4]), activation_ranges(exact, images)
    assert set(few) == set(all_of_them)
    for name, (low, high) in few.items():
        assert all_of_them[name][0] <= low <= high <= all_of_them[name][1]
    assert all_of_them[read_model(exact).input.name] == (0.0, 1.0)


def test_a_model_that_does_not_convert_is_an_error_with_the_reason():
    class Unknown(nn.Module):
        def forward(self, images):
            return torch.linalg.svdvals(images[0, :, :, 0])[None]

    with pytest.raises(UnsupportedModel, match="cannot convert"):
        trace(Unknown(), (SIZE, SIZE, 3))


def test_another_input_range_is_refused(exact, images):
    ranges = activation_ranges(exact, images)
    ranges[read_model(exact).input.name] = (-1.0, 1.0)
    with pytest.raises(UnsupportedModel, match="quantised input"):
        require_unit_input(quantise(exact, ranges))

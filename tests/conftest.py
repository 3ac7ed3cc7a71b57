"""Fixtures that tests of several folders share."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests import framework_models as frameworks
from tests import objects, order, programs, skips
from tinyssl.frontends.tflite import write_model
from tinyssl.graph.model import DType, Model, Quant, Value
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.ops.softmax import Softmax

# Small networks train faster on one thread, and far faster beside other test workers. Before torch
# is imported, and for the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", help="board that is plugged in, for the tests marked `board`")
    parser.addoption("--port", help="its serial port, where more than one matches")


def pytest_configure(config: pytest.Config) -> None:
    programs.hide_others(config)
    skips.register(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order.longest_first(config, items)


def tiny_model() -> Model:
    """8x8x3 image -> 3 classes, with the operators that every converted backbone ends in."""
    source = np.random.default_rng(0)

    def activation(name: str, shape: tuple[int, ...], scale: float, zero: int) -> Value:
        quant = Quant((float(np.float32(scale)),), (zero,))
        return Value(name, shape, DType.INT8, quant)

    def weight(name: str, shape: tuple[int, ...]) -> Value:
        values = source.integers(-127, 128, shape, dtype=np.int8)
        scales = tuple(float(np.float32(0.01 + 0.001 * row)) for row in range(shape[0]))
        return Value(name, shape, DType.INT8, Quant(scales, (0,) * shape[0]), values.tobytes())

    def bias(name: str, scale: float, weights: Value) -> Value:
        assert weights.quant is not None
        values = source.integers(-500, 500, weights.shape[0], dtype=np.int32)
        scales = tuple(float(np.float32(scale) * np.float32(each)) for each in weights.quant.scale)
        quant = Quant(scales, (0,) * len(scales))
        return Value(name, (weights.shape[0],), DType.INT32, quant, values.tobytes())

    image = activation("image", (1, 8, 8, 3), 1 / 255, -128)
    kernel, dense = weight("kernel", (4, 3, 3, 3)), weight("dense", (3, 4))
    tensors = (
        image,
        kernel,
        bias("kernel_bias", 1 / 255, kernel),
        activation("features", (1, 4, 4, 4), 0.03, -128),
        activation("mean", (1, 4), 0.02, -128),
        dense,
        bias("dense_bias", 0.02, dense),
        activation("logits", (1, 3), 0.05, 3),
        activation("classes", (1, 3), 1 / 256, -128),
    )
    ops = (
        Conv2D(
            index=0,
            input=0,
            weight=1,
            bias=2,
            output=3,
            stride=(2, 2),
            padding=Padding(bottom=1, right=1),
            activation=Activation.RELU,
        ),
        Mean(index=1, input=3, output=4),
        FullyConnected(index=2, input=4, weight=5, bias=6, output=7),
        Softmax(index=3, input=7, output=8),
    )
    return Model("tiny", tensors, ops, (0,), (8,))


@pytest.fixture(scope="session")
def tiny_tflite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A canonical INT8 .tflite with 1x8x8x3 input and 3 classes, of a few kilobytes."""
    path = tmp_path_factory.mktemp("model") / "tiny.tflite"
    path.write_bytes(write_model(tiny_model()))
    return path


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a session share. Take a lock before you make a file in it."""
    home = tmp_path_factory.getbasetemp()
    folder = (home.parent if "PYTEST_XDIST_WORKER" in os.environ else home) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _shared_objects(shared_folder: Path) -> None:
    objects.Session.folder = shared_folder / "objects"


@pytest.fixture(scope="session")
def framework_models(shared_folder: Path) -> Path:
    """Folder with a small float model of each framework, and `samples.npz` to calibrate them."""
    return frameworks.models_folder(shared_folder)

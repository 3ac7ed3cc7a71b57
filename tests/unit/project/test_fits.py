"""What cannot fit is refused before any work that grows with the weights, and before compiling."""

import time

import numpy as np
import pytest

from tests.networks import PIXELS, Net
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded, UsageError
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import file, write_model
from tinyssl.graph.model import DType
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.project.fits import check_flash, check_ram, least_flash
from tinyssl.project.source import load_model
from tinyssl.stages import build as firmware
from tinyssl.stages.build import build
from tinyssl.targets.boards import all_boards, find_board


def dense(outputs, inputs=8):
    """An image of 1x1 pixels with `inputs` channels, and one dense layer."""
    net = Net(np.random.default_rng(0))
    image = net.tensor((1, 1, 1, inputs), DType.INT8, PIXELS)
    pooled = net.activation((1, inputs), 0.02, 5)
    net.ops.append(Mean(index=0, input=image, output=pooled))
    last = net.weighted(FullyConnected, pooled, (outputs, inputs), 0, (1, outputs), (200.0, 3))
    return net.model(image, last)


@pytest.fixture
def no_compiler(monkeypatch):
    """Fails the test where anything is compared or compiled."""

    def called(*_, **__):
        raise AssertionError("a compiler was called")

    for name in ("check_model", "firmware", "check_compiler", "pio_run"):
        monkeypatch.setattr(firmware, name, called)


@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_32_mb_of_weights_are_refused_in_two_seconds(engine, no_compiler, tmp_path):
    path = tmp_path / "big.tflite"
    path.write_bytes(write_model(dense(4096, 8192)))
    start = time.process_time()
    with pytest.raises(
        BudgetExceeded, match=r"flash: .* 33,5\d\d,\d\d\d bytes, budget of \w+ 2,097,152"
    ):
        build(BuildConfig(model=path, engine=engine), Workspace(tmp_path))
    assert time.process_time() - start < 2.0


def test_the_region_counts_where_it_is_smaller_than_the_budget(tmp_path):
    board, graph = find_board("mps2_an386"), dense(600, 8192)
    config = BuildConfig(board=board.id, flash_budget=2**30)
    with pytest.raises(BudgetExceeded, match=r"ssram1 of mps2_an386 4,194,304, 720,896 too many"):
        check_flash(config, board, graph, b"")
    check_flash(BuildConfig(board=board.id, flash_budget=2**30), board, dense(500, 8192), b"")


def test_an_arena_that_does_not_fit_is_refused_with_its_numbers(no_compiler, tiny_tflite, tmp_path):
    config = BuildConfig(model=tiny_tflite, ram_budget=8200)
    with pytest.raises(
        BudgetExceeded,
        match=r"ram: arena \d+ bytes and stack 8,192, budget of mps2_an500 8,200, [\d,]+ too many",
    ):
        build(config, Workspace(tmp_path))


def test_other_targets_have_no_flash() -> None:
    check_flash(BuildConfig(target="c"), find_board("mps2_an386"), dense(2000, 8192), b"")


@pytest.mark.parametrize("board", [board.id for board in all_boards()])
def test_what_fits_passes_on_every_board_and_the_bound_is_below_the_truth(
    board, tiny_tflite, tmp_path
):
    found = find_board(board)
    source = load_model(tiny_tflite, Workspace(tmp_path), isa=found.tinyssl.isa)
    config = BuildConfig(board=board, model=tiny_tflite)
    check_flash(config, found, source.graph, source.data)
    check_ram(config, found, source.program.plan)
    assert least_flash(source.graph, source.data, "aot") <= source.program.constant_bytes


@pytest.mark.parametrize("kind", ["folder", "pipe", "large", "missing"])
def test_a_model_is_a_file_of_a_limited_size(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(file, "LARGEST", 1000)
    path = tmp_path / "model.tflite"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        path = path.with_name("zero")
        path.symlink_to("/dev/zero")
    elif kind == "large":
        path.write_bytes(bytes(1001))
    wanted = {"large": "1,001 bytes; tinyssl reads models of up to 1,000", "missing": "cannot read"}
    with pytest.raises(UsageError, match=wanted.get(kind, "is not a file")):
        file.read_file(path)

"""The gate of engine `tflm`: what cannot fit is refused before anything is compiled."""

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import PIXELS, Net, network, with_external_buffers
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.model import DType
from tinyssl.ops import depthwise_conv_2d
from tinyssl.ops.common.activation import Activation
from tinyssl.ops.common.pads import image_amounts
from tinyssl.ops.common.window import Padding
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.ops.pad import Pad
from tinyssl.project import arena
from tinyssl.project.source import load_model
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages import build as firmware
from tinyssl.stages.build import build
from tinyssl.targets.boards import find_board


def wide(channels, apart=False):
    """The widest block of a MobileNetV2 at 96x96: 1x1 to 48x48 x `channels`, depthwise, 1x1.

    With `apart` the depthwise convolution's padding is an operator of its own, as in a file that
    was not made canonical: TFLM then holds the wide tensor twice.
    """
    net = Net(np.random.default_rng(1))
    image = net.tensor((1, 96, 96, 3), DType.INT8, PIXELS)
    relu6 = {"activation": Activation.RELU6}
    x = net.weighted(
        Conv2D, image, (8, 3, 3, 3), 0, (1, 48, 48, 8), (6 / 255, -128),
        stride=(2, 2), padding=Padding(0, 1, 0, 1), **relu6,
    )  # fmt: skip
    x = net.weighted(
        Conv2D, x, (channels, 1, 1, 8), 0, (1, 48, 48, channels), (6 / 255, -128), **relu6
    )
    padding = Padding(0, 1, 0, 1)
    if apart:
        ring = Padding(1, 1, 1, 1)
        padded = net.activation((1, 50, 50, channels), 6 / 255, -128)
        net.ops.append(Pad(index=len(net.ops), input=x, output=padded, amounts=image_amounts(ring)))
        x, padding = padded, Padding()
    x = net.weighted(
        DepthwiseConv2D, x, (1, 3, 3, channels), 3, (1, 24, 24, channels), (6 / 255, -128),
        stride=(2, 2), padding=padding, **relu6,
    )  # fmt: skip
    x = net.weighted(Conv2D, x, (16, 1, 1, channels), 0, (1, 24, 24, 16), (0.04, 3))
    pooled = net.activation((1, 16), 0.02, 5)
    net.ops.append(Mean(index=len(net.ops), input=x, output=pooled))
    last = net.weighted(FullyConnected, pooled, (10, 16), 0, (1, 10), (0.02, 3))
    return net.model(image, last)


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Builds for a board and returns the refusal; a compiler that is called fails the test."""

    def no_compiler(*_, **__):
        raise AssertionError("something was compiled, or a tree of TFLM was looked for")

    for name in ("check_model", "check_compiler", "engine_parts", "pio_run"):
        monkeypatch.setattr(firmware, name, no_compiler)

    def attempt(data, board, error=BudgetExceeded, **options):
        path = tmp_path / "net.tflite"
        path.write_bytes(data)
        config = BuildConfig(model=path, engine="tflm", board=board, **options)
        workspace = Workspace(tmp_path)
        with pytest.raises(error) as caught:
            build(config, workspace)
        assert not (tmp_path / "build" / board).exists()
        return caught.value, load_model(path, workspace, isa=find_board(board).tinyssl.isa)

    return attempt


@pytest.mark.parametrize(("board", "apart"), [("mps2_an386_64k", False), ("nrf52840_dk", True)])
def test_what_cannot_fit_is_refused_before_anything_is_compiled(refused, board, apart):
    data = write_model(wide(64, apart))
    error, source = refused(data, board)
    use = TflmInterpreter(data).arena
    target = find_board(board).tinyssl
    room = target.budget.ram - target.stack_bytes
    assert use.at_least > room
    numbers = (use.total, use.at_least, use.planned, room, use.at_least - room)
    assert all(f"{number:,}" in error.message for number in numbers)
    assert board in error.message
    # Proposed: the other engine, with the figures of this very model and board.
    assert source.program.plan.peak + target.stack_bytes < target.budget.ram
    assert "--engine aot" in error.hint
    assert f"{source.program.plan.peak:,} bytes" in error.hint
    assert f"{source.program.plan.peak + target.stack_bytes:,} with the stack" in error.hint
    assert error.exit_code == 3


def test_where_no_engine_fits_the_hint_says_so(refused):
    error, source = refused(write_model(wide(64)), "mps2_an386_64k", ram_budget=24_000)
    assert source.program.plan.peak + 8192 > 24_000
    assert "too much as well" in error.hint


def test_what_may_fit_is_left_to_the_linker(tmp_path):
    """The gate refuses by the lower bound only: the folded form of the same network passes."""
    path = tmp_path / "net.tflite"
    path.write_bytes(write_model(wide(64)))
    source = load_model(path, Workspace(tmp_path))
    arena.check_arena(BuildConfig(engine="tflm"), source, find_board("nrf52840_dk"))


def test_a_size_that_was_asked_for_must_fit_too(refused):
    data = write_model(network())
    error, _ = refused(data, "nrf52840_dk", arena_bytes=262_144)
    assert "262,144 bytes was asked for" in error.message


def test_the_stack_counts_where_it_shares_the_region() -> None:
    shared, apart = find_board("nrf52840_dk"), find_board("nucleo_h743zi")
    assert arena.arena_room(shared, 10**9) == 262_144 - shared.tinyssl.stack_bytes
    assert arena.arena_room(apart, 10**9) == apart.region("arena").size
    assert arena.arena_room(find_board("host"), 100_000) == 100_000 - 8192


def test_constants_behind_the_flatbuffer_change_no_arena() -> None:
    data = write_model(network())
    assert arena.arena_use(with_external_buffers(data)) == arena.arena_use(data)


def test_the_lower_bound_halves_only_the_bookkeeping() -> None:
    use = TflmInterpreter(write_model(network())).arena
    assert use.planned > 0
    assert use.kept > 0
    assert use.planned + use.kept // 2 == use.at_least < use.total


def test_scratch_is_that_of_the_greediest_operator() -> None:
    """3x3 over 8 channels, in four columns of whole registers; a sum for each of 4 classes."""
    model = network()
    assert arena.scratch_bytes(model) == 4 * depthwise_conv_2d.CMSIS_BLOCK * 9 + 16
    plain = replace(model, ops=tuple(op for op in model.ops if not isinstance(op, DepthwiseConv2D)))
    assert arena.scratch_bytes(plain) == 64 * 5 + 16
    data = write_model(model)
    assert read_model(data).output.shape == (1, 4)
    assert arena.arena_bytes(data, 5000) - arena.arena_bytes(data) in range(5000 - 15, 5000 + 16)

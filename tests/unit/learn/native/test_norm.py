"""Batch norm in C against torch's, alone and over processes (threads here) that share memory."""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tinyssl.learn.native.exchange import (
    ProcessLost,
    SharedMemory,
    create_memory,
    mean_gradients,
    process_lives,
)
from tinyssl.learn.native.library import address
from tinyssl.learn.native.norm import NativeBatchNorm, install

SHAPES = [(24, 10), (16, 300), (8, 3, 5), (6, 8, 5, 7), (4, 48, 16, 16), (2, 1280, 1, 2)]


def norm_of(shape: tuple[int, ...], clipped: bool) -> nn.Sequential:
    torch.manual_seed(1)
    kind = nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d
    norm = kind(shape[1]).double()
    nn.init.uniform_(norm.weight, 0.5, 2)
    nn.init.uniform_(norm.bias, 0, 3)
    return nn.Sequential(norm, nn.ReLU6() if clipped else nn.Identity())


def example(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """An input far from 0, as sums of squares lose digits there, and a gradient."""
    source = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=source) * 2 + 30, torch.randn(shape, generator=source)


def results(layers: nn.Sequential, x: Tensor, dy: Tensor) -> list[Tensor]:
    """Output, gradients of input, weight and bias, running mean and variance."""
    x = x.clone().requires_grad_()
    y = layers(x)
    torch.autograd.backward(y, dy)
    norm = layers[0]
    assert isinstance(norm, nn.modules.batchnorm._BatchNorm)
    found = (y, x.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var)
    return [value.detach().double() for value in found if value is not None]


def close(found: list[Tensor], wanted: list[Tensor]) -> None:
    assert len(found) == len(wanted) == 6
    for one, other in zip(found, wanted, strict=True):
        scale = float(other.abs().max()) + 1
        assert float((one - other).abs().max()) < 2e-5 * scale


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("clipped", [False, True])
def test_it_is_torchs_in_double(shape: tuple[int, ...], clipped: bool) -> None:
    x, dy = example(shape)
    plain = norm_of(shape, clipped)
    native = copy.deepcopy(plain).float()
    install(native, None)
    assert isinstance(native[0], NativeBatchNorm)
    assert isinstance(native[1], nn.Identity)
    assert native.state_dict().keys() == plain.state_dict().keys()
    close(results(native, x, dy), results(plain, x.double(), dy.double()))
    torch.testing.assert_close(
        native.eval()(x).double(), plain.eval()(x.double()), atol=1e-4, rtol=1e-4
    )


def together(size: int, body: Callable[[SharedMemory], list[Tensor]]) -> list[list[Tensor]]:
    """What `body` gives in each of so many threads, which exchange as processes do."""
    path = create_memory(size, 512)
    try:
        members = [SharedMemory(path, rank, size, lambda _: True, 512) for rank in range(size)]
        with ThreadPoolExecutor(size) as pool:
            return list(pool.map(body, members))
    finally:
        path.unlink()


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("clipped", [False, True])
def test_processes_normalise_over_the_rows_of_all(size: int, clipped: bool) -> None:
    shape = (12, 16, 6, 6)
    x, dy = example(shape)
    plain = norm_of(shape, clipped)
    own = copy.deepcopy(plain).float()

    def share(exchange: SharedMemory) -> list[Tensor]:
        layers = copy.deepcopy(own)
        install(layers, exchange)
        rank = exchange.rank
        part = results(layers, x.chunk(size)[rank], dy.chunk(size)[rank] * size)
        gradients = [part[2].float(), part[3].float()]
        mean_gradients(exchange, gradients)
        return [*part[:2], *(each.double() for each in gradients), *part[4:]]

    parts = together(size, share)
    wanted = results(plain, x.double(), dy.double())
    whole = [torch.cat([part[k] for part in parts]) for k in (0, 1)]
    whole[1] /= size  # a process's loss is a mean over fewer rows
    for part in parts:
        close([*whole, *part[2:]], wanted)
        assert all(torch.equal(a, b) for a, b in zip(part[2:], parts[0][2:], strict=True))


def test_long_vectors_go_in_pieces_and_sums_are_equal_everywhere() -> None:
    numbers = torch.rand((3, 5000), generator=torch.Generator().manual_seed(0))

    def share(exchange: SharedMemory) -> list[Tensor]:
        return [exchange.sum_(numbers[exchange.rank].clone()) for _ in range(50)]

    parts = together(3, share)
    wanted = numbers[0] + numbers[1] + numbers[2]
    assert all(torch.equal(found, wanted) for part in parts for found in part)


def test_who_is_gone_is_waited_for_no_longer() -> None:
    path = create_memory(2, 512)
    alone = SharedMemory(path, 0, 2, lambda rank: rank != 1, 512)
    path.unlink()
    with pytest.raises(ProcessLost, match="process 1 of 2 is gone"):
        alone.sum_(torch.ones(3))


def test_a_copy_has_parameters_of_its_own() -> None:
    layers = norm_of((4, 8), clipped=True).float()
    install(layers, None)
    copied = copy.deepcopy(layers)
    copied[0].requires_grad_(False)
    layers(torch.randn(4, 8))
    assert isinstance(copied[0], NativeBatchNorm)
    assert copied[0].clipped
    assert copied[0].running_mean is not None
    assert float(copied[0].running_mean.abs().sum()) == 0
    assert layers[0].weight.requires_grad


def test_one_row_has_no_variance() -> None:
    layers = norm_of((1, 8), clipped=False).float()
    install(layers, None)
    with pytest.raises(ValueError, match="more than one value"):
        layers(torch.randn(1, 8))


def test_c_takes_no_other_memory() -> None:
    for tensor in (torch.zeros(3, dtype=torch.float64), torch.zeros(4, 4).T[:2]):
        with pytest.raises(ValueError, match="contiguous float32"):
            address(tensor)


def test_a_process_lives_or_not() -> None:
    assert process_lives(1)
    assert not process_lives(int(Path("/proc/sys/kernel/pid_max").read_text()) + 1)

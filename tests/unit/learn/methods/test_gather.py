"""Losses that look at other processes: two real ones (gloo) against one with all rows. Slow, as
each process imports torch; alone, everything is as if there were no other processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tinyssl.learn.methods.dino import moved_centre
from tinyssl.learn.methods.gather import gather_with_gradient

ROOT = Path(__file__).resolve().parents[4]

WORKER = """
import sys
import torch
import torch.distributed as dist
from tinyssl.learn.methods.dino import moved_centre
from tinyssl.learn.methods.gather import gather_with_gradient
from tinyssl.learn.methods.simclr import nt_xent

rank, store = int(sys.argv[1]), sys.argv[2]
torch.manual_seed(0)  # equal on both: all images, the shared weight
weight = torch.randn(5, 4)
first, second = torch.randn(2, 8, 5)

def loss_of(weight, a, b, gather):
    za, zb = gather(torch.tanh(a @ weight)), gather(torch.tanh(b @ weight))
    return nt_xent(za, zb, 0.5)

alone = weight.clone().requires_grad_()
expected = loss_of(alone, first, second, lambda z: z)
expected.backward()

dist.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=2)
mine = slice(4 * rank, 4 * rank + 4)
shared = weight.clone().requires_grad_()
found = loss_of(shared, first[mine], second[mine], gather_with_gradient)
found.backward()
gradient = shared.grad.clone()
dist.all_reduce(gradient)
gradient /= 2  # what DistributedDataParallel does
assert torch.allclose(found, expected, atol=1e-6), (found, expected)
assert torch.allclose(gradient, alone.grad, atol=1e-6), (gradient - alone.grad).abs().max()
assert not torch.allclose(gradient, alone.grad / 2, atol=1e-3)

centre = torch.linspace(-1, 1, 5)
moved = moved_centre(centre, first[mine], 0.9)
assert torch.allclose(moved, 0.9 * centre + 0.1 * first.mean(dim=0)), moved
dist.destroy_process_group()
print("equal")
"""


@pytest.mark.slow
def test_two_processes_are_one_with_all_rows(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WORKER]
    workers = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "store")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for worker in workers:
        output, errors = worker.communicate(timeout=280)
        assert worker.returncode == 0, errors
        assert output.strip() == "equal"


def test_alone_nothing_is_gathered() -> None:
    z = torch.randn(4, 3, requires_grad=True)
    assert gather_with_gradient(z) is z
    assert torch.allclose(moved_centre(torch.zeros(3), z.detach(), 0.9), 0.1 * z.mean(dim=0))

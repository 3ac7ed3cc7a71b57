"""What methods share between the processes of a `torchrun`: two real processes over gloo."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from tinyssl.learn.methods.centre import RunningCentre
from tinyssl.learn.methods.queue import Queue, gather_rows

ROWS = torch.arange(24.0).reshape(8, 3) + 1


def one_process(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.manual_seed(0)
    mine = ROWS[4 * rank : 4 * rank + 4]
    queue, centre = Queue(10, 3), RunningCentre(3, momentum=0.9, scale=True)
    queue.push(mine)
    centre(mine)
    found = {"gathered": gather_rows(mine)}
    found |= queue.state_dict(prefix="queue.") | centre.state_dict(prefix="centre.")
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow  # two interpreters that import torch
def test_two_processes_know_what_one_with_the_whole_batch_knows(tmp_path: Path) -> None:
    spawn(one_process, args=(str(tmp_path),), nprocs=2)
    torch.manual_seed(0)
    queue, centre = Queue(10, 3), RunningCentre(3, momentum=0.9, scale=True)
    queue.push(ROWS)
    centre(ROWS)
    expected = {"gathered": ROWS}
    expected |= queue.state_dict(prefix="queue.") | centre.state_dict(prefix="centre.")
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt")
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert torch.allclose(found[name], value), (rank, name)

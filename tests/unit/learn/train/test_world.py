"""How processes of one training find each other, and what they say when they do not.

`test_distributed.py` starts real ones.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch._C._distributed_c10d import HashStore

from tinyssl.core.errors import TrainingError, UsageError
from tinyssl.learn.train import world
from tinyssl.learn.train.world import World, agree_on_name, join_world, one_for_all

CPU = torch.device("cpu")


def test_each_attempt_has_a_name_that_all_its_processes_know() -> None:
    store = HashStore()  # as the agent of torchrun keeps one over restarts

    def attempt() -> set[str]:
        with ThreadPoolExecutor(3) as pool:
            return set(pool.map(lambda rank: agree_on_name(store, rank, 3), (2, 1, 0)))

    (first,), (second,) = attempt(), attempt()
    assert first != second


def test_processes_that_do_not_come_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "JOIN_SECONDS", 0)
    with pytest.raises(TrainingError, match=r"processes \[1, 2\] of 3 did not come in 0 seconds"):
        agree_on_name(HashStore(), 0, 3)


def test_a_process_without_a_gpu_of_its_own_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "launched_by_torchrun", lambda: True)
    monkeypatch.setattr(world, "pick_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(UsageError, match="process 1 of this computer finds 1 GPUs") as caught:
        join_world("cuda").__enter__()
    assert "--nproc-per-node 1" in caught.value.hint


@pytest.mark.parametrize("text", ["Connection closed by peer", "connection reset"])
def test_a_broken_connection_is_another_process_that_ended(text: str) -> None:
    told = "process 1 of 2 lost another one, so all end"
    with pytest.raises(TrainingError, match=told), one_for_all(World(CPU, rank=1, size=2)):
        raise RuntimeError(text)


@pytest.mark.parametrize(("size", "text"), [(1, "Connection closed"), (2, "shapes differ")])
def test_other_errors_stay_what_they_are(size: int, text: str) -> None:
    with pytest.raises(RuntimeError, match=text), one_for_all(World(CPU, size=size)):
        raise RuntimeError(text)

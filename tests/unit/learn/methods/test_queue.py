"""The queue against pushing one row at a time into a list, and its start."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tinyssl.learn.methods.queue import Queue, gather_rows


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 6, 7, 15])
def test_push_is_one_row_after_the_other(batch):
    """Also where the queue is no multiple of the batch, or smaller than it."""
    torch.manual_seed(0)
    queue = Queue(6, 3)
    expected = list(queue.rows.clone())
    position = 0
    for _ in range(5):
        z = torch.randn(batch, 3)
        queue.push(z)
        for row in F.normalize(z, dim=1):
            expected[position] = row
            position = (position + 1) % 6
        assert torch.equal(queue.rows, torch.stack(expected))
        assert queue.position.item() == position


def test_after_as_many_pushes_as_fit_the_newest_batch_is_at_the_start() -> None:
    torch.manual_seed(0)
    queue = Queue(12, 5)
    for _ in range(3):
        queue.push(torch.randn(4, 5))
    newest = 7 * torch.randn(4, 5)
    queue.push(newest)
    assert torch.allclose(queue.rows[:4], F.normalize(newest, dim=1))
    assert torch.allclose(queue.rows.norm(dim=1), torch.ones(12))


def test_it_starts_with_random_directions_and_is_in_the_checkpoint() -> None:
    torch.manual_seed(0)
    queue = Queue(1000, 16)
    assert torch.allclose(queue.rows.norm(dim=1), torch.ones(1000))
    assert queue.rows.mean(dim=0).abs().max() < 0.05
    assert set(queue.state_dict()) == {"rows", "position"}
    assert list(queue.parameters()) == []


def test_rows_that_are_gathered_carry_no_gradient() -> None:
    z = torch.randn(3, 2, requires_grad=True)
    assert torch.equal(gather_rows(z), z)
    assert not gather_rows(z).requires_grad

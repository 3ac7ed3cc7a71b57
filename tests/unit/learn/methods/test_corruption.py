"""Corrupted tokens: numbers of them by hand, sets that do not meet, rolls that come back."""

from __future__ import annotations

import pytest
import torch

from tinyssl.learn.methods.corruption import (
    MASKED,
    ROLLED,
    UNTOUCHED,
    Corruption,
    CorruptionRates,
    draw_corruption,
    rolled,
    scheduled_rates,
    task_weights,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("losses", "rates", "tokens", "counts"),
    [
        ((1, 1), (0.5, 0.5), 16, (8, 4, 4)),
        ((1, 1), (0.5, 0.5), 49, (24, 12, 13)),
        ((3, 1), (0.5, 0.25), 49, (24, 6, 19)),
        ((1, 3), (0.25, 0.5), 16, (4, 6, 6)),
        ((2, 3), (0.4, 0.5), 64, (25, 19, 20)),
    ],
)
def test_rates_and_counts(losses, rates, tokens, counts):
    found = scheduled_rates(*map(float, losses))
    assert (found.mask, found.roll) == pytest.approx(rates)
    masked, turned = found.counts(tokens)
    assert (masked, turned, tokens - masked - turned) == counts


@pytest.mark.parametrize("mask_loss", [1e-6, 0.1, 0.7, 1.0, 5.0, 1e6])
@pytest.mark.parametrize("tokens", [16, 17, 49, 64])
def test_a_quarter_stays_clean(mask_loss, tokens):
    masked, turned = scheduled_rates(mask_loss, 1.0).counts(tokens)
    assert tokens - masked - turned >= tokens / 4


def test_sets_are_disjoint_and_cover_all_tokens():
    torch.manual_seed(0)
    plan = draw_corruption(50, 16, CorruptionRates(0.5, 0.5), CPU)
    for row in plan.kind:
        sets = [{*torch.nonzero(row == kind).ravel().tolist()} for kind in range(3)]
        assert [len(each) for each in sets] == [4, 8, 4]
        assert set.union(*sets) == set(range(16))
    assert torch.equal(plan.shift > 0, plan.kind == ROLLED)
    assert {*plan.shift.unique().tolist()} == {0, 1, 2, 3}
    assert len({tuple(row.tolist()) for row in plan.kind}) == 50  # an order for each sample


def test_no_rate_leaves_all_alone():
    plan = draw_corruption(3, 16, CorruptionRates(0.0, 0.0), CPU)
    assert not plan.kind.any()
    assert not plan.shift.any()


def test_a_roll_moves_features_on_and_comes_back():
    tokens = torch.arange(6.0).expand(1, 3, 6)
    shift = torch.tensor([[1, 0, 3]])
    found = rolled(tokens, shift)
    assert found[0].tolist() == [[5, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5], [3, 4, 5, 0, 1, 2]]
    assert torch.equal(rolled(found, -shift), tokens)


def test_the_mask_stands_where_it_should_and_nowhere_else():
    plan = Corruption(
        torch.tensor([[UNTOUCHED, MASKED, ROLLED, MASKED]]), torch.tensor([[0, 0, 2, 0]])
    )
    tokens, mask = torch.rand(1, 4, 5), torch.full((5,), 7.0)
    found = plan.apply(tokens, mask)
    assert torch.equal(found[0, 0], tokens[0, 0])
    assert torch.equal(found[0, 2], tokens[0, 2].roll(2))
    assert (found[0, [1, 3]] == 7).all()


def test_the_usual_shift_is_the_majoritys():
    shift = torch.tensor([[3, 0, 3, 1], [0, 2, 1, 0], [0, 0, 0, 0]])
    plan = Corruption(torch.where(shift > 0, ROLLED, UNTOUCHED), shift)
    assert plan.usual_shift().tolist() == [3, 1, 1]


def test_cells_of_a_finer_grid_share_a_fate():
    plan = Corruption(torch.tensor([[0, 1, 2, 0]]), torch.tensor([[0, 0, 3, 0]]))
    finer = plan.enlarged(2, 2)
    assert finer.kind.reshape(4, 4).tolist() == [
        [0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 0, 0], [2, 2, 0, 0]
    ]  # fmt: skip
    assert finer.shift.sum() == 12


def test_weights_make_both_losses_alike():
    losses = torch.tensor([0.3, 1.2])
    weights = task_weights(losses)
    assert weights.sum() == pytest.approx(2)
    first, second = (weights * losses).tolist()
    assert first == pytest.approx(second)
    assert weights.tolist() == pytest.approx([1.6, 0.4])

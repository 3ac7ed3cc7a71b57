"""Tokens that are masked and tokens that are rolled, never both, and how many of each.

From the multi-pretext project of the University of Peradeniya (e20-4yp; S. Munasinghe,
S. Deegalla). What its page says is marked "paper", what we chose "ours".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

ROLLS = 3
"""A token is rolled by 1, 2 or 3 places (paper)"""
LEAST_RATE, MOST_RATE = 0.25, 0.5
"""Limits of both rates (paper); at the upper ones a quarter of the tokens stays clean"""
FIXED_RATE = 0.375
"""Of both tasks without the scheduler: the middle (ours)"""
UNTOUCHED, MASKED, ROLLED = 0, 1, 2


@dataclass(frozen=True)
class CorruptionRates:
    """Shares of tokens that are corrupted, in [0, 1]."""

    mask: float
    """Of all tokens"""
    roll: float
    """Of the tokens that are not masked"""

    def counts(self, tokens: int) -> tuple[int, int]:
        """How many of `tokens` are masked and how many rolled: floor(n r_m), then
        floor((n - masked) r_r) (paper).
        """
        masked = math.floor(tokens * self.mask)
        return masked, math.floor((tokens - masked) * self.roll)


def scheduled_rates(mask_loss: float, roll_loss: float) -> CorruptionRates:
    """More corruption for the task with the larger loss (paper):

        r_m = clip(l_m / (l_m + l_r), 0.25, 0.5),   r_r = clip(l_r / (l_m + l_r), 0.25, 0.5)

    Args:
        mask_loss: l_m, running mean of the reconstruction's loss, above 0.
        roll_loss: l_r, of the roll's.
    """
    share = mask_loss / (mask_loss + roll_loss)
    return CorruptionRates(_clipped(share), _clipped(1 - share))


def _clipped(rate: float) -> float:
    return min(max(rate, LEAST_RATE), MOST_RATE)


def task_weights(losses: Tensor) -> Tensor:
    """(2,): what the two losses are multiplied by, so that both count alike; they sum to 2.

    lambda_1 = 2 l_r / (l_m + l_r), lambda_2 = 2 l_m / (l_m + l_r). The paper says that they are
    balanced; the formula is ours.

    Args:
        losses: (2,), running means l_m and l_r, above 0.
    """
    return 2 * losses.flip(0) / losses.sum()


@dataclass(frozen=True)
class Corruption:
    """What is done to each token of a batch."""

    kind: Tensor
    """(b, n) int64: `UNTOUCHED`, `MASKED` or `ROLLED`"""
    shift: Tensor
    """(b, n) int64: 1 to 3 where the token is rolled, else 0"""

    @property
    def masked(self) -> Tensor:
        """(b, n) bool."""
        return self.kind == MASKED

    @property
    def rolled(self) -> Tensor:
        """(b, n) bool."""
        return self.kind == ROLLED

    def usual_shift(self) -> Tensor:
        """(b,) int64 in [1, 3]: the shift of most of a sample's rolled tokens, the smaller one
        where two are as many. 1 where none is rolled.
        """
        votes = torch.stack([(self.shift == k).sum(dim=1) for k in range(1, ROLLS + 1)], dim=1)
        return votes.argmax(dim=1) + 1

    def enlarged(self, grid: int, factor: int) -> Corruption:
        """For a grid that is finer by `factor`: all tokens of a cell share its fate."""
        return Corruption(*(_enlarged(each, grid, factor) for each in (self.kind, self.shift)))

    def apply(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """The corrupted tokens.

        Args:
            tokens: (b, n, d).
            mask: (d,), what stands in the place of a masked token; None: none is masked.
        """
        found = rolled(tokens, self.shift)
        return found if mask is None else torch.where(self.masked[..., None], mask, found)


def draw_corruption(
    batch: int, tokens: int, rates: CorruptionRates, device: torch.device
) -> Corruption:
    """The first tokens of a random order are masked, the next ones rolled, by a shift that is drawn
    for each token (paper; that each token has its own is ours). From torch's global generator.
    """
    masked, turned = rates.counts(tokens)
    rank = torch.rand(batch, tokens, device=device).argsort(dim=1).argsort(dim=1)
    kind = torch.where(rank < masked, MASKED, torch.where(rank < masked + turned, ROLLED, 0))
    shift = torch.randint(1, ROLLS + 1, (batch, tokens), device=device)
    return Corruption(kind, torch.where(kind == ROLLED, shift, 0))


def rolled(tokens: Tensor, shift: Tensor) -> Tensor:
    """Each token's features moved on by its shift, the last ones to the front.

    Args:
        tokens: (b, n, d).
        shift: (b, n) int64; 0 changes nothing, -k takes k back.
    """
    place = torch.arange(tokens.shape[-1], device=tokens.device)
    return tokens.gather(-1, (place - shift[..., None]) % tokens.shape[-1])


def _enlarged(cells: Tensor, grid: int, factor: int) -> Tensor:
    square = cells.reshape(-1, grid, grid)
    finer = square.repeat_interleave(factor, dim=1).repeat_interleave(factor, dim=2)
    return finer.reshape(len(cells), -1)

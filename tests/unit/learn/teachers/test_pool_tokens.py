"""Pooling of a teacher's tokens to a square grid."""

import torch

from tinyssl.learn.teachers.cache import pool_tokens


def test_pooling_a_constant_gives_the_constant() -> None:
    tokens = torch.full((2, 5, 14, 14), 0.7)
    for grid in (1, 2, 4, 8, 14, 16):
        pooled = pool_tokens(tokens, grid)
        assert pooled.shape == (2, 5, grid, grid)
        assert torch.allclose(pooled, torch.tensor(0.7))

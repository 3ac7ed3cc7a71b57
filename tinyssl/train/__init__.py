"""Pretraining: one loop, exact resume."""

from tinyssl.train.pretrain import pretrain

__all__ = ["pretrain"]

"""Pretraining: one loop, exact resume."""

from tinyssl.learn.train.pretrain import pretrain

__all__ = ["pretrain"]

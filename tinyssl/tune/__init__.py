"""The fastest kernel calls of a model on a board, by measurement."""

from tinyssl.tune.stage import Candidate, Tuned, tune

__all__ = ["Candidate", "Tuned", "tune"]

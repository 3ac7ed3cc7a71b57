"""What every teacher is: a frozen module from images to a summary and a grid of tokens."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from torch import Tensor, nn

from tinyssl.core.progress import Progress


@dataclass(frozen=True)
class TeacherInfo:
    """What is to be known about a teacher without running it."""

    name: str
    """As given on the command line, or the file's name"""
    image_size: int
    """Side of the images it is fed, in pixels"""
    summary_dim: int
    """Length of its summary"""
    token_dim: int
    """Length of each of its tokens"""
    sha256: str
    """Of its weights, 64 hex digits; with `image_size` it says what the targets will be"""
    supervised: bool
    """Trained with labels: what is distilled from it is not label-free, and every table says so"""
    source: str
    """Where the weights come from, their licence, and what they were trained on: one line"""


@dataclass(frozen=True)
class TeacherOutput:
    """What a teacher says about a batch."""

    summary: Tensor
    """(b, summary_dim) float32: CLS token or pooled features"""
    tokens: Tensor
    """(b, token_dim, h, w) float32: patch tokens or last feature map, as a grid"""


class Teacher(nn.Module, abc.ABC):
    """A frozen network: in eval mode for ever, no parameter requires a gradient.

    Normalisation of the pixels is its own business: all teachers are fed [0, 1]. A subclass calls
    `freeze` once its weights are in place.
    """

    info: TeacherInfo

    def freeze(self) -> Self:
        """No parameter requires a gradient any more, and all batch norms keep their statistics."""
        self.requires_grad_(False)
        return self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode, also where the module around it is told to train."""
        return super().train(mode=False)

    @abc.abstractmethod
    def forward(self, images: Tensor) -> TeacherOutput:
        """Images (b, 3, info.image_size, info.image_size), float in [0, 1]."""


@dataclass(frozen=True)
class TeacherEntry:
    """A teacher that has a name, as it is listed: nothing is loaded for this."""

    load: Callable[[Path, int], Teacher]
    """From its weights and the side of its images, in pixels"""
    get: Callable[[Progress], Path]
    """Brings its weights here where they are not, and says where they are"""
    missing: Callable[[], str]
    """What brings its weights here; empty where they are here"""
    image_size: int
    """Usual side of its images"""
    summary_dim: int
    token_dim: int
    parameters: int
    """Of the network without its classifier"""
    supervised: bool
    licence: str
    trained_on: str

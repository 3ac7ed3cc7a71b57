"""What every backbone is: a module from images to one feature vector an image."""

from __future__ import annotations

import abc

from torch import Tensor, nn


class Backbone(nn.Module, abc.ABC):
    """Images (b, 3, h, w), float in [0, 1], to features (b, feature_dim).

    Backbones normalise nothing: the first batch norm learns the mean and scale of the images, and
    the microcontroller gets its bytes as they are.
    """

    feature_dim: int
    """Length of the feature vector"""
    map_channels: dict[int, int]
    """Stride of a feature map, with stem stride 2 -> its channels"""

    @abc.abstractmethod
    def forward_features(self, images: Tensor) -> dict[int, Tensor]:
        """Feature maps (b, map_channels[s], h_s, w_s), by nominal stride s, finest first.

        The nominal stride is the one with stem stride 2; with stem stride 1 a map is twice as
        large. The last map is the one that `forward` pools.
        """

    @abc.abstractmethod
    def forward_all(self, images: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """What `forward` and `forward_features` give, computed once."""

    @abc.abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Features (b, feature_dim)."""

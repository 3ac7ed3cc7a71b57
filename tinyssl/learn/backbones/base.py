"""What every backbone is: a module from samples to one feature vector a sample."""

from __future__ import annotations

import abc

from torch import Tensor, nn


class Backbone(nn.Module, abc.ABC):
    """Samples, float in [0, 1], to features (b, feature_dim).

    Images, sound and sensor windows come as maps (b, channels, h, w), rows of a table as
    (b, columns): what `tinyssl.data.augment.to_float` makes of them. Backbones normalise nothing:
    the first batch norm learns mean and scale, and the microcontroller gets its bytes as they are.
    """

    feature_dim: int
    """Length of the feature vector"""
    map_channels: dict[int, int]
    """Stride of a feature map, with stem stride 2 -> its channels; one map is the least"""

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

    def for_inference(self) -> nn.Module:
        """A module that computes what `forward` computes in eval mode, for conversion.

        Itself, where the converter folds all batch norms into the layers in front of them. A
        network with batch norms in front of its layers returns a copy without them.
        """
        return self

"""Two dense layers, for rows of a table."""

from __future__ import annotations

from torch import Tensor, nn

from tinyssl.core.errors import UsageError
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones.base import Backbone


class Mlp(Backbone):
    """Rows (b, columns) to features (b, width), with ReLU after both layers.

    No batch norm: it does not fold into a layer before it here, and columns come scaled.

    Raises:
        UsageError: Samples that are no rows.
    """

    def __init__(self, spec: FeatureSpec, width: int = 64) -> None:
        super().__init__()
        if len(spec.shape) != 1:
            raise UsageError(
                f"mlp takes rows of a table; these samples are {spec.kind} {spec.size_text}",
                hint="use --backbone ds_cnn for sound and sensor windows",
            )
        self.feature_dim = width
        self.map_channels = {1: width}
        self.layers = nn.Sequential(
            nn.Linear(spec.channels, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )

    def forward_features(self, images: Tensor) -> dict[int, Tensor]:
        return self.forward_all(images)[1]

    def forward_all(self, images: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        features = self.forward(images)
        return features, {1: features[:, :, None, None]}

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.layers(images)
        return features


BACKBONES = {"mlp": lambda spec, _: Mlp(spec)}

"""Global and local views, and how their losses are weighed.

The view sampler of Tan et al. (ICLR 2023, arXiv 2210.02808; github.com/saic-fi/SSLight) for
networks of low capacity: milder views, and a loss that leans less on the local ones. The paper's
geometry is `crop_min=0.3 local_views=6 alpha=0.4`, that of its baseline `crop_min=0.14
local_views=6 local_crop_max=0.14` with local views of 3/7 of the side;
docs/view_sampling.md has the whole recipe. The default here is two global views and no
local ones, the same work as for the other methods.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import groupby
from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT
from tinyssl.core.errors import UsageError
from tinyssl.data.augment import ViewGroup, ViewOptions, Views, ViewSpec
from tinyssl.data.augment.options import Probability, Share
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.methods.base import Method, MethodContext, ViewStage

GLOBAL_VIEWS = 2
LOCAL_SIDE = 4 / 7
"""Side of a local view by that of a global one: 128 / 224 in the paper"""


@dataclass(frozen=True, config=STRICT)
class MultiCropOptions(ViewOptions):
    """Two global views, which `crop_min` to `flip` describe, and local ones."""

    local_views: Annotated[int, Field(ge=0, le=16)] = 0
    """Small views of each image beside the two global ones (the paper: 6)"""
    local_crop_min: Share = 0.05
    """Smallest crop of a local view, as a share of the image's area"""
    local_crop_max: Share = 0.3
    """Largest crop of a local view, as a share of the image's area"""
    local_size: Annotated[int, Field(ge=4, le=512)] | None = None
    """Side of a local view in pixels; default: 4/7 of the image's (the paper: 128 of 224)"""
    blur_second: Probability | None = None
    """`blur` of the second global view; default: as the first"""
    solarise_second: Probability | None = None
    """`solarise` of the second global view; default: as the first"""
    blur_local: Probability | None = None
    """`blur` of the local views; default: as the first global view"""
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    """Weight of the pairs of global views, that of the others is 1 - alpha (the paper: 0.4);
    default: their share of all pairs, 1 / (1 + local_views), so that every pair counts alike"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.local_crop_min > self.local_crop_max:
            raise UsageError(
                f"local_crop_min {self.local_crop_min} is above "
                f"local_crop_max {self.local_crop_max}",
                hint="both are shares of the image's area, smallest first",
            )

    @property
    def global_weight(self) -> float:
        """alpha, or the neutral weight: the share of global-global pairs among all."""
        return 1 / (1 + self.local_views) if self.alpha is None else self.alpha

    def side(self, image_size: int) -> int:
        """Side of a local view of images of `image_size` pixels: even where not given."""
        return self.local_size or 2 * round(image_size * LOCAL_SIDE / 2)

    def views(self, image_size: int) -> ViewSpec:
        """The groups: two global views, then the local ones, where there are any."""
        first = ViewOptions(
            **{field.name: getattr(self, field.name) for field in fields(ViewOptions)}
        )
        second = replace(
            first,
            blur=first.blur if self.blur_second is None else self.blur_second,
            solarise=first.solarise if self.solarise_second is None else self.solarise_second,
        )
        groups = [ViewGroup(1, first), ViewGroup(1, second)]
        if first == second:
            groups = [ViewGroup(GLOBAL_VIEWS, first)]
        if self.local_views:
            local = replace(
                first,
                crop_min=self.local_crop_min,
                crop_max=self.local_crop_max,
                blur=first.blur if self.blur_local is None else self.blur_local,
            )
            groups.append(ViewGroup(self.local_views, local, self.side(image_size)))
        return ViewSpec(tuple(groups))


def check_local_size(backbone: Backbone, options: MultiCropOptions, image_size: int) -> None:
    """Refuses local views of which the backbone makes nothing but padding.

    With TFLite's padding a backbone accepts any size. But where already the map before the last is
    a single cell, every later 3x3 kernel sees one position and zeros around it.

    Raises:
        UsageError: The local views are too small, or larger than the images.
    """
    if not options.local_views:
        return
    side = options.side(image_size)
    if image_size and side > image_size:
        raise UsageError(
            f"local views of {side} px are larger than the images of {image_size} px",
            hint=f"give --method-options local_size=N, N at most {image_size}",
        )
    cells = _cells_before_last(backbone, side)
    if cells < 2:
        raise UsageError(
            f"local views of {side} px are too small: the backbone's map before the last has "
            f"{cells} cell a side",
            hint="give a larger local_size, or --stem-stride 1",
        )


def _cells_before_last(backbone: Backbone, side: int) -> int:
    """Side of the second coarsest map; a trial in eval mode, so that no statistics move."""
    training, like = backbone.training, next(backbone.parameters())
    with torch.no_grad():
        maps = backbone.eval().forward_features(like.new_zeros(1, 3, side, side))
    backbone.train(training)
    return int(maps[sorted(maps)[-2]].shape[-1])


class MultiCropMethod(Method):
    """A method of global and local views: its config is a `MultiCropOptions`.

    Raises:
        UsageError: Local views of samples that are no images, or of a size that cannot be right.
    """

    def __init__(
        self, backbone: Backbone, config: MultiCropOptions, context: MethodContext
    ) -> None:
        super().__init__(backbone, config, context)
        if config.local_views and context.views is not None:
            raise UsageError(
                f"local_views={config.local_views}: only images have local views",
                hint="leave out --method-options local_views",
            )
        check_local_size(backbone, config, context.image_size)

    def stages(self) -> tuple[ViewStage, ...]:
        if self.context.views is not None:
            return (ViewStage(0.0, self.own_views(GLOBAL_VIEWS)),)
        return (ViewStage(0.0, self.config.views(self.context.image_size)),)


def features_by_size(backbone: nn.Module, views: Views) -> Tensor:
    """Features of all views, one call of the backbone for each size.

    Args:
        backbone: (n, 3, h, w) to (n, dim). A batch norm in it takes its statistics over all views
            of a size together, as in the authors' code.
        views: Each (batch, 3, h, w); views of a size must be neighbours.

    Returns:
        (views * batch, dim): all rows of the first view, all of the second, …
    """
    groups = [list(group) for _, group in groupby(views, key=lambda view: view.shape[-2:])]
    return torch.cat([backbone(torch.cat(group)) for group in groups])


def by_view(rows: Tensor, views: int) -> Tensor:
    """(views * batch, dim), as `features_by_size` orders them, to (views, batch, dim)."""
    return rows.reshape(views, -1, rows.shape[1])


def rebalanced(global_pairs: Tensor, local_pairs: Tensor, alpha: float) -> Tensor:
    """alpha * mean of `global_pairs` + (1 - alpha) * mean of `local_pairs`.

    With alpha the share of the global pairs this is the plain mean over all pairs.

    Args:
        global_pairs: Losses of the pairs of two global views, at least one, any shape.
        local_pairs: Losses of the pairs with a local view; empty: alpha counts as 1.
        alpha: Weight of the global pairs, in [0, 1].
    """
    if local_pairs.numel() == 0:
        return global_pairs.mean()
    return alpha * global_pairs.mean() + (1 - alpha) * local_pairs.mean()


def pair_losses(student: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of every view that has targets with every view that is predicted.

    The loss of DINO (arXiv 2104.14294, equation 2) and of SwAV (arXiv 2006.09882, equation 2):
    H(i, j) = -mean over the batch of sum_k targets[i, k] log softmax(student[j] / temperature)_k,
    in float32 also under autocast.

    Args:
        student: Logits (views, batch, outputs).
        targets: Probabilities (teacher's views, batch, outputs).
        temperature: Above 0.

    Returns:
        (teacher's views, views), each at least the entropy of its targets.
    """
    with torch.autocast(student.device.type, enabled=False):
        logs = (student.float() / temperature).log_softmax(dim=-1)
        return -torch.einsum("ibk,jbk->ij", targets.float(), logs) / student.shape[1]


def mean_of_pairs(pairs: Tensor, alpha: float) -> Tensor:
    """The weighed mean over all pairs of different views (arXiv 2210.02808, section 3).

    Args:
        pairs: From `pair_losses`, (2, views); the first two views are the teacher's.
        alpha: Weight of the two pairs of global views; the rest is that of the local ones.
    """
    different = torch.stack([pairs[0, 1], pairs[1, 0]])
    return rebalanced(different, pairs[:, GLOBAL_VIEWS:], alpha)

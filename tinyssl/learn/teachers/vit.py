"""Vision transformers of DINO (arXiv 2104.14294) and DINOv2 (arXiv 2304.07193).

Names of modules are those of the published state dicts (github.com/facebookresearch/dino,
vision_transformer.py; github.com/facebookresearch/dinov2, models/vision_transformer.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinyssl.core.errors import UsageError

EPSILON = 1e-6
OFFSET = 0.1
"""What both projects add to the new side of the grid of positions, against rounding: it shifts the
samples a little, and the published figures have it"""


@dataclass(frozen=True)
class ViTShape:
    """A vision transformer."""

    patch: int
    """Side of a patch in pixels"""
    native_size: int
    """Side of the images whose positions the weights hold"""
    layer_scale: bool
    """DINOv2: every branch is scaled by a learned vector; there is also a mask token, not used"""
    dim: int = 384
    depth: int = 12
    heads: int = 6

    @property
    def native_grid(self) -> int:
        """Patches along a side."""
        return self.native_size // self.patch


DINO_VITS16 = ViTShape(patch=16, native_size=224, layer_scale=False)
DINOV2_VITS14 = ViTShape(patch=14, native_size=518, layer_scale=True)


def resize_positions(positions: Tensor, grid: int, offset: float = OFFSET) -> Tensor:
    """Positions for a square image of `grid` patches a side, bicubic as both projects do it.

    Args:
        positions: (1, 1 + n², dim), that of the CLS token first.
        grid: Wanted patches along a side.
        offset: Added to the wanted side when the scale is computed; 0 is the plain resize that
            `transformers` does.

    Returns:
        (1, 1 + grid², dim); `positions` itself where n = grid.
    """
    cls, patches = positions[:, :1], positions[:, 1:]
    side = round(patches.shape[1] ** 0.5)
    if side == grid:
        return positions
    maps = patches.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    scale = (grid + offset) / side if offset else None
    size = None if offset else grid
    resized = F.interpolate(maps, size, scale, mode="bicubic", align_corners=False)
    return torch.cat((cls, resized.flatten(2).transpose(1, 2)), dim=1)


class PatchEmbed(nn.Module):
    """Each patch to a token, by one convolution."""

    def __init__(self, patch: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, stride=patch)

    def forward(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, h w / patch², dim), row by row."""
        tokens: Tensor = self.proj(images)
        return tokens.flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, dim = tokens.shape
        qkv = self.qkv(tokens).reshape(batch, count, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, count, dim))
        return result


class MlpBlock(nn.Module):
    """Two layers, four times as wide inside."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        result: Tensor = self.fc2(F.gelu(self.fc1(tokens)))
        return result


class LayerScale(nn.Module):
    """A learned factor a channel."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens * self.gamma


class TransformerBlock(nn.Module):
    """Attention and MLP, each behind a norm and added to what came in."""

    def __init__(self, shape: ViTShape) -> None:
        super().__init__()
        dim, scaled = shape.dim, shape.layer_scale
        self.norm1 = nn.LayerNorm(dim, eps=EPSILON)
        self.attn = Attention(dim, shape.heads)
        self.ls1 = LayerScale(dim) if scaled else nn.Identity()
        self.norm2 = nn.LayerNorm(dim, eps=EPSILON)
        self.mlp = MlpBlock(dim)
        self.ls2 = LayerScale(dim) if scaled else nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        result: Tensor = tokens + self.ls2(self.mlp(self.norm2(tokens)))
        return result


class ViT(nn.Module):
    """Images to a CLS token and a grid of patch tokens, both after the last norm."""

    def __init__(self, shape: ViTShape) -> None:
        super().__init__()
        self.shape = shape
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + shape.native_grid**2, shape.dim))
        if shape.layer_scale:
            self.mask_token = nn.Parameter(torch.zeros(1, shape.dim))
        self.patch_embed = PatchEmbed(shape.patch, shape.dim)
        self.blocks = nn.ModuleList(TransformerBlock(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.dim, eps=EPSILON)

    def set_image_size(self, size: int, offset: float = OFFSET) -> None:
        """Resizes the positions for images of `size` pixels a side, once and for all.

        Raises:
            UsageError: `size` is no multiple of the patch.
        """
        if size % self.shape.patch:
            near = max(1, round(size / self.shape.patch)) * self.shape.patch
            raise UsageError(
                f"image size {size} is no multiple of the patch, {self.shape.patch} pixels",
                hint=f"--teacher-size {near}",
            )
        grid = size // self.shape.patch
        self.pos_embed = nn.Parameter(resize_positions(self.pos_embed.detach(), grid, offset))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images (b, 3, s, s) to CLS (b, dim) and patches (b, dim, s/p, s/p)."""
        patches = self.patch_embed(images)
        cls = self.cls_token.expand(patches.shape[0], -1, -1)  # len() would be fixed by tracing
        tokens = torch.cat((cls, patches), dim=1) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        grid = images.shape[-1] // self.shape.patch
        maps = tokens[:, 1:].transpose(1, 2).unflatten(2, (grid, grid))
        return tokens[:, 0], maps

"""SimCLR as lightly's documentation trains it, without lightly: the rival of tools/throughput.py.

lightly (1.6.0 on PyPI) needs torchvision and PyTorch Lightning, which tinyssl does not install. So
its published recipe (docs.lightly.ai, examples/simclr, "PyTorch") is written here from scratch with
what it rests on: PIL images, one transform a view and an image, torch's DataLoader with worker
processes, two forward passes a step, plain memory format, SGD. Each operator does what torchvision
does to a PIL image: ImageEnhance for brightness, contrast and saturation, a turn of the H channel
for the hue, `Image.resize` for the crop, and lightly's own blur is `ImageFilter.GaussianBlur`.

Where there was a choice the rival got the quicker one: its random numbers come from Python's
`random` (torchvision calls torch for each), the projection head and the loss are tinyssl's, and the
strengths are those of tinyssl's SimCLR, whose blur is rarer than lightly's default of 0.5.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tinyssl.data.augment import ViewOptions

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
SIGMAS = (0.1, 2.0)
LEARNING_RATE = 0.06
CROP_ATTEMPTS = 10


class ViewTransform:
    """One random view of a PIL image, as a normalised tensor (3, size, size)."""

    def __init__(self, options: ViewOptions, size: int) -> None:
        self.options, self.size = options, size
        self.mean = torch.tensor(MEAN).view(3, 1, 1)
        self.std = torch.tensor(STD).view(3, 1, 1)

    def __call__(self, image: Image.Image) -> Tensor:
        options = self.options
        image = self.crop(image)
        if random.random() < options.flip:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if random.random() < options.jitter:
            image = self.jitter(image)
        if random.random() < options.grey:
            image = image.convert("L").convert("RGB")
        if random.random() < options.blur:
            image = image.filter(ImageFilter.GaussianBlur(random.uniform(*SIGMAS)))
        return self.tensor(image)

    def crop(self, image: Image.Image) -> Image.Image:
        """RandomResizedCrop: ten attempts to fit a random box, else all of it."""
        width, height = image.size
        low, high = math.log(1 / self.options.aspect), math.log(self.options.aspect)
        for _ in range(CROP_ATTEMPTS):
            area = width * height * random.uniform(self.options.crop_min, self.options.crop_max)
            aspect = math.exp(random.uniform(low, high))
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                left, top = random.randint(0, width - w), random.randint(0, height - h)
                image = image.crop((left, top, left + w, top + h))
                break
        return image.resize((self.size, self.size), Image.Resampling.BILINEAR)

    def jitter(self, image: Image.Image) -> Image.Image:
        """ColorJitter: the four changes in random order."""
        options = self.options
        changes: list[Callable[[Image.Image], Image.Image]] = [
            lambda x: ImageEnhance.Brightness(x).enhance(_factor(options.brightness)),
            lambda x: ImageEnhance.Contrast(x).enhance(_factor(options.contrast)),
            lambda x: ImageEnhance.Color(x).enhance(_factor(options.saturation)),
            lambda x: _turn_hue(x, random.uniform(-options.hue, options.hue)),
        ]
        random.shuffle(changes)
        for change in changes:
            image = change(image)
        return image

    def tensor(self, image: Image.Image) -> Tensor:
        """ToTensor and Normalize."""
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        return pixels.float().div_(255).sub_(self.mean).div_(self.std)


def _factor(strength: float) -> float:
    return random.uniform(max(0.0, 1 - strength), 1 + strength)


def _turn_hue(image: Image.Image, turn: float) -> Image.Image:
    hue, saturation, value = image.convert("HSV").split()
    turned = np.array(hue, dtype=np.uint8) + np.uint8(int(turn * 255) & 255)
    return Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert("RGB")


class TwoViews(Dataset[list[Tensor]]):
    """Images in memory, each given as two random views."""

    def __init__(self, images: NDArray[np.uint8], options: ViewOptions) -> None:
        self.images = images
        self.transform = ViewTransform(options, images.shape[1])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> list[Tensor]:
        image = Image.fromarray(self.images[index])
        return [self.transform(image), self.transform(image)]


@dataclass(frozen=True)
class LoaderSettings:
    """How the rival is fed."""

    batch_size: int
    workers: int
    pinned: bool
    """Page-locked batches, for a GPU"""


def make_loader(
    images: NDArray[np.uint8], options: ViewOptions, settings: LoaderSettings
) -> DataLoader[list[Tensor]]:
    """The recipe's DataLoader: shuffled, the last batch dropped."""
    return DataLoader(
        TwoViews(images, options),
        batch_size=settings.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=settings.workers,
        pin_memory=settings.pinned,
    )

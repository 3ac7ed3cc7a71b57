"""Few-shot tasks: a body that was trained on other classes, in INT8, and a head that learns.

The float column is PyTorch: the same body in float32, and a linear head that `torch.optim.SGD`
trains with the same samples in the same order at the same rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tinyssl.core.config import ConvertConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.data.episodes import Examples
from tinyssl.data.episodes.ways import ClassPool
from tinyssl.graph.interface import Feeds
from tinyssl.graph.training import TARGET
from tinyssl.learn.backbones.same_conv import SameConv2d
from tinyssl.runtimes.base import Runtime
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import nearest_codes
from tinyssl.stages.convert import convert

CHANNELS = (16, 32, 32, 64)
"""Of the convolutions; all but the last have stride 2"""
BATCH = 128
RATE = 3e-3
"""Of Adam; falls to 0 as a cosine"""
TURN, ZOOM, SHIFT = 0.17, 0.15, 0.125
"""Largest change of a picture: radians, share of its size, share of half its side"""
CALIBRATION = 256

Step = Callable[[Feeds, Feeds], object]


class Body(nn.Module):
    """Convolutions of 3x3 with batch norm and ReLU, then the mean of each channel."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, count in enumerate(CHANNELS, 1):
            stride = 2 if number < len(CHANNELS) else 1
            layers += [SameConv2d(depth, count, 3, stride), nn.BatchNorm2d(count), nn.ReLU()]
            depth = count
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, channels, h, w) to (n, features)."""
        found: Tensor = self.layers(pictures).mean(dim=(2, 3))
        return found


def channels_first(pictures: NDArray[np.float32]) -> Tensor:
    """(n, h, w, channels) to (n, channels, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pictures, -1, 1)))


def pretrained(pool: ClassPool, steps: int, seed: int, say: Callable[[str], None]) -> Body:
    """A body that tells the classes of a pool apart, trained by cross-entropy on one CPU thread."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    pictures = [channels_first(each) for each in pool.samples]
    body = Body(pictures[0].shape[1])
    classifier = nn.Linear(CHANNELS[-1], len(pool))
    optimizer = torch.optim.Adam([*body.parameters(), *classifier.parameters()], RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        labels = random.integers(0, len(pool), BATCH)
        batch = torch.stack([pictures[at][random.integers(len(pictures[at]))] for at in labels])
        scores = classifier(body(_changed(batch)))
        loss = F.cross_entropy(scores, torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if (step + 1) % max(steps // 4, 1) == 0:
            say(f"body: step {step + 1:,} of {steps:,}, loss {loss.item():.3f}")
    return body.eval()


def _changed(batch: Tensor) -> Tensor:
    """Pictures that are turned, zoomed and shifted a little."""
    count = len(batch)
    angle, zoom = (2 * torch.rand(2, count) - 1) * torch.tensor([[TURN], [ZOOM]])
    shift = (2 * torch.rand(count, 2) - 1) * SHIFT
    cos, sin = torch.cos(angle) * (1 + zoom), torch.sin(angle) * (1 + zoom)
    rows = [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
    return F.grid_sample(batch, grid, align_corners=False)


def converted(body: Body, ways: int, pool: ClassPool, folder: Path) -> Path:
    """The body with a head of `ways` classes in INT8, as `tinyssl convert --model` makes it.

    Args:
        body: In eval mode.
        ways: Classes of the head; its weights are random.
        pool: Its samples calibrate.
        folder: Where the files go.

    Returns:
        The .tflite.
    """
    random = np.random.default_rng(0)
    chosen = random.integers(0, len(pool), CALIBRATION)
    samples = np.stack([pool.samples[at][random.integers(len(pool.samples[at]))] for at in chosen])
    first = channels_first(samples)
    np.save(folder / "calibration.npy", samples)
    model = nn.Sequential(body, nn.Linear(CHANNELS[-1], ways)).eval()
    torch.export.save(torch.export.export(model, (first[:1],)), folder / "model.pt2")
    config = ConvertConfig(model=str(folder / "model.pt2"), calibration=folder / "calibration.npy")
    return convert(config, Workspace(folder), Silent()).path("model")


def suited_rate(body: Body, pool: ClassPool) -> float:
    """What `tinyssl build` would choose, from the features of known classes: 1 / (1 + |x|^2)."""
    with torch.no_grad():
        features = body(channels_first(np.stack([each[0] for each in pool.samples])))
    return float(f"{1 / (1 + float(features.square().sum(1).mean())):.1e}")


@dataclass(frozen=True)
class Head:
    """How a head learns an episode."""

    classes: int
    rate: float
    passes: int
    """Over the samples, always in the same order"""

    def lessons(self, support: Examples) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Samples with labels in the order in which they teach."""
        for _ in range(self.passes):
            yield from zip(support.inputs, map(int, support.targets), strict=True)


def blank(runtime: HostModel) -> Feeds:
    """A head that knows nothing: its parameters are zero."""
    found = runtime.snapshot()
    return {name: np.zeros_like(array) for name, array in found.items() if "head/" in name}


def accuracy_in_torch(body: nn.Module, head: Head, support: Examples, query: Examples) -> float:
    """Share of right answers after PyTorch trained a head in float32."""
    with torch.no_grad():
        known, asked = (body(channels_first(each.inputs)) for each in (support, query))
    layer = nn.Linear(known.shape[1], head.classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), head.rate)
    for _ in range(head.passes):
        for feature, label in zip(known, torch.from_numpy(support.targets).long(), strict=True):
            optimizer.zero_grad()
            F.cross_entropy(layer(feature), label).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        answers = layer(asked).argmax(1).numpy()
    return float(np.mean(answers == query.targets))


def taught(runtime: Runtime, step: Step, head: Head, support: Examples) -> None:
    """Takes the training steps of an episode.

    Args:
        runtime: Says what an input is.
        step: Takes one.
        head: How it learns; its parameters are those of `blank`.
        support: What it learns from.
    """
    (value,) = runtime.inputs
    for picture, label in head.lessons(support):
        step(
            {value.name: nearest_codes(value, picture[None])}, {TARGET: np.array([label], np.int32)}
        )


def accuracy_of(runtime: Runtime, query: Examples) -> float:
    """Share of right answers."""
    (value,) = runtime.inputs
    feeds = ({value.name: nearest_codes(value, picture[None])} for picture in query.inputs)
    answers = [int(next(iter(runtime.run(feed).values())).argmax()) for feed in feeds]
    return float(np.mean(np.array(answers) == query.targets))

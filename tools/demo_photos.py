"""What pretraining on your own unlabelled pictures brings: `make demo-photos`.

    python -m tools.demo_photos [--labelled FOLDER --unlabelled FOLDER] [--workspace demo-photos]

Two rounds end in firmware for an emulated Cortex-M7: `fit` with a backbone of the zoo as it is, and
`pretrain` on the unlabelled pictures, from that same backbone, then `fit`. Both are judged on the
same labelled pictures: the test split where there is one, and repeated folds.

Without folders it draws pictures of five patterns in any colour, scale and direction: 2,000 without
labels, 12 of each pattern with labels, and 100 of each for the test.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinyssl.core.intervals import wilson
from tinyssl.core.records import Workspace
from tinyssl.zoo import ZooEntry, find_entry

SIDE = 48
"""Pixels of a drawn picture"""
LABELLED, TESTED, UNLABELLED = 12, 100, 2_000
EPOCHS = 30
"""On 2,000 pictures about three minutes of one core"""
Pixels = NDArray[np.float64]


def _edge(values: Pixels) -> Pixels:
    """Between -1 and 1, the steeper the larger the values."""
    bounded: Pixels = np.tanh(values)
    return bounded


def stripes(x: Pixels, y: Pixels) -> Pixels:
    """Bright and dark bars."""
    return _edge(1.5 * np.sin(x))


def checks(x: Pixels, y: Pixels) -> Pixels:
    """A chessboard with soft edges."""
    return _edge(3 * np.sin(x) * np.sin(y))


def dots(x: Pixels, y: Pixels) -> Pixels:
    """Round spots on a grid."""
    return _edge(3 * (np.cos(x) + np.cos(y) - 0.8))


def bricks(x: Pixels, y: Pixels) -> Pixels:
    """Rows of bricks, every other row shifted by half a brick."""
    shifted = x / 2 + np.pi / 2 * (np.floor(y / (2 * np.pi)) % 2)
    joints = np.minimum(np.abs(np.sin(shifted)), np.abs(np.sin(y / 2)))
    return _edge(12 * (joints - 0.2))


def waves(x: Pixels, y: Pixels) -> Pixels:
    """Bars that swing from side to side."""
    return _edge(1.5 * np.sin(x + 1.6 * np.sin(y / 1.5)))


PATTERNS = {each.__name__: each for each in (bricks, checks, dots, stripes, waves)}


def draw(name: str, random: np.random.Generator) -> Image.Image:
    """A picture of a pattern: direction, scale, colours, light and noise are drawn."""
    angle, scale = random.uniform(0, 2 * np.pi), random.uniform(0.45, 0.95)
    rows, columns = np.mgrid[:SIDE, :SIDE] * scale
    x = np.cos(angle) * columns + np.sin(angle) * rows + random.uniform(0, 9)
    y = np.cos(angle) * rows - np.sin(angle) * columns + random.uniform(0, 9)
    share = (PATTERNS[name](x, y)[..., None] + 1) / 2
    first, second = _colours(random)
    light = 1 + random.uniform(-0.5, 0.5) * columns[..., None] / columns.max()
    pixels = (share * first + (1 - share) * second) * light
    pixels = pixels + random.normal(0, random.uniform(5, 30), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _colours(random: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Two that differ enough to be seen."""
    while True:
        first, second = random.uniform(0, 255, 3), random.uniform(0, 255, 3)
        if np.abs(first - second).max() > 60:
            return first, second


def draw_all(folder: Path) -> tuple[Path, Path]:
    """Draws both folders where they are not there; returns labelled and unlabelled."""
    labelled, unlabelled = folder / "labelled", folder / "unlabelled"
    random = np.random.default_rng(0)
    names = sorted(PATTERNS)
    for split, count in (("train", LABELLED), ("test", TESTED)):
        for name in names:
            _draw_some(labelled / split / name, [name] * count, random)
    _draw_some(unlabelled, list(random.choice(names, UNLABELLED)), random)
    return labelled, unlabelled


def _draw_some(folder: Path, names: list[str], random: np.random.Generator) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        draw(name, random).save(folder / f"{index:04}.png")


@dataclass(frozen=True)
class Outcome:
    """What `fit` came to with one backbone."""

    title: str
    accuracy: float
    """Of the test split, in [0, 1]"""
    images: int
    """Of the test split"""
    folds: float | None
    """Accuracy in the folds, in [0, 1]"""
    samples: int
    """In the folds"""

    def line(self) -> str:
        """A row of the table."""
        folds = _share(self.folds, self.samples) if self.folds is not None else ""
        return f"| {self.title} | {_share(self.accuracy, self.images)} | {folds} |"


def _share(share: float, count: int) -> str:
    low, high = wilson(share, count)
    return f"{100 * share:.1f} % of {count:,} ({100 * low:.1f} to {100 * high:.1f})"


def summary(before: Outcome, after: Outcome) -> str:
    """Both accuracies with their 95 % intervals, and what pretraining brought, in words."""
    gain = 100 * (after.accuracy - before.accuracy)
    low, high = wilson(before.accuracy, before.images)
    inside = low <= after.accuracy <= high
    verdict = (
        "inside the interval of the first: that pretraining helps is not shown"
        if inside
        else "outside the interval of the first"
    )
    return "\n".join((
        "| backbone | test pictures (95 % interval) | folds (95 % interval) |",
        "| --- | --- | --- |",
        before.line(),
        after.line(),
        "",
        f"Pretraining on your pictures brought {gain:+.1f} points, {verdict}.",
    ))  # fmt: skip


def fitted(title: str, workspace: Workspace) -> Outcome:
    """Reads what the last `fit` of a workspace left."""
    results = workspace.latest("probe").results
    folds = results.get("folds", {})
    return Outcome(
        title,
        results["accuracy"],
        int(results["test_images"]),
        folds.get("accuracy"),
        int(folds.get("samples", 0)),
    )


def tinyssl(workspace: Path, *words: str) -> None:
    """Runs a command; ends this program where it fails."""
    command = [sys.executable, "-m", "tinyssl", *words, "--workspace", str(workspace)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(1)


def pretrain_words(entry: ZooEntry, unlabelled: Path, epochs: int) -> tuple[str, ...]:
    """`pretrain` from an entry's weights."""
    card = entry.card
    return (
        "pretrain", "--dataset", "folder", "--data-path", str(unlabelled),
        "--image-size", str(card.image_size), "--backbone", card.backbone,
        "--stem-stride", str(card.stem_stride), "--init", str(entry.backbone),
        "--epochs", str(epochs), "--batch-size", "128", "--lr", "0.001", "--knn-every", "0",
    )  # fmt: skip


def main() -> None:
    """Both rounds and their comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labelled", type=Path, help="one folder a class")
    parser.add_argument("--unlabelled", type=Path, help="pictures of the same kind")
    parser.add_argument("--workspace", type=Path, default=Path("demo-photos"))
    parser.add_argument("--zoo", default="mobilenet_v2_035_32px", help="backbone of the zoo")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--board", default="mps2_an500")
    given = parser.parse_args()
    if (given.labelled is None) != (given.unlabelled is None):
        parser.error("name both --labelled and --unlabelled, or neither")
    labelled, unlabelled = given.labelled, given.unlabelled
    if labelled is None:
        labelled, unlabelled = draw_all(given.workspace / "pictures")
    entry = find_entry(given.zoo)
    fit = ("fit", "--data", str(labelled), "--board", given.board, "--force")
    places = given.workspace / "zoo", given.workspace / "pretrained"
    tinyssl(places[0], *fit, "--zoo", given.zoo)
    tinyssl(places[1], *pretrain_words(entry, unlabelled, given.epochs))
    run = Workspace(places[1]).latest("pretrain").folder
    tinyssl(places[1], *fit, "--run", str(run))
    before = fitted(f"{given.zoo} of the zoo", Workspace(places[0]))
    after = fitted("the same, pretrained on the unlabelled pictures", Workspace(places[1]))
    print(f"\n{summary(before, after)}")  # noqa: T201


if __name__ == "__main__":
    main()

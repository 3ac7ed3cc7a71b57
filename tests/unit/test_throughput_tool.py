"""The rival of tools/throughput.py does what lightly's transform does, and the tool runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tinyssl.data.augment import ViewOptions
from tools.lightly_recipe import MEAN, STD, ViewTransform, _turn_hue

ROOT = Path(__file__).resolve().parents[2]
NOTHING = ViewOptions(crop_min=1.0, crop_max=1.0, aspect=1.0, flip=0, jitter=0, grey=0, blur=0)


def picture() -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))


def pixels(view: torch.Tensor) -> np.ndarray:
    """The view without its normalisation, (32, 32, 3) in [0, 255]."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return (255 * (view.permute(1, 2, 0) * std + mean)).round().numpy()


def test_nothing_drawn_leaves_the_image_normalised() -> None:
    image = picture()
    assert np.array_equal(pixels(ViewTransform(NOTHING, 32)(image)), np.asarray(image))


def test_grey_has_equal_channels_and_a_flip_mirrors() -> None:
    image = picture()
    grey = pixels(ViewTransform(ViewOptions(**vars(NOTHING) | {"grey": 1.0}), 32)(image))
    assert np.ptp(grey, axis=2).max() == 0
    flipped = pixels(ViewTransform(ViewOptions(**vars(NOTHING) | {"flip": 1.0}), 32)(image))
    assert np.array_equal(flipped, np.asarray(image)[:, ::-1])


def test_hue_turns_around_the_circle() -> None:
    red = Image.new("RGB", (4, 4), (200, 0, 0))
    turned = np.asarray(_turn_hue(red, 1 / 3))[0, 0]
    assert turned.argmax() == 1  # a third of the circle: green
    back = np.asarray(_turn_hue(red, -1 / 3))[0, 0]
    assert back.argmax() == 2
    assert np.asarray(_turn_hue(red, 0.0))[0, 0].tolist() == [200, 0, 0]


LOADER = """
import sys
import numpy as np
import torch
from tinyssl.data.augment import ViewOptions
from tools.lightly_recipe import LoaderSettings, make_loader

images = np.stack([np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)] * 9)
settings = LoaderSettings(batch_size=4, workers=int(sys.argv[1]), pinned=False)
batches = list(make_loader(images, ViewOptions(), settings))
assert len(batches) == 2, "the last one is not full"
for first, second in batches:
    assert first.shape == second.shape == (4, 3, 32, 32)
    assert not torch.equal(first, second)
    assert len({view.numpy().tobytes() for view in (*first, *second)}) == 8
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_the_loader_gives_two_different_views_of_every_image(workers: int) -> None:
    """In a process of its own: workers are forks, and other tests have left threads here."""
    subprocess.run([sys.executable, "-c", LOADER, str(workers)], check=True, cwd=ROOT)


@pytest.mark.nightly
def test_the_tool_measures_and_writes_its_page(tmp_path: Path) -> None:
    """On one core: a loop is tried with all numbers of threads and workers up to the cores."""
    page = tmp_path / "throughput.md"
    small = ["--backbone", "mobilenet_v2_tiny", "--size", "16", "--batch", "8", "--steps", "2"]
    one_core = ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]
    command = [*one_core, sys.executable, "-m", "tools.throughput", *small, "--repeats", "1"]
    done = subprocess.run(
        [*command, "--markdown", str(page)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    for what, target in (("recipe", "2.00"), ("bound", "0.90")):
        line = rf"ours / {what}: (\d+\.\d\d) \(target at least {target}: (reached|missed)\)"
        found = re.search(line, done.stdout)
        assert found is not None
        assert (found[2] == "reached") == (float(found[1]) >= float(target))
        assert found[0] in page.read_text()
    assert "SimCLR, `mobilenet_v2_tiny`" in page.read_text()

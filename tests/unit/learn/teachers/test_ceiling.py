"""How far a teacher's features go: measured where the answer is known, and through the command."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from torch import Tensor

from tinyssl.cli.app import cli
from tinyssl.core.config import ProbeConfig
from tinyssl.core.errors import DataError
from tinyssl.core.progress import Silent
from tinyssl.data import Dataset
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BackboneInfo, build_backbone, save_backbone
from tinyssl.learn.teachers import TEACHERS, Teacher, TeacherInfo, TeacherOutput
from tinyssl.learn.teachers.ceiling import Sample, ceiling

CLASSES = 4
PROBE = ProbeConfig(epochs=30, batch_size=32, seeds=1)


class ColourTeacher(Teacher):
    """Summary: the mean colour, far from the origin. Tokens: always the same."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset
        self.info = TeacherInfo("colour", 8, 3, 2, "0" * 64, False, "a test")

    def forward(self, images: Tensor) -> TeacherOutput:
        assert images.shape[1:] == (3, 8, 8)
        summary = images.mean(dim=(2, 3)) + self.offset
        return TeacherOutput(summary, torch.ones(len(images), 2, 4, 4))


def coloured(*, labelled: bool = True) -> Dataset:
    """Four colours, told by red and green, with noise."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, 400)
    colours = np.stack((labels % 2 * 120 + 60, labels // 2 * 120 + 60, labels * 0 + 90), axis=1)
    images = colours[:, None, None, :] + random.integers(-40, 40, (400, 6, 6, 3))
    return Dataset(
        name="colours",
        samples=images.astype(np.uint8),
        labels=labels if labelled else np.full(400, -1),
        class_names=tuple("abcd") if labelled else (),
        train=np.arange(200),
        val=np.arange(200, 250),
        test=np.arange(250, 400),
        fingerprint="0" * 64,
        labelled=labelled,
        spec=FeatureSpec.image(6),
    )


def test_known_answers() -> None:
    """Colours tell all; tokens nothing; an offset blinds kNN until the mean is taken off."""
    near = ceiling(ColourTeacher(0), coloured(), Silent(), config=PROBE)
    assert min(near.linear, near.knn, near.knn_centred) > 0.98
    assert max(near.linear_tokens, near.knn_tokens) < 0.4  # chance: 0.25
    assert (near.train, near.test) == (200, 150)
    assert near.images_per_second > 0
    far = ceiling(ColourTeacher(1e4), coloured(), Silent(), config=PROBE)
    assert far.knn < 0.8
    assert far.knn_centred > 0.98


def test_a_part_of_the_images() -> None:
    sample = Sample(train=50, test=20, seed=3)
    found = [ceiling(ColourTeacher(0), coloured(), Silent(), sample, PROBE) for _ in range(2)]
    assert (found[0].train, found[0].test) == (50, 20)
    assert found[0].linear == found[1].linear


def test_no_labels() -> None:
    with pytest.raises(DataError, match="colours has no labels"):
        ceiling(ColourTeacher(0), coloured(labelled=False), Silent())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["teachers", *arguments], prog_name="tinyssl")


@pytest.mark.usefixtures("here")
def test_the_list() -> None:
    result = run("--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["teachers"]
    assert set(found) == set(TEACHERS)
    assert not found["dino_vits16"]["available"]  # an empty cache
    assert not found["dino_vits16"]["supervised"]
    assert found["efficientnet_lite2"]["supervised"]
    text = run().stdout
    assert all(name in text for name in TEACHERS)
    assert "not label-free" in text


def test_ceiling_of_our_own_backbone(here: Path) -> None:
    torch.manual_seed(0)
    path = here / "backbone.safetensors"
    save_backbone(
        path,
        build_backbone("mobilenet_v2_tiny"),
        BackboneInfo("mobilenet_v2_tiny", 2, FeatureSpec.image(16)),
    )
    result = run("--ceiling", str(path), "--size", "16", "--size", "32", "--train", "300",
                 "--test", "100", "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    small, large = json.loads(result.stdout)["ceilings"]
    assert (small["image_size"], large["image_size"]) == (16, 32)
    assert (small["train"], small["test"]) == (300, 100)
    assert 0.2 < large["linear"] < 1  # digits: chance is 0.1, and random features tell something
    assert small["supervised"]  # no record beside the file


@pytest.mark.usefixtures("here")
def test_usage() -> None:
    lonely = run("--size", "64")
    assert lonely.exit_code == 2
    assert "go with --ceiling" in lonely.output
    unknown = run("--ceiling", "dino_vits61")
    assert unknown.exit_code == 2
    assert "dino_vits16" in unknown.output

"""What `tinyssl data` and the stages say of a folder: layout, splits, what was left out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.cli.conftest import Invoke, parsed

FOLDER = ("--dataset", "folder", "--data-path", "photos", "--image-size", "16")
TINY = ("--backbone", "mobilenet_v2_tiny", "--epochs", "1", "--batch-size", "4", "--device", "cpu")


@pytest.fixture
def photos(workspace: Path) -> Path:
    """Two classes in train/ and val/, and three files that are no pictures for Pillow."""
    chance = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 2)):
        for name in ("cat", "dog"):
            folder = workspace / "photos" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    for name in ("train/cat/a.HEIC", "train/cat/b.HEIC", "notes.txt"):
        (workspace / "photos" / name).write_bytes(b"x")
    return workspace / "photos"


def test_data_says_how_a_folder_was_read(invoke: Invoke, photos: Path) -> None:
    shown = invoke("data", *FOLDER).stdout
    assert "train from train/, val drawn from train/, test from val/" in shown
    assert "left out: 2 HEIC pictures (train/cat/a.HEIC, train/cat/b.HEIC)" in shown
    assert "pip install pillow-heif" in shown
    assert "left out: 1 .txt file (notes.txt)" in shown
    content = parsed(invoke("data", *FOLDER, "--json"))
    assert content["class_names"] == ["cat", "dog"]
    assert content["splits"] == {"train": 11, "val": 1, "test": 4}
    assert content["layout"]["splits"] == {"train": "train", "val": "drawn", "test": "val"}
    assert [(part["kind"], part["count"]) for part in content["left_out"]] == [
        ("HEIC", 2),
        (".txt", 1),
    ]


def test_a_stage_says_it_in_record_json_table_and_log(invoke: Invoke, photos: Path) -> None:
    shown = invoke("pretrain", *FOLDER, *TINY, "--json")
    content = parsed(shown)
    record = json.loads((Path(content["run"]) / "record.json").read_text())
    assert content["data"] == record["data"]
    assert record["data"]["left_out"][0]["count"] == 2
    assert record["data"]["layout"]["kind"] == "splits, classes"
    assert "Warning: left out: 2 HEIC pictures" in shown.stderr
    probed = invoke("probe", "--no-baseline", "--force")
    assert "left out: 2 HEIC pictures" in probed.stdout
    assert "layout: split folders with 2 class folders" in probed.stdout


def test_names_that_are_not_utf8_go_through(invoke: Invoke, photos: Path) -> None:
    for split in ("train", "val"):
        name = os.fsencode(photos / split) + b"/caf\xe9\x1b[2J"
        (photos / split / "cat").rename(Path(os.fsdecode(name)))
    shown = invoke("pretrain", *FOLDER, *TINY, "--json")
    assert shown.exit_code == 0
    assert "\x1b" not in shown.stdout + shown.stderr
    assert parsed(invoke("data", *FOLDER, "--json"))["class_names"] == [r"caf\xe9\x1b[2J", "dog"]
    probed = parsed(invoke("probe", "--no-baseline", "--force", "--json"))
    text = Path(probed["files"]["confusion"]).read_bytes().decode("utf-8")
    assert json.loads(text)["class_names"] == [r"caf\xe9\x1b[2J", "dog"]


def test_a_folder_whose_own_name_is_not_utf8(workspace: Path, photos: Path) -> None:
    """Through a real process: its arguments are bytes."""
    root = os.fsencode(workspace) + b"/f\xff\n"
    photos.rename(Path(os.fsdecode(root)))
    command = [sys.executable, "-m", "tinyssl", "data", "--dataset", "folder", "--data-path"]
    for extra in ((), ("--json",)):
        ended = subprocess.run([*command, root, *extra], capture_output=True, check=False)
        assert ended.returncode == 0
        assert "HEIC" in ended.stdout.decode("utf-8")
    Path(os.fsdecode(root), "train", "cat", "0.png").write_bytes(b"broken")
    ended = subprocess.run([*command, root, b"--broken", b"stop"], capture_output=True, check=False)
    assert rb"/f\xff\n/train/cat/0.png" in ended.stderr


def test_three_pictures_get_a_way_out_that_works(invoke: Invoke, workspace: Path) -> None:
    folder = workspace / "photos"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(folder / f"{number}.png")
    (folder / "3.png").rename(workspace / "3.png")
    for command in ("data", "pretrain"):
        failed = invoke(command, *FOLDER)
        assert failed.exit_code == 1
        assert "add images: 4 are enough" in failed.stderr
    (workspace / "3.png").rename(folder / "3.png")
    failed = invoke("pretrain", *FOLDER)
    assert "2 training images do not fill a batch of 32" in failed.stderr
    assert "use --batch-size 2" in failed.stderr
    assert invoke("pretrain", *FOLDER, *TINY, "--batch-size", "2").exit_code == 0


def test_long_names_leave_room_for_the_figures(invoke: Invoke, photos: Path) -> None:
    for split in ("train", "val"):
        (photos / split / "cat").rename(photos / split / ("x" * 250))
    row = next(line for line in invoke("data", *FOLDER).stdout.splitlines() if "xxx" in line)
    assert row.split() == ["x" * 59 + "…", "6", "0", "2"]

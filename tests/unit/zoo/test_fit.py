"""`tinyssl fit`: what it refuses at once, and the whole way with real pictures."""

import json

import pytest
from sklearn.datasets import load_digits

from tests.unit.cli.conftest import invoke, workspace
from tests.unit.zoo.test_fit_folder import fill
from tinyssl.core.config import DataConfig, PretrainConfig
from tinyssl.core.records import Workspace, read_record
from tinyssl.stages.pretrain import pretrain

__all__ = ["invoke", "workspace"]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "no pictures named"),
        (["--data", "none"], 2, "--data none: no such file"),
        (["--data", "photos"], 1, "one class only (cat)"),
    ],
)
def test_mistakes_are_told_at_once(invoke, workspace, args, code, message):
    fill(workspace / "photos" / "cat", 6)
    shown = invoke("fit", *args, "--json")
    assert shown.exit_code == code
    assert message in json.loads(shown.stdout)["error"]["message"]


def test_empty_zoo_says_what_to_do(invoke, workspace):
    for name in ("cat", "dog"):
        fill(workspace / "photos" / name, 6)
    shown = invoke("fit", "--data", "photos", "--json")
    assert shown.exit_code == 2
    assert "holds no model" in json.loads(shown.stdout)["error"]["message"]
    shown = invoke("fit", "--data", "photos", "--backbone", "gone.safetensors", "--json")
    assert "gone.safetensors: no such file" in json.loads(shown.stdout)["error"]["message"]


def write_pictures(folder, digits=(0, 1, 7), count=20):
    from PIL import Image

    found = load_digits()
    for digit in digits:
        (folder / f"digit {digit}").mkdir(parents=True)
        for number, image in enumerate(found.images[found.target == digit][:count]):
            picture = Image.fromarray((image * 15).astype("uint8")).resize((40, 30))
            picture.save(folder / f"digit {digit}" / f"{number}.png")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_photographs_become_firmware_that_gives_the_right_bytes(invoke, workspace):
    """Pictures of three digits, an untrained backbone: even its features tell them apart."""
    write_pictures(workspace / "photos")
    config = PretrainConfig(
        method="random", backbone="mobilenet_v2_tiny", stem_stride=1, batch_size=64, knn_every=0
    )
    from tinyssl.core.progress import Silent

    run = pretrain(config, DataConfig(image_size=16), Workspace(workspace), Silent())
    shown = invoke("fit", "--data", "photos", "--run", str(run.folder), "--board", "host", "--json")
    assert shown.exit_code == 0, shown.stdout
    content = json.loads(shown.stdout)
    assert content["classes"] == 3
    assert content["folds"]["samples"] == 60
    assert content["folds"]["accuracy"] > content["folds"]["majority"]
    assert content["figures"]["test_images"] == 12
    assert content["figures"]["accuracy_int8"] > 0.6  # one in three by chance
    assert content["equal"] == 32
    assert content["build"]["board"] == "host"
    assert set(content["seconds"]) == {"choose", "probe", "convert", "verify", "build"}
    probe = read_record(workspace / "runs" / content["runs"]["probe"].split("/")[-1])
    assert probe.config["backbone"] == str(run.path("backbone"))
    assert probe.config["run"] is None
    try:
        assert invoke("flash", "--json").exit_code == 0
        bench = json.loads(invoke("bench", "--runs", "2", "--json").stdout)
        assert bench["results"]["equal"] == bench["results"]["images"] == 12
    finally:
        invoke("ports", "--stop")

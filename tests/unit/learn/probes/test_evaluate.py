"""The stage on real digits and a random backbone: nothing here needs a trained one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tinyssl.core.config import DataConfig, EvaluateConfig, ProbeConfig
from tinyssl.core.errors import DataError, TrainingError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data import data_config_json, load_dataset
from tinyssl.data.augment import to_float
from tinyssl.data.corruptions import corrupt
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BackboneInfo, build_backbone, load_backbone, save_backbone
from tinyssl.stages.evaluate_float import evaluate
from tinyssl.stages.probe import probe

QUICK = EvaluateConfig(
    few_labels=[0.05],
    subsets=2,
    finetune=[1.0, 0.05],
    finetune_epochs=1,
    finetune_batch=64,
    finetune_flip=0,
    corruptions=["fog", "contrast"],
    corruption_images=12,
)
NONE = replace(QUICK, few_labels=[], finetune=[], corruption_images=0)
DATA = DataConfig(image_size=16)


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("evaluate"))
    torch.manual_seed(0)
    info = BackboneInfo("mobilenet_v2_tiny", 1, FeatureSpec.image(DATA.image_size))
    content = {"method": "random", "data": data_config_json(DATA)}
    with workspace.start("pretrain", content, seed=0) as run:
        backbone = build_backbone(info.backbone, info.stem_stride)
        save_backbone(run.file("backbone", "backbone.safetensors"), backbone, info)
    probe(ProbeConfig(lrs=[1.0, 3.0], seeds=1, baseline=False), None, workspace, Silent())
    return workspace


@pytest.fixture(scope="module")
def evaluated(probed: Workspace) -> RunRecord:
    return evaluate(QUICK, probed, Silent())


def test_figures_and_their_inputs(evaluated, probed):
    source = probed.latest("probe")
    assert evaluated.status == "complete"
    assert evaluated.data == source.data
    assert {name: entry["path"] for name, entry in evaluated.inputs.items()} == {
        name: str(source.path(name)) for name in ("backbone", "head")
    }
    few = evaluated.results["few_labels"]["0.05"]
    assert few["images"] == pytest.approx(0.05 * source.data["train"], abs=5)
    assert len(few["scores"]) == 2
    assert few["accuracy"] == pytest.approx(np.mean(few["scores"]))
    assert few["std"] == pytest.approx(np.std(few["scores"], ddof=1))
    # chance is 0.1; all labels teach more than a twentieth of them
    assert 0.2 < few["accuracy"] < source.results["accuracy"]
    assert evaluated.results["finetune"]["epochs"] == 1
    assert evaluated.results["finetune"]["std"] is None
    assert evaluated.results["finetune_few_labels"]["0.05"]["epochs"] == 10
    assert len(evaluated.results["finetune_few_labels"]["0.05"]["scores"]) == 2


def test_corrupted_accuracy_is_that_of_the_stored_network(evaluated, probed):
    source = probed.latest("probe")
    content = json.loads(evaluated.path("corruptions").read_text())
    assert set(content["accuracy"]["float"]) == {"fog", "contrast"}
    digits = load_dataset(DATA)
    order = np.random.default_rng(QUICK.seed).permutation(len(digits.test))
    chosen = digits.test[np.sort(order[:12])]
    backbone, _ = load_backbone(source.path("backbone"))
    from safetensors.torch import load_file

    head = load_file(source.path("head"))

    def share(images: np.ndarray) -> float:
        with torch.inference_mode():
            features = backbone.eval()(to_float(torch.from_numpy(images)))
            answers = features @ head["weight"].T + head["bias"]
        return float((answers.argmax(1).numpy() == digits.labels[chosen]).mean())

    clean = digits.samples[chosen]
    assert evaluated.results["accuracy_clean"] == pytest.approx(share(clean))
    table = {
        kind: [share(corrupt(clean, kind, level, QUICK.seed)) for level in range(1, 6)]
        for kind in ("fog", "contrast")
    }
    for kind, shares in table.items():
        assert content["accuracy"]["float"][kind] == pytest.approx(shares)
    expected = np.mean([np.mean(shares) for shares in table.values()])
    assert evaluated.results["accuracy_corrupted"] == pytest.approx(expected)


def test_equal_runs_give_equal_figures(evaluated, probed):
    again = evaluate(QUICK, probed, Silent())
    for name in ("few_labels", "finetune", "finetune_few_labels", "accuracy_corrupted"):
        assert again.results[name] == evaluated.results[name]


def test_fine_tuning_learns_and_leaves_the_probe_run_alone(probed):
    source = probed.latest("probe")
    before = source.path("backbone").read_bytes()
    longer = replace(NONE, finetune=[1.0], finetune_epochs=8, finetune_lr=5e-3, finetune_crop=0.9)
    found = evaluate(longer, probed, Silent()).results["finetune"]["accuracy"]
    assert found > source.results["accuracy"]
    assert source.path("backbone").read_bytes() == before


def test_a_learning_rate_that_diverges_is_explained(probed):
    with pytest.raises(TrainingError, match="the loss is") as caught:
        evaluate(replace(NONE, finetune=[1.0], finetune_lr=1e30), probed, Silent())
    assert "--finetune-lr" in caught.value.hint


def test_what_cannot_be_evaluated(probed, tmp_path):
    with pytest.raises(UsageError, match="no finished `probe` run"):
        evaluate(QUICK, Workspace(tmp_path), Silent())
    pretrained = probed.latest("pretrain").folder
    with pytest.raises(UsageError, match="is a pretrain run"):
        evaluate(replace(QUICK, run=pretrained), probed, Silent())
    with pytest.raises(UsageError, match="no board runs"):
        evaluate(replace(QUICK, board="mps2_an500"), probed, Silent())
    with pytest.raises(UsageError, match="no corruption 'rain'"):
        evaluate(replace(QUICK, corruptions=["rain"]), probed, Silent())


def test_other_images_than_the_probe_saw(probed, tmp_path):
    source = probed.latest("probe")
    with Workspace(tmp_path).start("probe", source.config, data={"fingerprint": "f" * 64}) as run:
        for name in ("backbone", "head"):
            run.file(name, source.files[name]).write_bytes(source.path(name).read_bytes())
    with pytest.raises(DataError, match="have changed: fingerprint"):
        evaluate(replace(QUICK, run=run.folder), probed, Silent())

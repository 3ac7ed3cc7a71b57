"""Probes: classifiers on features where the right answer is known, and the stage end to end on
real digits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tinyssl.augment import to_float
from tinyssl.backbones import load_backbone
from tinyssl.config import DataConfig, PretrainConfig, ProbeConfig
from tinyssl.datasets import load_dataset
from tinyssl.errors import DataError, UsageError
from tinyssl.probes import probe
from tinyssl.probes.features import Labelled
from tinyssl.probes.knn import knn_predict
from tinyssl.probes.linear import Scaling, accuracy, fit_linear
from tinyssl.probes.probe import confusion_matrix
from tinyssl.progress import Silent
from tinyssl.records import RunRecord, Workspace
from tinyssl.train import pretrain

QUICK = ProbeConfig(epochs=30, batch_size=32, lrs=[0.1, 1.0])


class Tracker:
    def advance(self, count: int = 1, **fields: object) -> None:
        pass


def clusters(count: int, seed: int, scale: float = 1.0) -> Labelled:
    """Three well separated directions in eight dimensions, far from the origin."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    noise = 0.2 * torch.randn(count, 8, generator=generator)
    return Labelled(scale * (3 * torch.eye(8)[labels] + 5 + noise), labels)


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e4])
def test_linear_probe_separates_at_any_scale(scale):
    train, val, test = (clusters(60, seed, scale) for seed in range(3))
    found = fit_linear(train, val, 3, QUICK, Tracker())
    assert found.val_accuracy == 1
    assert found.weight.shape == (3, 8)
    assert accuracy(found.predict(test.features), test.labels) == 1


def test_linear_probe_cannot_learn_noise():
    train, val = clusters(60, 0), clusters(60, 1)
    generator = torch.Generator().manual_seed(0)
    noise = [
        Labelled(torch.randn(60, 8, generator=generator), part.labels) for part in (train, val)
    ]
    assert fit_linear(*noise, 3, QUICK, Tracker()).val_accuracy < 0.65


def test_linear_probe_keeps_the_best_rate():
    train, val = clusters(60, 0), clusters(60, 1)
    with_a_hopeless_one = replace(QUICK, lrs=[0.0, 1.0])
    found = fit_linear(train, val, 3, with_a_hopeless_one, Tracker())
    assert found.lr == 1.0


def test_folded_scaling_is_the_same_function():
    features = clusters(30, 0, 100.0).features
    scaling = Scaling.of(features)
    head = torch.nn.Linear(8, 3)
    weight, bias = scaling.fold(head)
    folded = torch.nn.functional.linear(features, weight, bias)
    assert torch.allclose(folded, head(scaling.apply(features)), atol=1e-3)


def test_constant_features_do_not_divide_by_zero():
    constant = Labelled(torch.ones(30, 4), torch.arange(30) % 3)
    found = fit_linear(constant, constant, 3, QUICK, Tracker())
    assert found.weight.isfinite().all()


def test_knn_votes_by_cosine():
    train = Labelled(
        torch.tensor([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0], [0.1, 5.0], [0.0, 9.0]]),
        torch.tensor([0, 0, 1, 1, 1]),
    )
    queries = torch.tensor([[100.0, 1.0], [0.001, 0.01]])
    assert knn_predict(train, queries, 2, 2).tolist() == [0, 1]
    # with all five voting, two near votes outweigh three far ones
    assert knn_predict(train, queries, 50, 2).tolist() == [0, 1]
    # the nearest alone: a third class of one
    lone = Labelled(train.features, torch.tensor([2, 0, 1, 1, 1]))
    assert knn_predict(lone, torch.tensor([[1.0, 0.0]]), 1, 3).tolist() == [2]


def test_confusion_matrix():
    labels, predictions = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
    expected = [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert confusion_matrix(labels, predictions, 3).tolist() == expected


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, RunRecord]:
    workspace = Workspace(tmp_path_factory.mktemp("digits"))
    config = PretrainConfig(backbone="mobilenet_v2_tiny", epochs=1, device="cpu")
    return workspace, pretrain(config, DataConfig(), workspace, Silent())


@pytest.fixture(scope="module")
def digits_probe(digits_run: tuple[Workspace, RunRecord]) -> RunRecord:
    return probe(replace(QUICK, knn=5), None, digits_run[0], Silent())


def test_stage_on_digits(digits_run, digits_probe):
    assert digits_probe.status == "complete"
    assert digits_probe.data == digits_run[1].data
    assert digits_probe.inputs["backbone"]["path"] == str(digits_run[1].path("backbone"))
    results = digits_probe.results
    for name in ("accuracy", "accuracy_random", "knn", "knn_random"):
        assert 0.25 < results[name] <= 1, name  # chance is 0.1
    assert results["lr"] in QUICK.lrs
    assert results["classes"] == 10


def test_stored_files_give_the_stored_accuracy(digits_probe):
    backbone, info = load_backbone(digits_probe.path("backbone"))
    assert (info.backbone, info.image_size) == ("mobilenet_v2_tiny", 32)
    head = load_file(digits_probe.path("head"))
    assert head["weight"].shape == (10, 64)
    digits = load_dataset(DataConfig())
    with torch.inference_mode():
        features = backbone(to_float(torch.from_numpy(digits.images[digits.test])))
        predicted = torch.nn.functional.linear(features, head["weight"], head["bias"]).argmax(1)
    right = (predicted.numpy() == digits.labels[digits.test]).mean()
    assert right == pytest.approx(digits_probe.results["accuracy"], abs=0.003)
    confusion = json.loads(digits_probe.path("confusion").read_text())
    matrix = np.array(confusion["matrix"])
    assert matrix.sum() == len(digits.test)
    assert np.trace(matrix) / matrix.sum() == pytest.approx(digits_probe.results["accuracy"])
    assert confusion["class_names"] == list("0123456789")


def test_equal_probes_give_equal_files(digits_run, digits_probe):
    again = probe(replace(QUICK, knn=5), None, digits_run[0], Silent())
    for name in ("backbone", "head", "confusion"):
        assert again.path(name).read_bytes() == digits_probe.path(name).read_bytes()


def test_images_without_labels(digits_run, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images)
    unlabelled = DataConfig(dataset="npz", data_path=tmp_path / "a.npz")
    with pytest.raises(DataError, match="no labels") as caught:
        probe(QUICK, unlabelled, digits_run[0], Silent())
    assert "one folder a class" in caught.value.hint
    assert "tinyssl probe --dataset folder --data-path" in caught.value.hint


def test_nothing_to_probe(digits_probe, tmp_path):
    with pytest.raises(UsageError, match="no finished `pretrain` run"):
        probe(QUICK, None, Workspace(tmp_path), Silent())
    with pytest.raises(UsageError, match="is a probe run"):
        probe(replace(QUICK, run=digits_probe.folder), None, Workspace(tmp_path), Silent())

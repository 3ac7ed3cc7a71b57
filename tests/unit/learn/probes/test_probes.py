"""Probes: classifiers on features where the right answer is known, and the stage end to end on
real digits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tinyssl.core.config import DataConfig, PretrainConfig, ProbeConfig
from tinyssl.core.errors import AccuracyTooLow, DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data import load_dataset
from tinyssl.data.augment import to_float
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.probes.features import Labelled
from tinyssl.learn.probes.knn import knn_predict
from tinyssl.learn.probes.linear import (
    Head,
    Scaling,
    accuracy,
    enough_epochs,
    fit_linear,
    train_heads,
)
from tinyssl.learn.tasks import confusion_matrix
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe

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
    assert len(found.heads) == QUICK.seeds
    for head in found.heads:
        assert head.weight.shape == (3, 8)
        assert accuracy(head.predict(test.features), test.labels) == 1


def test_linear_probe_cannot_learn_noise() -> None:
    train, val = clusters(60, 0), clusters(60, 1)
    generator = torch.Generator().manual_seed(0)
    noise, other = (
        Labelled(torch.randn(60, 8, generator=generator), part.labels) for part in (train, val)
    )
    assert fit_linear(noise, other, 3, QUICK, Tracker()).val_accuracy < 0.65


def test_linear_probe_keeps_the_best_rate() -> None:
    train, val = clusters(60, 0), clusters(60, 1)
    with_a_hopeless_one = replace(QUICK, lrs=[0.0, 1.0])
    found = fit_linear(train, val, 3, with_a_hopeless_one, Tracker())
    assert found.lr == 1.0


def autograd_head(train: Labelled, config: ProbeConfig, lr: float) -> Head:
    """The same training with torch's own layer, loss, optimiser and schedule."""
    layer = torch.nn.Linear(8, 3)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    batches = -(-len(train.labels) // config.batch_size)
    optimizer = torch.optim.SGD(layer.parameters(), lr * config.batch_size / 256, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.epochs * batches)
    generator = torch.Generator().manual_seed(config.seed)
    for _ in range(config.epochs):
        order = torch.randperm(len(train.labels), generator=generator)
        for batch in torch.split(order, config.batch_size):
            answers = layer(train.features[batch])
            loss = torch.nn.functional.cross_entropy(answers, train.labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return Head(layer.weight.detach(), layer.bias.detach())


def test_heads_side_by_side_train_as_each_does_alone_with_autograd() -> None:
    train = clusters(70, 0)
    config = replace(QUICK, epochs=3, batch_size=32)
    lrs = [0.1, 1.0, 0.3]
    together = train_heads(train, 3, config, lrs, Tracker())
    for lr, head in zip(lrs, together, strict=True):
        alone = autograd_head(train, config, lr)
        assert torch.allclose(head.weight, alone.weight, atol=1e-5)
        assert torch.allclose(head.bias, alone.bias, atol=1e-5)


def test_seeds_differ_in_the_order_of_the_images() -> None:
    train, val = clusters(60, 0), clusters(60, 1)
    found = fit_linear(train, val, 3, replace(QUICK, epochs=2, seeds=3), Tracker())
    weights = torch.stack([head.weight for head in found.heads])
    assert (weights[1:] != weights[:-1]).any(dim=(1, 2)).all()
    assert (weights - weights.mean(0)).abs().max() < 0.1 * weights.abs().max()


class Counter(Tracker):
    epochs = 0

    def advance(self, count: int = 1, **fields: object) -> None:
        self.epochs += count


@pytest.mark.parametrize(
    ("images", "epochs"), [(60, 1600), (330, 800), (31 * 256, 52), (45_000, 20)]
)
def test_few_images_are_seen_more_often(images, epochs):
    """20 epochs of one or two batches would stop far from the best head; 45,000 images are many."""
    assert enough_epochs(ProbeConfig(epochs=20, batch_size=256), images) == epochs
    if images < 256:
        counter, config = Counter(), ProbeConfig(epochs=20, batch_size=256, seeds=1)
        fit_linear(clusters(images, 0), clusters(60, 1), 3, config, counter)
        assert counter.epochs == epochs


def test_folded_scaling_is_the_same_function() -> None:
    features = clusters(30, 0, 100.0).features
    scaling = Scaling.of(features)
    layer = torch.nn.Linear(8, 3)
    head = scaling.fold(Head(layer.weight.detach(), layer.bias.detach()))
    folded = torch.nn.functional.linear(features, head.weight, head.bias)
    assert torch.allclose(folded, layer(scaling.apply(features)), atol=1e-3)


def test_constant_features_do_not_divide_by_zero() -> None:
    constant = Labelled(torch.ones(30, 4), torch.arange(30) % 3)
    found = fit_linear(constant, constant, 3, QUICK, Tracker())
    assert all(head.weight.isfinite().all() for head in found.heads)


def test_knn_votes_by_cosine() -> None:
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


def test_confusion_matrix() -> None:
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
    assert results["accuracy"] == pytest.approx(np.mean(results["accuracies"]))
    assert results["accuracy_std"] == pytest.approx(np.std(results["accuracies"], ddof=1))
    assert results["lr"] in QUICK.lrs
    assert results["classes"] == 10
    assert results["accuracy_raw"] == pytest.approx(0.967, abs=0.006)
    assert results["knn_raw"] == pytest.approx(0.99, abs=0.004)
    low, high = results["accuracy_interval"]
    assert low < results["accuracy"] < high
    assert results["test_images"] == len(load_dataset(DataConfig()).test)
    assert results["verdict"].startswith("the training brought nothing")  # one epoch of it


def test_random_weights_are_not_blamed_for_what_they_are(tmp_path):
    workspace = Workspace(tmp_path)
    config = PretrainConfig(method="random", backbone="mobilenet_v2_tiny", device="cpu")
    pretrain(config, DataConfig(image_size=8), workspace, Silent())
    assert "verdict" not in probe(QUICK, None, workspace, Silent()).results


def test_an_accuracy_below_the_one_asked_for_is_a_failed_gate(digits_run, digits_probe):
    """The figures are kept, the run is failed."""
    asked = replace(QUICK, knn=5, min_accuracy=99.9)
    with pytest.raises(AccuracyTooLow, match=r"99.9 % are asked for") as caught:
        probe(asked, None, digits_run[0], Silent())
    assert caught.value.exit_code == 3
    failed = digits_run[0].all("probe")[-1]
    assert failed.status == "failed"
    assert failed.results["accuracy"] == digits_probe.results["accuracy"]
    least = 100 * digits_probe.results["accuracy"] - 0.01
    passed = probe(replace(asked, min_accuracy=least), None, digits_run[0], Silent())
    assert passed.status == "complete"
    assert "baseline_run" in passed.results  # the limit changes no figure


def test_stored_files_give_the_stored_accuracy(digits_probe):
    backbone, info = load_backbone(digits_probe.path("backbone"))
    assert (info.backbone, info.image_size) == ("mobilenet_v2_tiny", 32)
    head = load_file(digits_probe.path("head"))
    assert head["weight"].shape == (10, 64)
    digits = load_dataset(DataConfig())
    with torch.inference_mode():
        features = backbone(to_float(torch.from_numpy(digits.samples[digits.test])))
        predicted = torch.nn.functional.linear(features, head["weight"], head["bias"]).argmax(1)
    right = (predicted.numpy() == digits.labels[digits.test]).mean()
    assert right == pytest.approx(digits_probe.results["accuracy_head"], abs=0.003)
    confusion = json.loads(digits_probe.path("confusion").read_text())
    matrix = np.array(confusion["matrix"])
    assert matrix.sum() == len(digits.test)
    assert np.trace(matrix) / matrix.sum() == pytest.approx(digits_probe.results["accuracy_head"])
    assert confusion["class_names"] == list("0123456789")


def test_equal_probes_give_equal_files(digits_run, digits_probe):
    again = probe(replace(QUICK, knn=5), None, digits_run[0], Silent())
    for name in ("backbone", "head", "confusion"):
        assert again.path(name).read_bytes() == digits_probe.path(name).read_bytes()


def test_random_weights_are_measured_once(digits_run, digits_probe):
    again = probe(replace(QUICK, knn=5), None, digits_run[0], Silent())
    assert "baseline_run" in again.results
    assert "baseline_run" not in digits_probe.results
    names = ("accuracy_random", "accuracy_std_random", "knn_random", "lr_random")
    for name in (*names, "accuracy_raw", "knn_raw", "raw_images", "raw_sha256"):
        assert again.results[name] == digits_probe.results[name]
    other = probe(replace(QUICK, knn=6), None, digits_run[0], Silent())
    assert "baseline_run" not in other.results
    none = probe(replace(QUICK, baseline=False), None, digits_run[0], Silent())
    assert not {"accuracy_random", "accuracy_raw", "verdict"} & none.results.keys()


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

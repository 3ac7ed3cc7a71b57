"""Fine-tuning: the whole backbone goes on training, with labels."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinyssl.core.config import EvaluateConfig
from tinyssl.core.errors import TrainingError
from tinyssl.core.progress import Progress, Tracker
from tinyssl.data import Dataset
from tinyssl.data.augment import VIEW_OPTIONS, ViewOptions, ViewSpec, make_views
from tinyssl.data.base import Indices
from tinyssl.data.subsets import label_subset
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.backbones.decay import decay_groups
from tinyssl.learn.probes.features import Features, extract, probe_device
from tinyssl.learn.probes.few_labels import fit_few, summary
from tinyssl.learn.probes.linear import Head, accuracy

WEIGHT_DECAY = 0.05
WARMUP = 0.1
"""Share of the steps over which the learning rate rises: batch norms that meet other images than in
pretraining need a moment"""
MOST_REPEATS = 10
"""Few labels are seen more often, up to this many times the epochs"""


@dataclass(frozen=True)
class Start:
    """What fine-tuning starts from."""

    backbone: Backbone
    head: Head
    """The linear probe's on all labels"""
    features: Features | None
    """Frozen features, for the heads on few labels"""
    lrs: list[float]
    """Of these heads' probes"""


def finetune(
    start: Start, dataset: Dataset, config: EvaluateConfig, progress: Progress
) -> dict[str, Any]:
    """Accuracy after training the whole network, by share of the labels.

    From the linear probe's head (of the same labels), so that the first steps do not destroy what
    was learned; random weights start with a head of zeros. AdamW, warm-up, cosine to 0, random
    crops and flips. Nothing is chosen on the test split.

    Returns:
        `finetune` for all labels, `finetune_few_labels` by share for fewer; each as `summary`, with
        `images` and `epochs`.

    Raises:
        TrainingError: The loss is not finite.
    """
    found: dict[str, Any] = {}
    for share in config.finetune:
        repeats = 1 if share == 1 else config.subsets
        scores = []
        for number in range(repeats):
            positions = label_subset(dataset, share, number, config.seed)
            epochs = _epochs(share, config)
            title = f"fine-tuning, {100 * share:g} % of the labels, {number + 1}/{repeats}"
            total = epochs * len(positions) + len(dataset.test)
            with progress.track(title, total, "image") as tracker:
                scores.append(_one(start, dataset, (positions, epochs, number), config, tracker))
        entry = summary(scores) | {"images": len(positions), "epochs": epochs}
        if share == 1:
            found["finetune"] = entry
        else:
            found.setdefault("finetune_few_labels", {})[f"{share:g}"] = entry
    return found


def _epochs(share: float, config: EvaluateConfig) -> int:
    return config.finetune_epochs * min(round(1 / share), MOST_REPEATS)


def _one(
    start: Start,
    dataset: Dataset,
    what: tuple[Indices, int, int],
    config: EvaluateConfig,
    tracker: Tracker,
) -> float:
    """Test accuracy of one fine-tuned network."""
    positions, epochs, number = what
    head = start.head
    if start.features is not None and len(positions) < len(dataset.train):
        subset = start.features.train.take(torch.from_numpy(positions))
        head = fit_few(subset, start.features.val, len(dataset.class_names), start.lrs)
    device = probe_device()
    gpus = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(config.seed + number)
        network = _network(start.backbone, head).to(device)
        _train(network, dataset, dataset.train[positions], (config, epochs), tracker)
    backbone, layer = network[0], network[1]
    assert isinstance(backbone, Backbone)
    assert isinstance(layer, nn.Linear)
    found = extract(backbone, dataset, dataset.test, device, tracker)
    with torch.inference_mode():
        return accuracy(layer(found.features).argmax(dim=1), found.labels)


def _network(backbone: Backbone, head: Head) -> nn.Sequential:
    classes, dim = head.weight.shape
    layer = nn.Linear(dim, classes)
    # while batch norms have not seen an image, features in training are of another size than those
    # that the head was fitted on, by orders of magnitude
    keep = 1.0 if _trained(backbone) else 0.0
    with torch.no_grad():
        layer.weight.copy_(head.weight * keep)
        layer.bias.copy_(head.bias * keep)
    return nn.Sequential(copy.deepcopy(backbone), layer)


def _trained(backbone: Backbone) -> bool:
    """Whether it has been in training: its batch norms count batches. True without batch norms."""
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    counts = [norm.num_batches_tracked for norm in norms]
    return all(count is None or int(count) > 0 for count in counts)


def _train(
    network: nn.Sequential,
    dataset: Dataset,
    indices: Indices,
    how: tuple[EvaluateConfig, int],
    tracker: Tracker,
) -> None:
    config, epochs = how
    nn.utils.convert_conv2d_weight_memory_format(network, torch.channels_last)
    network.train()
    groups = decay_groups(network.parameters(), WEIGHT_DECAY)
    optimizer = torch.optim.AdamW(groups, lr=config.finetune_lr)
    batch = min(config.finetune_batch, len(indices))
    steps = epochs * (len(indices) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, steps))
    for _ in range(epochs):
        order = torch.randperm(len(indices)).numpy()
        for start in range(0, len(order) - batch + 1, batch):  # the last, smaller one is left out
            chosen = indices[order[start : start + batch]]
            loss = _loss(network, dataset, chosen, config)
            if not torch.isfinite(loss):
                raise TrainingError(
                    f"fine-tuning: the loss is {loss.item()}", hint="use a lower --finetune-lr"
                )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            tracker.advance(len(chosen), loss=round(loss.item(), 3))


def rate(step: int, steps: int) -> float:
    """Share of the peak learning rate: up linearly over the first tenth, then cosine to 0."""
    warmup = steps * WARMUP
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def _loss(
    network: nn.Sequential, dataset: Dataset, chosen: Indices, config: EvaluateConfig
) -> Tensor:
    device = next(network.parameters()).device
    samples = torch.from_numpy(dataset.samples[chosen]).to(device)
    labels = torch.from_numpy(np.asarray(dataset.labels[chosen])).to(device)
    (view,) = make_views(samples, ViewSpec.of(1, _view_options(dataset.spec.kind, config)))
    return F.cross_entropy(network(view), labels)


def _view_options(kind: str, config: EvaluateConfig) -> Any:
    """Crops and flips of images; of other kinds what their views are by default."""
    if kind != "image":
        return VIEW_OPTIONS[kind]()
    return ViewOptions(
        crop_min=config.finetune_crop, flip=config.finetune_flip, jitter=0, grey=0, blur=0
    )

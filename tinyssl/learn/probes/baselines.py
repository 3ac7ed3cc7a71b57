"""What stands beside a probe: the same backbone with random weights, and the pixels themselves.

Both depend on images and settings alone, not on the training, so an earlier probe's figures are
taken over where it measured the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from tinyssl.core.config import ProbeConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data import Dataset
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.probes.linear import enough_epochs
from tinyssl.learn.probes.raw import ITERATIONS, MOST_IMAGES, NEIGHBOURS, STRENGTHS, raw_results
from tinyssl.learn.probes.score import score_backbone
from tinyssl.learn.tasks import task_of_dataset, task_record


@dataclass(frozen=True)
class BaselineJob:
    """The same backbone with the random weights from which pretraining started."""

    backbone: Backbone
    dataset: Dataset
    config: ProbeConfig

    @property
    def key(self) -> str:
        """SHA-256 over all that decides the figures: weights, images, settings; 64 hex digits."""
        epochs = enough_epochs(self.config, len(self.dataset.train))
        asked = replace(self.config, run=None, epochs=epochs)
        settings = config_json(asked, exclude={"min_accuracy", "folds", "force"})
        content = [settings, self.dataset.fingerprint]
        if plugin := task_record(task_of_dataset(self.dataset)):
            content.append(plugin)
        digest = hashlib.sha256(json.dumps(content).encode())
        for tensor in self.backbone.state_dict().values():
            digest.update(tensor.cpu().contiguous().numpy().data)
        return digest.hexdigest()


def baseline_results(job: BaselineJob, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """Figures of the random weights and of the pixels, for the probe's record."""
    found = _random(job, workspace, progress)
    if task_of_dataset(job.dataset).origin is not None:  # the pixels have no classifier for it
        return found
    return found | _raw(job.dataset, workspace, progress)


def _random(job: BaselineJob, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    key = job.key
    earlier = _measured_before(workspace, "baseline_sha256", key)
    if earlier is not None:
        progress.note(f"random weights: figures of {earlier.folder.name}, which had the same")
        names = [name for name in earlier.results if name.endswith("_random")]
        figures = {name: earlier.results[name] for name in names}
        return figures | {"baseline_sha256": key, "baseline_run": earlier.folder.name}
    score = score_backbone(job.backbone, job.dataset, job.config, progress, "random")
    figures = {f"{name}_random": score.results[name] for name in score.compared}
    return figures | {"baseline_sha256": key}


def _raw(dataset: Dataset, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    settings = [dataset.fingerprint, MOST_IMAGES, ITERATIONS, STRENGTHS, NEIGHBOURS]
    key = hashlib.sha256(json.dumps(settings).encode()).hexdigest()
    earlier = _measured_before(workspace, "raw_sha256", key)
    if earlier is not None:
        names = [name for name in earlier.results if name.endswith("_raw")]
        names += [name for name in earlier.results if name.startswith("raw_")]
        return {name: earlier.results[name] for name in names}
    progress.note("without a network, on the samples themselves: a linear model and kNN")
    found = raw_results(dataset)
    return found | {"raw_sha256": key} if found else {}


def _measured_before(workspace: Workspace, name: str, key: str) -> RunRecord | None:
    """The last probe whose result `name` is `key`."""
    probes = workspace.newest("probe")
    return next((run for run in probes if run.results.get(name) == key), None)

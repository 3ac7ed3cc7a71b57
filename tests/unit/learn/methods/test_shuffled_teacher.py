"""The control that must fail: with targets of other images, distillation teaches nothing.

Real runs of `pretrain` and `probe` on digits: a supervised backbone is the teacher of two more
trainings, which differ in nothing but the order of the targets inside a batch.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tinyssl.core.config import DataConfig, PretrainConfig, ProbeConfig
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe

DATA = DataConfig(dataset="digits", image_size=16)
TEACHER = PretrainConfig(
    method="supervised",
    method_options={"flip": 0, "crop_min": 0.7},
    backbone="mobilenet_v2_tiny",
    epochs=10,
    batch_size=64,
    lr=5e-3,
    device="cpu",
)
WEAK = {"flip": 0, "crop_min": 0.7, "jitter": 0, "grey": 0, "blur": 0, "curriculum": False}
TOLERANCE = 0.03


@pytest.mark.nightly  # three short trainings
def test_shuffled_targets_are_worth_no_more_than_random_weights(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
    workspace = Workspace(tmp_path)
    teacher = pretrain(TEACHER, DATA, workspace, Silent())
    student = replace(
        TEACHER, method="ca_dssl", teacher=str(teacher.path("backbone")), teacher_grid=1
    )

    def probed(shuffled: bool) -> RunRecord:
        config = replace(student, method_options=WEAK | {"shuffle_teacher": shuffled})
        run = pretrain(config, DATA, workspace, Silent())
        return probe(ProbeConfig(run=run.folder), DATA, workspace, Silent())

    distilled, control = probed(shuffled=False), probed(shuffled=True)
    random = distilled.results["accuracy_random"]
    assert control.results["accuracy"] < random + TOLERANCE
    assert distilled.results["accuracy"] > random + 0.2

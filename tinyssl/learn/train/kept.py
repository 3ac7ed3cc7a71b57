"""Backbones of the way: what a learning curve is measured on afterwards."""

from __future__ import annotations

from tinyssl.core.fields import Fields
from tinyssl.core.kept import kept_file
from tinyssl.learn.backbones import BackboneInfo, save_backbone
from tinyssl.learn.train.observer import Metrics, TrainingRun


class KeptBackbones:
    """Saves the backbone of every `keep_every`-th epoch but the last, which is the run's result."""

    def __init__(self, subject: TrainingRun) -> None:
        self.subject = subject
        config = subject.config
        plugin = Fields(subject.run.record.config).fields("plugins").fields("backbone")
        self.info = BackboneInfo(
            config.backbone, config.stem_stride, subject.dataset.spec, plugin.text("sha256")
        )

    def on_step(self, metrics: Metrics) -> None:
        """Nothing: only epochs are kept."""

    def on_epoch(self, metrics: Metrics) -> None:
        """Saves this epoch's backbone where it is one to keep."""
        epoch, config = round(metrics["epoch"]), self.subject.config
        if epoch % config.keep_every or epoch == config.epochs:
            return
        path = kept_file(self.subject.run.folder, round(metrics["step"]))
        path.parent.mkdir(exist_ok=True)
        save_backbone(path, self.subject.method.backbone, self.info)

    def close(self) -> None:
        """Nothing is open."""

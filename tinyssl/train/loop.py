"""The only training loop. Methods plug in; checkpoints, figures and Ctrl-C are handled here.

The randomness of a step is a function of the seed and the step alone (order of the images,
augmentation, anything that a method draws), and a checkpoint holds every parameter, buffer and
moment. So a run that was killed and resumed computes exactly what an unbroken one does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tinyssl.augment import make_views
from tinyssl.config import PretrainConfig
from tinyssl.datasets import Dataset
from tinyssl.errors import TrainingError
from tinyssl.methods import Batch, Losses, Method
from tinyssl.progress import Progress, Tracker
from tinyssl.records import RunWriter
from tinyssl.train.checkpoint import save_checkpoint
from tinyssl.train.interrupt import Interrupt
from tinyssl.train.schedule import Schedule, step_seed

LOGS_PER_EPOCH = 20


@dataclass
class Counters:
    """What the loop itself remembers from step to step."""

    step: int = 0
    """Steps done"""
    epoch_loss: float = 0.0
    """Sum of the losses of this epoch's steps"""
    last_loss: float = 0.0
    """Mean loss of the last whole epoch"""
    seconds: float = 0.0
    """Time spent in steps, over all resumed parts"""


@dataclass(frozen=True)
class StepFigures:
    """One step in numbers."""

    loss: float
    lr: float
    gradient_norm: float
    others: dict[str, float]


def make_optimizer(method: nn.Module, config: PretrainConfig) -> torch.optim.AdamW:
    """AdamW; weight decay on matrices and kernels only, not on batch norms and biases."""
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr)


class Trainer:
    """A method in training.

    Args:
        method: Already on the device that trains, channels last.
        dataset: Its training split is used, its labels are not.
        config: How to train; paths in it are not used.
        schedule: How long.
        run: Where figures and checkpoints go.
    """

    def __init__(
        self,
        method: Method,
        dataset: Dataset,
        config: PretrainConfig,
        schedule: Schedule,
        run: RunWriter,
    ) -> None:
        self.method = method
        self.images = dataset.images
        self.train_split = dataset.train
        self.config = config
        self.schedule = schedule
        self.run = run
        self.optimizer = make_optimizer(method, config)
        self.counters = Counters()
        self._device = next(method.parameters()).device
        self._saved_step: int | None = None

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state of a checkpoint."""
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.counters = Counters(**state["counters"])
        self._saved_step = self.counters.step

    def save(self) -> None:
        """Writes a checkpoint of this moment, between two steps."""
        state = {
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "counters": vars(self.counters).copy(),
        }
        save_checkpoint(self.run.folder, state)
        self._saved_step = self.counters.step

    def train(self, progress: Progress) -> None:
        """Runs all remaining steps.

        Raises:
            TrainingError: Loss or gradient is not finite; the message names the step.
            KeyboardInterrupt: After Ctrl-C, with a checkpoint of the step that was reached.
        """
        title, total = f"pretrain {self.config.method}", self.schedule.steps
        if self._saved_step is None:
            self.save()
        self.method.train()
        with Interrupt() as interrupt, progress.track(title, total) as tracker:
            tracker.advance(self.counters.step)
            while self.counters.step < total:
                if interrupt.requested:
                    self.save()
                    raise KeyboardInterrupt
                self._advance(tracker)

    def _advance(self, tracker: Tracker) -> None:
        """One step, its figures, and the checkpoint when an epoch asks for one."""
        step, counters = self.counters.step, self.counters
        started = time.perf_counter()
        figures = self._step(step)
        seconds = time.perf_counter() - started
        rate = self.config.batch_size / seconds
        counters.step += 1
        counters.seconds += seconds
        counters.epoch_loss += figures.loss
        self._log(figures, rate)
        if counters.step % self.schedule.epoch_steps == 0:
            self._end_epoch()
        tracker.advance(1, **{"loss": round(figures.loss, 4), "image/s": round(rate, 1)})

    def _step(self, step: int) -> StepFigures:
        torch.manual_seed(step_seed(self.config.seed, step))
        lr = self.schedule.learning_rate(step, self.config.lr)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        losses = self._losses(self._batch(step), step / self.schedule.steps)
        self._require_finite("loss", losses.total.detach(), step)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.total)
        norm = nn.utils.get_total_norm(
            [p.grad for p in self.method.parameters() if p.grad is not None]
        )
        self._require_finite("gradient norm", norm, step)
        self.optimizer.step()
        self.method.after_step((step + 1) / self.schedule.steps)
        others = {name: value.item() for name, value in losses.figures.items()}
        return StepFigures(losses.total.item(), lr, norm.item(), others)

    def _batch(self, step: int) -> NDArray[np.uint8]:
        positions = self.schedule.batch(step, self.config.seed)
        return self.images[self.train_split[positions]]

    def _losses(self, batch: NDArray[np.uint8], progress: float) -> Losses:
        images = torch.from_numpy(batch).to(self._device)
        views = make_views(images, self.method.views(progress))
        mixed = self.config.amp and self._device.type == "cuda"
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=mixed):
            return self.method.loss(Batch(views))

    def _require_finite(self, name: str, value: Tensor, step: int) -> None:
        if torch.isfinite(value):
            return
        raise TrainingError(
            f"{name} is {value.item()} at step {step} (epoch {self.schedule.epoch(step)}); the "
            f"last good checkpoint is of step {self._saved_step}, in {self.run.folder}",
            hint=f"start again with --lr below {self.config.lr:g}, or longer --warmup-epochs",
        )

    def _log(self, figures: StepFigures, rate: float) -> None:
        done = self.counters.step
        every = max(self.schedule.epoch_steps // LOGS_PER_EPOCH, 1)
        if done % every and done != self.schedule.steps:
            return
        self.run.log(
            event="step",
            step=done,
            epoch=done / self.schedule.epoch_steps,
            loss=figures.loss,
            lr=figures.lr,
            gradient_norm=figures.gradient_norm,
            images_per_second=rate,
            **figures.others,
        )

    def _end_epoch(self) -> None:
        counters = self.counters
        epoch = counters.step // self.schedule.epoch_steps
        counters.last_loss = counters.epoch_loss / self.schedule.epoch_steps
        counters.epoch_loss = 0.0
        self.run.log(
            event="epoch",
            step=counters.step,
            epoch=epoch,
            loss=counters.last_loss,
            seconds=counters.seconds,
        )
        if epoch % self.config.checkpoint_every == 0 or epoch == self.config.epochs:
            self.save()

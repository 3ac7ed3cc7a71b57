"""The only training loop. Methods plug in; checkpoints, metrics and Ctrl-C are handled here.

The randomness of a step is a function of the seed and the step alone (order of the images,
augmentation, anything that a method draws), and a checkpoint holds every parameter, buffer and
moment. So a run that was killed and resumed computes exactly what an unbroken one does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import TrainingError
from tinyssl.core.progress import Progress, Tracker
from tinyssl.learn.methods import Batch, Losses, Method
from tinyssl.learn.methods.monitor import CollapseMonitor
from tinyssl.learn.native.exchange import mean_gradients
from tinyssl.learn.train.batches import Batcher
from tinyssl.learn.train.checkpoint import save_checkpoint
from tinyssl.learn.train.interrupt import Interrupt
from tinyssl.learn.train.metrics import Rate
from tinyssl.learn.train.observer import Metrics, Observer
from tinyssl.learn.train.optimizers import make_optimizer
from tinyssl.learn.train.schedule import Schedule
from tinyssl.learn.train.tally import EpochTally
from tinyssl.learn.train.world import World

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
    low_spread: int = 0
    """Logged steps in a row with a spread that says collapse"""


class LossModule(nn.Module):
    """`Method.loss` as a `forward`, for DistributedDataParallel."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        losses = self.method.loss(batch)
        return losses.total, losses.metrics


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that a training is made of."""

    method: Method
    """Already on the device that trains, channels last"""
    batcher: Batcher
    config: PretrainConfig
    """How to train; paths in it are not used"""
    schedule: Schedule
    """How long"""
    world: World
    folder: Path | None = None
    """Where checkpoints go; None on all ranks but the first"""
    observers: Sequence[Observer] = field(default=())
    """Told of all metrics; none on all ranks but the first"""


class Trainer:
    """A method in training."""

    def __init__(self, plan: TrainingPlan) -> None:
        self.plan = plan
        self.method = plan.method
        self.config = plan.config
        self.schedule = plan.schedule
        self.optimizer = make_optimizer(plan.method, plan.config)
        self.counters = Counters()
        self.collapse = CollapseMonitor()
        self._device = plan.world.device
        self._tally = EpochTally(self._device)
        self._saved_step: int | None = None
        self._saved_at = time.perf_counter()
        self._rate = Rate()
        self._clock = 0.0
        self._unlogged = 0

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state of a checkpoint."""
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.counters = Counters(**state["counters"])
        self.collapse.low = self.counters.low_spread
        self._tally = EpochTally(self._device, self.counters.epoch_loss)
        self._saved_step = self.counters.step

    def save(self) -> None:
        """Writes a checkpoint of this moment, between two steps; on rank 0 only.

        Raises:
            TrainingError: The numbers are not finite: the last good checkpoint is kept.
        """
        self._require_finite()
        self.counters.epoch_loss = self._tally.epoch_loss
        self.counters.low_spread = self.collapse.low
        self._saved_step, self._saved_at = self.counters.step, time.perf_counter()
        if self.plan.folder is None:
            return
        state = {
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "counters": vars(self.counters).copy(),
        }
        save_checkpoint(self.plan.folder, state)

    def train(self, progress: Progress) -> None:
        """Runs all remaining steps.

        Raises:
            TrainingError: Loss or gradient is not finite; the message names the step.
            Collapsed: All embeddings became alike, and the config says to stop then.
            KeyboardInterrupt: After Ctrl-C, with a checkpoint of the step that was reached.
        """
        title, total = f"pretrain {self.config.method}", self.schedule.steps
        if self._saved_step is None:
            self.save()
        self._module = self._parallel()
        self.method.train()
        ignore_signals = not self.plan.world.main
        with (
            Interrupt(ignore_signals=ignore_signals) as interrupt,
            progress.track(title, total) as tracker,
        ):
            tracker.advance(self.counters.step)
            self._start_clock()
            while self.counters.step < total:
                if interrupt.requested:
                    self._stop_clock()
                    self.save()
                    raise KeyboardInterrupt
                self._advance(tracker, progress)

    def _parallel(self) -> nn.Module:
        """The loss; where processes share no memory, its gradients are averaged over them."""
        module = LossModule(self.method)
        if self.plan.world.size == 1 or self.plan.world.exchange is not None:
            return module
        ids = [self._device.index] if self._device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids, broadcast_buffers=False)

    def _advance(self, tracker: Tracker, progress: Progress) -> None:
        """One step, its metrics, and the checkpoint when an epoch asks for one."""
        step = self.counters.step
        self._step(step)
        self.counters.step += 1
        self._unlogged += 1
        every = max(self.schedule.epoch_steps // LOGS_PER_EPOCH, 1)
        logged = self.counters.step % every == 0 or self.counters.step == self.schedule.steps
        if logged or self._device.type == "cpu":
            self._require_finite()
        shown = self._log(progress) if logged else {}
        if self.counters.step % self.schedule.epoch_steps == 0:
            self._end_epoch()
        tracker.advance(1, **shown)

    def _step(self, step: int) -> None:
        lr = self.schedule.learning_rate(step)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._backward(step)
        gradients = [p.grad for p in self.method.parameters() if p.grad is not None]
        if self.plan.world.exchange is not None:
            mean_gradients(self.plan.world.exchange, gradients)
        self._tally.add(step, losses, nn.utils.get_total_norm(gradients))
        self.optimizer.step()
        self.method.after_step((step + 1) / self.schedule.steps)

    def _backward(self, step: int) -> Losses:
        """Gradients of the whole batch of a step; its losses, means over parts and processes."""
        parts = self.config.accumulate
        found: list[tuple[Tensor, dict[str, Tensor]]] = []
        for part in range(parts):
            with self._unsynchronised() if part < parts - 1 else nullcontext():
                total, metrics = self._losses(self.plan.batcher.batch(step, part))
                torch.autograd.backward(total / parts)
            found.append((total.detach(), metrics))
        names = list(found[0][1])
        rows = [torch.stack([total, *metrics.values()]).float() for total, metrics in found]
        mean = self.plan.world.mean(torch.stack(rows).mean(dim=0))
        return Losses(mean[0], dict(zip(names, mean[1:], strict=True)))

    def _unsynchronised(self) -> AbstractContextManager[None]:
        """Gradients stay with this process: the last part of a step sends the sum."""
        if isinstance(self._module, DistributedDataParallel):
            return self._module.no_sync()
        return nullcontext()

    def _losses(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        mixed = self.config.amp and self._device.type == "cuda"
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=mixed):
            result: tuple[Tensor, dict[str, Tensor]] = self._module(batch)
        return result

    def _require_finite(self) -> None:
        trouble = self._tally.trouble()
        if trouble is None:
            return
        step = trouble.step
        raise TrainingError(
            f"{trouble.name} is {trouble.value} at step {step} (epoch "
            f"{self.schedule.epoch(step)}); the last good checkpoint is of step "
            f"{self._saved_step}, in {self.plan.folder}",
            hint=f"start again with --lr below {self.config.lr}, or longer --warmup-epochs",
        )

    def _start_clock(self) -> None:
        self._clock, self._unlogged = time.perf_counter(), 0

    def _stop_clock(self) -> float:
        """Adds the time since it was started to the run's; images a second in that time."""
        seconds = time.perf_counter() - self._clock
        images = self._unlogged * self.schedule.batch_size
        rate = images / seconds
        if images:
            self._rate.add(images, seconds)
        self.counters.seconds += seconds
        self._start_clock()
        return rate

    def _log(self, progress: Progress) -> dict[str, object]:
        """Tells the observers of the last step; what the bar shows."""
        done = self.counters.step
        found = self._tally.metrics()
        rate = self._stop_clock()
        metrics: Metrics = {
            "step": done,
            "epoch": done / self.schedule.epoch_steps,
            "lr": self.schedule.learning_rate(done - 1),
            "images_per_second": rate,
            **found,
        }
        for observer in self.plan.observers:
            observer.on_step(metrics)
        self._watch_collapse(found, progress)
        self._start_clock()
        return {"loss": round(found["loss"], 4), "image/s": round(self._rate.mean, 1)}

    def _watch_collapse(self, metrics: Metrics, progress: Progress) -> None:
        if "spread" not in metrics or not self.collapse.feed(metrics["spread"]):
            return
        error = self.collapse.error()
        if self.config.stop_on_collapse:
            raise error
        if self.collapse.low == self.collapse.patience:  # once
            progress.note(f"warning: {error.message}")

    def _end_epoch(self) -> None:
        counters = self.counters
        epoch = counters.step // self.schedule.epoch_steps
        counters.last_loss = self._tally.epoch_loss / self.schedule.epoch_steps
        self._tally.end_epoch()
        self._stop_clock()
        metrics: Metrics = {
            "step": counters.step,
            "epoch": epoch,
            "loss": counters.last_loss,
            "seconds": counters.seconds,
        }
        for observer in self.plan.observers:
            observer.on_epoch(metrics)
        self.method.train()
        due = epoch % self.config.checkpoint_every == 0 and (
            time.perf_counter() - self._saved_at >= self.config.checkpoint_seconds
        )
        if due or epoch == self.config.epochs:
            self.save()
        self._start_clock()

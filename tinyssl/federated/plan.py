"""What a federation does, worked out of its settings and its family."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flwr.serverapp.strategy import FedAvg, Strategy

from tinyssl.core.config import FederateConfig
from tinyssl.data.episodes import TaskFamily
from tinyssl.federated.records import RoundTask
from tinyssl.federated.schedules import linear
from tinyssl.federated.strategies import Reptile, TinyMetaFed, TinyReptile
from tinyssl.federated.strategies.reptile import NO_FRACTION
from tinyssl.project.learner import Learner

REPTILE_PASSES = 4
LOCAL_SHARE = 4
"""One of so many samples teaches the local layers"""
JUDGEMENTS = 20


@dataclass(frozen=True)
class FederationPlan:
    """Settings with all defaults in place."""

    rounds: int
    per_round: int
    meta_rate: float
    task: RoundTask
    """In a round"""
    online: RoundTask
    """Of an unseen device, before it is judged"""
    learner: Learner
    """Of the firmware"""
    evaluate_every: int

    @property
    def kept_samples(self) -> int:
        """Samples that a device keeps beside the one that it learns from."""
        return self.task.samples if self.task.passes > 1 else 0


def plan_of(config: FederateConfig, family: TaskFamily) -> FederationPlan:
    """Defaults that depend on the family and the strategy."""
    first, local = family.settings, config.strategy == "tinymetafed"
    rounds = config.rounds or first.rounds
    samples = config.samples or first.steps
    rate = config.learning_rate or first.learning_rate
    passes = config.passes or (REPTILE_PASSES if config.strategy == "reptile" else 1)
    task = RoundTask(
        rate=rate, samples=samples, passes=1 if config.strategy == "tinyreptile" else passes
    )
    online = RoundTask(rate=rate, samples=config.online_steps or first.online_steps)
    if local:
        own = config.local_rate or rate
        given = config.local_samples
        count = samples // LOCAL_SHARE if given is None else given
        task = replace(task, local_rate=own, local_samples=count, share=config.share)
        online = replace(online, local_rate=own)
    learner = Learner(
        "all",
        family.loss,
        rate,
        error_clip=first.error_clip,
        local_layers=config.local_layers if local else 0,
    )
    return FederationPlan(
        rounds,
        1 if config.strategy == "tinyreptile" else config.per_round,
        config.meta_rate or first.meta_rate,
        task,
        online,
        learner,
        config.evaluate_every or max(rounds // JUDGEMENTS, 1),
    )


def make_strategy(name: str, plan: FederationPlan, local: frozenset[str]) -> Strategy:
    """The strategy that a config names.

    Args:
        name: As `FederateConfig.strategy` has it.
        plan: Of the same config.
        local: Parameters that stay on the devices (tinymetafed).
    """
    if name == "fedavg":
        return FedAvg(
            fraction_train=NO_FRACTION,
            fraction_evaluate=0.0,
            min_train_nodes=plan.per_round,
            min_available_nodes=plan.per_round,
        )
    if name == "reptile":
        return Reptile(plan.task, plan.per_round, linear(plan.meta_rate, plan.rounds))
    if name == "tinyreptile":
        return TinyReptile(plan.task, plan.rounds, plan.meta_rate)
    return TinyMetaFed(plan.task, plan.per_round, plan.rounds, local, plan.meta_rate)

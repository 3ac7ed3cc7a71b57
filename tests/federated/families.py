"""A federation without boards, as the stage makes one."""

from __future__ import annotations

from tinyssl.compiler import compile
from tinyssl.core.config import FederateConfig
from tinyssl.data.episodes import find_family
from tinyssl.federated.plan import plan_of
from tinyssl.federated.session import Federation
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.project.learning import with_training


def federation_of(config: FederateConfig) -> Federation:
    """Of the config's family."""
    family = find_family(config.task, config.data, config.seed)
    plan = plan_of(config, family)
    graph = with_training(read_model(write_model(family.network(config.seed))), plan.learner)
    return Federation(config, family, plan, compile(graph))

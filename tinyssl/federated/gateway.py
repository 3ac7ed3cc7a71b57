"""The gateway: one device of this computer under a Flower SuperNode, for deployments.

`client` and `server` are the two apps of examples/federated. A SuperNode starts `client` for each
message; what it needs stands in the SuperNode's `--node-config`, and in the run's configuration
for the server (docs/federated.md).
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from flwr.app import Context, RecordDict, UserConfig
from flwr.app.message import Message
from flwr.serverapp import Grid, ServerApp

from tinyssl.bench.subject import load_model
from tinyssl.bench.target import check_identity, find_target
from tinyssl.core.config import BenchConfig, FederateConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.data.episodes import find_family
from tinyssl.device import open_link
from tinyssl.federated.client import Node, client_app
from tinyssl.federated.guard import Exchange, GuardedGrid
from tinyssl.federated.learners import LocalLearner, SerialLearner, learning_values
from tinyssl.federated.plan import make_strategy, plan_of
from tinyssl.federated.population import Ends, FamilySamples, always
from tinyssl.federated.rounds import Checkpoint, Parameters, RoundServer
from tinyssl.federated.sparse import check_change
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import Model
from tinyssl.graph.training import local_parameters

EXCHANGES, PARAMETERS = "exchanges.jsonl", "parameters.npz"
"""What the server writes into the folder `out`"""


class GatewayNode(Node):
    """A node that gives the line back after each message: the next may come to another process."""

    def train(self, message: Message) -> RecordDict:
        """See `Node`."""
        try:
            return super().train(message)
        finally:
            self.close()

    def evaluate(self, message: Message) -> RecordDict:
        """See `Node`."""
        try:
            return super().evaluate(message)
        finally:
            self.close()


def gateway_node(context: Context) -> Node:
    """The device that the SuperNode's configuration names.

    Its keys: `workspace` (folder), `board`, `task` and `device` (number of the device in the
    family of tasks); perhaps `port`, `data` and `timeout`.

    Raises:
        UsageError: A key is missing, or there is no such build.
    """
    config = context.node_config
    workspace = Workspace(Path(_text(config, "workspace")))
    board, port = _text(config, "board"), config.get("port")
    found = find_target(BenchConfig(board=board, serial=str(port) if port else None), workspace)
    model, _ = load_model(found.info)
    data = config.get("data")
    family = find_family(_text(config, "task"), Path(str(data)) if data else None)
    samples = FamilySamples(family, Ends.of(model), always(int(config.get("device", 0))))
    timeout = float(config.get("timeout", 30.0))

    def connect() -> LocalLearner:
        link = open_link(found.port, found.baud)
        learner = SerialLearner(link, model, found.board, timeout=timeout)
        try:
            check_identity(learner.identity, found)
        except BaseException:
            learner.close()
            raise
        return learner

    return GatewayNode(connect, samples)


client = client_app(gateway_node)
server = ServerApp()


@server.main()
def serve(grid: Grid, context: Context) -> None:
    """Rounds of a strategy over whatever devices are there.

    Keys of the run's configuration: `workspace`, `board` (of any build of the model: where the
    parameters begin), `out` (folder), and settings of `tinyssl federate` by their names.
    """
    logging.getLogger("flwr").setLevel(logging.INFO)
    run = context.run_config
    model = _built_model(Workspace(Path(_text(run, "workspace"))), _text(run, "board"))
    config = federate_config(run)
    plan = plan_of(config, find_family(config.task, config.data, config.seed))
    local = local_parameters(model)
    out = Path(_text(run, "out"))
    out.mkdir(parents=True, exist_ok=True)
    with (out / EXCHANGES).open("w", encoding="utf-8") as file:

        def told(exchange: Exchange) -> None:
            file.write(json.dumps(asdict(exchange)) + "\n")
            file.flush()

        strategy = make_strategy(config.strategy, plan, local)
        guarded = GuardedGrid(grid, check_change, told)
        rounds = RoundServer(
            strategy, guarded, plan.task, config.seed, lambda done: done.save(out / PARAMETERS)
        )
        first = {n: v for n, v in first_parameters(model).items() if n not in local}
        rounds.run(Checkpoint(0, first), plan.rounds)


def federate_config(run: UserConfig) -> FederateConfig:
    """Settings of `tinyssl federate` among those of a run; dashes stand for underscores."""
    names = {each.name for each in fields(FederateConfig)}
    given: dict[str, Any] = {key.replace("-", "_"): value for key, value in run.items()}
    return FederateConfig(**{name: given[name] for name in names & given.keys()})


def first_parameters(model: Model) -> Parameters:
    """What learns, with the values that the firmware is built with."""
    values = learning_values(named_values(model))
    return {value.name: model.tensor(value.index).array().copy() for value in values}


def _built_model(workspace: Workspace, board: str) -> Model:
    model, _ = load_model(BuildInfo.load(workspace.builds / board, workspace.root))
    return model


def _text(config: UserConfig, key: str) -> str:
    value = config.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(
            f"the configuration has no {key}",
            hint="docs/federated.md lists the keys of --node-config and of the run",
        )
    return value

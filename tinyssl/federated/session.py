"""One federation: its nodes, its rounds, and how it is judged.

The stage `federate` gives it boards and a place for figures; it knows neither records nor builds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flwr.clientapp.typing import Mod
from flwr.serverapp.strategy import FedAvg

from tinyssl.compiler import Program
from tinyssl.core.config import FederateConfig
from tinyssl.core.errors import UsageError
from tinyssl.data.episodes import Group, TaskFamily
from tinyssl.federated.adaptation import Adaptation, adapt
from tinyssl.federated.client import Node
from tinyssl.federated.grid import AT_ONCE, FIRST_ID, DeviceGrid
from tinyssl.federated.guard import Exchange, GuardedGrid
from tinyssl.federated.learners import HostLearner, LocalLearner, SharedLearner
from tinyssl.federated.plan import FederationPlan, make_strategy
from tinyssl.federated.population import Ends, FamilySamples, always, in_turn
from tinyssl.federated.records import to_arrays
from tinyssl.federated.rounds import Checkpoint, Parameters, RoundServer
from tinyssl.federated.sparse import check_change
from tinyssl.federated.twins import Serialised, Twins
from tinyssl.graph.training import local_parameters

Watch = Callable[[bytes, bool], None]
MANY = 1000
"""Devices of a family that has as many as you ask for"""


@dataclass(frozen=True)
class Connection:
    """A board that takes part."""

    name: str
    connect: Callable[[], LocalLearner]


@dataclass
class Federation:
    """Devices of a family, on boards and simulated.

    Args:
        config: What was asked for.
        family: Gives each device its samples.
        plan: Of both.
        program: Our C on this computer: what is simulated, the twins of boards, the judge.
        boards: Connections to them.
    """

    config: FederateConfig
    family: TaskFamily
    plan: FederationPlan
    program: Program
    boards: Sequence[Connection] = ()
    watch: Watch | None = None
    """Told the bytes of every message of the rounds, and whether it goes to a node"""

    def __post_init__(self) -> None:
        logging.getLogger("flwr").setLevel(logging.ERROR)  # it tells what the record holds
        self.host = HostLearner(self.program)
        self.ends = Ends.of(self.program.graph)
        self.local = local_parameters(self.program.graph)
        self.twins = self._twins(self._train_samples)
        self.unseen_twins = self._twins(self._unseen_samples)
        if self.simulated + len(self.boards) < self.plan.per_round:
            raise UsageError(
                f"{self.plan.per_round} devices are to learn in a round, and there are "
                f"{self.simulated + len(self.boards)}",
                hint="lower --per-round, or raise --simulate",
            )

    @property
    def simulated(self) -> int:
        """Devices that this computer simulates."""
        if self.config.simulate is not None:
            return self.config.simulate
        return 0 if self.boards else self.devices

    @cached_property
    def devices(self) -> int:
        """Of the family, that take part."""
        known = self.family.devices(Group.TRAIN)
        return MANY if known is None else known

    @cached_property
    def first(self) -> Parameters:
        """Those that the firmware is built with."""
        self.host.first_values()
        return self.host.learnt({value.name for value in self.host.parameters})

    def board_of(self, node: int) -> str:
        """Name of the board that is a node of the grid; empty for a simulated one."""
        place = node - FIRST_ID
        return self.boards[place].name if place < len(self.boards) else ""

    def common(self, parameters: Parameters) -> Parameters:
        """Without what stays on the devices."""
        return {name: each for name, each in parameters.items() if name not in self.local}

    def train(
        self,
        start: Checkpoint,
        told: Callable[[Exchange], None],
        after: Callable[[Checkpoint], None],
    ) -> Parameters:
        """All rounds that are left.

        Args:
            start: Where to begin.
            told: Given each message's fate.
            after: Given what is there after each round.
        """
        simulator = SharedLearner(self.program)
        connects = [board.connect for board in self.boards]
        connects += [lambda: simulator] * self.simulated
        nodes = [Node(each, self._train_samples(at)) for at, each in enumerate(connects)]
        mods: list[Mod] = [Serialised(len(self.boards)), self.twins]
        with DeviceGrid(nodes, mods, watch=self.watch, at_once=self._at_once) as devices:
            grid = GuardedGrid(devices, check_change, told)
            strategy = make_strategy(self.config.strategy, self.plan, self.local)
            server = RoundServer(
                strategy, grid, self.plan.task, self.config.seed, after, self.config.save
            )
            return server.run(start, self.plan.rounds)

    def judge(self, parameters: Parameters, passes: int = 1) -> Adaptation:
        """How well parameters suit unseen devices, on this computer.

        Args:
            parameters: Where each device begins.
            passes: Over its online samples.
        """
        known = self.family.devices(Group.UNSEEN)
        count = self.config.unseen if known is None else min(known, self.config.unseen)
        devices = [self.family.device(Group.UNSEEN, number) for number in range(count)]
        task = replace(self.plan.online, passes=passes)
        return adapt(self.host, self.ends, self.common(parameters), devices, task)

    def judge_boards(self, parameters: Parameters) -> dict[str, dict[str, Any]]:
        """Each board as an unseen device, in messages of Flower's type `evaluate`.

        Returns:
            By the board's name, before and after the online steps: metrics and figures of the
            device, or `reason` where it did not answer.
        """
        nodes = [
            Node(board.connect, self._unseen_samples(place))
            for place, board in enumerate(self.boards)
        ]
        arrays = to_arrays(self.common(parameters))
        found: dict[str, dict[str, Any]] = {board.name: {} for board in self.boards}
        with DeviceGrid(nodes, [self.unseen_twins], at_once=self._at_once) as devices:
            for when, samples in (("before", 0), ("after", self.plan.online.samples)):
                grid = GuardedGrid(devices)
                task = replace(self.plan.online, samples=samples)
                strategy = FedAvg(fraction_train=0.0, min_evaluate_nodes=1, min_available_nodes=1)
                strategy.start(grid, arrays, 1, evaluate_config=task.config())
                for each in grid.exchanges:
                    name = self.boards[each.node - FIRST_ID].name
                    found[name][when] = _figures(each)
        return found

    @property
    def _at_once(self) -> int:
        """Simulated devices share a learner, so one of them works at a time."""
        return min(len(self.boards) + 1, AT_ONCE)

    def _alone(self, place: int) -> Callable[[int], int]:
        """Which device a node stands for, by round."""
        boards = len(self.boards)
        if place < boards:
            return in_turn(self.config.seed, place, self.devices)
        return always((place - boards) % self.devices)

    def _train_samples(self, place: int) -> FamilySamples:
        return FamilySamples(self.family, self.ends, self._alone(place))

    def _unseen_samples(self, place: int) -> FamilySamples:
        known = self.family.devices(Group.UNSEEN)
        number = place if known is None else place % known
        return FamilySamples(self.family, self.ends, always(number), Group.UNSEEN)

    def _twins(self, samples: Callable[[int], FamilySamples]) -> Twins:
        places = range(len(self.boards)) if self.config.check else range(0)
        return Twins({at: Node(lambda: HostLearner(self.program), samples(at)) for at in places})


def _figures(exchange: Exchange) -> dict[str, Any]:
    if exchange.reason:
        return {"reason": exchange.reason}
    return {**exchange.metrics, **exchange.device}

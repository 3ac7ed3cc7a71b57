"""Rounds of a Flower strategy that can go on where they were stopped."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.core.files import write_atomic
from tinyssl.federated.records import SAVE, RoundTask, from_arrays, to_arrays

Parameters = dict[str, NDArray[Any]]
"""By name"""
ROUND = "round"
"""Name of the number beside the parameters in a checkpoint"""
LONGEST = 3600.0
"""Seconds that the devices of a round may take"""


@dataclass(frozen=True)
class Checkpoint:
    """What a server needs to go on."""

    round: int
    """The last one that is done; 0: none"""
    parameters: Parameters

    def save(self, path: Path) -> None:
        """Replaces the file in one step: a server that is killed leaves this one or the last."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **self.parameters, **{ROUND: np.array(self.round)})
        write_atomic(path, buffer.getvalue())

    @staticmethod
    def load(path: Path) -> Checkpoint:
        """What `save` wrote.

        Raises:
            DataError: The file is damaged.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            return Checkpoint(int(arrays.pop(ROUND)), arrays)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(f"{path} is no checkpoint: {error}", hint="begin anew") from error


class Continued(Strategy):
    """A strategy whose first round is another than 1.

    Each round draws its nodes by a seed of its own, so that a run that was stopped goes on as it
    would have.

    Args:
        strategy: Any of Flower's message API.
        done: Rounds before.
        seed: Of the draws.
        save_in: Round in which devices write what they learn to flash; 0: in none.
    """

    def __init__(self, strategy: Strategy, done: int, seed: int, save_in: int = 0) -> None:
        self.strategy, self.done, self.seed, self.save_in = strategy, done, seed, save_in

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """See `Strategy`."""
        number = self.done + server_round
        config[SAVE] = number == self.save_in
        random.seed(f"{self.seed} {number}")  # Flower draws nodes by the module's generator
        return self.strategy.configure_train(number, arrays, config, grid)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """See `Strategy`."""
        return self.strategy.aggregate_train(self.done + server_round, replies)

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """See `Strategy`."""
        return self.strategy.configure_evaluate(self.done + server_round, arrays, config, grid)

    def aggregate_evaluate(
        self, server_round: int, replies: Iterable[Message]
    ) -> MetricRecord | None:
        """See `Strategy`."""
        return self.strategy.aggregate_evaluate(self.done + server_round, replies)

    def summary(self) -> None:
        """See `Strategy`."""
        self.strategy.summary()


@dataclass(frozen=True)
class RoundServer:
    """Rounds of a strategy over the devices of a grid."""

    strategy: Strategy
    grid: Grid
    task: RoundTask
    """What a device does, for strategies that do not say so themselves (Flower's own)"""
    seed: int
    """Of the draws of nodes"""
    after: Callable[[Checkpoint], None]
    """Told what is there after each round"""
    save: bool = False
    """Let devices write what they learn to flash, in the last round"""

    def run(self, start: Checkpoint, rounds: int) -> Parameters:
        """Rounds up to `rounds`, from where a checkpoint is; the parameters in the end."""

        def told(number: int, arrays: ArrayRecord) -> None:
            if number:
                self.after(Checkpoint(start.round + number, from_arrays(arrays)))

        if start.round >= rounds:
            return start.parameters
        save_in = rounds if self.save else 0
        result = Continued(self.strategy, start.round, self.seed, save_in).start(
            self.grid,
            to_arrays(start.parameters),
            rounds - start.round,
            LONGEST,
            self.task.config(),
            evaluate_fn=told,
        )
        return from_arrays(result.arrays) if result.arrays else start.parameters

"""A board that was built, flashed and learns, beside the same C on this computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tinyssl import compiler
from tinyssl.bench.latency import Unit, summary_stats, unit_of
from tinyssl.bench.subject import load_model
from tinyssl.bench.target import check_identity, find_target
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig
from tinyssl.core.records import BuildInfo, Workspace
from tinyssl.device import Session, open_link
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.project import stop_emulators
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.host import HostModel
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tools.learning_table.row import Costs

SECONDS = 120.0
"""To wait for an answer"""


@dataclass
class LearningDevice:
    """Both take the same steps; `costs` says what they took and whether they stayed equal."""

    device: DeviceModel
    host: HostModel
    info: BuildInfo
    unit: Unit
    equal: bool = True
    inferences: list[int] = field(default_factory=list)
    training: list[int] = field(default_factory=list)

    def restore(self, values: Feeds, *, device: bool = True) -> None:
        """Parameters by name, in both. Names that are missing stay as they are.

        Args:
            values: The parameters.
            device: False: only on this computer, for steps that the device does not take.
        """
        for model in (self.device, self.host) if device else (self.host,):
            model.restore({**model.snapshot(), **values})

    def step(self, feeds: Feeds, targets: Feeds) -> bool:
        """One training step in both; whether something was learnt."""
        step = self.device.train(feeds, targets)
        self.equal &= self.host.train(feeds, targets) == step.learnt
        self.inferences.append(step.inference_ticks)
        self.training.append(step.training_ticks)
        return step.learnt

    def run(self, feeds: Feeds) -> Outputs:
        """The device's outputs, which must be this computer's."""
        found, here = self.device.run(feeds), self.host.run(feeds)
        self.equal &= all(found[name].tobytes() == here[name].tobytes() for name in here)
        return found

    def compare(self) -> Outputs:
        """The device's parameters, which must have this computer's bits."""
        found, here = self.device.snapshot(), self.host.snapshot()
        self.equal &= all(found[name].tobytes() == here[name].tobytes() for name in here)
        return found

    def costs(self) -> Costs:
        """After some steps, all of which were compared."""
        return Costs(
            ram=self.info.sizes["ram"],
            flash=self.info.sizes["flash"],
            inference=summary_stats(self.inferences, self.unit)["median"],
            step=summary_stats(self.training, self.unit)["median"],
            steps=len(self.training),
            equal=self.equal,
        )


@contextmanager
def learning_device(config: BuildConfig, folder: Path) -> Iterator[LearningDevice]:
    """Builds with `--train`, flashes the emulated board, and ends it afterwards.

    Args:
        config: With `board`, `model` and `train`.
        folder: Of the workspace; several devices may share one.

    Raises:
        TinysslError: A step failed.
    """
    workspace = Workspace(folder)
    build(config, workspace)
    try:
        flash(FlashConfig(board=config.board), workspace)
        target = find_target(BenchConfig(board=config.board), workspace)
        model, _ = load_model(target.info)
        with (
            Session(open_link(target.port, target.baud), SECONDS) as session,
            HostModel(compiler.compile(model)) as host,
        ):
            session.sync()
            identity = session.identity()
            check_identity(identity, target)
            device = DeviceModel(session, model)
            yield LearningDevice(device, host, target.info, unit_of(target.board, identity))
    finally:
        stop_emulators(workspace)

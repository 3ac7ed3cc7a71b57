"""What a command function gets: the workspace, the progress display and resolved configs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tinyssl.core.config import STAGES, BenchConfig, BuildConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import Workspace
from tinyssl.core.settings import ConfigFile, Layer, Setting, fields_of, merge, resolve
from tinyssl.targets.boards import find_board

Config = TypeVar("Config")


@dataclass(frozen=True)
class Call:
    """One invocation of a command, with all its sources of settings."""

    workspace: Workspace
    progress: Progress
    file: ConfigFile
    environment: Mapping[str, Layer] = field(default_factory=dict)
    flags: Mapping[str, Layer] = field(default_factory=dict)
    """Stage -> what was given on the command line"""

    def given(self, config: type) -> bool:
        """True where any source but the defaults says something about `config`."""
        return any(self._user_layers(_stage(config)))

    def config(self, config: type[Config], **previous: Any) -> Config:
        """Resolves a stage's config.

        Args:
            config: The config class.
            previous: Values that stand in for the defaults, from the stage before (`tinyssl run`).

        Raises:
            UsageError: A value is not allowed.
        """
        layers = self._user_layers(_stage(config))
        before = {
            name: Setting(value, f"{name} (stage before)") for name, value in previous.items()
        }
        board = _board_layer(config, merge([*layers, before]))
        return resolve(config, [*layers, board, before])

    def _user_layers(self, stage: str) -> list[Layer]:
        sources = (self.flags, self.environment, self.file.layers)
        return [source.get(stage, {}) for source in sources]

    def board_overridden(self, board: str) -> Call:
        """The same call with `--board board` for each stage that runs on a board."""
        return self.overridden(("build", "flash", "bench"), board=board)

    def overridden(self, stages: Sequence[str], **values: object) -> Call:
        """The same call with values for some stages, as if flags had set them; None: not given."""
        given = {
            name: Setting(value, f"--{name}") for name, value in values.items() if value is not None
        }
        changed = {stage: {**self.flags.get(stage, {}), **given} for stage in stages}
        return replace(self, flags={**self.flags, **changed})


def _stage(config: type) -> str:
    return next(name for name, known in STAGES.items() if known is config)


def _board_layer(config: type, merged: Layer) -> Layer:
    """What the board file says about a stage: the budgets of a build, the baud rate of a bench."""
    if config not in (BuildConfig, BenchConfig):
        return {}
    default = fields_of(_stage(config))["board"].default
    setting = merged.get("board", Setting(default, "--board"))
    if setting.value is None:
        return {}
    try:
        board = find_board(str(setting.value))
    except UsageError as error:
        raise UsageError(f"{setting.origin}: {error.message}", hint=error.hint) from error
    values = {"baud": board.tinyssl.serial.baud}
    if config is BuildConfig:
        values = {
            "flash_budget": board.tinyssl.budget.flash,
            "ram_budget": board.tinyssl.budget.ram,
        }
    return {name: Setting(value, f"board {board.id}: {name}") for name, value in values.items()}

"""The errors that tinyssl raises, as a tree. Every one carries a hint that says what to do next.

TinysslError                exit 1
├── UsageError              exit 2   an option, a config value or a name that cannot be right
├── DataError               exit 1   images that cannot be read, empty folders, unknown archives
├── TrainingError           exit 1   non-finite loss, broken checkpoint
├── ModelError              exit 1   a model file that is damaged
│   ├── UnsupportedModel    exit 1   a sound model that uses something tinyssl does not do
│   └── InterpreterFailed   exit 1   TFLM or LiteRT died, hung or ran out of memory on the model
├── BuildError              exit 1   the compiler or PlatformIO failed
├── ToolMissing             exit 1   a program or a Python extra is not installed
├── GateFailed              exit 3   a figure is on the wrong side of its limit
│   ├── BudgetExceeded               flash or RAM larger than the board's budget
│   ├── AccuracyDrop                 INT8 loses more than was allowed
│   ├── AccuracyTooLow               the linear probe is below the accuracy asked for
│   ├── Collapsed                    training made all embeddings alike
│   └── Mismatch                     two engines, or device and build, that should agree do not
├── DeviceNotFound          exit 4   no port, no probe, more than one, or one that is busy
├── DeviceTimeout           exit 5   the device did not answer in time
└── DeviceError             exit 1   the device answered with an error, a bad CRC, or was reset
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_GATE = 3
EXIT_NOT_FOUND = 4
EXIT_TIMEOUT = 5
EXIT_INTERRUPTED = 130


class TinysslError(Exception):
    """Root of the tree.

    Args:
        message: What happened, with the number that was wrong.
        hint: What to do next, in one sentence; may name a command.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Failure:
    """An error as the user sees it, in a table, in JSON or on stderr."""

    kind: str
    """Name of the error class"""
    code: int
    """Exit code"""
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: TinysslError) -> Failure:
        """What an error of the tree says."""
        return cls(type(error).__name__, error.exit_code, error.message, error.hint)


class UsageError(TinysslError):
    """An option, a config value or a name that cannot be right."""

    exit_code = EXIT_USAGE


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean X? ` for the closest known name, else an empty text."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}? " if near else ""


def unknown_name(what: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a `name` that is not among `known`: suggests the nearest, lists all.

    `what` says what it should be a name of, as in "backbone".
    """
    names = sorted(known)
    hint = f"{nearest(name, names)}known: {', '.join(names)}"
    return UsageError(f"no {what} {name!r}", hint=hint)


class DataError(TinysslError):
    """Images or labels that cannot be read or make no sense."""


class TrainingError(TinysslError):
    """Training cannot go on: non-finite loss, damaged checkpoint."""


class ModelError(TinysslError):
    """A model file is damaged or breaks a rule of the IR."""


@dataclass(frozen=True)
class Blocker:
    """One thing in a sound model that is not supported."""

    place: str
    """`#3 CONV_2D`, `tensor 0 (in)`, or empty for the whole model"""
    text: str
    """What is not supported, as it follows the place"""
    hint: str = ""


class UnsupportedModel(ModelError):
    """A sound model that uses an operator, version, type or shape that tinyssl does not do.

    Args:
        message: Names all that is not supported.
        hint: What to do.
        blockers: What the message names, one by one; see `graph.blockers`.
    """

    def __init__(self, message: str, hint: str = "", blockers: Iterable[Blocker] = ()) -> None:
        super().__init__(message, hint)
        self.blockers = tuple(blockers) or (Blocker("", message, hint),)


class InterpreterFailed(ModelError):
    """TensorFlow Lite Micro or LiteRT died, hung or ran out of memory on a model."""


class BuildError(TinysslError):
    """The compiler or PlatformIO failed."""


class ToolMissing(TinysslError):
    """A program or a Python extra is not installed; the hint holds the command that installs it."""


class GateFailed(TinysslError):
    """A figure is on the wrong side of its limit."""

    exit_code = EXIT_GATE


class BudgetExceeded(GateFailed):
    """Flash or RAM larger than the board's budget."""


class AccuracyDrop(GateFailed):
    """INT8 loses more accuracy than was allowed."""


class AccuracyTooLow(GateFailed):
    """The linear probe is below the accuracy that was asked for."""


class Collapsed(GateFailed):
    """Training made all embeddings alike."""


class Mismatch(GateFailed):
    """Two things that must agree byte for byte do not: engines, or device and build."""


class DeviceNotFound(TinysslError):
    """No port or probe, more than one, or one that is busy."""

    exit_code = EXIT_NOT_FOUND


class DeviceTimeout(TinysslError):
    """The device did not answer in time."""

    exit_code = EXIT_TIMEOUT


class DeviceError(TinysslError):
    """The device answered with an error or a bad CRC, or was reset in mid-run."""

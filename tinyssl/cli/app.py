"""The group `tinyssl`: loads a command when it is called, and turns errors into exit codes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click.exceptions
import rich_click as click_rich

from tinyssl.cli.common import CONTEXT, global_options
from tinyssl.cli.output import print_failure, print_traceback
from tinyssl.core import plugins
from tinyssl.core.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    Failure,
    TinysslError,
    nearest,
)

COMMANDS = {
    "doctor": "Check compilers, emulator, ports and disk; say how to repair them",
    "data": "Show what a data set holds and how it is split",
    "pretrain": "Train a backbone on images, without labels",
    "teachers": "List the frozen teachers, or measure their features",
    "watch": "Show how a pretrain run goes, live",
    "probe": "Measure a backbone: linear probe and kNN on frozen features",
    "evaluate": "Few labels, fine-tuning, corrupted images: float, INT8 and on a board",
    "compare": "Put pretrain runs side by side: accuracy, cost, gap to supervised",
    "convert": "Turn backbone and head into one canonical INT8 .tflite",
    "verify": "Prove that our C and TFLite Micro agree byte for byte",
    "build": "Generate C and build a firmware image for a board",
    "flash": "Put the last build on its board, or start its emulator",
    "tune": "Measure which operators to compute in one call, and keep the fastest",
    "bench": "Measure latency, accuracy and memory on the device",
    "learn": "Let the device learn from samples; accuracy before and after",
    "federate": "Let many devices learn together, without sending a sample (Flower)",
    "report": "Write one HTML page from the records",
    "boards": "List the boards, or show one",
    "ports": "List serial ports and running emulators",
    "fit": "From a few labelled photographs to firmware, with a trained backbone",
    "predict": "Ask a model about pictures or WAV files, on this computer",
    "run": "Do all stages of a tinyssl.toml",
    "zoo": "List the trained models that come along, show one, add one",
    "fleet": "Show the devices that are there, or put the best models onto them",
    "catalog": "Know models and boards as one graph, and say what runs where",
    "serve": "Show the workspace as web pages: fleet, models, runs",
    "table": "Compare methods: many runs, one table, one document",
}
"""Command -> its line in --help; each lives in the module of its name, as `command`"""

EPILOG = (
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 gate failed (budget, accuracy, mismatch), "
    "4 device not found, 5 device timeout, 130 Ctrl-C. Settings: flag, then "
    "TINYSSL_<STAGE>_<FIELD>, then tinyssl.toml, then the board file, then the default."
)


EXTRAS = {
    "flwr": "federated",
    "pyoxigraph": "catalog",
    "pyshacl": "catalog",
    "ray": "federated",
    "starlette": "serve",
    "uvicorn": "serve",
    "rdflib": "catalog",
}
"""Package -> the extra that brings it; all others: train"""


class _Summary(click_rich.RichCommand):
    """Stands for a command in the group's help, so that --help loads none of them."""


class CommandGroup(click_rich.RichGroup):
    """Commands by name, loaded when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        if ctx.meta.get("tinyssl.help"):
            return _Summary(name=name, help=COMMANDS[name])
        command: click.Command = importlib.import_module(f"tinyssl.cli.{name}").command
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        ctx.meta["tinyssl.help"] = True
        super().format_help(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.exceptions.UsageError(_unknown(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Runs the command line; always raises SystemExit with the documented code."""
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            code = super().main(given, *rest, **extra)
        except click.exceptions.Abort as abort:
            hint = str(abort.__context__ or "")  # the KeyboardInterrupt: how to go on
            failure = Failure("Interrupted", EXIT_INTERRUPTED, "interrupted", hint)
            print_failure(_command(given), failure, as_json="--json" in given)
            code = failure.code
        except Exception as error:  # the last line of defence: a message, not a traceback
            failure = describe(error)
            if "-v" in given or "--verbose" in given:
                print_traceback(error)
            print_failure(_command(given), failure, as_json="--json" in given)
            code = failure.code
        sys.exit(code if isinstance(code, int) else 0)


def _unknown(name: str) -> str:
    return f"no such command {name!r}. {nearest(name, COMMANDS)}Commands: {', '.join(COMMANDS)}"


def _command(args: Sequence[str]) -> str:
    return next((arg for arg in args if arg in COMMANDS), "")


def describe(error: Exception) -> Failure:
    """What the user is told about an exception, with the exit code."""
    kind = type(error).__name__
    if isinstance(error, TinysslError):
        return Failure.of(error)
    if isinstance(error, click.exceptions.ClickException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "tinyssl"
        hint = f"`{path} --help` tells what it takes"
        return Failure("UsageError", EXIT_USAGE, error.format_message(), hint)
    place = plugins.failed_in(error)
    if place:
        message = f"the plug-in failed at {place}: {kind}: {error}"
        return Failure(kind, EXIT_FAILED, message, "correct the plug-in; -v shows the traceback")
    if isinstance(error, ModuleNotFoundError):
        return _missing(error)
    if isinstance(error, OSError):
        return Failure(
            kind, EXIT_FAILED, str(error), "check the path, its permissions and the disk"
        )
    message = f"{kind}: {error} (this is a bug in tinyssl)"
    return Failure(kind, EXIT_FAILED, message, "run it again with -v and report the traceback")


def _missing(error: ModuleNotFoundError) -> Failure:
    """A Python package that is not installed: which extra brings it."""
    extra = EXTRAS.get(str(error.name).partition(".")[0], "train")
    return Failure(
        "ToolMissing",
        EXIT_FAILED,
        f"the Python package {error.name} is not installed",
        f"pip install 'tinyssl[{extra}]'",
    )


def _group() -> CommandGroup:
    return CommandGroup(
        name="tinyssl",
        params=[*global_options(), _version_option()],
        help="From a folder of unlabelled images to a measured microcontroller.",
        epilog=EPILOG,
        context_settings=CONTEXT,
    )


def _version_option() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            from tinyssl import __version__

            click.echo(f"tinyssl {__version__}")
            ctx.exit()

    return click_rich.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=show,
        help="Show the version and exit",
    )  # fmt: skip


cli = _group()

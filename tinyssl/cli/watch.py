"""`tinyssl watch`: how a pretrain run goes, live, from another terminal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, plain
from tinyssl.core.errors import UsageError
from tinyssl.core.records import Workspace
from tinyssl.monitor.display import Display, choose_display
from tinyssl.monitor.follow import Follower
from tinyssl.monitor.state import RunState, complaints
from tinyssl.monitor.view import View, lines_of
from tinyssl.stages.call import Call

POLL = 1.0
"""Seconds between two looks at the files"""
PAGE = (100, 40)
"""Columns and lines of the view that --once prints"""


def watch(call: Call, run: str | None, once: bool) -> Result:
    """Show how a pretrain run goes: curves, figures, time left, and what looks bad.

    RUN is a folder, or its name below runs/; default: the one that is running, else the last one.
    Ends when the run ends, or with Ctrl-C, which leaves the run alone. Where the output is no
    terminal it prints a line now and then.
    """
    follower = Follower(find_run(call.workspace, run))
    state = follower.read()
    if once:
        return Result(summary(follower, state), lines_of(View(state), *PAGE))
    with choose_display() as display:
        follow(follower, display)
    return Result(summary(follower, follower.state), (f"run: {follower.folder}",))


def find_run(workspace: Workspace, name: str | None) -> Path:
    """The folder of the run that is meant.

    Raises:
        UsageError: There is none.
    """
    if name is not None:
        path = Path(name)
        return path if path.is_dir() else workspace.runs / name
    runs = workspace.all("pretrain")
    if not runs:
        raise UsageError(
            f"no pretrain run in {workspace.runs}",
            hint="start one with `tinyssl pretrain`, or name the workspace with -w",
        )
    running = [run for run in runs if run.status == "running"]
    return (running or runs)[-1].folder


def follow(follower: Follower, display: Display) -> None:
    """Shows the run until it ends or Ctrl-C."""
    display.show(follower.read())
    try:
        while follower.state.status == "running":
            time.sleep(POLL)
            display.show(follower.read())
    except KeyboardInterrupt:  # leaving is how watching ends: no error
        return


def summary(follower: Follower, state: RunState) -> dict[str, Any]:
    """The run's state for programs."""
    last = {
        key: value
        for row in (state.epochs[-1:], state.steps[-1:])
        for r in row
        for key, value in r.items()
    }
    return {
        "run": follower.folder,
        "status": state.status,
        "epoch": state.epoch,
        "epochs": state.facts.epochs,
        "seconds_left": state.seconds_left,
        "figures": plain({k: v for k, v in last.items() if k != "event"}),
        "complaints": complaints(state),
    }


command = make_command(
    watch,
    own=(
        click.Argument(["run"], required=False, metavar="[RUN]"),
        click.RichOption(["--once"], is_flag=True, help="Print the state of this moment and end"),
    ),
)

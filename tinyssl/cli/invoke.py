"""Runs a command function: gathers its settings, guards stdout, prints its result."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import rich_click as click

from tinyssl.cli.options import read_flags, split_values
from tinyssl.cli.output import Result, print_result, print_warning, results_only, show_warning
from tinyssl.core.paths import existing
from tinyssl.core.plugins import PluginChanged
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.core.settings import FILE_NAME, read_environment, read_file
from tinyssl.monitor.progress import choose_progress
from tinyssl.stages.call import Call


def invoke(ctx: click.Context, execute: Callable[..., Result], values: Mapping[str, Any]) -> None:
    """Runs `execute` with what was given before and after the command's name."""
    common, staged, own = split_values(values)
    common = _combined(ctx.parent.params if ctx.parent else {}, common)
    with results_only(show=common["verbose"]), warnings.catch_warnings():
        warnings.showwarning = show_warning
        if not common["verbose"]:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", PluginChanged)
        result = execute(make_call(common, staged), **own)
    print_result(str(ctx.info_name), result, as_json=common["json"])
    ctx.exit(result.exit_code)


def _combined(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Global options; what stands after the command's name wins."""
    return {name: value or outer.get(name) for name, value in inner.items()}


def make_call(common: Mapping[str, Any], staged: Mapping[str, Any]) -> Call:
    """Reads all sources of settings.

    Raises:
        UsageError: A key or a variable is unknown, or the named config file is missing.
    """
    environ = os.environ
    root = Path(common["workspace"] or environ.get("TINYSSL_WORKSPACE") or ".").absolute()
    named = common["config"] or environ.get("TINYSSL_CONFIG")
    progress = choose_progress(environ, quiet=common["quiet"], verbose=common["verbose"])
    silent = isinstance(progress, Silent) and not common["quiet"]
    note = print_warning if silent else progress.note  # damage is told of in a pipe, too
    return Call(
        workspace=Workspace(root, note=note),
        progress=progress,
        file=read_file(existing(named, "--config") or root / FILE_NAME),
        environment=read_environment(environ),
        flags=read_flags(staged),
    )

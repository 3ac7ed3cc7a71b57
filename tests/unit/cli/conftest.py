"""Runs the real command line in an empty workspace, with a clean environment."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tinyssl.cli.app import cli

ROOT = Path(__file__).resolve().parents[3]
Invoke = Callable[..., Result]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("TINYSSL_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # processes find this checkout from elsewhere
    monkeypatch.setenv("TINYSSL_ZOO", str(tmp_path / "zoo"))  # empty, whatever is shipped
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def invoke(workspace: Path) -> Invoke:
    def run(*args: str, **environment: str) -> Result:
        return CliRunner().invoke(cli, list(args), env=environment, prog_name="tinyssl")

    return run


def parsed(result: Result) -> dict[str, Any]:
    """The JSON object on stdout; fails where there is anything else."""
    content: dict[str, Any] = json.loads(result.stdout)
    return content

"""A new user's three commands for a device that learns, exactly as the README has them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinyssl.cli.app import cli
from tinyssl.core.records import Workspace
from tinyssl.project import stop_emulators

pytestmark = [pytest.mark.emulator, pytest.mark.nightly]

ROOT = Path(__file__).resolve().parents[2]
SECTION = "## A device that learns\n"


def commands() -> list[list[str]]:
    """The blocks of the section, each a list of lines without their remarks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(SECTION)[1].split("\n## ")[0]
    blocks = re.findall(r"```\n(.*?)```", text, flags=re.DOTALL)
    return [[line.split("  #")[0].strip() for line in each.strip().split("\n")] for each in blocks]


@pytest.mark.parametrize(("number", "name", "known"), [(0, "doorbell", 8), (1, "stop_sign", 100)])
def test_three_commands_teach_a_new_class(
    number: int, name: str, known: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # as a clean clone, but what they leave lies elsewhere
    assert len(commands()[number]) == 3
    try:
        for line in commands()[number]:
            words = [*shlex.split(line)[1:], "--workspace", str(tmp_path), "--json"]
            done = CliRunner().invoke(cli, words, prog_name="tinyssl")
            assert done.exit_code == 0, f"{line}: {done.output}"
        results = json.loads(done.stdout)["results"]
    finally:
        stop_emulators(Workspace(tmp_path))
    assert (results["equal"], results["refused"]) == (1, 0)
    assert len(results["class_names"]) == known + 1
    assert results["class_names"][-1] == name
    assert "class 0" not in results["class_names"]
    own = results["classes"][name]
    assert (own["before"], own["after"]) == (0.0, 1.0)
    if number == 0:  # the zoo's model comes without test pictures
        assert results["accuracy_before"] - results["accuracy_after"] < 0.05

"""The other pretrainings of a workspace that differ in the seed only."""

from __future__ import annotations

from typing import Any

from tinyssl.core.records import RunRecord, Workspace
from tinyssl.report.compare import NOT_A_SETTING, ComparedRow, rows

MEASURING = ("probe", "convert", "bench")


def over_seeds(pretrain: RunRecord | None, workspace: Workspace) -> ComparedRow | None:
    """The row of `tinyssl compare` that a pretraining belongs to; None where it stands alone.

    Args:
        pretrain: A run of the workspace.
        workspace: Where its siblings are, and what was measured of them.
    """
    if pretrain is None:
        return None
    own = _settings(pretrain)
    alike = [run for run in workspace.all("pretrain") if _settings(run) == own]
    if len(alike) < 2:
        return None
    measured = [run for kind in MEASURING for run in workspace.all(kind)]
    found = rows([*alike, *measured])
    return next((row for row in found if pretrain.folder.name in row.runs), None)


def _settings(run: RunRecord) -> dict[str, Any]:
    content = run.config if isinstance(run.config, dict) else {}
    return {name: value for name, value in content.items() if name not in NOT_A_SETTING}

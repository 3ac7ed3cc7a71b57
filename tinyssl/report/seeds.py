"""The other pretrainings of a workspace that differ in the seed only."""

from __future__ import annotations

from tinyssl.core.records import RunRecord, Workspace
from tinyssl.report.compare import ComparedRow, rows

MEASURING = ("probe", "convert", "bench")


def over_seeds(pretrain: RunRecord | None, workspace: Workspace) -> ComparedRow | None:
    """The row of `tinyssl compare` that a pretraining belongs to; None where it stands alone.

    Args:
        pretrain: A run of the workspace.
        workspace: Where its siblings are, and what was measured of them.
    """
    if pretrain is None:
        return None
    method = pretrain.config.get("method")
    alike = [run for run in workspace.all("pretrain") if run.config.get("method") == method]
    measured = [run for kind in MEASURING for run in workspace.all(kind)]
    found = rows([*alike, *measured])
    own = next((row for row in found if pretrain.folder.name in row.runs), None)
    return None if own is None or len(own.runs) < 2 else own

"""What a table reads off one run."""

from __future__ import annotations

from tinyssl.core.records import RunRecord, step_of


def last_step(run: RunRecord) -> int:
    """The last step of which a pretrain run has logged figures."""
    return max((step_of(row) for row in run.metrics()), default=0)


def has_failed(run: RunRecord, forgive: str) -> bool:
    """True where the run failed; one that started before `forgive` (ISO 8601) is to be repeated."""
    return run.status == "failed" and run.started >= forgive

"""What each command with `--resume` begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.core.records import RunRecord, hold_run, read_record


@contextmanager
def held_run(
    folder: Path, kind: str, progress: Progress, *, main: bool = True
) -> Iterator[RunRecord]:
    """The record of a run to go on with; nobody else writes there meanwhile.

    Args:
        folder: The run's folder.
        kind: Which the run must be of.
        progress: Told where the run is complete.
        main: False in the further processes of a run, whose first one holds the lock.

    Raises:
        UsageError: `folder` holds no readable record or one of another kind, or another process
            is writing there.
    """
    found = read_record(folder).kind
    if found != kind:
        raise UsageError(f"{folder} is a {found} run", hint=f"name a {kind} run")
    lock = hold_run(folder) if main else None
    try:
        record = read_record(folder)  # by whoever held the lock, it may be complete now
        if record.status == "complete":
            progress.note(f"{folder} is complete: nothing to resume")
        yield record
    finally:
        if lock is not None:
            lock.release()

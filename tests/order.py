"""The longest tests come first, a share for each worker, so that none is left alone at the end.

For `pytest -n N --dist worksteal`: a worker gets one row of neighbours, which keeps what the tests
of a file share, and takes half of another's rest when it has done its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest

LONGEST = (
    "unit/table/test_table_run.py::test_whole_table_is_run_once_and_its_document_written",
    "unit/learn/train/test_distributed.py::test_two_processes_are_one_with_the_doubled_batch",
    "emulator/test_protocol_fuzz.py::test_as_many_lines_as_fit",
    "unit/cli/test_cli_pipeline.py::test_run_does_all_steps_and_ends_with_the_table",
    "unit/learn/train/test_sigkill.py::test_killed_processes_end_with_the_same_bits",
    "emulator/test_one_command.py::test_a_model_of_each_framework_is_measured",
    "emulator/test_other_kinds.py::test_sound_is_classified_on_the_board",
    "unit/zoo/test_fit.py::test_photographs_become_firmware_that_gives_the_right_bytes",
    "unit/table/test_table_run.py::test_minutes_end_a_table_before_they_are_over",
)
"""More than a quarter of a minute on two cores, the longest first; below `tests`"""

Item = TypeVar("Item")


def rank(node_id: str) -> int:
    """Place among the longest; their number for all others."""
    name = node_id.removeprefix("tests/").partition("[")[0]
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def arrange(longest: Sequence[Item], others: Sequence[Item], workers: int) -> list[Item]:
    """All of them; the row that `worksteal` gives a worker begins with its share of the longest."""
    found: list[Item] = []
    rest = list(others)
    left = len(longest) + len(others)
    for worker in range(workers):
        first = list(longest[worker::workers])
        row = left // (workers - worker)
        left -= row
        count = max(row - len(first), 0)
        found += first + rest[:count]
        rest = rest[count:]
    return found + rest


def longest_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Arranges the tests in a worker of pytest-xdist; all workers come to the same order."""
    given: dict[str, int] | None = getattr(config, "workerinput", None)
    if given is None:
        return
    longest = [item for item in items if rank(item.nodeid) < len(LONGEST)]
    longest.sort(key=lambda item: rank(item.nodeid))
    others = [item for item in items if rank(item.nodeid) == len(LONGEST)]
    items[:] = arrange(longest, others, given["workercount"])

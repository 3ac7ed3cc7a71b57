"""A whole comparison as one command: rows of methods, seeds, real runs, one document."""

from __future__ import annotations

from tinyssl.table.cells import Cell, make_cells
from tinyssl.table.estimate import Estimate, estimate, probe_seconds
from tinyssl.table.outcome import Outcome, State, look_up
from tinyssl.table.schedule import How, Scheduler
from tinyssl.table.spec import Row, TableSpec, read_table

__all__ = [
    "Cell",
    "Estimate",
    "How",
    "Outcome",
    "Row",
    "Scheduler",
    "State",
    "TableSpec",
    "estimate",
    "look_up",
    "make_cells",
    "probe_seconds",
    "read_table",
]

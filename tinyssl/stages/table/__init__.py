"""A whole comparison as one command: rows of methods, seeds, real runs, one document."""

from __future__ import annotations

from tinyssl.stages.table.cells import Cell, make_cells
from tinyssl.stages.table.estimate import Estimate, estimate, probe_seconds
from tinyssl.stages.table.outcome import CellOutcome, CellState, look_up
from tinyssl.stages.table.schedule import How, Scheduler
from tinyssl.stages.table.spec import TableRow, TableSpec, read_table

__all__ = [
    "Cell",
    "CellOutcome",
    "CellState",
    "Estimate",
    "How",
    "Scheduler",
    "TableRow",
    "TableSpec",
    "estimate",
    "look_up",
    "make_cells",
    "probe_seconds",
    "read_table",
]

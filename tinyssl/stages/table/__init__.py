"""A whole comparison as one command: rows of methods, seeds, real runs, one document."""

from __future__ import annotations

from tinyssl.stages.table.cells import Cell, make_cells
from tinyssl.stages.table.estimate import Estimate, estimate, probe_seconds
from tinyssl.stages.table.outcome import CellOutcome, CellState, look_up
from tinyssl.stages.table.schedule import How, Scheduler
from tinyssl.stages.table.spec import TableRow, TableSpec, read_table
from tinyssl.stages.table.status import Left, left_of, span_text, whole

__all__ = [
    "Cell",
    "CellOutcome",
    "CellState",
    "Estimate",
    "How",
    "Left",
    "Scheduler",
    "TableRow",
    "TableSpec",
    "estimate",
    "left_of",
    "look_up",
    "make_cells",
    "probe_seconds",
    "read_table",
    "span_text",
    "whole",
]

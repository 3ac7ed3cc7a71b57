"""What is known of a model: a line of the CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tinyssl.verify.original import Referee

EQUAL, DIFFERS, REFUSED, FAILED = "equal", "differs", "refused", "failed"
RUNS = "runs"
TOO_LARGE = "does not fit"
SEPARATOR = " | "
"""Between the reasons of a model"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A model; text, as the CSV has it. Empty: not asked, or not known."""

    file: str
    """Path below the folder"""
    sha256: str
    bytes: int
    kind: str = ""
    """`quantised`, or `float` where no tensor is int8, uint8 or int16"""
    ends: str = ""
    """Element types of inputs and outputs: `int8 -> float32`"""
    tflm: str = ""
    """`runs`, or why TensorFlow Lite Micro does not run it"""
    result: str = ""
    """`equal`, `differs`, `refused`, or `failed`: a crash, or a check that took too long"""
    reasons: str = ""
    """All that tinyssl refuses in it, or what went wrong"""
    judge: str = ""
    """Whose bytes ours were compared with, as `tinyssl verify` chooses it"""
    inputs: int = 0
    """Compared on this computer"""
    board: str = ""
    """Emulated board that was asked for"""
    board_result: str = ""
    """`equal`, or what went wrong; `does not fit: …`"""
    board_inputs: int = 0
    """Compared there"""
    board_flash: int = 0
    board_ram: int = 0
    """Of the image, in bytes"""
    images: int = 0
    """That were asked for"""
    commit: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is one of those that the share is of."""
        return self.kind == "quantised" and self.tflm == RUNS

    @property
    def all_reasons(self) -> list[str]:
        return self.reasons.split(SEPARATOR) if self.reasons else []

    @property
    def key(self) -> tuple[str, str]:
        """File and content."""
        return self.file, self.sha256

    @property
    def wrong(self) -> bool:
        """Whether it differs or failed, here or on the board."""
        results = (self.result, self.board_result)
        return any(each.startswith((DIFFERS, FAILED)) for each in results)

    @property
    def told(self) -> str:
        """The result, and who judged it where that is not TensorFlow Lite Micro."""
        other = self.judge not in ("", Referee.TFLM.value)
        return f"{self.result} (judge: {self.judge})" if other else self.result

    @property
    def fits(self) -> bool:
        """Whether it was compared on the board, or would have been."""
        return bool(self.board_result) and not self.board_result.startswith(TOO_LARGE)


COLUMNS = tuple(field.name for field in fields(Row))
NUMBERS = tuple(field.name for field in fields(Row) if field.type == "int")


def parse_row(values: Mapping[str, Any]) -> Row:
    """A row from text."""
    known = {name: values[name] for name in COLUMNS if name in values}
    return Row(**known | {name: int(known[name]) for name in NUMBERS if name in known})


def short(text: str) -> str:
    """On one line, of a length that a table holds."""
    return " ".join(text.split())[:300]


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [parse_row(values) for values in csv.DictReader(file)]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes a CSV in the order of the files' names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in sorted(rows, key=lambda row: row.file):
            writer.writerow([getattr(row, name) for name in COLUMNS])
    part.replace(path)

"""The compared rows as text: columns only where there is data, footnotes for the marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinyssl.core.text import printable_lines
from tinyssl.report.compare import ComparedRow, Figure
from tinyssl.report.render import escape_markdown
from tinyssl.report.values import MISSING, day_span, interval


@dataclass(frozen=True)
class Compared:
    """A table of text, with what is said below it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    """`[1] …`: what a mark in the first column means, then how to read the figures"""

    def markdown(self) -> str:
        """A Markdown table; first column to the left, figures to the right."""
        ruler = ("---", *("---:" for _ in self.columns[1:]))
        lines = [self.columns, ruler, *self.rows]
        table = [f"| {' | '.join(map(_cell, line))} |" for line in lines]
        notes = [f"- {escape_markdown(note)}" for note in self.notes]
        return printable_lines("\n".join([*table, "", *notes])) + "\n"


def _cell(text: str) -> str:
    return text if text.startswith("---") else str(escape_markdown(text))


def table(found: Sequence[ComparedRow]) -> Compared:
    """Rows by linear probe, the best first; those without one at the end."""
    order = sorted(found, key=lambda row: -_mean(row, "linear"))
    numbers: dict[str, int] = {}
    for row in order:
        for mark in row.marks:
            numbers.setdefault(mark, len(numbers) + 1)
    columns = _read(ACCURACY, order) | _random_column(order) | _raw_columns(order)
    columns |= _read(COST, order)
    kept = {title: cells for title, cells in columns.items() if any(cells)}
    names = [row.label + "".join(f" [{numbers[mark]}]" for mark in row.marks) for row in order]
    lines = zip(names, *kept.values(), strict=True)
    return Compared(
        columns=("method", *kept),
        rows=tuple(tuple(cell or MISSING for cell in line) for line in lines),
        notes=tuple(f"[{number}] {mark}" for mark, number in numbers.items()) + _legend(order),
    )


def _read(
    columns: Mapping[str, Callable[[ComparedRow], str]], order: Sequence[ComparedRow]
) -> dict[str, list[str]]:
    """Title -> cells."""
    return {title: [read(row) for row in order] for title, read in columns.items()}


def _legend(order: Sequence[ComparedRow]) -> tuple[str, ...]:
    """What the figures are, once below the table."""
    if not order:
        return ()
    images = sorted({f"{row.data} ({row.fingerprint[:12]})" for row in order})
    machines = sorted({row.machine for row in order})
    dates = [date for row in order for date in row.dates]
    commits = sorted({commit for row in order for commit in row.commits})
    return (
        "accuracies in percent of the test images; ± is the sample standard deviation over n runs "
        "with other seeds, or, where n is 1, over the repeats inside the run",
        *_counted_on(order),
        f"images: {', '.join(images)}; backbone: {', '.join(sorted({r.backbone for r in order}))}",
        "time: training alone, then the teacher's features, computed once for all runs; on "
        + "; ".join(machines),
        f"measured {day_span(dates) or MISSING}, "
        f"tinyssl at commit {', '.join(commits) or MISSING} (+: with changes)",
    )


def _counted_on(order: Sequence[ComparedRow]) -> tuple[str, ...]:
    """On how many images the accuracies were counted, and what guessing is right in."""
    known = sorted({row.test_images for row in order if row.test_images})
    guesses = sorted({f"{100 * row.figures['majority'].mean:.2f} %" for row in order
                      if "majority" in row.figures})  # fmt: skip
    notes = []
    if known:
        counts = ", ".join(f"{images:,}" for images in known)
        notes.append(
            f"95 % interval: Wilson's, from the {counts} test images; the spread over seeds is not "
            "in it"
        )
    if guesses:
        notes.append(f"always answering the most frequent class is right in {', '.join(guesses)}")
    return tuple(notes)


def _mean(row: ComparedRow, name: str) -> float:
    figure = row.figures.get(name)
    return -1.0 if figure is None else figure.mean


def _random_column(order: Sequence[ComparedRow]) -> dict[str, list[str]]:
    """The random baseline of each row, unless a row of the table is that baseline."""
    if any(row.method == "random" for row in order):
        return {}
    return {"random weights": [_percent("linear_random")(row) for row in order]}


def _raw_columns(order: Sequence[ComparedRow]) -> dict[str, list[str]]:
    """What the pixels give without a network."""
    return {
        "pixels, linear": [_percent("linear_raw")(row) for row in order],
        "pixels, kNN": [_percent("knn_raw")(row) for row in order],
    }


def _percent(name: str) -> Callable[[ComparedRow], str]:
    def read(row: ComparedRow) -> str:
        figure = row.figures.get(name)
        return "" if figure is None else spread_text(figure)

    return read


def spread_text(figure: Figure) -> str:
    """A fraction as `62.71 ± 0.53`, in percent."""
    std = "" if figure.std is None else f" ± {100 * figure.std:.2f}"
    return f"{100 * figure.mean:.2f}{std}"


def _interval(row: ComparedRow) -> str:
    figure = row.figures.get("linear")
    known = figure is not None and row.test_images
    return interval(figure.mean, row.test_images) if figure is not None and known else ""


def _gap(row: ComparedRow) -> str:
    if row.gap is None or row.ratio is None:
        return ""
    return f"{100 * row.gap:+.2f} ({100 * row.ratio:.1f} %)"


def _seconds(row: ComparedRow) -> str:
    figure, teacher = row.figures.get("seconds"), row.figures.get("teacher_seconds")
    if figure is None:
        return ""
    shared = f" + {_duration(teacher.mean)}" if teacher is not None and teacher.mean >= 1 else ""
    return _duration(figure.mean) + shared


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _rate(row: ComparedRow) -> str:
    figure = row.figures.get("images_per_second")
    return "" if figure is None else f"{figure.mean:,.0f}"


def _count(name: str) -> Callable[[ComparedRow], str]:
    return lambda row: f"{row.parameters[name]:,}" if row.parameters.get(name) else ""


ACCURACY: dict[str, Callable[[ComparedRow], str]] = {
    "n": lambda row: str(len(row.runs)),
    "epochs": lambda row: str(row.epochs) if row.epochs else "",
    "linear probe": _percent("linear"),
    "95 % interval": _interval,
    "to supervised": _gap,
    "kNN": _percent("knn"),
    "1 % labels": _percent("few_1"),
    "10 % labels": _percent("few_10"),
    "20 % labels": _percent("few_20"),
    "fine-tuned": _percent("finetune"),
    "fine-tuned, 1 %": _percent("finetune_few_1"),
    "fine-tuned, 10 %": _percent("finetune_few_10"),
    "fine-tuned, 20 %": _percent("finetune_few_20"),
    "corrupted": _percent("corruption"),
    "INT8": _percent("int8"),
    "INT8, corrupted": _percent("corruption_int8"),
    "INT8, board": _percent("board"),
    "board = host, byte for byte": _percent("board_equal"),
}
"""What it is right in. Title -> text of a row; a column of empty texts is left out"""
COST: dict[str, Callable[[ComparedRow], str]] = {
    "images seen": lambda row: f"{row.images_seen:,}" if row.images_seen else "",
    "time": _seconds,
    "images/s": _rate,
    "parameters": _count("backbone"),
    "trained beside": _count("heads"),
    "teacher": lambda row: row.teacher,
}
"""What it took, likewise"""

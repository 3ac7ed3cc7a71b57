"""The summary that is printed, and docs/coverage.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tools.model_coverage.row import EQUAL, REFUSED, RUNS, Row

INTRODUCTION = """\
# Coverage of models

Written by `make model-coverage`; do not edit. Every quantised model of a folder that TensorFlow
Lite Micro runs on this computer counts. It is covered where tinyssl takes the file as it is and its
C, compiled for this computer, gives the same bytes as TensorFlow Lite Micro on {images} inputs: the
extremes, quiet ones, and noise. A model with states gets them as sequences of 32. TensorFlow Lite
Micro takes sizes that a file leaves open at their word; where its bytes are other ones for that,
LiteRT's reference kernels judge, which work these sizes out, as in `tinyssl verify`. The row says
so. Models that TensorFlow Lite Micro does not run don't count.
[operators.md](operators.md) lists the operators.
{board}
Commit {commit}, {date}, {machine}; folder `{folder}`, {count} files.
"""
BOARD = """
On the emulated `{board}` the same holds of the firmware, over its serial line, on {inputs} inputs:
extremes, quiet ones, and noise. The limit is the board's whole memory, not the budget of its file.
"""


def counted(rows: Sequence[Row]) -> list[Row]:
    """The models that the share is of."""
    return [row for row in rows if row.counts]


def share_text(rows: Sequence[Row]) -> str:
    """`57 of 250 (22.8 %)`."""
    equal = sum(row.result == EQUAL for row in rows)
    percent = 100 * equal / len(rows) if rows else 0.0
    return f"{equal} of {len(rows)} ({percent:.1f} %)"


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """Share, shares by ends, what is in the way, what went wrong."""
    models = counted(rows)
    yield f"Covered: {share_text(models)}."
    judged = sum(row.told != row.result for row in models)
    if judged:
        yield f"Of these, {judged} {'has' if judged == 1 else 'have'} another judge."
    on_board = [row for row in models if row.board_result]
    if on_board:
        fit = [row for row in on_board if row.fits]
        equal = sum(row.board_result == EQUAL for row in fit)
        yield (
            f"On the emulated {on_board[0].board}: {equal} equal of {len(fit)} that fit; "
            f"{len(on_board) - len(fit)} do not fit."
        )
    yield ""
    yield from _ends(models)
    yield from _reasons(models)
    yield from _wrong(models)


def _ends(models: Sequence[Row]) -> Iterator[str]:
    yield "| ends | covered |"
    yield "|---|---|"
    for ends, _ in Counter(row.ends for row in models).most_common():
        yield f"| {ends} | {share_text([row for row in models if row.ends == ends])} |"
    yield ""


def _reasons(models: Sequence[Row]) -> Iterator[str]:
    refused = [row for row in models if row.result == REFUSED]
    if not refused:
        return
    alone = Counter(row.reasons for row in refused if len(row.all_reasons) == 1)
    found = Counter(reason for row in refused for reason in row.all_reasons)
    yield "| models | the only reason | why refused |"
    yield "|--:|--:|---|"
    for reason, count in found.most_common():
        yield f"| {count} | {alone[reason] or ''} | {cell(reason)} |"
    yield ""


def _wrong(models: Sequence[Row]) -> Iterator[str]:
    for row in models:
        if row.result not in (EQUAL, REFUSED):
            yield f"- **{row.result}**: {row.file}: {cell(row.reasons)}"
        if row.board_result not in ("", EQUAL):
            yield f"- {row.board}: {row.file}: {cell(row.board_result)}"


def cell(text: str) -> str:
    """Text that a table holds."""
    return text.replace("|", "\\|")


def document(rows: Sequence[Row], folder: str, origin: Mapping[str, str]) -> str:
    """docs/coverage.md."""
    images = max((row.inputs for row in rows), default=0)
    board = _board(rows)
    head = INTRODUCTION.format(folder=folder, count=len(rows), images=images, board=board, **origin)
    return "\n".join([head, *summary(rows), *_models(rows)]).rstrip() + "\n"


def _board(rows: Sequence[Row]) -> str:
    on_board = [row for row in rows if row.board_inputs]
    if not on_board:
        return ""
    inputs = min(row.board_inputs for row in on_board)
    return BOARD.format(board=on_board[0].board, inputs=inputs)


def _models(rows: Sequence[Row]) -> Iterator[str]:
    board = next((row.board for row in rows if row.board_result), "")
    yield "## Models"
    yield ""
    yield "| file | bytes | ends | result |" + (f" {board} | flash | RAM |" if board else "")
    yield "|---|--:|---|---|" + ("---|--:|--:|" if board else "")
    for row in sorted(rows, key=lambda row: row.file):
        result = row.told
        if row.tflm != RUNS:
            result = f"{result}; TensorFlow Lite Micro: {row.tflm[:120]}"
        if row.kind == "float":
            result = f"float model; {result}"
        there = (cell(row.board_result), _size(row.board_flash), _size(row.board_ram))
        line = f"| {row.file} | {row.bytes:,} | {row.ends} | {cell(result)} |"
        yield line + (f" {' | '.join(there)} |" if board else "")


def _size(count: int) -> str:
    return f"{count:,}" if count else ""

"""The result of a stage that wrote a run record, for every stage alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.core.records import RunRecord
from tinyssl.data.spec import sample_noun

LISTED = 10
"""Broken pictures, and as many duplicates, that a result shows"""


def record_result(record: RunRecord) -> Result:
    """Folder, figures and files of a run; a verdict in words stands between them."""
    apart = ("verdict", "folds")
    files = {name: (record.folder / relative).resolve() for name, relative in record.files.items()}
    figures = {name: value for name, value in record.results.items() if name not in apart}
    return Result(
        data={
            "run": record.folder,
            "kind": record.kind,
            "status": record.status,
            "results": record.results,
            "files": files,
            "data": record.data,
        },
        blocks=(
            Table((record.kind, ""), value_rows(figures)),
            "",
            *warnings_of(record),
            *reading_lines(record.data),
            *(f"{name}: {path}" for name, path in files.items()),
            f"run: {record.folder}",
        ),
    )


def warnings_of(record: RunRecord) -> tuple[str, ...]:
    """What the stage has to say against its own figures, as a line."""
    said = record.results.get("verdict")
    return (f"warning: {said}",) if said else ()


def equal_lines(record: RunRecord) -> Iterator[str]:
    """What a bench run says of the bytes of its outputs; nothing where it compared none."""
    results = record.results
    if "equal" not in results:
        return
    count = results.get("images", results.get("inputs", 0))
    what = "noise inputs (the model has no test split)"
    if "audio" in results:
        what = "inferences"
    if record.data:
        what = f"test {sample_noun(record.data)}s"
    outputs = results.get("device", {}).get("outputs", 1)
    where = "" if outputs == 1 else f" in all {outputs} outputs"
    counted = f"{results['equal']:,} of {count:,} {what}"
    yield f"{counted} give the same bytes{where} as on this computer"


def reading_lines(data: Mapping[str, Any]) -> list[str]:
    """How a folder of pictures was understood, and what was left out of it.

    Args:
        data: What a record says about its images; of other sources there are no lines.
    """
    if not isinstance(data.get("layout"), Mapping):
        return []
    lines = [f"layout: {data['layout'].get('text', '')}"]
    lines += [f"warning: {text}" for text in data.get("warnings", [])]
    for part in data.get("left_out", []):
        lines.append(f"left out: {part['text']}")
        if "advice" in part:
            lines.append(f"          {part['advice']}")
    for kind in ("broken", "duplicates"):
        listed = data.get(kind, [])
        lines += [f"{kind}: {part['name']} ({part['reason']})" for part in listed[:LISTED]]
    return lines

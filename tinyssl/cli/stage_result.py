"""The result of a stage that wrote a run record, for every stage alike."""

from __future__ import annotations

from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.records import RunRecord


def record_result(record: RunRecord) -> Result:
    """Folder, figures and files of a run; a verdict in words stands between them."""
    files = {name: (record.folder / relative).resolve() for name, relative in record.files.items()}
    figures = {name: value for name, value in record.results.items() if name != "verdict"}
    return Result(
        data={
            "run": record.folder,
            "kind": record.kind,
            "status": record.status,
            "results": record.results,
            "files": files,
        },
        blocks=(
            Table((record.kind, ""), value_rows(figures)),
            "",
            *warnings_of(record),
            *(f"{name}: {path}" for name, path in files.items()),
            f"run: {record.folder}",
        ),
    )


def warnings_of(record: RunRecord) -> tuple[str, ...]:
    """What the stage has to say against its own figures, as a line."""
    said = record.results.get("verdict")
    return (f"warning: {said}",) if said else ()

"""The result of a stage that wrote a run record, for every stage alike."""

from __future__ import annotations

from tinyssl.cli.output import Result, Table, value_rows
from tinyssl.records import RunRecord


def record_result(record: RunRecord) -> Result:
    """Folder, figures and files of a run."""
    files = {name: (record.folder / relative).resolve() for name, relative in record.files.items()}
    return Result(
        data={
            "run": record.folder,
            "kind": record.kind,
            "status": record.status,
            "results": record.results,
            "files": files,
        },
        blocks=(
            Table((record.kind, ""), value_rows(record.results)),
            "",
            *(f"{name}: {path}" for name, path in files.items()),
            f"run: {record.folder}",
        ),
    )

"""Where the figures come from, and how to get them again."""

from __future__ import annotations

import shlex
from pathlib import PurePath

from tinyssl.core.records import RunRecord, short_commit
from tinyssl.data.spec import NOUNS
from tinyssl.report.chain import Chain, results
from tinyssl.report.page import Code, Column, Note, PageSection, PageTable
from tinyssl.report.values import MISSING, Fields, grouped


def environment(chain: Chain) -> PageSection:
    """Hashes, seeds, versions and machines."""
    lead = "What was used, exactly. Equal hashes mean equal files."
    return PageSection(
        "environment", "Environment", lead, (_identity(chain), _runs(chain), _versions(chain))
    )


def _identity(chain: Chain) -> PageTable:
    build = chain.build
    data = [Fields(run.data) for run in chain.runs if run.data]
    machine = Fields(chain.bench.machine)
    pairs = [
        ("Model SHA-256", build.model_sha256 if build else ""),
        ("Build id", build.build_id if build else ""),
        ("Data set", data[0].text("name") if data else ""),
        ("Samples", _samples(data[0]) if data else ""),
        ("Data fingerprint", data[0].text("fingerprint") if data else ""),
        ("Device", _device(chain)),
        ("Host", machine.text("system")),
        ("Host CPU", " × ".join(filter(None, (machine.text("cores"), machine.text("cpu"))))),
    ]
    return PageTable(
        (Column("Identity", numeric=False), Column("", numeric=False, code=True, wrap=True)),
        tuple((name, str(value) or MISSING) for name, value in pairs),
    )


def _samples(data: Fields) -> str:
    """What the data was: `1,200 clips, 49x40x1 int8`."""
    features, count = data.fields("features"), data.number("samples")
    if count is None:  # of an older version
        return f"{grouped(data.number('images'))} images"
    shape = features.get("shape")
    size = "x".join(map(str, shape)) if isinstance(shape, list) else ""
    noun = NOUNS.get(features.text("kind") or "", "sample")
    return f"{grouped(count)} {noun}s, {size} {features.text('dtype')}"


def _device(chain: Chain) -> str:
    """What answered, and how the line behaved."""
    bench = results(chain.bench)
    parts = (
        (bench.text("port"), "at {}"),
        (bench.text("protocol"), "protocol {}"),
        (bench.text("inputs_per_second"), "{} inputs/s"),
        (bench.text("retries"), "{} retries"),
    )
    said = ", ".join(form.format(value) for value, form in parts if value)
    return " ".join(filter(None, (bench.text("board"), said)))


def _runs(chain: Chain) -> PageTable:
    return PageTable(
        (
            Column("Run", numeric=False),
            Column("Started (UTC)", numeric=False),
            Column("Seed"),
            Column("Commit", numeric=False, code=True),
            Column("Record", numeric=False, code=True),
        ),
        tuple(
            (
                run.kind,
                str(run.started).replace("T", " ").removesuffix("+00:00"),
                MISSING if run.seed is None else str(run.seed),
                _commit(run),
                run.folder.name,
            )
            for run in chain.runs
        ),
        "A commit with + had changes that were not committed.",
    )


def _commit(run: RunRecord) -> str:
    return short_commit(str(run.commit or "")) or MISSING


def _versions(chain: Chain) -> PageTable:
    found: dict[str, str] = {}
    for run in chain.runs:
        if isinstance(run.versions, dict):
            found |= {str(name): str(version) for name, version in run.versions.items()}
    return PageTable(
        (Column("Package", numeric=False), Column("Version", numeric=False, code=True)),
        tuple(found.items()),
    )


def reproduce(chain: Chain) -> PageSection:
    """The commands of the runs, as they were typed."""
    lines = list(dict.fromkeys(line for run in chain.runs if (line := _command(run))))
    code = Code(tuple(lines), "In the folder that holds runs/ and build/.")
    lead = "The commands that made these figures, in order."
    if not lines:
        return PageSection("reproduce", "Reproduce", lead, (Note("The records hold no commands."),))
    return PageSection("reproduce", "Reproduce", lead, (code,))


def _command(run: RunRecord) -> str:
    words = [str(word) for word in run.command] if isinstance(run.command, list) else []
    if words and PurePath(words[0]).name in ("tinyssl", "__main__.py", "main.py"):
        words[0] = "tinyssl"
    return shlex.join(words)

"""How the backbone was trained."""

from __future__ import annotations

from tinyssl.core.errors import TinysslError
from tinyssl.core.records import RunRecord
from tinyssl.report import charts
from tinyssl.report.chain import Chain
from tinyssl.report.page import Block, Column, Note, PageSection, PageTable, Picture
from tinyssl.report.values import MISSING, Fields, decimal, grouped, number, rows


def training(chain: Chain) -> PageSection | None:
    """Loss and learning rate over the steps, then the settings."""
    blocks: list[Block] = []
    if chain.pretrain is not None:
        if (picture := _curve(chain.pretrain)) is not None:
            blocks.append(picture)
        blocks.append(_settings(chain.pretrain))
        if said := Fields(chain.pretrain.results).text("verdict"):
            blocks.append(Note(f"{said[:1].upper()}{said[1:]}.", "warn"))
    if not blocks:
        return None
    lead = (
        "The backbone learns from images without labels. What its features are worth stands under"
        " Accuracy."
    )
    return PageSection("training", "Training", lead, tuple(blocks))


def _metrics(run: RunRecord) -> list[Fields]:
    """The lines of single steps; those of whole epochs hold means over the same."""
    try:
        return [row for row in rows(run.metrics()) if row.text("event") in ("", "step")]
    except (TinysslError, OSError, ValueError):
        return []


def _curve(run: RunRecord) -> Picture | None:
    logged = _metrics(run)
    curves = []
    for label, key in (("loss", "loss"), ("learning rate", "lr")):
        points = [
            (float(step), value)
            for position, row in enumerate(logged)
            if (value := row.number(key)) is not None
            and (step := number(row.get("step"))) is not None
        ]
        if points:
            curves.append((label, sorted(points)))
    if not curves:
        return None
    return Picture(
        name="training",
        template="training",
        data=charts.training(curves),
        title=f"Training curve over {len(logged)} logged steps",
        caption="Loss and learning rate of the pretraining, as logged at each step;"
        f" more than {charts.MAX_POINTS} points are averaged in groups.",
    )


def _settings(run: RunRecord) -> PageTable:
    config, found = Fields(run.config), Fields(run.results)
    pairs = (
        ("Method", config.text("method")),
        ("Backbone", config.text("backbone")),
        ("Epochs", config.text("epochs")),
        ("Batch size", config.text("batch_size")),
        ("Last loss", decimal(found.number("loss"), 4)),
        ("Images/s", grouped(found.number("images_per_second"))),
        ("Seconds", grouped(found.number("seconds"))),
    )
    return PageTable(
        tuple(Column(name, numeric=index > 1) for index, (name, _) in enumerate(pairs)),
        (tuple(value or MISSING for _, value in pairs),),
    )

"""Accuracy of the three forms of the model, and which classes are taken for which."""

from __future__ import annotations

from tinyssl.report import maps
from tinyssl.report.chain import Chain, read_json, results
from tinyssl.report.page import Block, Column, Note, Picture, Section, Table
from tinyssl.report.values import MISSING, Fields, grouped, number, percent, ratio

MOST_CLASSES = 200
"""Larger matrices are no longer readable as a picture"""


def accuracy(chain: Chain) -> Section | None:
    """Float, INT8 on the host and INT8 on the device, over the same test images."""
    bench, convert = results(chain.bench), results(chain.convert)
    device = bench.number("accuracy_device")
    if device is None and convert.number("accuracy_int8") is None:
        return None
    images = bench.number("images")
    blocks: list[Block] = [_table(bench, convert)]
    if (picture := _confusion(chain)) is not None:
        blocks.append(picture)
    if device is None:
        blocks.append(Note("This bench run did not measure accuracy on the device.", "warn"))
    lead = "Share of test images whose most probable class is the right one."
    if images:
        lead += f" The device classified {grouped(images)} images, sent over its serial line."
    return Section("accuracy", "Accuracy", lead, tuple(blocks))


def agreement(bench: Fields) -> float | None:
    """Share of device outputs that equal the host reference in every byte."""
    share = bench.number("agreement")
    return share if share is not None else bench.fields("agreement").number("share", "fraction")


def _table(bench: Fields, convert: Fields) -> Table:
    share = agreement(bench)
    test = grouped(convert.number("test_images", "images"))
    measured = (
        ("Float32 on the host", convert.number("accuracy_float"), test, MISSING),
        ("INT8 on the host", convert.number("accuracy_int8"), test, "reference"),
        (
            "INT8 on the device",
            bench.number("accuracy_device"),
            grouped(bench.number("images")),
            percent(share),
        ),
    )
    return Table(
        (Column("Model", numeric=False), Column("Accuracy"), Column("Images"), Column("Agreement")),
        tuple((name, percent(value), count, same) for name, value, count, same in measured),
        "Agreement: share of images for which every output byte of the device equals the host"
        " reference.",
    )


def _confusion(chain: Chain) -> Picture | None:
    stored = read_json(chain.bench, "confusion")
    fields = Fields(stored)
    raw = stored if isinstance(stored, list) else fields.get("matrix", "counts")
    counts = _square(raw)
    if not counts or len(counts) > MOST_CLASSES:
        return None
    names = fields.get("class_names", "classes")
    known = isinstance(names, list) and len(names) == len(counts)
    labels = [str(name) for name in names] if known else [str(i) for i in range(len(counts))]
    right = sum(counts[index][index] for index in range(len(counts)))
    total = sum(map(sum, counts))
    return Picture(
        name="confusion",
        template="confusion",
        data=maps.matrix(counts, labels),
        title=f"Confusion matrix of the device over {len(counts)} classes",
        caption=f"Confusion matrix of the device: {grouped(right)} of {grouped(total)} images right"
        f" ({percent(ratio(right, total))}). Rows are the true class, columns the predicted one;"
        " colour deepens with the share of its row, mistakes are red.",
    )


def _square(raw: object) -> list[list[float]]:
    """A square matrix of counts, or nothing."""
    if not isinstance(raw, list) or not all(isinstance(line, list) for line in raw):
        return []
    counts = [[max(number(value) or 0.0, 0.0) for value in line] for line in raw]
    return counts if all(len(line) == len(counts) for line in counts) else []

"""Accuracy of the three forms of the model, what training adds, and which classes are confused."""

from __future__ import annotations

from tinyssl.core import plugins
from tinyssl.learn.tasks import TASKS, Metric, Task, recorded_task
from tinyssl.report import maps
from tinyssl.report.chain import Chain, results, stored_json
from tinyssl.report.page import Block, Column, Note, PageSection, PageTable, Picture
from tinyssl.report.sections.features import features
from tinyssl.report.values import MISSING, Fields, grouped, interval, number, percent, ratio

MOST_CLASSES = 200
"""Larger matrices are no longer readable as a picture"""


def accuracy(chain: Chain) -> PageSection | None:
    """Float, INT8 on the host and INT8 on the device, over the same test images."""
    bench, convert = results(chain.bench), results(chain.convert)
    task = task_of_chain(chain)
    if agreement(bench) is None and convert.number(f"{task.metric.name}_int8") is None:
        return None
    blocks: list[Block] = [_accuracy_table(bench, convert, task.metric)]
    if (difference := _difference(bench)) is not None:
        blocks.append(difference)
    blocks += features(chain)
    if (picture := _confusion(chain)) is not None:
        blocks.append(picture)
    if agreement(bench) is None:
        blocks.append(Note("This bench run did not measure accuracy on the device.", "warn"))
    return PageSection("accuracy", task.metric.title, _lead(bench, task), tuple(blocks))


def task_of_chain(chain: Chain) -> Task:
    """What the model was trained and measured for; records of older versions hold classifiers."""
    name = results(chain.convert).text("task")
    if chain.convert is not None and plugins.is_plugin(plugins.TASKS, name):
        return recorded_task(name, chain.convert)
    return TASKS.get(name, TASKS["classification"])


def agreement(bench: Fields) -> float | None:
    """Share of device outputs that equal the host reference in every byte."""
    return bench.number("agreement")


def compared(bench: Fields) -> float | None:
    """Inputs that went to the device: labelled test images, or noise where there are none."""
    images = bench.number("images")
    return images if images is not None else bench.number("inputs")


def _lead(bench: Fields, task: Task) -> str:
    inputs = bench.number("inputs")
    if inputs is not None:
        return (
            "The build names no test images, so the device's accuracy was not measured:"
            f" {grouped(inputs)} inputs of seeded noise compare it with the host."
        )
    lead = task.lead
    if images := bench.number("images"):
        lead += f" The device answered {grouped(images)} of them, sent over its serial line."
    return lead


def _accuracy_table(bench: Fields, convert: Fields, metric: Metric) -> PageTable:
    test, sent = convert.number("test_images"), compared(bench)
    name = metric.name
    host = bench.number(f"{name}_host")
    reference = {"tflm": "TensorFlow Lite Micro", "aot-host": "our C"}.get(bench.text("reference"))
    measured = (
        ("Float32 on the host", convert.number(f"{name}_float"), test, MISSING),
        (
            f"INT8 on the host{f', {reference}' if reference else ''}",
            host if host is not None else convert.number(f"{name}_int8"),
            test if host is None else sent,
            "reference",
        ),
        (
            "INT8 on the device",
            bench.number(f"{name}_device"),
            sent,
            percent(agreement(bench)),
        ),
    )
    return PageTable(
        (
            Column("Model", numeric=False),
            Column(metric.title),
            Column("95 % interval"),
            Column("Inputs"),
            Column("Agreement"),
        ),
        tuple(
            (
                form,
                MISSING if value is None else metric.text(value),
                interval(value, n) if metric.percent else MISSING,
                grouped(n),
                same,
            )
            for form, value, n, same in measured
        ),
        "Agreement: share of inputs for which every output byte of the device equals the host"
        " reference.",
    )


def _difference(bench: Fields) -> Note | None:
    first = bench.fields("first_difference")
    if first.number("byte") is None:
        return None
    return Note(
        f"Device and host differ. The first time: input {first.text('input')}, byte"
        f" {first.text('byte')} is {first.text('device')} on the device and"
        f" {first.text('reference')} in the reference.",
        "bad",
    )


def _confusion(chain: Chain) -> Picture | None:
    fields = Fields(stored_json(chain.bench, "confusion"))
    counts = _square(fields.get("matrix"))
    if not counts or len(counts) > MOST_CLASSES:
        return None
    names = fields.get("class_names")
    known = isinstance(names, list) and len(names) == len(counts)
    labels = [str(name) for name in names] if known else [str(i) for i in range(len(counts))]
    right = sum(counts[index][index] for index in range(len(counts)))
    total = sum(map(sum, counts))
    return Picture(
        name="confusion",
        template="confusion",
        data=maps.matrix(counts, labels),
        title=f"Confusion matrix of the device over {len(counts)} classes",
        caption=f"Confusion matrix of the device: {grouped(right)} of {grouped(total)} right"
        f" ({percent(ratio(right, total))}). Rows are the true class, columns the predicted one;"
        " colour deepens with the share of its row, mistakes are red.",
    )


def _square(raw: object) -> list[list[float]]:
    """A square matrix of counts, or nothing."""
    if not isinstance(raw, list) or not all(isinstance(line, list) for line in raw):
        return []
    counts = [[max(number(value) or 0.0, 0.0) for value in line] for line in raw]
    return counts if all(len(line) == len(counts) for line in counts) else []

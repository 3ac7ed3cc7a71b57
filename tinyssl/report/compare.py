"""Runs side by side, as in a paper: one row for all seeds of a setting.

    rows(records) -> list[Row]        figures, and the marks that say what is not comparable

`compare_table.table` makes a table of them.

Every figure is read from the records and none is filled in. A row whose images, epochs or seeds
differ from those of most rows carries a mark with its reason.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tinyssl.core.records import RunRecord, short_commit
from tinyssl.report.lineage import COLLAPSED, Lineage, lineages
from tinyssl.report.settings import options_of, settings_of
from tinyssl.report.values import MISSING, Fields
from tinyssl.report.verdicts import verdicts

FEW = {"0.01": "few_1", "0.1": "few_10", "0.2": "few_20"}


@dataclass(frozen=True)
class Figure:
    """A measured figure, over the seeds of a setting."""

    mean: float
    std: float | None
    """Sample standard deviation: over runs where there are several, else over the repeats inside
    the one run; None where it was measured once"""
    n: int
    """Pretrain runs"""

    @classmethod
    def of(cls, values: Sequence[tuple[float, float | None]]) -> Figure | None:
        """From (mean, std inside the run) of every run."""
        if not values:
            return None
        means = [mean for mean, _ in values]
        std = statistics.stdev(means) if len(means) > 1 else values[0][1]
        return cls(statistics.fmean(means), std, len(means))


@dataclass(frozen=True)
class ComparedRow:
    """One setting."""

    label: str
    """Method, with what distinguishes it from other rows of the same method"""
    method: str
    teacher: str
    """Name and input size, "supervised teacher" where it is one; empty without"""
    backbone: str
    data: str
    """Name of the images on which the accuracy was measured"""
    fingerprint: str
    """Of these images and their splits"""
    pretrain_fingerprint: str
    epochs: int
    """0 where nothing was trained"""
    images_seen: int
    """Epochs times training images"""
    seeds: tuple[int, ...]
    runs: tuple[str, ...]
    """Folder names of the pretrain runs, by seed"""
    machine: str
    dates: tuple[str, ...]
    """On which its runs ended, the measurements too"""
    commits: tuple[str, ...]
    """Of tinyssl in all these runs; + behind it: with changes"""
    test_images: int
    """On so many samples each accuracy was counted; 0: not known"""
    parameters: dict[str, int]
    """`backbone`, and `heads`: what is trained beside it and thrown away"""
    figures: dict[str, Figure]
    """linear, linear_random, linear_raw, knn, knn_raw (raw: of the pixels, no network), majority
    (always answering the most frequent class), few_1,
    few_10, few_20, finetune, finetune_few_1, …, corruption, clean, int8, corruption_int8, board,
    board_equal (fractions; the last is of outputs whose bytes are the host's); seconds,
    teacher_seconds, images_per_second"""
    collapsed: bool = False
    """At least one of its runs was stopped because all embeddings became alike"""
    gap: float | None = None
    """Linear probe minus that of the supervised row, as a fraction; None without one on the same
    images and backbone"""
    ratio: float | None = None
    """Linear probe by that of the supervised row"""
    marks: tuple[str, ...] = ()
    """What keeps this row from being compared with most others, a sentence each"""
    config: dict[str, Any] = field(default_factory=dict)
    """Settings in which rows may differ"""

    def verdicts(self) -> Iterator[str]:
        """What there is to say against its linear probe."""
        means = {name: figure.mean for name, figure in self.figures.items()}
        return verdicts(means, self.test_images, trained=self.method != "random")


def rows(records: Iterable[RunRecord]) -> list[ComparedRow]:
    """All pretrain runs among `records`, with what was measured of them, grouped by setting.

    Args:
        records: Runs of all kinds: those that belong to a pretrain run are found by its files.
    """
    known = lineages(records)
    groups: dict[str, list[Lineage]] = {}
    configs: dict[str, dict[str, Any]] = {}
    for lineage, config in zip(known, settings_of(known), strict=True):
        setting = _setting(lineage, config)
        groups.setdefault(setting, []).append(lineage)
        configs[setting] = config
    found = [
        replace(_summarise_seeds(sorted(group, key=_seed)), config=configs[setting])
        for setting, group in groups.items()
    ]
    return _with_gaps(_with_marks(_with_labels(found)))


def as_json(found: Sequence[ComparedRow]) -> list[dict[str, Any]]:
    """The rows as plain JSON values."""
    return [asdict(row) for row in found]


def _seed(lineage: Lineage) -> int:
    return lineage.pretrain.seed or 0


def _setting(lineage: Lineage, config: Mapping[str, Any]) -> str:
    """Equal for runs that differ in the seed only."""
    measured_on = lineage.data.text("fingerprint")
    return json.dumps([config, measured_on], sort_keys=True, default=str)


def _summarise_seeds(group: Sequence[Lineage]) -> ComparedRow:
    first = group[0].pretrain
    config, data = Fields(first.config), group[0].data
    trains = config.text("method") != "random"
    epochs = (config.integer("epochs") or 0) if trains else 0
    counts = config.fields("parameters")
    backbone, trained = counts.integer("backbone"), counts.integer("trained")
    parameters = {} if backbone is None else {"backbone": backbone}
    if backbone is not None and trained is not None and trains:
        parameters["heads"] = trained - backbone
    records = [run for lineage in group for run in lineage.records]
    return ComparedRow(
        label=config.text("method"),
        method=config.text("method"),
        teacher=_describe_teacher(config),
        backbone=_backbone(config),
        data=data.text("name"),
        fingerprint=data.text("fingerprint"),
        pretrain_fingerprint=Fields(first.data).text("fingerprint"),
        epochs=epochs,
        images_seen=epochs * (Fields(first.data).integer("train") or 0),
        seeds=tuple(_seed(lineage) for lineage in group),
        runs=tuple(lineage.pretrain.folder.name for lineage in group),
        machine=", ".join(sorted({describe_machine(lineage.pretrain) for lineage in group})),
        dates=tuple(sorted({run.finished[:10] for run in records if run.finished})),
        commits=tuple(sorted({short_commit(run.commit) for run in records if run.commit})),
        test_images=data.integer("test") or 0,
        parameters=parameters,
        figures=_collect_figures(group),
        collapsed=any(lineage.pretrain.error_kind == COLLAPSED for lineage in group),
    )


def _describe_teacher(config: Fields) -> str:
    teacher = config.fields("teacher")
    name = teacher.text("name")
    if not name:
        return ""
    kind = ", supervised teacher" if teacher.get("supervised") else ""
    return f"{name} at {teacher.text('image_size')} px{kind}"


def _backbone(config: Fields) -> str:
    stride = config.integer("stem_stride")
    return f"{config.text('backbone')}, stem stride {stride}"


def describe_machine(run: RunRecord) -> str:
    """The GPU, else the processor and its cores: `AMD EPYC (x86_64), 2 cores`."""
    machine = Fields(run.machine)
    kind, name = machine.text("cpu"), machine.text("processor")
    processor = f"{name} ({kind})" if name else kind
    return machine.text("gpu") or f"{processor}, {machine.text('cores')} cores"


def _collect_figures(group: Sequence[Lineage]) -> dict[str, Figure]:
    found: dict[str, list[tuple[float, float | None]]] = {}
    for lineage in group:
        for name, value in _measured(lineage).items():
            found.setdefault(name, []).append(value)
    figures = {name: Figure.of(values) for name, values in found.items()}
    return {name: figure for name, figure in figures.items() if figure is not None}


def _measured(lineage: Lineage) -> dict[str, tuple[float, float | None]]:
    """Name -> (mean, std inside the run) of one run."""
    pretrain, probe, evaluate, convert, int8, bench = (
        Fields(run.results if run is not None else None)
        for run in (
            lineage.pretrain,
            lineage.probe,
            lineage.evaluate,
            lineage.convert,
            lineage.evaluate_int8,
            lineage.bench,
        )
    )
    plain = {
        "seconds": pretrain.number("seconds"),
        "teacher_seconds": pretrain.number("teacher_seconds"),
        "images_per_second": pretrain.number("images_per_second"),
        "knn": probe.number("knn"),
        "linear_raw": probe.number("accuracy_raw"),
        "majority": probe.number("majority"),
        "knn_raw": probe.number("knn_raw"),
        "clean": evaluate.number("accuracy_clean"),
        "corruption": evaluate.number("accuracy_corrupted"),
        "int8": convert.number("accuracy_int8"),
        "corruption_int8": int8.number("accuracy_corrupted"),
        "board": bench.number("accuracy_device"),
        "board_equal": _board_equal_share(int8, bench),
    }
    found: dict[str, tuple[float, float | None]] = {
        name: (value, None) for name, value in plain.items() if value is not None
    }
    spread = {
        "linear": (probe.number("accuracy"), probe.number("accuracy_std")),
        "linear_random": (probe.number("accuracy_random"), probe.number("accuracy_std_random")),
    }
    for prefix in ("", "finetune_"):
        source = evaluate.fields(f"{prefix}few_labels")
        for share, name in FEW.items():
            entry = source.fields(share)
            spread[prefix + name] = (entry.number("accuracy"), entry.number("std"))
    entry = evaluate.fields("finetune")
    spread["finetune"] = (entry.number("accuracy"), entry.number("std"))
    found |= {name: (mean, std) for name, (mean, std) in spread.items() if mean is not None}
    return found


def _board_equal_share(evaluate: Fields, bench: Fields) -> float | None:
    """Share of the board's outputs that equal the host's in every byte, over all that was sent."""
    sent = [
        (evaluate.number("board_equal"), evaluate.number("board_inputs")),
        (bench.number("equal"), bench.number("images", "inputs")),
    ]
    known = [(equal, count) for equal, count in sent if equal is not None and count]
    return sum(equal for equal, _ in known) / sum(count for _, count in known) if known else None


def _with_labels(found: Sequence[ComparedRow]) -> list[ComparedRow]:
    """Adds to the labels of one method's rows what tells them apart."""
    names = {
        method: _telling([_flat(row.config) for row in found if row.method == method])
        for method in {row.method for row in found}
    }
    return [replace(row, label=_label(row, names[row.method])) for row in found]


def _telling(configs: Sequence[dict[str, Any]]) -> list[str]:
    """Settings in which the rows of one method differ; lists only where they alone tell."""
    differing = {name for config in configs for name in _differing(configs[0], config)}
    names = sorted(differing - {"images", "teacher"})
    plain = [n for n in names if not any(isinstance(c.get(n), list | dict) for c in configs)]
    told_apart = {tuple(config.get(name, MISSING) for name in plain) for config in configs}
    return plain if len(told_apart) == len(configs) else names


def _label(row: ComparedRow, names: Sequence[str]) -> str:
    config = _flat(row.config)
    parts = [f"{name}={config.get(name, MISSING)}" for name in names]
    return f"{row.method} ({', '.join(parts)})" if parts else row.method


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in config.items() if k != "method_config"} | options_of(config)


def _differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _with_marks(found: Sequence[ComparedRow]) -> list[ComparedRow]:
    """Marks rows whose images, epochs or seeds are not those of most rows."""
    usual = {
        "fingerprint": _most([row.fingerprint for row in found]),
        "pretrain_fingerprint": _most([row.pretrain_fingerprint for row in found]),
        "epochs": _most([row.epochs for row in found if row.epochs]),
        "seeds": _most([row.seeds for row in found]),
    }
    return [replace(row, marks=tuple(_marks(row, usual))) for row in found]


def _most(values: Sequence[Any]) -> Any:
    """The most frequent value, the first of equals; None where there is none."""
    return Counter(values).most_common(1)[0][0] if values else None


def _marks(row: ComparedRow, usual: dict[str, Any]) -> Iterable[str]:
    if row.fingerprint != usual["fingerprint"]:
        yield f"measured on other images ({row.data}, fingerprint {row.fingerprint[:12]})"
    if row.pretrain_fingerprint != usual["pretrain_fingerprint"]:
        yield f"pretrained on other images (fingerprint {row.pretrain_fingerprint[:12]})"
    if row.epochs and row.epochs != usual["epochs"]:
        yield f"{row.epochs} epochs, most rows {usual['epochs']}"
    if row.seeds != usual["seeds"]:
        yield f"seeds {_join_seeds(row.seeds)}, most rows {_join_seeds(usual['seeds'])}"
    yield from row.verdicts()
    if row.collapsed:
        yield "stopped: all embeddings became alike"


def _join_seeds(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _with_gaps(found: Sequence[ComparedRow]) -> list[ComparedRow]:
    """The distance to the supervised row on the same images with the same backbone."""
    bounds: dict[tuple[str, str], list[ComparedRow]] = {}
    for row in found:
        if row.method == "supervised" and "linear" in row.figures:
            bounds.setdefault((row.fingerprint, row.backbone), []).append(row)
    return [_with_gap(row, bounds.get((row.fingerprint, row.backbone), [])) for row in found]


def _with_gap(row: ComparedRow, bounds: Sequence[ComparedRow]) -> ComparedRow:
    own = row.figures.get("linear")
    if own is None or not bounds or row.method == "supervised":
        return row
    # of several supervised rows the one with the same epochs, else the longest
    bound = min(bounds, key=lambda other: (other.epochs != row.epochs, -other.epochs))
    best = bound.figures["linear"].mean
    if not best or not math.isfinite(best):
        return row
    marks = row.marks
    if row.epochs and bound.epochs != row.epochs:
        marks = (*marks, f"gap to a supervised run of {bound.epochs} epochs")
    return replace(row, gap=own.mean - best, ratio=own.mean / best, marks=marks)

"""What the training is worth: the trained features beside what there is without training."""

from __future__ import annotations

from tinyssl.data.spec import sample_noun
from tinyssl.report.chain import Chain, results
from tinyssl.report.page import Block, Column, Note, PageTable
from tinyssl.report.values import MISSING, Fields, grouped, interval, percent

CLASSIFIED = (
    ("Trained features", ""),
    ("Random weights", "_random"),
    ("Pixels, no network", "_raw"),
)
"""Name of the row, and the ending of its results"""


def features(chain: Chain) -> list[Block]:
    """Linear probe and kNN: trained, random weights, pixels; over the seeds; a verdict."""
    if chain.probe is None:
        return []
    found = results(chain.probe)
    blocks: list[Block] = [_features_table(found, _of_images(chain))]
    if (folds := found.fields("folds")).number("accuracy") is not None:
        blocks.append(_folds_table(folds, _of_images(chain)))
    if (spread := _over_seeds(chain)) is not None:
        blocks.append(spread)
    if said := found.text("verdict"):
        blocks.append(Note(f"{said[:1].upper()}{said[1:]}.", "warn"))
    return blocks


def _of_images(chain: Chain) -> bool:
    """Whether the probe's samples were images."""
    return chain.probe is None or sample_noun(chain.probe.data) == "image"


def _features_table(found: Fields, of_images: bool) -> PageTable:
    images = found.number("test_images")
    lines = []
    for name, ending in CLASSIFIED:
        linear, knn = found.number(f"accuracy{ending}"), found.number(f"knn{ending}")
        if linear is None and knn is None:
            continue
        shown = _classified(name, of_images)
        lines.append((shown, percent(linear), interval(linear, images), percent(knn)))
    if (majority := found.number("majority")) is not None:
        lines.append((_always(found), percent(majority), MISSING, MISSING))
    return PageTable(
        (
            Column("Classified", numeric=False),
            Column("Linear"),
            Column("95 % interval"),
            Column("kNN"),
        ),
        tuple(lines),
        "Accuracy on the test split in float32. Linear: a linear probe on the features of the"
        " frozen backbone, trained or as it was drawn before the training; on pixels a logistic"
        " regression. kNN keeps all training images. Interval: by Wilson, from the number of test"
        " images alone.",
    )


def _folds_table(folds: Fields, of_images: bool) -> PageTable:
    """All labelled samples, where there are few."""
    samples = folds.number("samples")
    lines = []
    for name, ending in CLASSIFIED:
        share = folds.number(f"accuracy{ending}")
        lines.append((_classified(name, of_images), percent(share), interval(share, samples)))
    lines.append((_always(folds), percent(folds.number("majority")), MISSING))
    how = f"{grouped(folds.number('repeats'))} x {grouped(folds.number('folds'))} stratified folds"
    return PageTable(
        (Column("Cross-validated", numeric=False), Column("Linear"), Column("95 % interval")),
        tuple(lines),
        f"All {grouped(samples)} labelled samples, each judged by a classifier that has not seen"
        f" it: {how}, logistic regression. Interval: by Wilson, from the number of samples.",
    )


def _classified(name: str, of_images: bool) -> str:
    return name if of_images else name.replace("Pixels", "Samples")


def _always(found: Fields) -> str:
    return f"Always “{found.text('majority_class')}”"


def _over_seeds(chain: Chain) -> Note | None:
    linear = chain.seeds.figures.get("linear") if chain.seeds is not None else None
    if chain.seeds is None or linear is None or linear.n < 2 or linear.std is None:
        return None
    seeds = ", ".join(map(str, chain.seeds.seeds))
    return Note(
        f"Linear probe over {linear.n} pretrainings that differ in the seed alone ({seeds}):"
        f" {100 * linear.mean:.2f} ± {100 * linear.std:.2f} % (mean ± sample standard deviation)."
    )


def without_training(chain: Chain) -> list[str]:
    """What a classifier reaches without training, for the card of the accuracy."""
    found = results(chain.probe)
    alone = "pixels" if _of_images(chain) else "samples"
    named = ((f"{alone} alone", "accuracy_raw"), ("random weights", "accuracy_random"))
    known = [(name, found.number(key)) for name, key in named]
    return [f"{name} {percent(share)}" for name, share in known if percent(share) != MISSING]

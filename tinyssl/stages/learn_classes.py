"""Names of the classes that a device knows: the build's, and those it was taught since."""

from __future__ import annotations

import numpy as np

from tinyssl.bench.target import BenchTarget
from tinyssl.core.errors import UsageError
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.device.flashed import Flashed
from tinyssl.graph.model import Model
from tinyssl.graph.passes.new_classes import growing_rows
from tinyssl.ops.common.new_classes import FREE_BELOW
from tinyssl.verify.subject import TestSplit

NAMES = "class_names"
"""Result of a `learn` run: the class of each score, without those that are free"""


def built_classes(model: Model) -> int | None:
    """Classes that a build with room for more has from its start; None without room."""
    rows = growing_rows(model)
    if rows is None:
        return None
    classes, bias = rows
    return classes - int(np.sum(np.asarray(model.tensor(bias).array()) < FREE_BELOW))


def known_classes(
    target: BenchTarget, model: Model, before: TestSplit | None, runs: Workspace, *, afresh: bool
) -> tuple[str, ...]:
    """The class of each score in front of the free ones.

    Args:
        target: The build, and where it runs.
        model: With its training step.
        before: Samples of the convert run that made the model.
        runs: Where earlier `learn` runs are.
        afresh: Whether the device begins with the parameters of the build.
    """
    built = built_classes(model)
    names = before.class_names if before else tuple(target.info.class_names)
    if built is None:
        return names
    if len(names) != built:  # a model from elsewhere, or a head that begins with no class
        names = tuple(f"class {number}" for number in range(built))
    taught = () if afresh else _taught(target, runs)
    return taught if taught[: len(names)] == names else names


def _taught(target: BenchTarget, runs: Workspace) -> tuple[str, ...]:
    """What the last `learn` run on this very firmware left; nothing where that is lost."""
    build = target.info.build_id
    same = (run for run in runs.newest("learn") if run.results.get("build_id") == build)
    found = next((run for run in same if NAMES in run.results), None)
    return tuple(found.results[NAMES]) if found is not None and _there(found, target) else ()


def _there(run: RunRecord, target: BenchTarget) -> bool:
    """Whether the device still has it: it was saved, or nothing was flashed since."""
    try:
        flashed = Flashed.load(target.folder).flashed
    except UsageError:  # by another program
        return True
    return "store" in run.results or run.started >= flashed

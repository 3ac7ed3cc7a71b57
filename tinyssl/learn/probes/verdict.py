"""One sentence where a training has brought nothing over what is there without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyssl.core.intervals import wilson

WITHOUT_TRAINING = {
    "accuracy_random": "the same backbone with random weights",
    "accuracy_raw": "logistic regression on the pixels",
}
"""Result of a probe run -> what it is the accuracy of"""


def verdict(results: Mapping[str, Any]) -> str:
    """Whether the linear probe is above the baselines; empty where it clearly is.

    Like is compared with like: all three are linear classifiers.

    Args:
        results: Of a probe run: `accuracy`, `test_images` and the baselines it has.
    """
    known = {name: results[name] for name in WITHOUT_TRAINING if name in results}
    if not known:
        return ""
    best = max(known, key=known.__getitem__)
    accuracy, images = results["accuracy"], results["test_images"]
    figures = f"linear probe {_percent(accuracy)}, {WITHOUT_TRAINING[best]} {_percent(known[best])}"
    if accuracy <= known[best]:
        return f"the training brought nothing: {figures}"
    if accuracy <= wilson(known[best], images)[1]:
        return f"{images} test images are too few to tell what the training brought: {figures}"
    return ""


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"

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
    if "mae" in results:
        return _verdict_of_numbers(results)
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


def _verdict_of_numbers(results: Mapping[str, Any]) -> str:
    """The same for a mean absolute error: smaller is better."""
    others = {
        "mae_mean": "the mean of the training numbers",
        "mae_random": "the same backbone with random weights",
        "mae_raw": "a linear model on the samples",
    }
    known = {name: results[name] for name in others if name in results}
    best = min(known, key=known.__getitem__, default=None)
    if best is None or results["mae"] < known[best]:
        return ""
    return (
        f"the training brought nothing: mean absolute error {results['mae']:.4g}, {others[best]} "
        f"{known[best]:.4g}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"

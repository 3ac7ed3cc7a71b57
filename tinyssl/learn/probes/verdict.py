"""What the figures of a probe say in words: is it better than guessing, did the training help?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyssl.core.intervals import wilson

WITHOUT_TRAINING = {
    "accuracy_random": "the same backbone with random weights",
    "accuracy_raw": "logistic regression on the pixels",
}
"""Result of a probe run -> what it is the accuracy of"""


@dataclass(frozen=True)
class Verdict:
    """One sentence, where there is something to say against the figures."""

    text: str = ""
    guessing: bool = False
    """The answers cannot be told from those of one who does not look"""


def verdict(results: Mapping[str, Any], *, trained: bool = True, noun: str = "sample") -> Verdict:
    """Whether a probe is above guessing, and its training above the baselines.

    Like is compared with like: all are linear classifiers, of the same samples. Where folds were
    made, their figures count, for they judge every labelled sample; else those of the test split.

    Args:
        results: Of a probe run: `accuracy`, `test_images`, `majority`, the baselines and `folds`,
            as far as it has them.
        trained: The backbone was trained; random weights are not expected to be better than such.
        noun: What one sample is: `image`.
    """
    if "mae" in results:
        return _of_numbers(results) if trained else Verdict()
    if "accuracy" not in results:  # a plug-in's task has metrics for which no guess is known
        return Verdict()
    judged = _Judged.of(results, noun)
    said = judged.guess()
    if said is None and trained:
        said = judged.gain()
    return said or Verdict()


@dataclass(frozen=True)
class _Judged:
    """An accuracy, on how many samples, and what stands beside it."""

    accuracy: float
    samples: int
    what: str
    """Which they were: `60 images in 5 folds`"""
    beside: Mapping[str, Any]

    @classmethod
    def of(cls, results: Mapping[str, Any], noun: str) -> _Judged:
        folds = results.get("folds")
        if folds:
            what = f"{folds['samples']:,} {noun}s in {folds['folds']} folds"
            return cls(folds["accuracy"], folds["samples"], what, folds)
        samples = results["test_images"]
        return cls(results["accuracy"], samples, f"{samples:,} test {noun}s", results)

    def guess(self) -> Verdict | None:
        """Always answering the most frequent class needs no look at the sample."""
        share = self.beside.get("majority")
        low, high = wilson(self.accuracy, self.samples)
        if share is None or low > share:
            return None
        return Verdict(
            f"this cannot be told from guessing: {_percent(self.accuracy)} of {self.what} are "
            f"right (95 % interval {100 * low:.0f} to {100 * high:.0f}); to answer "
            f"“{self.beside['majority_class']}” every time is right in {_percent(share)}",
            guessing=True,
        )

    def gain(self) -> Verdict | None:
        """What the same linear classifier reaches without the training."""
        known = {name: self.beside[name] for name in WITHOUT_TRAINING if name in self.beside}
        if not known:
            return None
        best = max(known, key=known.__getitem__)
        figures = (
            f"linear probe {_percent(self.accuracy)}, {WITHOUT_TRAINING[best]} "
            f"{_percent(known[best])}"
        )
        if self.accuracy <= known[best]:
            return Verdict(f"the training brought nothing: {figures}, of {self.what}")
        if self.accuracy <= wilson(known[best], self.samples)[1]:
            return Verdict(f"{self.what} are too few to tell what the training brought: {figures}")
        return None


def _of_numbers(results: Mapping[str, Any]) -> Verdict:
    """The same for a mean absolute error: smaller is better."""
    others = {
        "mae_mean": "the mean of the training numbers",
        "mae_random": "the same backbone with random weights",
        "mae_raw": "a linear model on the samples",
    }
    known = {name: results[name] for name in others if name in results}
    best = min(known, key=known.__getitem__, default=None)
    if best is None or results["mae"] < known[best]:
        return Verdict()
    mean = results.get("mae_mean")
    return Verdict(
        f"the training brought nothing: mean absolute error {results['mae']:.4g}, {others[best]} "
        f"{known[best]:.4g}",
        guessing=mean is not None and results["mae"] >= mean,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"

"""What the figures of a compared row say in words: is it above guessing, did its training help?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tinyssl.core.intervals import wilson

WITHOUT_TRAINING = {
    "linear_random": "the same backbone with random weights",
    "linear_raw": "logistic regression on the pixels",
}
"""Figure -> what it is the accuracy of"""


def verdicts(figures: Mapping[str, float], images: int, *, trained: bool) -> Iterator[str]:
    """What there is to say against a linear probe; nothing where it is above all of them.

    Args:
        figures: Accuracies of the row, by name, as fractions.
        images: Test images of each accuracy; 0: not known.
        trained: The backbone was trained; random weights are not expected to be better than such.
    """
    linear, majority = figures.get("linear"), figures.get("majority")
    if linear is None:
        return
    low = wilson(linear, images)[0] if images else linear
    if majority is not None and low <= majority:
        yield (
            "cannot be told from guessing: always answering the most frequent class is right in "
            f"{100 * majority:.2f} %"
        )
    if not trained:
        return
    for name, what in WITHOUT_TRAINING.items():
        other = figures.get(name)
        if other is None:
            continue
        if linear <= other:
            yield f"no better than {what}"
        elif images and linear <= wilson(other, images)[1]:
            yield f"{images:,} test images are too few to tell it from {what}"

"""Cross-validation of frozen features: what a linear classifier reaches where labels are few.

Twelve test images tell nothing: 8 right answers of 12 are 67 %, and anything from 39 to 86 % may be
the truth. Repeated stratified folds judge every labelled sample, each by a classifier that has not
seen it. Features, the same backbone with random weights and the samples themselves meet the same
folds and the same classifier, so that like is compared with like.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.learn.probes.raw import STRENGTHS, standardised

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]
Part = NDArray[np.int64]

FOLDS = 5
REPEATS = 3
MOST_SAMPLES = 1000
"""Of more labelled samples the test split tells enough, and folds would take minutes"""
INNER = 3
"""Folds inside a fold's training part, which choose the strength of the regularisation"""
ITERATIONS = 200


@dataclass(frozen=True)
class Folded:
    """What classifiers answered to samples that they had not seen."""

    answers: Labels
    """(repeats, n): class of each sample"""
    labels: Labels
    """(n,)"""
    folds: int

    @property
    def accuracy(self) -> float:
        """Share of right answers over all repeats, in [0, 1]."""
        return float((self.answers == self.labels).mean())

    @property
    def repeats(self) -> int:
        return len(self.answers)


@dataclass(frozen=True)
class ComparedFolds:
    """Several kinds of features on the same folds."""

    each: Mapping[str, Folded]
    """Name -> its answers"""
    chosen: Folded
    """Each fold answered by the candidate that its training part prefers: what choosing the best of
    them reaches, without the optimism of naming the winner afterwards"""

    @property
    def best(self) -> str:
        """Name of the highest accuracy; of equals the first."""
        return max(self.each, key=lambda name: self.each[name].accuracy)


def most_folds(labels: Labels) -> int:
    """How many folds these labels allow: as many as the rarest class has samples.

    Raises:
        DataError: A class has one sample, or there is one class.
    """
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2:
        raise DataError("all samples have one class", hint="add samples of another class")
    fewest = int(counts.min())
    if fewest < 2:
        raise DataError(
            f"cross-validation needs two samples of every class; one class has {fewest}",
            hint="add samples, or leave cross-validation out (--folds 0)",
        )
    return fewest


def cross_validate(
    candidates: Mapping[str, Matrix], labels: Labels, folds: int, repeats: int, seed: int
) -> ComparedFolds:
    """Repeated stratified k-fold cross-validation of a linear classifier on each candidate.

    The classifier is logistic regression on standardised features; folds inside the training part
    choose its strength. (Kohavi, IJCAI 1995, on stratified folds.)

    Args:
        candidates: Name -> features, (n, dim); dim may differ.
        labels: (n,) classes.
        folds: Parts, at least 2 and at most the samples of the rarest class.
        repeats: Other divisions into folds.
        seed: Of the divisions.
    """
    from sklearn.model_selection import RepeatedStratifiedKFold  # takes a second to load

    shape = (repeats, len(labels))
    answers = {name: np.zeros(shape, np.int64) for name in candidates}
    preferred = np.zeros(shape, np.int64)
    divide = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    for number, (train, test) in enumerate(divide.split(labels, labels)):
        repeat, best = number // folds, -1.0
        for name, features in candidates.items():
            given, score = _fit_and_answer(features, labels, train, test)
            answers[name][repeat, test] = given
            if score > best:
                best, preferred[repeat, test] = score, given
    each = {name: Folded(given, labels, folds) for name, given in answers.items()}
    return ComparedFolds(each, Folded(preferred, labels, folds))


def _fit_and_answer(
    features: Matrix, labels: Labels, train: Part, test: Part
) -> tuple[Labels, float]:
    """Answers to `test`, and the accuracy that the training part promised, in [0, 1]."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    seen, unseen = _rotate(*standardised(features[train], features[test]))
    inner = min(INNER, int(np.unique(labels[train], return_counts=True)[1].min()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the cost has a limit on purpose
        if inner < 2:  # a class with one sample: nothing to choose with
            alone = LogisticRegression(C=STRENGTHS[1], max_iter=ITERATIONS)
            return alone.fit(seen, labels[train]).predict(unseen), 0.0
        search = GridSearchCV(
            LogisticRegression(max_iter=ITERATIONS), {"C": STRENGTHS}, cv=inner
        ).fit(seen, labels[train])
    return search.predict(unseen), float(search.best_score_)


def _rotate(train: Matrix, test: Matrix) -> tuple[Matrix, Matrix]:
    """The same samples in as many dimensions as there are training samples, where these are fewer.

    L2-regularised linear models do not change under a rotation, and what is orthogonal to all
    training samples has no weight: 1,280 features of 48 images become 48.
    """
    if train.shape[1] <= train.shape[0]:
        return train, test
    basis = np.linalg.qr(train.T)[0]
    return train @ basis, test @ basis

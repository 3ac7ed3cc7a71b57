"""How much each weight and bias would contribute to learning: measured on this computer.

A step of size r along the gradient g of some samples lowers the loss on others, whose gradient is
h, by r * <g, h> to the first order. So the score of a tensor is <g, h>, the gradients being means
over two halves of the samples, in the first values of all parameters. One step of the whole network
gives the gradients of all tensors; none is trained alone. The score is ours, in the place of the
contribution analysis of tiny training (arXiv 2206.15472, 3.2), which fine-tunes once for each
tensor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyssl import compiler
from tinyssl.core.progress import Progress
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import Model
from tinyssl.graph.training import LOSS, RATE
from tinyssl.runtimes.host import HostModel

Gradients = dict[str, NDArray[np.float64]]


def contributions(
    model: Model, inputs: Sequence[Feeds], targets: Sequence[Feeds], progress: Progress
) -> dict[str, float]:
    """The score of each parameter: the fall of the loss by a step of size 1, to the first order.

    Args:
        model: With a plain training step of all candidates.
        inputs: Two or more samples.
        targets: Their answers; empty ones for an autoencoder.
        progress: Told of every sample.

    Returns:
        Name of the parameter -> score, below zero where the halves disagree.
    """
    halves: tuple[Gradients, Gradients] = ({}, {})
    with (
        HostModel(compiler.compile(model)) as host,
        progress.track("what each weight would contribute", len(inputs), "sample") as task,
    ):
        first = host.snapshot() | {RATE: np.ones(1, np.float32)}
        for number, (feeds, answer) in enumerate(zip(inputs, targets, strict=True)):
            host.restore(first)
            host.train(feeds, answer)
            after = host.snapshot()
            for name in first.keys() - {RATE, LOSS}:
                found = first[name].astype(np.float64) - after[name]
                half = halves[number % 2]
                half[name] = half[name] + found if name in half else found
            task.advance()
    count = (len(inputs) // 2) * ((len(inputs) + 1) // 2)
    return {name: float(np.sum(each * halves[1][name])) / count for name, each in halves[0].items()}

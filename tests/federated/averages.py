"""FedAvg in NumPy, for comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np

from tests.federated.sines import Sines, sine_model
from tests.training.reference import Reference
from tinyssl.graph.interface import Outputs


def learnt(start: Outputs, seed: int, number: int, samples: int) -> Outputs:
    """What a node learns in a round."""
    reference = Reference(sine_model())
    for name, value in start.items():
        reference.by_name(name)[...] = value
    for sample in islice(Sines(seed).stream(number, samples), samples):
        reference.train(sample.feeds["x"], sample.target["target"])
    return {name: reference.by_name(name).copy() for name in start}


def average(
    start: Outputs, rounds: int, samples: int, absent: Mapping[int, Sequence[int]] = {}
) -> Outputs:
    """FedAvg of two nodes whose seeds are 0 and 1. absent: round -> who is left out."""
    for number in range(1, rounds + 1):
        seeds = [seed for seed in (0, 1) if seed not in absent.get(number, ())]
        found = [learnt(start, seed, number, samples) for seed in seeds]
        share = 1 / len(seeds)
        start = {
            name: sum((each[name] * share for each in found), np.zeros_like(start[name]))
            for name in start
        }
    return start

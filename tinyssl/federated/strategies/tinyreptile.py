"""TinyReptile (Ren, Anicic, Runkler, arXiv 2304.05201): one device a round, from a stream.

The device takes each sample once, in a step of its own, and throws it away: it stores neither
samples nor gradients. alpha_r falls linearly from alpha_0 towards 0. The paper names the parts; the
equations are as spec (a2) puts them together, and the schedule is ours.
"""

from __future__ import annotations

from dataclasses import replace

from tinyssl.federated.records import RoundTask
from tinyssl.federated.schedules import linear
from tinyssl.federated.strategies.reptile import Reptile


class TinyReptile(Reptile):
    """Reptile in series, one sample at a time.

    Args:
        task: Fresh samples of a round, and the learning rate; its passes are not used.
        rounds: In all, for the schedule.
        step: alpha_0.
        fraction_evaluate: Of the nodes, that evaluate after a round.
    """

    def __init__(
        self,
        task: RoundTask,
        rounds: int,
        step: float = 1.0,
        *,
        fraction_evaluate: float = 0.0,
    ) -> None:
        streamed = replace(task, passes=1)
        super().__init__(streamed, 1, linear(step, rounds), fraction_evaluate=fraction_evaluate)

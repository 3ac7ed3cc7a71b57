"""The samples of one node. They stay with it: no message holds one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from tinyssl.graph.interface import Feeds


@dataclass(frozen=True)
class NodeSample:
    """What the device senses once, and the right answer."""

    feeds: Feeds
    """Inputs by name"""
    target: Feeds
    """The right answer by name"""


class NodeSamples(Protocol):
    """What the sensor of one device gives.

    An agent beside the device feeds them over its line, where the device has no sensor of its own.
    """

    def stream(self, number: int, count: int) -> Iterable[NodeSample]:
        """Fresh samples to learn from, one after the other; there may be fewer.

        Args:
            number: Of the round: the same number gives the same samples again.
            count: How many.
        """

    def held_out(self, number: int) -> Iterable[NodeSample]:
        """Samples to judge by, of the same round; the device never learns from them."""

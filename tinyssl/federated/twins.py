"""Modifiers of messages around a node's app: one at a time, and beside a twin of this computer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from flwr.app import Context, Message, MessageType, RecordDict
from flwr.clientapp.typing import ClientAppCallable

from tinyssl.core.errors import Mismatch
from tinyssl.federated.client import Node
from tinyssl.federated.records import ARRAYS, METRICS, RoundTask

PLACE = "partition-id"
"""Flower's name for the place of a node among all"""


@dataclass
class Serialised:
    """Nodes from a place on share one learner, so they work one at a time. A modifier of Flower's.

    Args:
        first: Place of the first of them; they are the last of the grid.
    """

    first: int
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, message: Message, context: Context, work: ClientAppCallable) -> Message:
        if int(context.node_config[PLACE]) < self.first:
            return work(message, context)
        with self._lock:
            return work(message, context)


@dataclass
class Twins:
    """Repeats what a board does on this computer, and compares all bits. A modifier of Flower's.

    Args:
        nodes: Place of a board in the grid -> a node with the same samples and our C.
    """

    nodes: Mapping[int, Node]
    compared: int = 0
    """Replies of boards that had the bits of their twins"""
    differences: list[str] = field(default_factory=list)
    """What differed; such a reply becomes an error"""

    def __call__(self, message: Message, context: Context, work: ClientAppCallable) -> Message:
        reply = work(message, context)
        place = int(context.node_config[PLACE])
        if place not in self.nodes or reply.has_error():
            return reply
        twin = self.nodes[place]
        train = message.metadata.message_type.startswith(MessageType.TRAIN)
        expected = twin.train(message) if train else twin.evaluate(message)
        odd = _difference(reply.content, expected)
        if odd:
            text = f"round {RoundTask.of(message).round}: {odd}"
            self.differences.append(text)
            raise Mismatch(f"{text} is not what this computer learns")
        self.compared += 1
        return reply


def _difference(found: RecordDict, expected: RecordDict) -> str:
    """The first array or metric with other bits; empty: there is none."""
    if {*found.array_records} != {*expected.array_records}:
        return "what the reply holds"
    for name, array in expected.array_records.get(ARRAYS, {}).items():
        if found.array_records[ARRAYS][name].data != array.data:
            return name
    metrics = found.metric_records[METRICS]
    return next((n for n, v in expected.metric_records[METRICS].items() if metrics[n] != v), "")

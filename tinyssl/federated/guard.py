"""A grid that lets only sound replies through, and keeps who was left out and why.

Around any Flower grid: a grid of devices, a SuperLink's, a simulation's. A reply that the guard
refuses reaches the strategy as an error reply, which Flower's strategies leave out of the round.
The node is asked again in the next.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flwr.app import ConfigRecord, Message, MessageType, RecordDict
from flwr.proto.node_pb2 import NodeInfo
from flwr.serverapp import Grid
from flwr.supercore.run import Run

from tinyssl.core.errors import DataError
from tinyssl.federated.grid import refusal, to_bytes
from tinyssl.federated.records import (
    ARRAYS,
    CONFIG,
    DEVICE,
    EXAMPLES,
    METRICS,
    ROUND,
    Arrays,
    RoundTask,
    check_same,
    from_arrays,
)

Check = Callable[[Arrays, Arrays], None]
"""Compares what was sent and what came back; raises DataError"""
SPARE = 4096
"""Bytes that a reply may have more than its message: metrics and figures"""
REMEMBERED = 8
"""Replies of a node whose digests are kept: a device that repeats one is out of step"""
MOST_EXAMPLES = 10**9
"""That a node may say it was judged by"""


@dataclass(frozen=True)
class Exchange:
    """One message to a node and what came of it."""

    round: int
    kind: str
    """Flower's type of the message: train, evaluate"""
    node: int
    reason: str
    """Why the reply was left out; empty: it was not"""
    bytes_down: int
    """Of the message to the node, serialised"""
    bytes_up: int
    """Of the reply; 0 where none came"""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    device: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the device (`records.DEVICE`)"""


@dataclass(frozen=True)
class _Answer:
    """Digests of what a node got and gave."""

    round: int
    start: bytes
    found: bytes
    moved: bool
    """False: nothing but zeros, which any round may give where only changes are sent"""

    @classmethod
    def of(cls, number: int, start: Arrays, found: Arrays) -> _Answer:
        moved = any(array.dtype.kind == "f" and array.any() for array in found.values())
        return cls(number, _digest(start), _digest(found), moved)


def _digest(arrays: Arrays) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + b"\0" + arrays[name].tobytes())
    return digest.digest()


class GuardedGrid(Grid):
    """Only sound replies, and a record of all.

    Args:
        grid: Where messages go.
        check: What arrays may come back.
        told: Given each exchange as it ends.
    """

    def __init__(
        self,
        grid: Grid,
        check: Check = check_same,
        told: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._grid = grid
        self._check = check
        self._told = told
        self._sent: dict[str, Message] = {}
        self._answers: dict[int, deque[_Answer]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.exchanges: list[Exchange] = []
        """In the order of the messages"""

    def set_run(self, run: Run) -> None:
        """See `Grid`."""
        self._grid.set_run(run)

    @property
    def run(self) -> Run:
        """See `Grid`."""
        return self._grid.run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """See `Grid`."""
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        """See `Grid`."""
        return self._grid.get_node_ids()

    def get_nodes(self) -> Iterable[NodeInfo]:
        """See `Grid`."""
        return self._grid.get_nodes()

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """See `Grid`."""
        listed = list(messages)
        ids = list(self._grid.push_messages(listed))
        self._sent.update(zip(ids, listed, strict=True))
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """See `Grid`; each reply was looked at."""
        replies = list(self._grid.pull_messages(message_ids))
        pairs = [(self._sent.pop(reply.metadata.reply_to_message_id), reply) for reply in replies]
        return self._all_passed(pairs)

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """See `Grid`.

        Returns:
            A reply to each message, in the order of the messages: an error for a node that took
            too long.
        """
        listed = list(messages)
        replies = {
            reply.metadata.reply_to_message_id: reply
            for reply in self._grid.send_and_receive(listed, timeout=timeout)
        }
        late = f"no reply within {timeout} s"
        return self._all_passed(
            [
                (message, replies.get(message.metadata.message_id) or refusal(message, late))
                for message in listed
            ]
        )

    def _all_passed(self, pairs: Sequence[tuple[Message, Message]]) -> list[Message]:
        """Messages and their replies -> replies, errors in place of those that are not sound."""
        reasons = [self._reason(sent, reply) for sent, reply in pairs]
        sound = [reply for (_, reply), reason in zip(pairs, reasons, strict=True) if not reason]
        names = Counter(map(_metric_names, sound)).most_common(1)
        found = []
        for (sent, reply), why in zip(pairs, reasons, strict=True):
            reason = why
            if not reason and _metric_names(reply) != names[0][0]:
                reason = f"other metrics than those of {names[0][1]} nodes"
            self._keep(sent, reply, reason)
            found.append(reply if not reason or reply.has_error() else refusal(sent, reason))
        return found

    def _reason(self, sent: Message, reply: Message) -> str:
        """Why a reply is left out; empty where it is sound."""
        if reply.has_error():
            return str(reply.error.reason)
        try:
            self._check_reply(sent, reply)
        except DataError as error:
            return error.message
        return ""

    def _check_reply(self, sent: Message, reply: Message) -> None:
        """Raises DataError where a reply is oversized, stale, or holds what no reply may hold."""
        task, content = RoundTask.of(sent), reply.content
        most = len(to_bytes(sent)) + SPARE
        if len(to_bytes(reply)) > most:
            raise DataError(f"the reply has {len(to_bytes(reply)):,} bytes, more than {most:,}")
        number = content.config_records.get(CONFIG, ConfigRecord()).get(ROUND)
        if number != task.round:
            raise DataError(f"the reply is of round {number!r}, not {task.round}")
        trained = sent.metadata.message_type.startswith(MessageType.TRAIN)
        if {*content.array_records} != ({ARRAYS} if trained else set()):
            raise DataError(f"the reply holds the arrays {sorted(content.array_records)}")
        if {*content.metric_records} != {METRICS} or {*content.config_records} - {CONFIG, DEVICE}:
            raise DataError(f"the reply holds the records {sorted(content)}")
        most_examples = max(task.samples * task.passes, 1) if trained else MOST_EXAMPLES
        _check_metrics(content, most_examples)
        if trained:
            found = from_arrays(content.array_records[ARRAYS])
            _check_finite(found)
            start = from_arrays(sent.content.array_records[ARRAYS])
            self._check(start, found)
            self._check_fresh(sent.metadata.dst_node_id, _Answer.of(task.round, start, found))

    def _check_fresh(self, node: int, answer: _Answer) -> None:
        """Raises DataError where a node answers with what it already learnt from another start."""
        if not answer.moved:
            return
        for old in self._answers[node]:
            if old.found == answer.found and old.start != answer.start:
                raise DataError(f"the reply repeats the parameters of round {old.round}")
        self._answers[node].append(answer)

    def _keep(self, sent: Message, reply: Message, reason: str) -> None:
        content = RecordDict() if reply.has_error() or reason else reply.content
        answered = not reply.has_error()
        exchange = Exchange(
            RoundTask.of(sent).round,
            sent.metadata.message_type,
            sent.metadata.dst_node_id,
            reason,
            len(to_bytes(sent)),
            len(to_bytes(reply)) if answered else 0,
            {**content.metric_records.get(METRICS, {})},
            {**content.config_records.get(DEVICE, {})},
        )
        self.exchanges.append(exchange)
        if self._told is not None:
            self._told(exchange)


def _metric_names(reply: Message) -> frozenset[str]:
    return frozenset(reply.content.metric_records[METRICS])


def _check_metrics(content: RecordDict, most_examples: int) -> None:
    """Raises DataError where a metric is no finite number, or the weight of the node none."""
    metrics = content.metric_records[METRICS]
    for name, value in metrics.items():
        numbers = value if isinstance(value, list) else [value]
        if not all(math.isfinite(number) for number in numbers):
            raise DataError(f"{name[:80]} is {str(value)[:80]}, no finite number")
    examples = metrics.get(EXAMPLES)
    if not isinstance(examples, (int, float)) or not 0 < examples <= most_examples:
        raise DataError(f"{EXAMPLES} is {examples!r}, and must be from 1 to {most_examples:,}")


def _check_finite(arrays: Arrays) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            count = int((~np.isfinite(array)).sum())
            raise DataError(f"{count:,} of {array.size:,} numbers of {name[:80]!r} are not finite")

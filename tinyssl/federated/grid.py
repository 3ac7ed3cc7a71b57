"""A Flower `Grid` over devices of this process: no gRPC, no server.

Any strategy of Flower's message API drives it:

    with DeviceGrid([Node(open_board(port, 115200, model), samples), …]) as grid:
        FedAvg().start(grid, to_arrays(first), 10, train_config=RoundTask(samples=32).config())

Each message goes through Flower's own serialisation, so a node gets what it would get over a
network, and the bytes can be counted and recorded.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import uuid4

from flwr.app import Context, Error, Message, RecordDict, UserConfig
from flwr.clientapp import ClientApp
from flwr.clientapp.typing import Mod
from flwr.common.constant import SUPERLINK_NODE_ID, ErrorCode
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.proto.message_pb2 import Message as Serialised
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from tinyssl.core.errors import TinysslError
from tinyssl.federated.client import Node, client_app

FIRST_ID = SUPERLINK_NODE_ID + 1
AT_ONCE = 32
"""Devices that work at the same time; each waits for its line most of the time"""
REASON = 500
"""Characters of a reason"""


def to_bytes(message: Message) -> bytes:
    """A message as Flower serialises it (Protocol Buffers), without what gRPC and TLS add."""
    data: bytes = message_to_proto(message).SerializeToString()
    return data


def from_bytes(data: bytes) -> Message:
    """What `to_bytes` gave."""
    return message_from_proto(Serialised.FromString(data))


@dataclass
class _GridNode:
    """A device of the grid."""

    node: Node
    app: ClientApp
    context: Context
    work: Future[bytes] | None = None
    """The reply to the last message"""

    def answer(self, data: bytes) -> bytes:
        """The reply to a message; what went wrong is a reply, too."""
        message = from_bytes(data)
        try:
            reply = self.app(message, self.context)
        except Exception as error:  # as a SuperNode does: the other nodes go on
            said = error.message if isinstance(error, TinysslError) else str(error)
            reply = refusal(message, f"{type(error).__name__}: {said}")
        return to_bytes(reply)


def refusal(
    message: Message, reason: str, code: int = ErrorCode.CLIENT_APP_RAISED_EXCEPTION
) -> Message:
    """A reply that says why there is none."""
    return Message(Error(code, reason[:REASON]), reply_to=message)


class DeviceGrid(Grid):
    """Devices of this process as a Flower grid. A context manager that gives their lines back.

    A device works on one message at a time. One that still works on an earlier message answers the
    next with an error; the late reply is dropped.

    Args:
        nodes: The devices; their ids count from 2, for 1 is the server.
        mods: Flower's modifiers of messages, around each node's app.
        watch: Told the bytes of every message, and whether it goes to a node; called from several
            threads.
        at_once: Devices that work at the same time.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        mods: list[Mod] | None = None,
        *,
        watch: Callable[[bytes, bool], None] | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._run = Run.create_empty(secrets.randbits(63))
        # Flower's messages take run and sender from here.
        TaskIdentity.task_id = 1
        TaskIdentity.run_id = self._run.run_id
        TaskIdentity.node_id = SUPERLINK_NODE_ID
        self._members = {
            FIRST_ID + place: _GridNode(
                node, _app(node, mods), _context(self._run.run_id, place, len(nodes))
            )
            for place, node in enumerate(nodes)
        }
        self._watch = watch
        self._pool = ThreadPoolExecutor(max(min(at_once, len(nodes)), 1), "tinyssl-node")
        self._replies: dict[str, Future[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what is under way, then closes all lines."""
        self._pool.shutdown(cancel_futures=True)
        for member in self._members.values():
            member.node.close()

    def set_run(self, run: Run) -> None:
        """Flower's interface; a grid of this process has one run."""
        self._run = run

    @property
    def run(self) -> Run:
        """Flower's description of the run."""
        return self._run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Flower's older way to make a message."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """All devices, also those that failed last: each may come back."""
        return list(self._members)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Gives each device its message; returns at once.

        Returns:
            The id of each message, for `pull_messages`.
        """
        return [self._push(message) for message in messages]

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The replies to these messages that are there by now; each is given once."""
        ready = [
            each for each in message_ids if each in self._replies and self._replies[each].done()
        ]
        return [from_bytes(self._replies.pop(each).result()) for each in ready]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Gives each device its message and waits, at most `timeout` seconds, for all replies.

        Returns:
            The replies, in the order of the messages, whichever device was first: sums over them
            have the same bits each time. None of a device that took too long.
        """
        ids = list(self.push_messages(messages))
        wait([self._replies[each] for each in ids], timeout)
        found = self.pull_messages(ids)
        for late in ids:
            self._replies.pop(late, None)
        return found

    def _push(self, message: Message) -> str:
        name = str(uuid4())
        message.metadata.__dict__["_message_id"] = name  # Flower's grids do so, too
        member = self._members.get(message.metadata.dst_node_id)
        if member is None:
            self._replies[name] = _done(
                refusal(message, "no such node", ErrorCode.NODE_UNAVAILABLE)
            )
        elif member.work is not None and not member.work.done():
            self._replies[name] = _done(refusal(message, "still at work on an earlier message"))
        else:
            data = to_bytes(message)
            self._replies[name] = member.work = self._pool.submit(self._exchange, member, data)
        return name

    def _exchange(self, member: _GridNode, data: bytes) -> bytes:
        if self._watch is None:
            return member.answer(data)
        self._watch(data, True)
        reply = member.answer(data)
        self._watch(reply, False)
        return reply


def _done(reply: Message) -> Future[bytes]:
    found: Future[bytes] = Future()
    found.set_result(to_bytes(reply))
    return found


def _app(node: Node, mods: list[Mod] | None) -> ClientApp:
    return client_app(lambda context: node, mods)


def _context(run_id: int, place: int, count: int) -> Context:
    """Of a node, with the names that Flower's simulation uses."""
    config: UserConfig = {"partition-id": place, "num-partitions": count}
    return Context(run_id, FIRST_ID + place, config, RecordDict(), {})

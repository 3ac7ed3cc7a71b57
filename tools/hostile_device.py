"""Conversations with a device that lies, floods, restarts and falls silent: nothing but our errors.

    python -m tools.hostile_device --count 20000 --seed 1

Each conversation is one seed: a session asks for everything that `bench` asks for, and the played
device (tests/played_device.py) spoils one reply in eight. It fails where anything but a value, a
`DeviceError` or a `DeviceTimeout` comes of it, where a conversation takes too long, or where the
memory grows.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections import Counter

from tests.played_device import INPUT_BYTES, OUTPUT_BYTES, Hostile, PlayedLink
from tinyssl.core.errors import DeviceError, DeviceTimeout
from tinyssl.device import Session

TIMEOUT = 0.05
RETRIES = 2
LONGEST = 5.0
"""Seconds of a conversation: each of its commands has RETRIES + 1 tries of some TIMEOUT each"""
MEMORY = 16 << 20
"""Bytes that a conversation may hold at a time: the player's own longest line, some copies of it"""


def converse(seed: int) -> str:
    """One conversation.

    Returns:
        `ok`, or the class of the error that ended it.

    Raises:
        Exception: What should never come of a device.
    """
    wire = bytes(INPUT_BYTES)
    try:
        with Session(PlayedLink(Hostile(seed)), TIMEOUT, RETRIES) as session:
            session.sync()
            session.identity()
            session.tensors()
            session.write(0, wire)
            session.read(1, OUTPUT_BYTES)
            session.reset_state()
            session.watchdog(3.0)
            session.load(wire)
            session.repeat()
            session.profile()
            session.memory()
            session.infer(wire)
    except (DeviceError, DeviceTimeout) as error:
        if not error.message or not error.hint:
            raise AssertionError(f"an error without words: {error!r}") from error
        return type(error).__name__
    return "ok"


def campaign(seeds: range) -> Counter[str]:
    """All conversations of `seeds`; how many ended how.

    Raises:
        AssertionError: One took too long or too much memory; names its seed.
    """
    ends: Counter[str] = Counter()
    tracemalloc.start()
    try:
        for seed in seeds:
            tracemalloc.reset_peak()
            started = time.monotonic()
            try:
                ends[converse(seed)] += 1
            except Exception as error:
                raise AssertionError(f"seed {seed}: {error!r}") from error
            seconds = time.monotonic() - started
            if seconds > LONGEST:
                raise AssertionError(f"seed {seed}: {seconds:.1f} s")
            if tracemalloc.get_traced_memory()[1] > MEMORY:
                peak = tracemalloc.get_traced_memory()[1]
                raise AssertionError(f"seed {seed}: {peak:,} bytes")
    finally:
        tracemalloc.stop()
    return ends


def main() -> int:
    """Runs the campaign; 1 where it failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="conversations")
    parser.add_argument("--seed", type=int, default=1, help="of the first")
    given = parser.parse_args()
    try:
        ends = campaign(range(given.seed, given.seed + given.count))
    except AssertionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    told = ", ".join(f"{count} {name}" for name, count in ends.most_common())
    sys.stdout.write(f"{given.count} conversations: {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

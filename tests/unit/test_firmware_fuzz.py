"""Fuzz of the protocol: real app and protocol under ASan and UBSan, around the test engine.

The port is one in memory (device/firmware/memory_port.c), so that 100,000 lines take seconds, and
the second of silence that ends a frame takes no time at all. tests/emulator fuzzes whole firmware.
"""

import os
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz import Framing, Lines, check_answers, frame
from tests.host_firmware import build_header, compile_firmware

FIRMWARE = Path(__file__).parent / "device" / "firmware"
INPUT_BYTES = 48
LINES = 100_000
MOST = 20
"""Lines of a burst"""
SEED = int(os.environ.get("TINYSSL_FUZZ_SEED", "1"))
SEPARATOR = b"\x1e"
ONE = Framing(INPUT_BYTES, answers=1)
NAME = b"m-name-dut-[host]\r\nm-ready\r\n"


def expected_output(wire: bytes) -> bytes:
    """Of the test engine: sum, exclusive or and alternating sum of q = u - 128, mod 256."""
    values = np.frombuffer(wire, np.uint8) ^ 0x80
    sums = (
        int(values.sum()),
        int(np.bitwise_xor.reduce(values)),
        int(values[::2].sum()) - int(values[1::2].sum()),
    )
    return bytes(value % 256 for value in sums)


@pytest.fixture(scope="module")
def compile_fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    def compile_once(*defines: str) -> Path:
        folder = tmp_path_factory.mktemp("fuzzed")
        header = build_header([INPUT_BYTES], output_bytes=3, ops=4, build_id="0123456789abcdef")
        port = FIRMWARE / "memory_port.c"
        return compile_firmware(folder, header, [FIRMWARE / "engine_test.c"], defines, port)

    return compile_once


def run(program: Path, bursts: list[bytes]) -> list[bytes]:
    """What each burst was answered; the banner comes first. No sanitizer has anything to say."""
    sent = b"".join(len(burst).to_bytes(4, "little") + burst for burst in bursts)
    done = subprocess.run([program], input=sent, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    answers = done.stdout.split(SEPARATOR)
    assert len(answers) == len(bursts) + 2  # the banner, and nothing after the last
    return answers[:-1]


@dataclass
class Script:
    """What is sent, and what is owed for it."""

    bursts: list[bytes] = field(default_factory=list)
    """In fours: fuzz, the end of a half line, `name%`, an inference"""
    owed: list[Framing] = field(default_factory=list)
    """For the first two of each four"""
    outputs: list[bytes] = field(default_factory=list)


@pytest.fixture(scope="module")
def script() -> Script:
    source = random.Random(SEED)
    lines = Lines(INPUT_BYTES, SEED)
    made = Script()
    for burst in lines.bursts(LINES, MOST):
        lines.framing.silence()
        lines.framing.feed(b"%")
        lines.framing.silence()
        wire = source.randbytes(INPUT_BYTES)
        made.bursts += [burst, b"%", b"name%", frame("run", wire)]
        made.owed.append(lines.framing)
        made.outputs.append(expected_output(wire))
        lines.framing = Framing(INPUT_BYTES)
    return made


@pytest.mark.parametrize("keep", [1, 0], ids=["input kept", "input used up"])
def test_a_hundred_thousand_lines(
    compile_fuzzed: Callable[..., Path], script: Script, keep: int
) -> None:
    """Each burst gets its answers, then a known command its own, then an input its output."""
    banner, *answers = run(compile_fuzzed(f"TINYSSL_KEEP_INPUT={keep}"), script.bursts)
    check_answers(banner, ONE)
    for number, output in enumerate(script.outputs):
        fuzzed, ended, named, ran = answers[4 * number : 4 * number + 4]
        check_answers(fuzzed + ended, script.owed[number])
        assert named == NAME
        check_answers(ran, ONE)
        assert b"," + output.hex().encode() + b"]-" in ran


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (b"infer 4294967295 0%", ["m-warmup-start-0", "m-warmup-done", "m-infer-start-4294967295"]),
        (b"infer 1 4294967295%", ["m-warmup-start-4294967295"]),
    ],
)
def test_an_absurd_count_of_inferences_ends(
    compile_fuzzed: Callable[..., Path], command: bytes, before: list[str]
) -> None:
    """A second passes with each inference; the device says how many there were, and goes on."""
    wire = bytes(range(INPUT_BYTES))
    program = compile_fuzzed("TEST_MICROSECONDS=1000000")
    _, _, ended, named, result = run(program, [frame("bin", wire), command, b"name%", b"results%"])
    *lines, error, ready, _ = ended.decode().split("\r\n")
    assert (lines, ready) == (before, "m-ready")
    counts = re.fullmatch(r"e-\[Stopped after (\d+) of (\d+) inferences: .* 60 s]", error)
    assert counts is not None, error
    assert 58 <= int(counts[1]) <= 61
    assert int(counts[2]) == 4294967295
    assert named == NAME
    check_answers(result, ONE)
    assert b"m-results-[" in result

"""A child with limits: what prints or runs for ever is ended, with its own children."""

import os
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from tinyssl.core.child_process import ChildStopped, run_child


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_status_and_both_outputs_in_order(tmp_path: Path) -> None:
    code = (
        "import os, sys; print('a', flush=True); os.write(2, b'b\\r\\n\\xff'); "
        "print(os.getcwd(), os.environ['X'], repr(sys.stdin.read())); sys.exit(3)"
    )
    ended = run_child(
        python(code), seconds=20, folder=tmp_path, environment=os.environ | {"X": "y"}
    )
    assert ended.code == 3
    assert ended.output == f"a\nb\n\ufffd{tmp_path} y ''\n"


def test_what_prints_for_ever_is_ended_and_little_is_kept() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ChildStopped, match="printed more than 1,000,000 bytes") as error:
            run_child(python("while True: print('x' * 1000)"), seconds=30, most=10**6)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert error.value.output.startswith("xxx")


@pytest.mark.parametrize(
    "code",
    [
        "import time; print('begun', flush=True); time.sleep(60)",
        "import os, time\nprint('begun', flush=True)\nos.close(1); os.close(2); time.sleep(60)",
        "import time\nwhile True: print('begun', flush=True); time.sleep(0.01)",
    ],
    ids=["silent", "closed", "slowly"],
)
def test_what_runs_for_ever_is_ended(code: str) -> None:
    started = time.monotonic()
    with pytest.raises(ChildStopped, match="did not end in 1 s") as error:
        run_child(python(code), seconds=1)
    assert time.monotonic() - started < 10
    assert "begun" in error.value.output


def test_its_own_children_are_ended_too(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = (
        "import os, time; from pathlib import Path\n"
        f"pid = os.fork()\nif pid: Path({str(file)!r}).write_text(str(pid))\ntime.sleep(60)"
    )
    with pytest.raises(ChildStopped):
        run_child(python(code), seconds=1.5)
    pid = int(file.read_text())
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)

"""A table on a Ray cluster: of one computer, with Ray's own processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.table.table_helpers import TABLE, write_table
from tinyssl.core.child_environment import child_environment
from tinyssl.core.locks import Lock
from tinyssl.core.records import LOCK, Workspace, sha256_of
from tinyssl.stages.table.cluster import Worker

LONGER = TABLE.replace("seeds = [3, 4]", "seeds = [3]").replace(
    "epochs = 2\nbatch_size = 256", "epochs = 4\nbatch_size = 64"
)
RAY = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def table(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tinyssl",
        "table",
        "small.toml",
        "--only",
        "simclr",
        "--nice",
        "0",
        *words,
    ]
    return subprocess.Popen(
        command, cwd=folder, env=child_environment(1), stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A cluster of one computer with one core."""
    port, client = free_port(), free_port()
    options = [
        f"--port={port}", f"--ray-client-server-port={client}", "--num-cpus=1", "--num-gpus=0",
        "--include-dashboard=false", "--object-store-memory=100000000", "--disable-usage-stats",
        "--block",
    ]  # fmt: skip
    environment = child_environment(1) | {"RAY_TMPDIR": "/tmp", "RAY_worker_niceness": "0"}
    head = subprocess.Popen(
        [*RAY, "start", "--head", *options], env=environment, start_new_session=True
    )
    try:
        wait_for_port(client, head)
        yield f"ray://127.0.0.1:{client}"
    finally:
        head.send_signal(signal.SIGTERM)
        try:
            head.wait(60)
        finally:
            end_group(head.pid)


def wait_for_port(port: int, head: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while True:
        assert head.poll() is None
        assert time.monotonic() < deadline
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return


def end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def worker_of(folder: Path) -> int:
    """The process of Ray whose child trains the one run of a workspace."""
    deadline = time.monotonic() + 300
    while not any(run.metrics() for run in Workspace(folder).all("pretrain")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (run,) = Workspace(folder).all("pretrain")
    child = int(Lock(run.folder / LOCK).holder().split()[1])
    status = Path(f"/proc/{child}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_cell_of_a_killed_worker_is_resumed_to_the_same_weights(
    tmp_path: Path, address: str
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        write_table(tmp_path / name, LONGER)
    one_thread = ("--jobs", str(os.cpu_count()))
    assert table(tmp_path / "here", *one_thread).wait() == 0
    there = table(tmp_path / "there", "--on", address, "--json")
    worker = worker_of(tmp_path / "there")
    title = Path(f"/proc/{worker}/cmdline").read_bytes()
    assert title.startswith(b"ray::")
    os.kill(worker, signal.SIGKILL)
    output, _ = there.communicate()
    assert there.returncode == 0, output
    assert json.loads(output)["cells"][0]["state"] == "done"
    ends = [Workspace(tmp_path / name).all("pretrain") for name in ("here", "there")]
    assert [len(end) for end in ends] == [1, 1]  # resumed, not begun again
    assert sha256_of(ends[0][0].path("backbone")) == sha256_of(ends[1][0].path("backbone"))
    assert not list((tmp_path / "there" / "tables").glob(".seen-*"))


def test_worker_says_that_it_does_not_see_the_workspace(tmp_path: Path) -> None:
    worker = Worker(0, {})
    trouble = worker.start(["boards"], tmp_path / "log", 1, tmp_path / "w" / "tables" / ".seen")
    assert f"does not see {tmp_path / 'w'}" in trouble
    assert worker.ended() == 1


def test_worker_runs_tinyssl_and_tells_its_exit_code(tmp_path: Path) -> None:
    worker, mark = Worker(0, {}), tmp_path / "tables" / ".seen"
    mark.parent.mkdir()
    mark.touch()
    words = ["probe", "--workspace", str(tmp_path), "--config", os.devnull]
    assert worker.start(words, tmp_path / "log", 1, mark) == ""
    while (code := worker.ended()) is None:
        time.sleep(0.05)
    assert code == 2

"""CIFAR archives: real files in the official layout, and damaged ones; downloads from a real HTTP
server on this computer."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError
from tinyssl.core.progress import Silent
from tinyssl.data.cifar import CIFAR10, CIFAR100, Archive, read_archive, read_cifar10
from tinyssl.data.download import Remote, download


def write_archive(path: Path, parts: dict[str, object]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in parts.items():
            data = pickle.dumps(content, protocol=2)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def remote_for(path: Path) -> Remote:
    data = path.read_bytes()
    url = f"http://127.0.0.1:1/{path.name}"
    return Remote(url, hashlib.sha256(data).hexdigest(), len(data))


@pytest.fixture
def small_cifar100(tmp_path: Path) -> tuple[Archive, Path, np.ndarray]:
    """An archive in CIFAR-100's layout with six training and two test images."""
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    planes = images.transpose(0, 3, 1, 2).reshape(8, -1)
    path = tmp_path / "cifar-100-python.tar.gz"
    write_archive(
        path,
        {
            CIFAR100.train[0]: {"data": planes[:6], "fine_labels": [0, 1, 2, 0, 1, 2]},
            CIFAR100.test: {"data": planes[6:], "fine_labels": [2, 0]},
            CIFAR100.meta: {"fine_label_names": ["apple", "bear", "cup"]},
        },
    )
    return replace(CIFAR100, remote=remote_for(path)), path, images


def test_archive_layout(small_cifar100):
    archive, path, images = small_cifar100
    source = read_archive(archive, DataConfig(dataset="cifar100", data_path=path), Silent())
    assert np.array_equal(source.samples[:], images)
    assert source.labels is not None
    assert list(source.labels) == [0, 1, 2, 0, 1, 2, 2, 0]
    assert source.class_names == ("apple", "bear", "cup")
    assert source.test is not None
    assert list(source.test) == [6, 7]


def test_archive_in_a_folder(small_cifar100):
    archive, path, _ = small_cifar100
    read_archive(archive, DataConfig(dataset="cifar100", data_path=path.parent), Silent())


def test_damaged_archive_is_refused_before_unpickling(small_cifar100):
    archive, path, _ = small_cifar100
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="SHA-256"):
        read_archive(archive, DataConfig(dataset="cifar100", data_path=path), Silent())
    path.write_bytes(data[:-1])
    with pytest.raises(DataError, match="the official file has"):
        read_archive(archive, DataConfig(dataset="cifar100", data_path=path), Silent())


def test_archive_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar.gz"
    write_archive(path, {CIFAR100.train[0]: {"data": print}})
    archive = replace(CIFAR100, remote=remote_for(path))
    with pytest.raises(pickle.UnpicklingError, match="does not belong"):
        read_archive(archive, DataConfig(dataset="cifar100", data_path=path), Silent())


def test_missing_archive_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYSSL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(
        DataError, match=r"tinyssl/cifar-10-python\.tar\.gz does not exist"
    ) as caught:
        read_cifar10(DataConfig(dataset="cifar10"), Silent())
    assert "--download" in caught.value.hint
    assert CIFAR10.remote.url in caught.value.hint


def test_archives_are_kept_where_everything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"/mine/cifar-10-python\.tar\.gz does not exist"):
        read_cifar10(DataConfig(dataset="cifar10"), Silent())


class RangeHandler(SimpleHTTPRequestHandler):
    """The standard library's handler plus `Range: bytes=N-`."""

    served: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        data = Path(self.translate_path(self.path)).read_bytes()
        wanted = self.headers.get("Range")
        type(self).served.append(wanted or "all")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    folder = tmp_path / "site"
    folder.mkdir()
    served: list[str] = []
    handler = type("Handler", (RangeHandler,), {"served": served})
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *a: handler(*a, directory=str(folder))
    ) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/", folder, served
        http.shutdown()
        thread.join()


def test_download_whole_then_resumed(server, tmp_path):
    url, folder, served = server
    data = np.random.default_rng(1).bytes(3_000_000)
    (folder / "a.bin").write_bytes(data)
    remote = Remote(url + "a.bin", hashlib.sha256(data).hexdigest(), len(data))
    target = tmp_path / "cache" / "a.bin"
    download(remote, target, Silent())
    assert target.read_bytes() == data
    target.unlink()
    (tmp_path / "cache" / "a.bin.part").write_bytes(data[:1_234_567])
    download(remote, target, Silent())
    assert target.read_bytes() == data
    assert served == ["all", "bytes=1234567-"]
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]


def test_download_of_other_bytes_leaves_nothing(server, tmp_path):
    url, folder, _ = server
    (folder / "a.bin").write_bytes(b"other")
    remote = Remote(url + "a.bin", hashlib.sha256(b"right").hexdigest(), 5)
    with pytest.raises(DataError, match="SHA-256"):
        download(remote, tmp_path / "a.bin", Silent())
    assert not list(tmp_path.glob("a.bin*"))


def test_download_without_network(tmp_path: Path) -> None:
    remote = Remote("http://127.0.0.1:1/a.bin", "0" * 64, 5)
    with pytest.raises(DataError, match="could not fetch") as caught:
        download(remote, tmp_path / "a.bin", Silent())
    assert str(tmp_path / "a.bin") in caught.value.hint

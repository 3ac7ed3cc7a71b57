"""CIFAR-10 and CIFAR-100, from the official Python archives (A. Krizhevsky, 2009)."""

from __future__ import annotations

import pickle
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError
from tinyssl.core.paths import cache_folder
from tinyssl.core.progress import Progress
from tinyssl.data.base import DataReader, Source
from tinyssl.data.download import Remote, check, download
from tinyssl.data.pixels import fit_all

SIDE = 32
SITE = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Archive:
    """One of the two data sets: where its parts are inside the tar file."""

    remote: Remote
    train: tuple[str, ...]
    test: str
    meta: str
    labels_key: str
    names_key: str


CIFAR10 = Archive(
    Remote(
        SITE + "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        170_498_071,
    ),
    train=tuple(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)),
    test="cifar-10-batches-py/test_batch",
    meta="cifar-10-batches-py/batches.meta",
    labels_key="labels",
    names_key="label_names",
)
CIFAR100 = Archive(
    Remote(
        SITE + "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        169_001_437,
    ),
    train=("cifar-100-python/train",),
    test="cifar-100-python/test",
    meta="cifar-100-python/meta",
    labels_key="fine_labels",
    names_key="fine_label_names",
)


def read_cifar10(config: DataConfig, progress: Progress) -> Source:
    """60,000 images in 10 classes; the last 10,000 are its own test split."""
    return read_archive(CIFAR10, config, progress)


def read_cifar100(config: DataConfig, progress: Progress) -> Source:
    """60,000 images in 100 fine classes; the last 10,000 are its own test split."""
    return read_archive(CIFAR100, config, progress)


def read_archive(archive: Archive, config: DataConfig, progress: Progress) -> Source:
    """Reads an archive after checking its SHA-256: nothing else is ever unpickled.

    Raises:
        DataError: The file is missing, damaged or not the official one.
    """
    path = _locate(archive.remote, config, progress)
    check(path, archive.remote)
    progress.note(f"reading {path}")
    with tarfile.open(path) as tar:
        train = [_batch(tar, name, archive.labels_key) for name in archive.train]
        test = _batch(tar, archive.test, archive.labels_key)
        names = tuple(_unpickle(tar, archive.meta)[archive.names_key])
    images = np.concatenate([batch[0] for batch in (*train, test)])
    labels = np.concatenate([batch[1] for batch in (*train, test)])
    own_test = np.arange(len(images) - len(test[0]), len(images), dtype=np.int64)
    return Source(fit_all(images, config.image_size), labels, names, own_test)


def _locate(remote: Remote, config: DataConfig, progress: Progress) -> Path:
    path = config.data_path or cache_folder() / remote.name
    if path.is_dir():
        path = path / remote.name
    if not path.exists() and config.download:
        download(remote, path, progress)
    if not path.exists():
        raise DataError(
            f"{path} does not exist",
            hint=f"add --download, or fetch {remote.url} yourself and name it with --data-path",
        )
    return path


def _batch(tar: tarfile.TarFile, name: str, labels_key: str) -> tuple[Any, Any]:
    content = _unpickle(tar, name)
    planes = np.asarray(content["data"], dtype=np.uint8).reshape(-1, 3, SIDE, SIDE)
    return planes.transpose(0, 2, 3, 1), np.asarray(content[labels_key], dtype=np.int64)


def _unpickle(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    file = tar.extractfile(name)
    if file is None:
        raise DataError(f"the archive's {name} is not a file", hint="fetch it with --download")
    content: dict[str, Any] = _ArrayUnpickler(file).load()
    return content


class _ArrayUnpickler(pickle.Unpickler):
    """Python 2 pickles of numpy arrays, and of nothing else.

    The archives name numpy.core, which numpy 2 keeps only as a deprecated alias.
    """

    ALLOWED = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }
    )

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong into an image archive")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


DATASETS = {
    "cifar10": DataReader(read_cifar10, "image"),
    "cifar100": DataReader(read_cifar100, "image"),
}

"""Arrays of .npz files: sound ones, and headers, labels and names that make no sense."""

from __future__ import annotations

import os
import random
import struct
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.data import load_dataset
from tools.mutate_images import mutate


def npz(path: Path, **arrays: Any) -> DataConfig:
    np.savez(path, **arrays)
    return DataConfig(dataset="npz", data_path=path, image_size=8)


def test_npz_labelled_and_not(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    labels = np.arange(20, dtype=np.uint8) % 2
    named = npz(tmp_path / "a.npz", images=images, labels=labels, class_names=["no", "yes"])
    dataset = load_dataset(named)
    assert np.array_equal(dataset.samples[:], images)
    assert dataset.class_names == ("no", "yes")
    plain = load_dataset(npz(tmp_path / "b.npz", images=images))
    assert not plain.labelled
    assert load_dataset(npz(tmp_path / "c.npz", images=images, labels=labels)).class_names == (
        "0",
        "1",
    )


def test_npz_grey_is_tripled_and_resized(tmp_path: Path) -> None:
    images = np.full((10, 16, 12), 9, np.uint8)
    dataset = load_dataset(npz(tmp_path / "a.npz", images=images))
    assert np.array_equal(dataset.samples[:], np.full((10, 8, 8, 3), 9))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": np.zeros(3)}, "holds pictures, but no `images`"),
        ({"images": np.zeros((4, 8, 8, 3))}, "of type float64; expected uint8"),
        ({"images": np.zeros((4, 8, 8, 2), np.uint8)}, r"of shape \(4, 8, 8, 2\)"),
        ({"images": np.zeros((0, 8, 8, 3), np.uint8)}, r"of shape \(0, 8, 8, 3\)"),
        ({"images": np.zeros((4, 8, 8), np.uint8), "labels": np.zeros(3, int)}, r"\(4,\) integers"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": np.array([0, -1])}, "label -1"),
        (
            {
                "images": np.zeros((2, 8, 8), np.uint8),
                "labels": np.array([0, 2]),
                "class_names": ["a", "b"],
            },
            "label 2 but only 2 class names",
        ),
    ],
)
def test_npz_that_makes_no_sense(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(npz(tmp_path / "a.npz", **arrays))
    assert caught.value.hint


LABELS = np.arange(20) % 2


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(LABELS, 1 << 40, 0), "label 1,099,511,627,776; 65,535 is the largest"),
        (LABELS.astype(np.uint64) + (1 << 63), "label 9,223,372,036,854,775,809"),
        (np.where(LABELS, -(1 << 62), 0), "label -4611686018427387904"),
        (LABELS.astype(float), "type float64"),
        (np.where(LABELS, np.nan, 0), "type float64"),
        (LABELS.astype(str), "type <U"),
        (LABELS.astype(bool), "type bool"),
        (LABELS[:, None], r"shape \(20, 1\)"),
        (np.int64(1), r"shape \(\)"),
        (LABELS.astype("datetime64[s]"), "type datetime64"),
    ],
    ids=str,
)
def test_npz_labels_that_are_no_classes(tmp_path, labels, message):
    images = np.zeros((20, 8, 8, 3), np.uint8)
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(npz(tmp_path / "a.npz", images=images, labels=labels))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (np.array([["a", "b"]]), r"class_names of shape \(1, 2\)"),
        (np.array("a"), r"class_names of shape \(\)"),
        (np.array([0.5, 1.5]), "type float64"),
        (np.array(["a", "a"]), "two classes with the name a"),
        (np.array(["a", ""]), "whose name is blank"),
        (np.array(["a", "b" * 5000]), "5,000 characters long"),
        (np.array([0x41, 0x110000], np.uint32).view("U1"), "no text"),
        (np.zeros(70_000, "U1"), "70,000 class names"),
    ],
    ids=range(8),
)
def test_npz_names_that_are_none(tmp_path, names, message):
    images = np.zeros((20, 8, 8, 3), np.uint8)
    with pytest.raises(DataError, match=message):
        load_dataset(npz(tmp_path / "a.npz", images=images, labels=LABELS, class_names=names))


def test_npz_names_are_safe_to_show(tmp_path: Path) -> None:
    images = np.zeros((20, 8, 8, 3), np.uint8)
    names = np.array([b"caf\xe9", b"\x1b[2J"])
    dataset = load_dataset(npz(tmp_path / "a.npz", images=images, labels=LABELS, class_names=names))
    assert dataset.class_names == (r"caf\xe9", r"\x1b[2J")


def raw_npz(path: Path, member: bytes, compression: int = zipfile.ZIP_STORED) -> DataConfig:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("images.npy", member)
    return DataConfig(dataset="npz", data_path=path, image_size=8)


def npy(shape: str, data: bytes = bytes(192), dtype: str = "'|u1'", version: int = 1) -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes((version, 0)) + size + header + data


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy("(1099511627776, 8, 8, 3)"), "claims shape .* 211,106,232,532,992 bytes; the file"),
        (npy(f"({1 << 62}, {1 << 62})"), "claims shape"),
        (npy("(-1, 8, 8, 3)"), "shape"),
        (npy("(2, 8, 8, 3)"), "claims shape|ends after"),
        (npy("(1, 8, 8, 1)"), "holds more bytes"),
        (npy("(1, 8, 8, 3)", dtype="'|O'"), "Python objects"),
        (npy("(1, 8, 8, 3)", version=3), "version"),
        (npy("(1, 8, 8, 3"), "not a readable"),
        (npy("(1.5, 8)"), "not a readable"),
        (npy("(" * 5000), "not a readable"),
        (b"", "not a readable"),
        (b"\x93NUMPY", "not a readable"),
        (b"cos\nsystem\n(S'false'\ntR.", "not a readable"),
    ],
    ids=range(13),
)
def test_npz_headers_are_checked_before_memory_is_taken(tmp_path, member, message):
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(raw_npz(tmp_path / "a.npz", member))
    assert caught.value.hint


def test_npz_with_other_compressions(tmp_path: Path) -> None:
    """bzip2 and LZMA make zeros smaller than deflate could."""
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED):
        config = raw_npz(
            tmp_path / "a.npz", npy("(20000, 8, 8, 3)", bytes(20_000 * 192)), compression=method
        )
        assert len(load_dataset(config).samples) == 20_000


def test_npz_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros that deflate to a thousandth."""
    config = raw_npz(
        tmp_path / "a.npz",
        npy("(20000, 8, 8, 3)", bytes(20_000 * 192)),
        compression=zipfile.ZIP_DEFLATED,
    )
    assert len(load_dataset(config).samples) == 20_000
    monkeypatch.setattr("tinyssl.data.limits.memory_bytes", lambda: 1 << 20)
    with pytest.raises(DataError, match=r"the values of `images` take 0\.0 GiB"):
        load_dataset(config)


def patched(path: Path, member: bytes, *changes: tuple[int, int, bytes]) -> DataConfig:
    """An .npz whose directory entry and local header are changed: (offset in each, bytes)."""
    config = raw_npz(path, member)
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\1\2")
    for local, central, value in changes:
        data[local : local + len(value)] = value
        data[directory + central : directory + central + len(value)] = value
    path.write_bytes(data)
    return config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((8, 10, struct.pack("<H", 99)), "compression"),
        ((6, 8, struct.pack("<H", 1)), "encrypted|password"),
        ((22, 24, struct.pack("<I", (1 << 32) - 2)), "claims 4,294,967,294 bytes, more than"),
        ((14, 16, b"\0\0\0\0"), "CRC"),
    ],
    ids=["compression", "password", "size", "checksum"],
)
def test_npz_directories_that_lie(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        load_dataset(patched(tmp_path / "a.npz", npy("(1, 8, 8, 3)"), change))


def test_mutated_npz_is_read_or_refused(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    path = tmp_path / "a.npz"
    config = npz(path, images=images, labels=np.arange(12) % 2, class_names=["a", "b"])
    sound, chance = path.read_bytes(), random.Random(5)
    outcomes: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(400):
            path.write_bytes(mutate(sound, chance))
            try:
                outcomes[f"{load_dataset(config).samples.shape[1:]}"] += 1
            except DataError as error:
                outcomes["refused" if error.hint else error.message] += 1
    assert set(outcomes) <= {"refused", "(8, 8, 3)"}
    assert outcomes["refused"] > 100


def test_npz_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    missing = DataConfig(dataset="npz", data_path=path)
    with pytest.raises(DataError, match="does not exist"):
        load_dataset(missing)
    path.write_bytes(b"PK\3\4 no zip")
    with pytest.raises(DataError, match="not a readable"):
        load_dataset(missing)
    os.mkfifo(tmp_path / "pipe.npz")  # reading it would wait for ever
    empty = tmp_path / "empty"
    empty.mkdir()
    for other, what in ((empty, "a folder"), (tmp_path / "pipe.npz", "a pipe or a device")):
        with pytest.raises(DataError, match=f"is {what}, not a file"):
            load_dataset(DataConfig(dataset="npz", data_path=other))
    np.save(tmp_path / "b.npy", np.zeros(3))
    with pytest.raises(DataError, match="single array"):
        load_dataset(DataConfig(dataset="npz", data_path=tmp_path / "b.npy"))
    with pytest.raises(UsageError, match="needs a file"):
        load_dataset(DataConfig(dataset="npz"))

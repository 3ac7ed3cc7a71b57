"""`tinyssl data --pack` and the data set `packed`: the same images, whatever happens meanwhile."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.data import load_dataset, packing
from tinyssl.data.folder import folder_pictures, read_folder
from tinyssl.data.packed import ImagePack
from tinyssl.data.packing import pack, pictures_of
from tinyssl.data.parquet import parquet_pictures
from tinyssl.data.webdataset import webdataset_pictures

SIDE = 16


def noise(number: int, side: int = 24) -> Image.Image:
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes in train/ and test/, with a broken picture and a copy from the test."""
    for split, count in (("train", 8), ("test", 3)):
        for label, name in enumerate(("cat", "dog")):
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                at = 100 * label + 10 * (split == "test") + number
                noise(at).save(folder / f"{number}.png")
    (tmp_path / "photos/train/cat/猫 кот.png").write_bytes(b"no picture")
    noise(10).save(tmp_path / "photos/train/cat/copy.bmp")
    return tmp_path / "photos"


def config(folder: Path, dataset: str = "folder") -> DataConfig:
    return DataConfig(dataset=dataset, data_path=folder, image_size=SIDE)


def packed(photos: Path, out: Path, suffix: str = "ppm") -> ImagePack:
    given = config(photos)
    return pack(folder_pictures(given, Silent()), given, out, suffix, Silent())


def of_train(dataset) -> dict[bytes, int]:
    """Bytes of each training image -> its label."""
    return {dataset.samples[int(at)].tobytes(): int(dataset.labels[at]) for at in dataset.train}


@pytest.mark.parametrize("suffix", ["ppm", "webp"])
def test_a_pack_holds_the_pixels_labels_and_splits_of_its_source(photos, tmp_path, suffix):
    packed(photos, tmp_path / "out", suffix)
    (photos / "train/cat/copy.bmp").unlink()
    wanted = read_folder(config(photos), Silent())
    found = load_dataset(config(tmp_path / "out", "packed"))
    assert found.samples.shape == (22, SIDE, SIDE, 3)
    held = {image.tobytes(): at for at, image in enumerate(found.samples[:])}
    assert wanted.test is not None
    for at, image in enumerate(wanted.samples[:]):
        assert found.labels[held[image.tobytes()]] == wanted.labels[at]
        assert (held[image.tobytes()] in found.test) == (at in wanted.test)
    assert found.class_names == ("cat", "dog")


def test_broken_pictures_and_duplicates_are_listed(photos, tmp_path):
    """What is both in the test and in the training split stays in the test."""
    packed(photos, tmp_path / "out")
    record = load_dataset(config(tmp_path / "out", "packed")).as_record()
    assert record["broken"][0]["name"] == "train/cat/猫 кот.png"
    assert record["duplicates"] == [
        {"name": "train/cat/copy.bmp", "reason": "equal to test/cat/0.png"}
    ]
    assert {part["kind"]: part["count"] for part in record["left_out"]} == {
        "broken": 1,
        "duplicate": 1,
    }
    given = replace(config(photos), broken="stop")
    with pytest.raises(DataError, match=r"猫 кот\.png"):
        pack(folder_pictures(given, Silent()), given, tmp_path / "stop", "ppm", Silent())


class Killed(BaseException):
    pass


def test_a_killed_packing_goes_on_to_the_same_bytes(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "SHARD_IMAGES", 5)
    whole = packed(photos, tmp_path / "whole")
    assert len(whole.shards) == 5
    add, left = packing._Packer._add, iter(range(13))

    def killed(*arguments) -> None:
        if next(left, None) is None:
            raise Killed
        add(*arguments)

    monkeypatch.setattr(packing._Packer, "_add", killed)
    with pytest.raises(Killed):
        packed(photos, tmp_path / "out")
    with pytest.raises(DataError, match="not packed completely"):
        load_dataset(config(tmp_path / "out", "packed"))
    monkeypatch.setattr(packing._Packer, "_add", add)
    (tmp_path / "out/.0123.tmp").write_text("left by a kill")
    packed(photos, tmp_path / "out")
    files = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    for name in files:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    again = (tmp_path / "out/000000.tar").stat().st_mtime_ns
    packed(photos, tmp_path / "out")  # there is nothing left to do
    assert (tmp_path / "out/000000.tar").stat().st_mtime_ns == again


def test_another_folder_or_source_is_refused(photos, tmp_path):
    packed(photos, tmp_path / "out")
    noise(77).save(photos / "train/dog/new.png")
    with pytest.raises(UsageError, match="a pack of other pictures"):
        packed(photos, tmp_path / "out")
    with pytest.raises(UsageError, match="is not empty"):
        packed(photos, photos)
    with pytest.raises(UsageError, match="16x16 pixels, --image-size is 32") as caught:
        load_dataset(DataConfig(dataset="packed", data_path=tmp_path / "out"))
    assert "--image-size 16" in caught.value.hint


def test_damage_is_found_when_the_image_is_read(photos, tmp_path):
    packed(photos, tmp_path / "out")
    dataset = load_dataset(config(tmp_path / "out", "packed"))
    tar = tmp_path / "out/000000.tar"
    data = bytearray(tar.read_bytes())
    place = data.index(dataset.samples[3].tobytes())
    data[place + 100] ^= 1
    tar.write_bytes(data)
    damaged = load_dataset(config(tmp_path / "out", "packed"))
    assert damaged.samples[2].any()
    with pytest.raises(DataError, match=r"image 3 of the pack.*does not match its checksum"):
        damaged.samples[np.array([1, 3])]
    tar.write_bytes(data[: place + 5])
    with pytest.raises(DataError, match=r"000000\.tar holds"):
        load_dataset(config(tmp_path / "out", "packed"))
    (tmp_path / "out/000000.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"000000\.npz"):
        load_dataset(config(tmp_path / "out", "packed"))


def test_samples_are_read_by_any_index(photos, tmp_path):
    packed(photos, tmp_path / "out")
    samples = load_dataset(config(tmp_path / "out", "packed")).samples
    whole = samples[:]
    chosen = np.random.default_rng(0).integers(0, len(whole), 200)  # enough for threads
    assert np.array_equal(samples[chosen], whole[chosen])
    assert np.array_equal(samples[-1], whole[-1])
    assert samples[np.empty(0, np.int64)].shape == (0, SIDE, SIDE, 3)


def test_arrays_in_memory_are_packed(tmp_path):
    digits = DataConfig(image_size=SIDE)
    source = load_dataset(digits)
    given = replace(source, samples=source.samples[:50], labels=source.labels[:50])
    pack(pictures_of(_source(given), "digits"), digits, tmp_path / "out", "jpg", Silent())
    found = load_dataset(config(tmp_path / "out", "packed"))
    assert np.array_equal(found.labels, given.labels)
    assert np.abs(found.samples[:].astype(int) - given.samples[:].astype(int)).mean() < 4


def _source(dataset):
    from tinyssl.data import Source

    return Source(dataset.samples, dataset.labels, dataset.class_names)


def test_the_shards_are_webdataset(photos, tmp_path):
    """Pairs of a picture and its class, which any reader of such tars takes, ours too."""
    packed(photos, tmp_path / "out")
    mine = load_dataset(config(tmp_path / "out", "packed"))
    with tarfile.open(tmp_path / "out/000000.tar") as tar:
        names = tar.getnames()
        image, answer = (tar.extractfile(name) for name in names[:2])
        assert image is not None
        assert answer is not None
        first = Image.open(image)
        assert names[0].removesuffix(".ppm") == names[1].removesuffix(".cls")
        assert answer.read() == str(mine.labels[0]).encode()
        assert np.array_equal(np.asarray(first), mine.samples[0])
    back = load_dataset(config(tmp_path / "out", "webdataset"))
    assert np.array_equal(back.samples[:], mine.samples[:])
    assert back.class_names == ("cat", "dog")


def members() -> Iterator[tuple[str, str, Image.Image]]:
    for at in range(8):
        yield f"{at:04}", "fox" if at % 2 else "owl", noise(at)


def test_tars_as_they_come(tmp_path):
    for split in ("train", "validation"):
        with tarfile.open(tmp_path / f"wild-{split}-000000.tar", "w") as tar:
            for key, label, image in members():
                buffer = io.BytesIO()
                image.save(buffer, "PNG")
                answer = json.dumps({"label": label}).encode()
                for name, data in ((f"{key}.png", buffer.getvalue()), (f"{key}.json", answer)):
                    member = tarfile.TarInfo(f"./{split}/{name}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
    for split in ("train", "validation"):
        (tmp_path / f"wild-{split}-000000.tar").rename(tmp_path / f"{split}-000000.tar")
    pictures = webdataset_pictures(config(tmp_path, "webdataset"), Silent())
    assert pictures.class_names == ("fox", "owl")
    assert list(pictures.labels[:4]) == [1, 0, 1, 0]
    assert pictures.test is not None
    assert list(pictures.test) == list(range(8, 16))
    shutil.copy(tmp_path / "train-000000.tar", tmp_path / "extra.tar")
    with pytest.raises(DataError, match=r"extra\.tar belongs to no split"):
        webdataset_pictures(config(tmp_path, "webdataset"), Silent())
    (tmp_path / "extra.tar").write_bytes(b"\x1f\x8b tar.gz")
    with pytest.raises(DataError, match=r"not a readable tar|belongs to no split"):
        webdataset_pictures(config(tmp_path / "extra.tar", "webdataset"), Silent())


def test_parquet_as_the_hub_lays_it_out(tmp_path):
    feature = {"image": {"_type": "Image"}, "label": {"names": ["owl", "fox"]}}
    noted = {b"huggingface": json.dumps({"info": {"features": feature}}).encode()}
    for split in ("train", "test"):
        rows = []
        for _, label, image in members():
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            rows.append(({"bytes": buffer.getvalue(), "path": None}, int(label == "fox")))
        pictures, labels = zip(*rows, strict=True)
        table = pyarrow.table({"image": list(pictures), "label": list(labels)})
        path = tmp_path / "data" / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(exist_ok=True)
        table = table.replace_schema_metadata(noted)
        pyarrow.parquet.write_table(table, path, row_group_size=3)
    dataset = load_dataset(config(tmp_path, "parquet"))
    assert dataset.class_names == ("owl", "fox")
    assert list(dataset.labels[:4]) == [0, 1, 0, 1]
    assert list(dataset.test) == list(range(8))  # in the order of the files' names
    assert np.array_equal(dataset.samples[0], dataset.samples[8])
    given = config(tmp_path, "parquet")
    done = pack(parquet_pictures(given, Silent()), given, tmp_path / "out", "ppm", Silent())
    assert len(done.left_out("duplicates")) == 8
    assert done.left_out("duplicates")[0].name == "train-00000-of-00001.parquet/0"
    (tmp_path / "data/train-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        load_dataset(given)


def test_encoded_pictures_in_npz(tmp_path):
    """Two files with pictures after each other are one data set."""
    blobs = []
    for at in range(6):
        buffer = io.BytesIO()
        noise(at, SIDE).save(buffer, "WEBP", lossless=True)
        blobs.append(buffer.getvalue())
    for part in range(2):
        chosen = blobs[3 * part : 3 * part + 3]
        np.savez(
            tmp_path / f"part{part}.npz",
            allow_pickle=False,
            blob=np.frombuffer(b"".join(chosen), np.uint8),
            offsets=np.cumsum([0, *map(len, chosen)]).astype(np.uint32),
            fine_label=np.array([0, 1, 1], np.uint8),
            is_test=np.array([0, 0, part], np.uint8),
        )
    source = load_dataset(replace(config(tmp_path, "npz"), val_fraction=0.4))
    assert np.array_equal(source.samples[4], np.asarray(noise(4, SIDE)))
    assert list(source.labels) == [0, 1, 1, 0, 1, 1]
    assert list(source.test) == [5]

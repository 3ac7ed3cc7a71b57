"""Families of tasks: what a device learns from, what judges it, what is unseen."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyssl.core.errors import DataError, UsageError
from tinyssl.data.episodes import FAMILIES, Examples, Group, TaskFamily, find_family
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.verify import verify

ALPHABETS = {"images_background_small1": "ABC", "images_background_small2": "CDEFGH"}
CHARACTERS, DRAWINGS = 6, 20


def omniglot(folder: Path) -> Path:
    """Archives in the official layout: each drawing is a bar as long as its character's number."""
    for number, (name, alphabets) in enumerate(ALPHABETS.items()):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for alphabet in alphabets:
                for character in range(CHARACTERS):
                    for drawing in range(DRAWINGS):
                        where = f"{name}/{alphabet}/character{character:02}/{number}_{drawing}.png"
                        archive.writestr(where, _bar(ord(alphabet) - 60, drawing, character))
    return folder


def _bar(row: int, column: int, length: int) -> bytes:
    picture = Image.new("1", (105, 105), 1)
    picture.paste(0, (3 * column, 7 * row, 3 * column + 4 * (length + 1), 7 * row + 4))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def keywords(folder: Path) -> Path:
    """Features whose value is the word; the first is the number of the sample."""
    names = np.array(["Down", "Go", "Silence", "Left", "No", "Off", "Unknown", "On", "Up", "Yes"])
    label = np.tile(np.arange(len(names)), 20)
    features = np.broadcast_to(label[:, None, None] - 128, (len(label), 49, 10)).astype(np.int8)
    features[:, 0, 0] = np.arange(len(label)) - 100
    path = folder / "kws.npz"
    np.savez(path, features=features, label=label, class_names=names)
    return path


def presence(folder: Path) -> Path:
    """Days in which somebody is there from 8 to 18; light says so. One day nobody comes."""
    days = {"datatest.txt": (2,), "datatraining.txt": (4, 5), "datatest2.txt": (11, 12, 13)}
    for name, numbers in days.items():
        lines = ['"date","Temperature","Humidity","Light","CO2","HumidityRatio","Occupancy"']
        for day in numbers:
            for minute in range(24 * 60):
                there = int(8 <= minute // 60 < 18 and day != 13)
                time = f"2015-02-{day:02} {minute // 60:02}:{minute % 60:02}:00"
                lines.append(f'"{minute}","{time}",21,27,{400 * there},{minute},0.004,{there}')
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


MADE = {"omniglot": omniglot, "keywords": keywords, "presence": presence}


def family_of(name: str, folder: Path) -> TaskFamily:
    return find_family(name, MADE[name](folder) if name in MADE else None, seed=3)


def rows(examples: Examples) -> set[bytes]:
    return {each.tobytes() for each in examples.inputs}


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_number_gives_the_same_device_and_a_visit_the_same_samples(
    name: str, tmp_path: Path
) -> None:
    family = family_of(name, tmp_path)
    for group in Group:
        devices = [family.device(group, number) for number in (0, 0, 1)]
        streams = [device.support(12) for device in devices]
        assert devices[0].name == devices[1].name != devices[2].name
        for one, other in zip(streams[0].inputs, streams[1].inputs, strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(streams[0].targets, streams[1].targets)
        assert not np.array_equal(streams[0].inputs, devices[0].support(12, visit=1).inputs)
        assert streams[0].inputs.shape == (12, *family.shape)
        assert streams[0].inputs.dtype == np.float32
        assert len(devices[0].support(0)) == 0
        query = devices[0].query
        assert len(query) >= 10
        assert not rows(query) & rows(devices[0].support(200))


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_the_network_fits_the_samples_and_is_a_file(name: str, tmp_path: Path) -> None:
    family = family_of(name, tmp_path)
    model = read_model(write_model(family.network(seed=1)), name)
    verify(model)
    assert model.input.shape == (1, *family.shape)
    assert model.output.shape == (1, family.outputs)
    other = family.network(seed=2)
    assert [value.data for value in other.tensors] != [value.data for value in model.tensors]


@pytest.mark.parametrize("name", ["digits", "omniglot", "keywords"])
def test_classes_of_unseen_devices_are_in_no_other(name: str, tmp_path: Path) -> None:
    family = family_of(name, tmp_path)
    seen = {
        group: {
            word for number in range(40) for word in family.device(group, number).name.split(", ")
        }
        for group in Group
    }
    roots = [{word.split(" turned")[0] for word in seen[group]} for group in Group]
    assert not roots[0] & roots[1]
    assert len(roots[1]) >= 3


def test_a_stream_has_one_sample_of_each_class_before_it_has_two() -> None:
    found = find_family("digits").device(Group.UNSEEN, 4).support(15)
    for turn in found.targets.reshape(3, 5):
        assert {*turn.tolist()} == {0, 1, 2, 3, 4}


def test_sines_have_the_amplitudes_and_phases_of_the_paper() -> None:
    family = find_family("sine")
    means = [
        float(np.mean(np.square(family.device(Group.TRAIN, n).query.targets))) for n in range(2000)
    ]
    assert 4.0 < np.mean(means) < 4.6  # the zero predictor's error: 4.25 where x covers periods
    device = family.device(Group.TRAIN, 5)
    amplitude = np.abs(device.query.targets).max()
    assert device.name.startswith(f"{amplitude:.1f}"[:2])


def test_omniglot_keeps_alphabets_or_takes_the_official_ones(tmp_path: Path) -> None:
    family = find_family("omniglot", omniglot(tmp_path))
    assert {name[0] for name in family.pools[Group.UNSEEN].names} == {*"DH"}  # type: ignore[attr-defined]
    assert len(family.pools[Group.TRAIN]) == 6 * CHARACTERS * 4  # type: ignore[attr-defined]
    (tmp_path / "images_background_small2.zip").rename(tmp_path / "images_evaluation.zip")
    family = find_family("omniglot", tmp_path)
    assert {name[0] for name in family.pools[Group.UNSEEN].names} == {*"CDEFGH"}  # type: ignore[attr-defined]
    assert {name[0] for name in family.pools[Group.TRAIN].names} == {*"ABC"}  # type: ignore[attr-defined]


def test_a_turned_character_is_another_class(tmp_path: Path) -> None:
    pool = find_family("omniglot", omniglot(tmp_path)).pools[Group.TRAIN]  # type: ignore[attr-defined]
    upright, turned = pool.samples[0][3, ..., 0], pool.samples[1][3, ..., 0]
    assert pool.names[1] == f"{pool.names[0]} turned by 90"
    np.testing.assert_array_equal(np.rot90(upright), turned)
    assert 0 < upright.sum() < 28  # a bar of ink on nothing


def test_days_without_anybody_are_no_devices(tmp_path: Path) -> None:
    family = find_family("presence", presence(tmp_path))
    assert family.devices(Group.TRAIN) == 3
    assert family.devices(Group.UNSEEN) == 2
    device = family.device(Group.UNSEEN, 0)
    assert device.name == "2015-02-11"
    light = device.query.inputs[:, 2] > 0
    np.testing.assert_array_equal(light, device.query.targets == 1)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("omniglot", "needs the archives", "github.com/brendenlake/omniglot"),
        ("presence", "needs the files", "archive.ics.uci.edu"),
        ("keywords", "needs a file", "docs/data.md"),
        ("sines", "no family of tasks 'sines'", "did you mean sine?"),
    ],
)
def test_missing_data_is_told_with_where_to_get_it(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as told:
        find_family(name)
    assert hint in told.value.hint


def test_damaged_data_is_told(tmp_path: Path) -> None:
    (tmp_path / "images_background.zip").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match="no archive of Omniglot"):
        find_family("omniglot", tmp_path)
    (tmp_path / "datatest.txt").write_text("date\n1,2015-02-02 10:00:00,warm\n")
    with pytest.raises(DataError, match="no file of Occupancy Detection"):
        find_family("presence", tmp_path)
    with pytest.raises(UsageError, match=r"datatest\.txt is not there"):
        find_family("presence", tmp_path / "nowhere")
    with pytest.raises(UsageError, match="makes its own data"):
        find_family("sine", tmp_path)


def test_a_family_of_your_own_is_named_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from tinyssl.data.episodes.sine import Sine\n"
        "class Small(Sine):\n    title = 'small sines'\n"
        "class Nothing:\n    pass\n"
    )
    assert find_family(f"{path}:Small").title == "small sines"
    with pytest.raises(UsageError, match="is no family of tasks"):
        find_family(f"{path}:Nothing")


def test_a_simulated_room_breathes_with_its_people() -> None:
    family = find_family("rooms", seed=1)
    assert family.devices(Group.TRAIN) is None
    day = family.device(Group.UNSEEN, 4).query
    with_people, without = (day.inputs[day.targets == label].mean(axis=0) for label in (1, 0))
    assert (with_people > without).all()
    # Air goes stale: CO2 rises while they are there, and falls when they have left.
    co2 = np.convolve(day.inputs[:, 0], np.ones(15) / 15, mode="valid")
    start = int(np.argmax(day.targets))
    assert co2[start + 60] > co2[start] + 0.3

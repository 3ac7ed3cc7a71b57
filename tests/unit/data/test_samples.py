"""Sound, sensor windows and tables: what their readers give, and what they refuse."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.data import DATASETS, load_dataset
from tinyssl.data.augment import to_float
from tinyssl.data.class_order import order_by_scores
from tinyssl.data.spec import FeatureSpec, to_int8, to_unit
from tinyssl.data.tones import SOUNDS, make_clip

SHARED = Path(__file__).parents[4] / "shared" / "data"


def test_every_dataset_has_a_kind() -> None:
    assert all(reader.kind for reader in DATASETS.values())


class TestSpec:
    @pytest.mark.parametrize(
        ("samples", "unit", "codes"),
        [
            (np.array([0, 128, 255], np.uint8), [0, 128 / 255, 1], [-128, 0, 127]),
            (np.array([-128, 0, 127], np.int8), [0, 128 / 255, 1], [-128, 0, 127]),
            (np.array([-0.5, 0.5, 1.5], np.float32), [0, 0.5, 1], [-128, 0, 127]),
        ],
    )
    def test_values_and_codes(self, samples, unit, codes) -> None:
        np.testing.assert_allclose(to_unit(samples), unit, atol=1e-7)
        assert to_int8(samples).tolist() == codes
        assert to_unit(samples).dtype == np.float32

    def test_code_and_value_agree_in_torch(self) -> None:
        """What a float network is trained on is what its INT8 form will get, to half a code."""
        for samples in (
            np.arange(-128, 128, dtype=np.int8).reshape(2, 16, 8, 1),
            np.random.default_rng(0).random((3, 10, 4)).astype(np.float32),
            np.random.default_rng(1).random((3, 5)).astype(np.float32),
        ):
            seen = to_float(torch.from_numpy(samples))
            spec_shape = samples.shape if samples.ndim != 3 else (3, 10, 1, 4)
            back = seen.permute(0, 2, 3, 1).numpy() if seen.ndim == 4 else seen.numpy()
            assert back.shape == spec_shape
            decoded = (to_int8(samples).astype(float) + 128) / 255
            np.testing.assert_allclose(back.ravel(), decoded.ravel(), atol=0.5 / 255 + 1e-6)

    def test_record_and_back(self) -> None:
        spec = FeatureSpec("sensor", (64, 2), "float32", (0.0, -1.0), (1.0, 1.0), ("x", "y"))
        assert FeatureSpec.from_record(json.loads(json.dumps(spec.as_record()))) == spec
        assert (spec.model_shape, spec.size_text, spec.noun) == ((64, 1, 2), "64x2", "window")

    @pytest.mark.parametrize(("kind", "shape"), [("image", (3,)), ("song", (3,)), ("table", (0,))])
    def test_what_cannot_be_is_refused(self, kind, shape) -> None:
        with pytest.raises(ValueError, match="cannot have shape"):
            FeatureSpec(kind, shape)
        with pytest.raises(ValueError, match="type 'int64'"):
            FeatureSpec("table", (1,), "int64")


class TestTones:
    def test_the_same_clips_every_time(self) -> None:
        first, second = (make_clip("rising", np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert first.shape == (16_000,)

    def test_sounds_differ(self) -> None:
        """Within a class by pitch and place, between classes by shape."""
        rng = np.random.default_rng(0)
        clips = np.stack([make_clip(name, rng) for name in SOUNDS])
        assert len(np.unique(clips, axis=0)) == len(SOUNDS)
        loudness = np.abs(clips.astype(float)).mean(axis=1)
        assert (loudness > 10).all()

    def test_a_path_is_refused(self) -> None:
        with pytest.raises(UsageError, match="makes its own clips"):
            load_dataset(DataConfig(dataset="tones", data_path=Path("x")))


def test_kws_reads_codes_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = rng.integers(-128, 128, (40, 49, 10)).astype(np.int8)
    path = tmp_path / "kws.npz"
    np.savez(path, features=features, label=np.arange(40) % 4, class_names=["a", "b", "c", "d"])
    dataset = load_dataset(DataConfig(dataset="kws", data_path=path))
    np.testing.assert_array_equal(dataset.samples[..., 0], features)
    assert dataset.spec.shape == (49, 10, 1)
    assert dataset.class_names == ("a", "b", "c", "d")
    assert dataset.as_record()["features"]["kind"] == "audio"
    assert "images" not in dataset.as_record()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"sound": np.zeros(3)}, "no `features`"),
        ({"features": np.zeros((5, 49, 10), np.float32)}, r"expected \(n, 49, 10\) int8"),
        ({"features": np.zeros((5, 40, 10), np.int8)}, r"shape \(5, 40, 10\)"),
    ],
)
def test_kws_refuses_other_arrays(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    path = tmp_path / "kws.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=words):
        load_dataset(DataConfig(dataset="kws", data_path=path))


def test_the_keywords_of_mlperf_tiny() -> None:
    if not (SHARED / "kws").is_dir():
        pytest.skip("needs ../shared/data/kws (keyword features of MLPerf Tiny)")
    path = SHARED / "kws" / "kws01_1000.npz"
    dataset = load_dataset(DataConfig(dataset="kws", data_path=path))
    assert dataset.samples.shape == (1000, 49, 10, 1)
    assert len(dataset.class_names) == 12


def test_a_folder_of_wav_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("hiss", "warble"):
        (tmp_path / name).mkdir()
        for number in range(6):
            with wave.open(str(tmp_path / name / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(16_000)
                file.writeframes(make_clip(name, rng)[: 12_000 + number].tobytes())
    (tmp_path / "hiss" / "notes.txt").write_text("left out")
    config = DataConfig(dataset="wav", data_path=tmp_path, clip_seconds=0.5, frontend="mfcc")
    dataset = load_dataset(config)
    assert dataset.spec.shape == (24, 10, 1)
    assert (dataset.class_names, len(dataset.samples)) == (("hiss", "warble"), 12)
    assert dataset.as_record()["left_out"][0]["kind"] == ".txt"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no WAV files"):
        load_dataset(DataConfig(dataset="wav", data_path=tmp_path / "empty"))


CSV = "time,x,y,state\n" + "".join(
    f"t{step},{step},{step * step % 7},{'walk' if step // 20 % 2 else 'rest'}\n"
    for step in range(200)
)


def test_windows_of_a_csv_file(tmp_path: Path) -> None:
    """Texts are no channel; a window has the state of most of its rows."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    config = DataConfig(
        dataset="windows", data_path=path, target="state", window_steps=10, window_stride=5
    )
    dataset = load_dataset(config)
    assert dataset.samples.shape == (39, 10, 2)
    assert dataset.class_names == ("rest", "walk")
    assert dataset.labels[:8].tolist() == [0, 0, 0, 0, 1, 1, 1, 0]  # rows 15-24: first of equals
    assert dataset.spec.low == (0.0, 0.0)
    assert dataset.spec.high == (199.0, 4.0)  # squares modulo 7
    assert dataset.spec.names == ("x", "y")
    assert dataset.samples[0, :, 0] == pytest.approx(np.arange(10) / 199)


def test_numbers_to_predict(tmp_path: Path) -> None:
    """A column of many numbers is regression; of few whole ones classes, unless one says so."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    base: dict[str, Any] = {"dataset": "table", "data_path": path}
    many = load_dataset(DataConfig(**base, target="x"))
    assert many.targets is not None
    assert many.targets[:, 0].tolist() == list(range(200))
    assert (many.labelled, many.target_names, many.spec.names) == (False, ("x",), ("y",))
    few = load_dataset(DataConfig(**base, target="y"))
    assert few.labelled
    assert few.targets is None
    told = load_dataset(DataConfig(**base, target="y", task="regression"))
    assert told.targets is not None
    assert told.fingerprint != few.fingerprint
    with pytest.raises(DataError, match="no column z"):
        load_dataset(DataConfig(**base, target="z"))
    with pytest.raises(DataError, match="holds text"):
        load_dataset(DataConfig(**base, target="state", task="regression"))


def test_arrays_of_windows_and_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "a.npz"
    np.savez(path, windows=rng.normal(size=(30, 16, 3)), labels=np.arange(30) % 3)
    windows = load_dataset(DataConfig(dataset="windows", data_path=path))
    assert (windows.samples[:].min(), windows.samples[:].max()) == (0, 1)
    assert windows.samples.dtype == np.float32
    np.savez(path, rows=rng.normal(size=(30, 4)), targets=rng.normal(size=(30, 2)))
    table = load_dataset(DataConfig(dataset="table", data_path=path))
    assert table.targets is not None
    assert table.targets.shape == (30, 2)
    assert table.target_names == ("target 0", "target 1")


ARRAYS: dict[str, Any] = {
    "windows": np.ones((9, 16, 3)),
    "rows": np.ones((9, 4)),
    "labels": np.arange(9) % 3,
}


@pytest.mark.parametrize(
    ("dataset", "arrays", "words"),
    [
        ("windows", {"windows": np.ones((9, 4))}, r"windows of shape \(9, 4\)"),
        ("windows", {"names": ["a"]}, "1 names for 3 channels"),
        ("table", {"rows": np.ones(9)}, r"rows of shape \(9,\)"),
        ("table", {"names": ["a"]}, "1 names for 4 columns"),
        ("table", {"rows": np.array(["a"] * 9)}, "rows of type <U1"),
        ("table", {"targets": np.ones((3, 1))}, r"targets of shape \(3, 1\)"),
        ("table", {"targets": np.ones((9, 2)), "target_names": ["a"]}, "1 names for 2 targets"),
        ("table", {"targets": np.full(9, np.inf)}, "a target that is no finite number"),
        ("table", {"is_test": np.ones(9)}, "is_test of type float64"),
        ("table", {"is_test": np.ones(9, bool)}, "with 9 test samples"),
        ("windows", {"is_test": np.zeros(4, bool)}, r"is_test of shape \(4,\)"),
    ],
)
def test_arrays_that_make_no_sense(
    tmp_path: Path, dataset: str, arrays: dict[str, Any], words: str
) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **(ARRAYS | arrays))
    with pytest.raises(DataError, match=words):
        load_dataset(DataConfig(dataset=dataset, data_path=path))


def test_arrays_may_say_which_samples_are_the_test(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **ARRAYS, is_test=np.arange(9) > 5)
    dataset = load_dataset(DataConfig(dataset="table", data_path=path))
    assert sorted(dataset.test) == [6, 7, 8]


@pytest.mark.parametrize("dataset", ["windows", "table"])
def test_a_data_set_of_a_file_asks_for_it(dataset: str) -> None:
    with pytest.raises(UsageError, match=f"dataset {dataset} needs a file"):
        load_dataset(DataConfig(dataset=dataset))


def test_numbers_between_are_no_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **ARRAYS, targets=np.linspace(0, 1, 9))
    with pytest.raises(UsageError, match="no whole numbers, so no classes"):
        load_dataset(DataConfig(dataset="table", data_path=path, task="classification"))
    monkeypatch.setattr("tinyssl.data.columns.CLASSES", 8)
    np.savez(path, **ARRAYS, targets=np.arange(9))
    with pytest.raises(DataError, match="has 9 classes; 8 are the most"):
        load_dataset(DataConfig(dataset="table", data_path=path, task="classification"))


def test_files_that_are_no_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(DataError, match="is not a CSV file"):
        load_dataset(DataConfig(dataset="table", data_path=path))
    monkeypatch.setattr("tinyssl.data.columns.CSV_BYTES", 4)
    with pytest.raises(DataError, match="holds 8 bytes; 4 are the most"):
        load_dataset(DataConfig(dataset="table", data_path=path))


def test_a_target_alone_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n" + "1\n2\n" * 20)
    for dataset, words in (("table", "no column beside its target"), ("windows", "0 channels")):
        with pytest.raises(DataError, match=words):
            load_dataset(DataConfig(dataset=dataset, data_path=path, target="a"))


def test_a_windows_number_is_the_mean_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f"{n % 7},{n / 2}\n" for n in range(200)))
    dataset = load_dataset(
        DataConfig(
            dataset="windows",
            data_path=path,
            target="y",
            task="regression",
            window_steps=4,
            window_stride=4,
        )
    )
    assert dataset.targets is not None
    assert sorted(dataset.targets.ravel())[:2] == [0.75, 2.75]
    without = load_dataset(DataConfig(dataset="windows", data_path=path, window_steps=4))
    assert without.class_names == ()


def test_the_lines_of_a_labels_file_are_the_scores(tmp_path: Path) -> None:
    labels, listed = np.array([0, 1, 1]), tmp_path / "labels.txt"
    listed.write_text("dog\n\nemu\ncat\n")
    found, names = order_by_scores(labels, ("cat", "dog"), 3, listed)
    assert (found.tolist(), names) == ([2, 0, 0], ("dog", "emu", "cat"))
    assert order_by_scores(labels, (), 3, listed) == (labels, ())
    with pytest.raises(DataError, match="has 3 lines; the model tells 2 classes apart"):
        order_by_scores(labels, ("cat", "dog"), 1, listed)
    with pytest.raises(DataError, match="has no line fox"):
        order_by_scores(labels, ("cat", "fox"), 3, listed)
    with pytest.raises(DataError, match="cannot read"):
        order_by_scores(labels, ("cat", "dog"), 3, tmp_path / "gone.txt")
    with pytest.raises(UsageError, match=r"gives 3 scores and the folder has 2 classes"):
        order_by_scores(labels, ("cat", "dog"), 3, None)


def test_the_tones_are_a_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyssl.data.tones.PER_CLASS", 3)
    dataset = load_dataset(DataConfig(dataset="tones"))
    assert dataset.class_names == tuple(SOUNDS)
    assert len(dataset.samples) == 3 * len(SOUNDS)
    assert dataset.spec.kind == "audio"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3\n", "line 3 of .* has 1 fields, its header 2"),
        ("a,b\n", "no row of numbers"),
        ("a\nx\ny\n", "no column of numbers"),
        ("a,a\n1,2\n", "two classes with the name a|two .* name a"),
        ("a,b\n1,nan\n2,3\n4,5\n6,7\n", "1 values that are no finite numbers"),
    ],
)
def test_tables_that_make_no_sense(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        load_dataset(DataConfig(dataset="table", data_path=path))


def test_a_row_name_without_header_is_no_column(tmp_path: Path) -> None:
    """As R writes tables."""
    path = tmp_path / "a.txt"
    path.write_text('"x","y"\n' + "".join(f'"{n}",{n},{n % 3}\n' for n in range(12)))
    dataset = load_dataset(DataConfig(dataset="table", data_path=path))
    assert dataset.spec.names == ("x", "y")

"""Files of calibration data become what the model takes, or an error that says what fits."""

import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyssl.convert.frameworks.base import FloatInput
from tinyssl.convert.frameworks.samples import read_samples
from tinyssl.core.errors import DataError, TinysslError, UsageError

IMAGE = (FloatInput("image", (1, 4, 6, 3)),)
GREY = (FloatInput("image", (1, 4, 6, 1)),)
ROW = (FloatInput("row", (1, 3)),)
SOUND = (FloatInput("samples", (1, 800)),)
TWO = (FloatInput("a", (1, 2)), FloatInput("b", (1, 3)))


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, value in enumerate((0, 255, 51)):
        Image.new("RGB", (12, 8), (value, 0, 0)).save(folder / f"{number}.png")
    return folder


def test_pictures_are_scaled_as_declared(pictures):
    samples = read_samples(pictures, IMAGE, 10, "-1:1")
    assert [array.shape for (array,) in samples] == [(1, 4, 6, 3)] * 3
    reds = [array[0, 0, 0, 0] for (array,) in samples]
    np.testing.assert_allclose(reds, [-1, 1, -0.6], atol=1e-6)


def test_pictures_of_a_grey_model_are_grey(pictures):
    ((first,), (second,), _) = read_samples(pictures, GREY, 10, "0:1")
    assert (first.shape, first.max()) == ((1, 4, 6, 1), 0)
    assert 0.25 < second.mean() < 0.35  # luma of pure red


def test_the_scaling_of_pictures_is_not_guessed(pictures):
    with pytest.raises(UsageError, match="how were pixels scaled") as caught:
        read_samples(pictures, IMAGE, 10, None)
    assert "--pixels" in caught.value.hint


def test_fewer_samples_are_drawn_by_a_fixed_seed(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.arange(300, dtype=np.float32).reshape(100, 3))
    chosen = read_samples(path, ROW, 10, None)
    assert len(chosen) == 10
    assert [a.tolist() for (a,) in chosen] == [
        a.tolist() for (a,) in read_samples(path, ROW, 10, None)
    ]


def test_arrays_of_several_inputs_go_by_name(tmp_path):
    path = tmp_path / "two.npz"
    np.savez(path, b=np.ones((4, 3)), a=np.zeros((4, 2)))
    samples = read_samples(path, TWO, 10, None)
    assert [array.tolist() for array in samples[0]] == [[[0, 0]], [[1, 1, 1]]]


def test_a_csv_has_a_row_a_sample(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("x,y,z\n1,2,3\n4,5,6\n")
    samples = read_samples(path, ROW, 10, None)
    assert [array.tolist() for (array,) in samples] == [[[1, 2, 3]], [[4, 5, 6]]]


def test_sound_is_as_long_as_the_input(tmp_path):
    write_wav(tmp_path / "a.wav", np.full(1000, 16384, np.int16))
    ((clip,),) = read_samples(tmp_path, SOUND, 10, None)
    assert clip.shape == (1, 800)
    assert set(clip.ravel()) <= {0.0, 0.5}


WRONG = {
    "missing": (lambda folder: folder / "gone.npz", ROW, "there is no"),
    "kind": (lambda folder: _written(folder / "rows.txt"), ROW, "is no calibration data"),
    "shape": (lambda folder: _saved(folder, np.zeros((4, 5))), ROW, r"shape \[5\]; the model"),
    "empty": (lambda folder: _saved(folder, np.zeros((0, 3))), ROW, "holds samples"),
    "infinite": (lambda folder: _saved(folder, np.full((2, 3), np.inf)), ROW, "not finite"),
    "inputs": (lambda folder: _saved(folder, np.zeros((4, 3))), TWO, "1 arrays, the model has 2"),
    "damaged": (lambda folder: _written(folder / "rows.npy"), ROW, "not a readable .npy"),
    "two": (lambda folder: _written(folder / "rows.csv"), TWO, "2 inputs"),
}


def _written(path: Path) -> Path:
    path.write_text("x\n1\n")
    return path


def _saved(folder: Path, array: np.ndarray) -> Path:
    np.savez(folder / "rows.npz", x=array)
    return folder / "rows.npz"


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_told(name, tmp_path):
    make, inputs, message = WRONG[name]
    with pytest.raises(TinysslError, match=message) as caught:
        read_samples(make(tmp_path), inputs, 10, None)
    assert isinstance(caught.value, DataError | UsageError)
    assert caught.value.hint


def test_sound_for_a_model_of_features_is_refused(tmp_path):
    write_wav(tmp_path / "a.wav", np.zeros(1000, np.int16))
    with pytest.raises(DataError, match="no row of samples") as caught:
        read_samples(tmp_path, IMAGE, 10, "0:1")
    assert ".npz" in caught.value.hint


def test_pictures_for_a_row_are_refused(pictures):
    with pytest.raises(DataError, match="no image"):
        read_samples(pictures, ROW, 10, "0:1")


def test_a_damaged_picture_is_named(pictures):
    (pictures / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"3\.png"):
        read_samples(pictures, IMAGE, 10, "0:1")

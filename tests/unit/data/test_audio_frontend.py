"""The audio front ends: log-mel against TFLM's own Signal operators, MFCC against the formulas."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.fft import dct

from tinyssl.core.errors import DataError, UsageError
from tinyssl.data.audio import audio_features, audio_spec, log_mel
from tinyssl.data.audio.fixed_fft import rfft_int16
from tinyssl.data.audio.fixed_point import log_scaled, rounded_sqrt
from tinyssl.data.audio.mel import FilterBank
from tinyssl.data.audio.mfcc import mel_matrix, mfcc, raw_mfcc
from tinyssl.data.audio.wav import fit_length, read_wav
from tinyssl.data.spec import to_unit

PREPROCESSOR = Path(__file__).parents[2] / "data" / "tflm" / "audio_preprocessor_int8.tflite"
SECOND = 16_000


def chirp(amplitude: float) -> NDArray[np.int16]:
    t = np.arange(SECOND) / SECOND
    return (amplitude * np.sin(2 * np.pi * (200 + 1500 * t) * t)).astype(np.int16)


def noise(amplitude: int, seed: int = 0) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    return rng.integers(-amplitude, amplitude, SECOND, endpoint=True).astype(np.int16)


CLIPS = {
    "silence": np.zeros(SECOND, np.int16),
    "hiss": noise(2),
    "noise": noise(900),
    "loud noise": noise(32767),
    "chirp": chirp(9000),
    "clipped chirp": np.clip(3 * chirp(20000).astype(int), -32768, 32767).astype(np.int16),
    "least": np.full(SECOND, -32768, np.int16),
    "most": np.full(SECOND, 32767, np.int16),
    "bursts": (noise(4000) * (np.arange(SECOND) // 1600 % 2)).astype(np.int16),
}


@pytest.mark.parametrize("name", CLIPS)
def test_log_mel_has_the_bytes_of_tflm(name: str) -> None:
    """49 frames of a second, the noise estimate carried from frame to frame."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(PREPROCESSOR.read_bytes())
    clip, expected = CLIPS[name], []
    for start in range(0, SECOND - 480 + 1, 320):
        interpreter.set_input(clip[None, start : start + 480], 0)
        interpreter.invoke()
        expected.append(interpreter.get_output(0).copy())
    np.testing.assert_array_equal(log_mel(clip[None])[0], np.stack(expected))
    if name not in ("silence", "least", "most"):
        assert len(np.unique(expected)) > 10  # a constant output would prove nothing


def test_clips_do_not_influence_each_other() -> None:
    both = log_mel(np.stack([CLIPS["chirp"], CLIPS["noise"]]))
    np.testing.assert_array_equal(both[1], log_mel(CLIPS["noise"][None])[0])


@pytest.mark.parametrize("size", [4, 8, 64, 512])
def test_fixed_point_fft_is_the_fft_divided_by_its_size(size: int) -> None:
    frames = np.random.default_rng(1).integers(-30000, 30000, (5, size)).astype(np.int16)
    real, imaginary = rfft_int16(frames, size)
    expected = np.fft.rfft(frames) / size
    assert np.abs(real - expected.real).max() <= 6
    assert np.abs(imaginary - expected.imag).max() <= 6


def test_square_root_rounds_to_the_nearest_and_log_is_a_logarithm() -> None:
    x = np.array([0, 1, 2, 3, 6, 7, 2**32 - 1, 2**32, 2**50 + 12345], np.uint64)
    expected = [0, 1, 1, 2, 2, 3, 65535, 65536, round(float(2**50 + 12345) ** 0.5)]
    assert rounded_sqrt(x).tolist() == expected
    values = np.array([0, 1, 2, 10, 1000, 2**31], np.uint32)
    found = log_scaled(values, 64)
    assert found[:2].tolist() == [0, 0]
    np.testing.assert_allclose(found[2:], 64 * np.log(values[2:]), atol=1)


def test_mel_filters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="no room for 40 mel filters"):
        FilterBank.of(257, 16_000, 40, (125.0, 8000.0), 12)


def test_mfcc_is_the_dct_of_log_mel_energies() -> None:
    """Independent: scipy's DCT in HTK's scaling, frame by frame."""
    clip = CLIPS["chirp"]
    found = raw_mfcc(clip[None])[0]
    assert found.shape == (49, 10)
    wave_form = clip / np.abs(clip.astype(float)).max()
    window = np.hanning(481)[:-1]
    for frame in (0, 20, 48):
        spectrum = np.abs(np.fft.rfft(wave_form[frame * 320 : frame * 320 + 480] * window, 512))
        energies = np.log(spectrum @ mel_matrix(257, 16_000, 40, (20.0, 4000.0)) + 1e-6)
        expected = dct(energies, type=2)[:10] / np.sqrt(2 * 40)
        np.testing.assert_allclose(found[frame], expected, atol=1e-9)


def test_mel_matrix_is_of_triangles() -> None:
    matrix = mel_matrix(257, 16_000, 40, (20.0, 4000.0))
    assert matrix[0].max() == 0  # no constant part
    assert (matrix.max(axis=0) > 0).sum() >= 38
    assert np.flatnonzero(matrix[:, -1])[-1] * 31.25 < 4000


def test_int8_features_are_codes_of_the_spec() -> None:
    """Decoding a code by the spec's range gives the coefficient back, to half a step."""
    clip = CLIPS["bursts"]
    spec = audio_spec("mfcc", SECOND)
    codes = mfcc(clip[None])
    assert spec.shape == (49, 10, 1)
    step = (spec.high[0] - spec.low[0]) / 255
    decoded = spec.low[0] + to_unit(codes) * (spec.high[0] - spec.low[0])
    inside = (codes > -128) & (codes < 127)
    assert np.abs(decoded - raw_mfcc(clip[None]))[inside].max() <= step / 2 + 1e-4


def test_features_have_the_shape_of_their_spec() -> None:
    for name in ("logmel", "mfcc"):
        features = audio_features(name, np.stack([CLIPS["chirp"]] * 2))
        assert features.shape[1:] == audio_spec(name, SECOND).shape
        assert features.dtype == np.int8
    with pytest.raises(UsageError, match="audio front end"):
        audio_spec("melody", SECOND)


def write_wav(path: Path, samples: bytes, width: int, rate: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return path


def test_wav_files_of_any_width(tmp_path: Path) -> None:
    """The same ramp in 8, 16, 24 and 32 bits; two channels are averaged."""
    ramp = np.arange(-100, 100) * 256
    octets = {
        1: (ramp // 256 + 128).astype(np.uint8).tobytes(),
        2: ramp.astype("<i2").tobytes(),
        3: b"".join(int(value * 256).to_bytes(3, "little", signed=True) for value in ramp),
        4: (ramp * 65536).astype("<i4").tobytes(),
    }
    for width, data in octets.items():
        found = read_wav(write_wav(tmp_path / f"{width}.wav", data, width, SECOND))
        np.testing.assert_array_equal(found, ramp)
    stereo = np.stack([ramp, np.zeros_like(ramp)], axis=1).astype("<i2").tobytes()
    found = read_wav(write_wav(tmp_path / "stereo.wav", stereo, 2, SECOND, 2))
    np.testing.assert_array_equal(found, ramp // 2)


def test_wav_files_of_other_rates_keep_their_pitch(tmp_path: Path) -> None:
    for rate in (8_000, 44_100):
        tone = 10000 * np.sin(2 * np.pi * 500 * np.arange(rate) / rate)
        found = read_wav(write_wav(tmp_path / f"{rate}.wav", tone.astype("<i2").tobytes(), 2, rate))
        assert abs(len(found) - SECOND) <= 1
        assert int(np.abs(np.fft.rfft(found)).argmax()) == pytest.approx(500, abs=1)


def test_what_is_no_wav_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF\x00\x00")
    with pytest.raises(DataError, match=r"bad\.wav is not a PCM WAV file"):
        read_wav(bad)


def test_clips_are_cut_or_padded_in_the_middle() -> None:
    samples = np.arange(1, 8, dtype=np.int16)
    assert fit_length(samples, 3).tolist() == [3, 4, 5]
    assert fit_length(samples[:2], 5).tolist() == [0, 1, 2, 0, 0]

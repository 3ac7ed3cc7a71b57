"""The streaming models of `pymicro-wakeword`, the sound in tests/data/wake, and what it decides."""

from __future__ import annotations

import importlib.util
import wave
from pathlib import Path

import numpy as np
import pytest

CLIPS = Path(__file__).parent / "data" / "wake"
WORDS = ("okay_nabu", "hey_jarvis", "hey_mycroft", "alexa")
PACKAGE = "pymicro_wakeword"


def model_file(word: str) -> Path:
    """The .tflite of a word, with its .json beside it; skips the test where there is none."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        pytest.skip("needs pymicro-wakeword: pip install pymicro-wakeword")
    return Path(found.origin).parent / "models" / f"{word}.tflite"


def clip(word: str) -> Path:
    return CLIPS / f"{word}.wav"


def heard_by_their_runtime(word: str, path: Path) -> bool:
    """The decision of the package's own front end and interpreter for a WAV file."""
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    model, features = MicroWakeWord.from_builtin(Model(word)), MicroWakeWordFeatures()
    with wave.open(str(path), "rb") as file:
        sound = file.readframes(file.getnframes())
    decisions = [model.process_streaming(frame) for frame in features.process_streaming(sound)]
    model.close()
    return any(decisions)


def write_clip(path: Path, samples: np.ndarray) -> None:
    """(n,) int16 at 16 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.asarray(samples, "<i2").tobytes())

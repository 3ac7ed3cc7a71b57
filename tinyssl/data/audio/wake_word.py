"""Wake words: what a streaming model is fed from a clip, and when its answers count as heard.

The numbers are those of microWakeWord's model files, `NAME.json` beside `NAME.tflite`: log-mel
features every 10 ms, and the mean of the last probabilities above a cutoff.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError
from tinyssl.core.files import read_json
from tinyssl.core.text import printable
from tinyssl.data.audio.frontend import LogMel, raw_log_mel
from tinyssl.data.audio.wav import RATE

FEATURE_SCALE = 10 / 256
"""What one step of the raw feature means to the model"""
PAUSE_SECONDS = 1.0
"""After a word was heard nothing is heard for so long: its end must not count again"""
CHANNELS = LogMel.channels
MILLISECONDS = RATE // 1000


@dataclass(frozen=True)
class WakeWord:
    """How a model's answers become a decision."""

    name: str
    cutoff: float
    """The word is heard when the mean probability is above it"""
    window: int
    """Probabilities of that mean"""
    step_ms: int = 10
    """From frame to frame"""

    @property
    def settings(self) -> LogMel:
        """Of the front end."""
        return LogMel(stride=self.step_ms * MILLISECONDS)


def read_wake_word(path: Path) -> WakeWord:
    """Reads a model's description in microWakeWord's format.

    Raises:
        DataError: It cannot be read, or lacks a number.
    """
    shown = printable(str(path))
    try:
        content: Any = read_json(path)
        micro = content["micro"]
        word = WakeWord(
            str(content["wake_word"]),
            float(micro["probability_cutoff"]),
            int(micro["sliding_window_size"]),
            int(micro.get("feature_step_size", WakeWord.step_ms)),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{shown} does not describe a wake word: {printable(repr(error))}",
            hint="it holds `wake_word` and `micro` with `probability_cutoff` and "
            "`sliding_window_size`, as microWakeWord writes it",
        ) from error
    if not (0 <= word.cutoff < 1 and word.window >= 1 and word.step_ms >= 1):
        raise DataError(
            f"{shown}: cutoff {word.cutoff}, {word.window} probabilities, a step of "
            f"{word.step_ms} ms",
            hint="a cutoff is from 0 to 1, the others are 1 or more",
        )
    return word


def wake_features(clip: NDArray[np.int16], word: WakeWord) -> NDArray[np.float64]:
    """(frames, 40) features of (samples,) mono at 16 kHz, as the model was trained on them."""
    if len(clip) < word.settings.window:
        return np.zeros((0, CHANNELS))
    return np.asarray(raw_log_mel(clip[None], word.settings)[0] * FEATURE_SCALE)


class Ear:
    """Hears the word in the probabilities of one clip.

    Args:
        word: Cutoff and window.
        step_seconds: Of sound between two probabilities.
    """

    def __init__(self, word: WakeWord, step_seconds: float) -> None:
        self.word = word
        self.probabilities: deque[float] = deque(maxlen=word.window)
        self._pause = round(PAUSE_SECONDS / step_seconds)
        self._left = 0

    def hear(self, probability: float) -> bool:
        """Whether the word is heard with this probability, once for each time that it is said."""
        if self._left:
            self._left -= 1
            return False
        self.probabilities.append(probability)
        full = len(self.probabilities) == self.word.window
        heard = full and sum(self.probabilities) / self.word.window > self.word.cutoff
        if heard:
            self.probabilities.clear()
            self._left = self._pause
        return heard

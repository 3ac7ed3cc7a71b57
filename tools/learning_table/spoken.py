"""Spoken words by two synthesizers, espeak-ng and flite: what a body learns of speech.

The words are English and none is one of the keywords: a body that has heard these and some keywords
has never heard another keyword. Debian: `apt-get install espeak-ng flite`.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import ToolMissing
from tinyssl.core.paths import cache_folder
from tinyssl.data.audio.mfcc import mfcc

KEYWORDS = {"down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes"}
WORDS = Path(__file__).with_name("words.txt").read_text(encoding="utf-8").split()
EACH = 40
"""Clips of a word by each synthesizer"""
RATE = 16_000
LEAST = 1000
"""Samples that a clip has at least; less was not spoken"""
ACCENTS = ("en-gb", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd",
           "en-029", "en-us-nyc")  # fmt: skip
VOICES = ("kal16", "awb", "rms", "slt")
"""Of flite"""
NO_SPEECH = {
    "whisper", "whisperf", "croak", "klatt6", "UniRobot", "robosoft", "robosoft2", "robosoft3",
    "robosoft4", "robosoft5", "robosoft6", "robosoft7", "robosoft8", "Demonic", "Alien", "boris2",
    "fast_test",
}  # fmt: skip
"""Variants of espeak-ng that hardly sound like people"""

Sound = NDArray[np.float64]
Clip = NDArray[np.int16]
"""(16,000,)"""
Features = NDArray[np.int8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Utterance:
    """A word to be spoken."""

    word: str
    program: str
    voice: str
    speed: float
    """Words a minute of espeak-ng; of flite how long it takes, 1 is as usual"""
    pitch: int
    """0 to 99 of espeak-ng; hertz of flite"""
    seed: int
    """Of what happens to the sound afterwards"""

    def spoken(self) -> tuple[Sound, int]:
        """Samples and their rate; none where the program says nothing."""
        if self.program == "espeak-ng":
            words = ["-v", self.voice, "-s", f"{self.speed:g}", "-p", str(self.pitch), "--stdout"]
            said = subprocess.run(
                [self.program, *words, self.word], capture_output=True, check=False
            )
            return np.frombuffer(said.stdout[44:], np.int16).astype(np.float64), 22_050
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            words = ["-voice", self.voice, "--setf", f"duration_stretch={self.speed:g}"]
            words += [
                "--setf",
                f"int_f0_target_mean={self.pitch}",
                "-t",
                self.word,
                "-o",
                file.name,
            ]
            subprocess.run([self.program, *words], capture_output=True, check=False)
            return _read(Path(file.name))

    def clip(self) -> Clip | None:
        """A second at 16 kHz: another size of speaker, a room, a microphone, noise."""
        raw, rate = self.spoken()
        rng = np.random.default_rng(self.seed)
        spread = 0.15 if self.program == "espeak-ng" else 0.22
        heard = rate * float(np.exp(rng.uniform(-spread, spread)))
        count = int(len(raw) * RATE / heard)
        if count < LEAST:
            return None
        sound = np.interp(np.arange(count) * heard / RATE, np.arange(len(raw)), raw)
        sound = _through_a_microphone(_in_a_room(_trimmed(sound), rng), rng)
        return _with_noise(_placed(sound, rng), np.sqrt(np.square(sound).mean()), rng)


def _read(path: Path) -> tuple[Sound, int]:
    try:
        with wave.open(io.BytesIO(path.read_bytes())) as file:
            frames = file.readframes(file.getnframes())
            return np.frombuffer(frames, np.int16).astype(np.float64), file.getframerate()
    except (wave.Error, EOFError):
        return np.zeros(0), RATE


def _trimmed(sound: Sound) -> Sound:
    """Without silence at both ends, at most 1."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return _loudest(sound[loud[0] : loud[-1] + 1])


def _loudest(sound: Sound) -> Sound:
    """As loud as goes: at most 1."""
    found: Sound = sound / np.abs(sound).max()
    return found


def _in_a_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """With reverberation, half of the time."""
    if rng.random() >= 0.5:
        return sound
    length = int(RATE * rng.uniform(0.03, 0.2))
    response = rng.normal(0, 1, length) * np.exp(-np.arange(length) / (length / 5))
    response[0] += rng.uniform(3, 12)
    return _loudest(np.convolve(sound, response)[: len(sound) + length // 2])


def _through_a_microphone(sound: Sound, rng: np.random.Generator) -> Sound:
    """With a frequency response of six points, 4 dB of deviation."""
    spectrum = np.fft.rfft(sound, 1 << 16 if len(sound) > 1 << 15 else 1 << 15)
    axis = np.log(np.linspace(0, RATE / 2, len(spectrum)) + 100)
    points = np.linspace(np.log(100), np.log(RATE / 2 + 100), 6)
    gain = np.interp(axis, points, rng.normal(0, 4, 6))
    return _loudest(np.fft.irfft(spectrum * 10 ** (gain / 20))[: len(sound)])


def _placed(sound: Sound, rng: np.random.Generator) -> Sound:
    """Somewhere in a second."""
    if len(sound) > RATE:
        start = int(rng.integers(0, len(sound) - RATE + 1))
        return sound[start : start + RATE]
    start = int(np.clip(rng.normal(0.5, 0.2), 0, 1) * (RATE - len(sound)))
    clip = np.zeros(RATE)
    clip[start : start + len(sound)] = sound
    return clip


def _with_noise(clip: Sound, level: float, rng: np.random.Generator) -> Clip:
    """Coloured noise 0 to 45 dB below the level of the speech; any loudness."""
    spectrum = np.fft.rfft(rng.normal(0, 1, RATE))
    noise = np.fft.irfft(spectrum / (np.arange(len(spectrum)) + 20) ** rng.uniform(0, 1))
    mixed = clip + noise / noise.std() * level * 10 ** (-rng.uniform(0, 45) / 20)
    found: Clip = (_loudest(mixed) * rng.uniform(3000, 32000)).astype(np.int16)
    return found


def utterances() -> list[Utterance]:
    """All that is spoken, by seeds: first by espeak-ng, then by flite."""
    return [*_by_espeak(), *_by_flite()]


def _by_espeak() -> Iterator[Utterance]:
    rng, variants = np.random.default_rng(0), _variants()
    for number, word in enumerate(WORDS * EACH):
        voice = str(rng.choice(ACCENTS))
        if rng.random() < 0.8:
            voice += f"+{rng.choice(variants)}"
        speed, pitch = int(rng.integers(110, 210)), int(rng.integers(15, 85))
        yield Utterance(word, "espeak-ng", voice, speed, pitch, number)


def _by_flite() -> Iterator[Utterance]:
    rng = np.random.default_rng(7)
    for number, word in enumerate(WORDS * EACH):
        voice, stretch = str(rng.choice(VOICES)), round(float(rng.uniform(0.75, 1.35)), 2)
        pitch = int(rng.integers(75, 260))
        yield Utterance(word, "flite", voice, stretch, pitch, 2 * 10**6 + number)


def _variants() -> list[str]:
    """Voices of espeak-ng that sound like other people."""
    listed = subprocess.run(
        ["espeak-ng", "--voices=variant"], capture_output=True, encoding="utf-8", check=True
    ).stdout.splitlines()[1:]
    names = [line.split("!v/")[1].split()[0] for line in listed if "!v/" in line]
    return [name for name in names if name not in NO_SPEECH]


def spoken_words(say: Callable[[str], None]) -> tuple[Features, Labels]:
    """MFCC of all words (n, 49, 10) and which word each is; made once, kept in the cache.

    Args:
        say: Told how far it is; it takes about 20 minutes on two cores.

    Raises:
        ToolMissing: A synthesizer is not installed.
    """
    kept = cache_folder() / f"spoken-words-{len(WORDS)}-{EACH}.npz"
    if kept.exists():
        with np.load(kept, allow_pickle=False) as file:
            return file["features"], file["labels"]
    for program in ("espeak-ng", "flite"):
        if shutil.which(program) is None:
            raise ToolMissing(f"{program} is not installed", hint="apt-get install espeak-ng flite")
    jobs, features, labels = utterances(), [], []
    step = 4 * len(WORDS)
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(jobs), step):
            part = jobs[start : start + step]
            heard = zip(part, pool.map(Utterance.clip, part), strict=True)
            good = [(each.word, clip) for each, clip in heard if clip is not None]
            features.append(mfcc(np.stack([clip for _, clip in good])))
            labels += [WORDS.index(word) for word, _ in good]
            say(f"{start + len(part):,} of {len(jobs):,} words spoken")
    found = np.concatenate(features), np.array(labels, np.int64)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez(kept, allow_pickle=False, features=found[0], labels=found[1])
    return found

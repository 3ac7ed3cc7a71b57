"""Google's speech embedding as a teacher of the keywords' body: 96 numbers for 0.76 s of speech.

Lin et al., arXiv 2002.01322; Apache-2.0. Its weights come in a Python package. It was trained on
speech of YouTube, and may have heard the keywords; labels of this data it never saw. It takes 32
mel energies at 10 ms, which ten MFCC give back but for their fine structure.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import ToolMissing
from tinyssl.data.audio.mfcc import Mfcc, mel_matrix
from tinyssl.learn.teachers.fast import INSTALL

PACKAGE = "openwakeword"
COMMAND = "pip install --no-deps openwakeword==0.4.0"
WINDOW, STEP, PADDING = 76, 8, 27
"""Frames of 10 ms: what it sees, from one look to the next, at both ends of a clip"""
EMBEDDING = 192
BATCH = 64
CENTRES = np.array(
    [128, 197, 263, 330, 397, 466, 535, 603, 670, 737, 804, 872, 941, 1011, 1083, 1161, 1246,
     1335, 1431, 1536, 1647, 1766, 1893, 2030, 2177, 2334, 2503, 2685, 2879, 3087, 3310, 3550.0]
)  # fmt: skip
"""Hz of its mel filters"""
LEVEL = 6.5
"""Logarithm of energy where a clip's filters are 1: of loud speech"""

Array = NDArray[np.float32]


def embeddings(codes: NDArray[np.int8]) -> Array:
    """Mean and maximum of what it says of a clip, looking every 80 ms.

    Args:
        codes: (n, 49, 10) of MFCC, or (n, 49, 10, 1).

    Returns:
        (n, 192).

    Raises:
        ToolMissing: The package with the weights, or onnxruntime, is not installed.
    """
    session = _session()
    found = [_looks(session, codes[at : at + BATCH]) for at in range(0, len(codes), BATCH)]
    looks = np.concatenate(found)
    return np.concatenate([looks.mean(axis=1), looks.max(axis=1)], axis=1)


def _looks(session: Any, codes: NDArray[np.int8]) -> Array:
    """(n, looks, 96)."""
    ends = ((0, 0), (PADDING, PADDING), (0, 0))
    energies = np.pad(mel_energies(codes), ends, mode="edge")
    starts = range(0, energies.shape[1] - WINDOW + 1, STEP)
    windows = np.stack([energies[:, at : at + WINDOW] for at in starts], axis=1)
    (found,) = session.run(None, {"input_1": windows.reshape(-1, WINDOW, len(CENTRES), 1)})
    return np.asarray(found.reshape(len(codes), len(starts), -1))


def mel_energies(codes: NDArray[np.int8]) -> Array:
    """Decimal logarithms of energy at 10 ms, (n, 97, 32), from (n, 49, 10) codes of MFCC."""
    settings = Mfcc()
    times = np.clip((np.arange(97) * 160 + 16) / settings.stride, 0, 48)
    low = np.minimum(times.astype(int), 47)
    part = (times - low)[:, None]
    frames = codes.reshape(len(codes), -1, settings.channels).astype(np.float64)
    coefficients = (frames - settings.zero_point) * settings.scale
    between = coefficients[:, low] * (1 - part) + coefficients[:, low + 1] * part
    return np.asarray(between @ _inverse() + _offset(), np.float32)


@lru_cache
def _inverse() -> NDArray[np.float64]:
    """(10, 32): coefficients to decimal logarithms of energy (of magnitude, natural: twice)."""
    settings = Mfcc()
    angles = np.pi / settings.filters * (np.arange(settings.filters) + 0.5)
    rows = np.cos(np.arange(settings.channels)[:, None] * angles) * np.sqrt(2 / settings.filters)
    rows[0] /= 2
    return np.asarray(rows @ _between() * 2 / np.log(10))


@lru_cache
def _offset() -> NDArray[np.float64]:
    """(32,): its filters are means, those of MFCC are sums, wider the higher they are.

    Low filters hold few bins, so their widths are means over five.
    """
    settings = Mfcc()
    bins = settings.fft_size // 2 + 1
    band = settings.low_hz, settings.high_hz
    widths = mel_matrix(bins, settings.rate, settings.filters, band).sum(axis=0)
    logs = np.log(np.pad(widths, 2, mode="edge") + 1e-3)
    smooth = np.convolve(logs, np.ones(5) / 5, "valid")
    wide = smooth - np.log(np.exp(smooth).mean())
    return np.asarray(LEVEL - wide @ _between() * 2 / np.log(10))


@lru_cache
def _between() -> NDArray[np.float64]:
    """(40, 32): the filters of MFCC to its filters, by their centres."""
    settings = Mfcc()
    low_mel, high_mel = (1127 * np.log1p(hz / 700) for hz in (settings.low_hz, settings.high_hz))
    own = 700 * np.expm1(np.linspace(low_mel, high_mel, settings.filters + 2)[1:-1] / 1127)
    places = np.interp(CENTRES, own, np.arange(settings.filters))
    low = np.minimum(places.astype(int), settings.filters - 2)
    found = np.zeros((settings.filters, len(CENTRES)))
    columns = np.arange(len(CENTRES))
    found[low, columns] = 1 - (places - low)
    found[low + 1, columns] = places - low
    return found


@lru_cache
def _session() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ToolMissing(f"onnxruntime is not installed: {error}", hint=INSTALL) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(weights()), options)


def weights() -> Path:
    """The file with the weights.

    Raises:
        ToolMissing: The package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "resources" / "models" / "embedding_model.onnx"
        if path.is_file():
            return path
    raise ToolMissing(f"{PACKAGE}, a teacher's weights, is not installed", hint=COMMAND)

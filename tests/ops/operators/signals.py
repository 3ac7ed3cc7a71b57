"""Operators of the audio front end: `Signal…`."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile

SUBTRACTION = {
    "smoothing": 409,
    "one_minus_smoothing": 15975,
    "alternate_smoothing": 983,
    "alternate_one_minus_smoothing": 15401,
    "min_signal_remaining": 819,
    "smoothing_bits": 10,
    "spectral_subtraction_bits": 14,
}


def one(kind, shape, dtype="int16", outputs=None, tables=(), **options):
    """One operator; `outputs` are shape and type of each."""
    file = Flatfile()
    start = file.activation(shape, dtype=dtype)
    found = [file.activation(size, dtype=each) for size, each in outputs or [(shape, dtype)]]
    constants = [file.constant(np.asarray(values, np.int16)) for values in tables]
    file.operator(f"CUSTOM Signal{kind}", [start, *constants], found, **options)
    return file.data(outputs=found)


def window(shape=(3, 20), shift=12, seed=0):
    """Weights of both signs, some of which drive the product to an end."""
    weights = np.random.default_rng(seed).integers(-(2**15), 2**15, shape[-1])
    return one("Window", shape, tables=[weights], shift=shift)


def auto_scale(size=24):
    return one("FftAutoScale", (size,), outputs=[((size,), "int16"), ((), "int32")])


def bank_tables(bands, frequencies, seed=0):
    """Weights, unweights, first frequencies, first weights, widths; a band more than there are."""
    source = np.random.default_rng(seed)
    edges = np.sort(source.choice(np.arange(1, frequencies), bands + 1, replace=False))
    widths = np.diff(np.append(edges, frequencies))
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]])
    weights = source.integers(0, 4097, widths.sum())
    return [weights, 4096 - weights, edges, starts, widths]


def filter_bank(bands=5, frequencies=33, seed=0):
    tables = bank_tables(bands, frequencies, seed)
    outputs = [((bands,), "uint64")]
    return one("FilterBank", (frequencies,), "uint32", outputs, tables, num_channels=bands)


def subtraction(size=7, clamping=False, **given):
    values = SUBTRACTION | {"num_channels": size} | given
    outputs = [((size,), "uint32")] * 2
    return one(
        "FilterBankSpectralSubtraction",
        (size,),
        "uint32",
        outputs,
        clamping=clamping,
        **values,
    )


def rfft(shape=(32,), points=32):
    outputs = [((*shape[:-1], points + 2), "int16")]
    return one("Rfft", shape, outputs=outputs, T=7, fft_length=points)


def irfft(rows=(), points=32):
    return one(
        "Irfft", (*rows, points + 2), outputs=[((*rows, points), "int16")], T=7, fft_length=points
    )


def framer(shape=(2, 12), size=8, step=4):
    outputs = [((*shape[:-1], shape[-1] // step, size), "int16"), ((), "bool")]
    options = {"frame_size": size, "frame_step": step, "prefill": True}
    return one("Framer", shape, outputs=outputs, **options)


def overlap_add(shape=(2, 3, 8), step=3):
    outputs = [((*shape[:-2], shape[-2] * step), "int16")]
    return one("OverlapAdd", shape, outputs=outputs, T=7, frame_step=step)


def stacker(size=5, before=3):
    outputs = [(((before + 1) * size,), "int16"), ((), "bool")]
    return one(
        "Stacker",
        (size,),
        outputs=outputs,
        num_channels=size,
        stacker_left_context=before,
        stacker_right_context=0,
        stacker_step=1,
    )


def log(size=40, correction=3, scale=64):
    outputs = [((size,), "int16")]
    options = {"input_correction_bits": correction, "output_scale": scale}
    return one("FilterBankLog", (size,), "uint32", outputs, **options)


def gains(seed=0):
    """As the table of a gain that falls."""
    source = np.random.default_rng(seed)
    values = source.integers(-400, 400, 125)
    values[:2] = 32636, 32636
    values[2::4] = np.linspace(32000, 20, 31)
    return values


def front_end(frequencies=33, bands=6, seed=0):
    """From a spectrum to logarithms, as micro_speech has it."""
    file = Flatfile()
    spectrum = file.activation((2 * frequencies,), dtype="int16")
    scaled = file.activation((2 * frequencies,), dtype="int16")
    bits = file.activation((), dtype="int32")
    file.operator("CUSTOM SignalFftAutoScale", [spectrum], [scaled, bits])
    energy = file.activation((frequencies,), dtype="uint32")
    file.operator("CUSTOM SignalEnergy", [scaled], [energy], start_index=0, end_index=frequencies)
    sums = file.activation((bands,), dtype="uint64")
    tables = [file.constant(x.astype(np.int16)) for x in bank_tables(bands, frequencies, seed)]
    file.operator("CUSTOM SignalFilterBank", [energy, *tables], [sums], num_channels=bands)
    roots, left, noise, gained = (file.activation((bands,), dtype="uint32") for _ in range(4))
    file.operator("CUSTOM SignalFilterBankSquareRoot", [sums, bits], [roots])
    options = SUBTRACTION | {"clamping": False, "num_channels": bands}
    kind = "CUSTOM SignalFilterBankSpectralSubtraction"
    file.operator(kind, [roots], [left, noise], **options)
    table = file.constant(gains(seed).astype(np.int16))
    file.operator("CUSTOM SignalPCAN", [left, noise, table], [gained], snr_shift=6)
    output = file.activation((bands,), dtype="int16")
    options = {"input_correction_bits": 3, "output_scale": 64}
    file.operator("CUSTOM SignalFilterBankLog", [gained], [output], **options)
    return file.data()


CASES = {
    "signal window": window,
    "signal window, one frame": partial(window, shape=(37,), shift=15, seed=1),
    "signal auto scale": auto_scale,
    "signal auto scale of one": partial(auto_scale, size=1),
    "signal delay": partial(one, "Delay", (2, 12), delay_length=5),
    "signal delay, longer than a frame": partial(one, "Delay", (12,), delay_length=31),
    "signal energy": partial(
        one, "Energy", (64,), outputs=[((32,), "uint32")], start_index=0, end_index=32
    ),
    "signal filter bank": filter_bank,
    "signal filter bank of one": partial(filter_bank, bands=1, frequencies=9, seed=2),
    "signal subtraction": subtraction,
    "signal subtraction, clamped": partial(subtraction, clamping=True, smoothing_bits=0),
    "signal rfft": rfft,
    "signal rfft, frames": partial(rfft, shape=(3, 50), points=64),
    "signal rfft of 4": partial(rfft, shape=(4,), points=4),
    "signal rfft of 8": partial(rfft, shape=(7,), points=8),
    "signal rfft of 512": partial(rfft, shape=(480,), points=512),
    "signal irfft": irfft,
    "signal irfft of 64": partial(irfft, rows=(3,), points=64),
    "signal irfft of 4": partial(irfft, points=4),
    "signal irfft of 256": partial(irfft, points=256),
    "signal framer": framer,
    "signal framer, far apart": partial(framer, shape=(10,), size=5, step=5),
    "signal framer, many steps": partial(framer, shape=(3,), size=11, step=3),
    "signal overlap add": overlap_add,
    "signal overlap add, touching": partial(overlap_add, shape=(4, 6), step=6),
    "signal stacker": stacker,
    "signal stacker of one": partial(stacker, size=7, before=0),
    "signal log": log,
    "signal log, large": partial(log, correction=0, scale=1600),
    "signal front end": front_end,
    "signal front end of 20": partial(front_end, frequencies=129, bands=20, seed=3),
}

RANDOM = {"signal front end": lambda seed: front_end(33, 3 + seed % 20, seed)}

"""QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile


def rescaled(types=("int8", "int8"), scales=(0.05, 0.07), zeros=(3, -9), shape=(1, 4, 5, 3)):
    """One tensor in another type and quantisation."""
    file = Flatfile()
    pairs = zip(types, scales, zeros, strict=True)
    start, output = (file.quantised(shape, scale, zero, kind) for kind, scale, zero in pairs)
    kind = "DEQUANTIZE" if types[1] == "float32" else "QUANTIZE"
    file.operator(kind, [start], [output], 2)
    return file.data()


CASES = {
    "quantize": partial(rescaled, types=("float32", "int8")),
    "quantize halves": partial(rescaled, types=("float32", "int8"), scales=(1.0, 1 / 16)),
    "quantize fine": partial(rescaled, types=("float32", "int8"), scales=(1.0, 1e-6)),
    "quantize to int16": partial(
        rescaled, types=("float32", "int16"), scales=(1.0, 0.00013), zeros=(0, 0)
    ),
    "rescale": rescaled,
    "rescale to the same": partial(rescaled, scales=(0.05, 0.05), zeros=(4, 4)),
    "rescale zero point": partial(rescaled, scales=(0.05, 0.05), zeros=(4, -120)),
    "rescale by table": partial(rescaled, shape=(1, 8, 8, 5)),
    "rescale uint8 by table": partial(
        rescaled, types=("uint8", "int8"), zeros=(119, -9), shape=(1, 8, 8, 5)
    ),
    "rescale to uint8 by table": partial(
        rescaled, types=("int8", "uint8"), zeros=(3, 201), shape=(1, 8, 8, 5)
    ),
    "rescale up": partial(rescaled, scales=(0.9, 0.002)),
    "rescale down": partial(rescaled, scales=(0.002, 0.09)),
    "rescale int8 to int16": partial(rescaled, types=("int8", "int16"), zeros=(7, 0)),
    "rescale int16 to int8": partial(
        rescaled, types=("int16", "int8"), scales=(0.0003, 0.05), zeros=(0, 11)
    ),
    "rescale int16": partial(rescaled, types=("int16", "int16"), zeros=(0, 0)),
    "rescale int16 to int32": partial(
        rescaled, types=("int16", "int32"), scales=(0.0003, 0.00005), zeros=(0, 0)
    ),
    "rescale int8 to int32": partial(
        rescaled, types=("int8", "int32"), scales=(0.05, 0.0003), zeros=(-4, 0)
    ),
    "rescale int32 to int8": partial(
        rescaled, types=("int32", "int8"), scales=(3e-11, 0.0008), zeros=(0, 21)
    ),
    "rescale int32 to int16": partial(
        rescaled, types=("int32", "int16"), scales=(4e-12, 2e-7), zeros=(0, 0)
    ),
    "rescale uint8 to int8": partial(rescaled, types=("uint8", "int8"), zeros=(119, -9)),
    "rescale int8 to uint8": partial(rescaled, types=("int8", "uint8"), zeros=(127, 250)),
    "rescale uint8 shifted by 127": partial(
        rescaled, types=("uint8", "int8"), scales=(0.05, 0.05), zeros=(128, 1)
    ),
    "flip uint8 to int8": partial(
        rescaled, types=("uint8", "int8"), scales=(0.05, 0.05), zeros=(131, 3), shape=(1, 5, 7, 3)
    ),
    "flip int8 to uint8": partial(
        rescaled, types=("int8", "uint8"), scales=(1 / 256, 1 / 256), zeros=(-128, 0), shape=(1, 3)
    ),
    "dequantize": partial(rescaled, types=("int8", "float32")),
    "dequantize uint8": partial(rescaled, types=("uint8", "float32"), zeros=(200, 0)),
    "dequantize int16": partial(rescaled, types=("int16", "float32"), zeros=(0, 0)),
}


PAIRS = (
    *(("int8", to) for to in ("int8", "uint8", "int16", "int32", "float32")),
    *(("int16", to) for to in ("int8", "int16", "int32", "float32")),
    *(("uint8", to) for to in ("int8", "float32")),
)
ZEROS = {"int8": (-128, 128), "uint8": (0, 256)}


def _random(seed):
    source = np.random.default_rng(seed)
    types = PAIRS[source.integers(len(PAIRS))] if seed % 2 else ("float32", "int8")
    zeros = [int(source.integers(*ZEROS[kind])) if kind in ZEROS else 0 for kind in types]
    return rescaled(types, tuple(np.exp(source.uniform(-6, 0, 2)).tolist()), tuple(zeros))


RANDOM = {"quantize": _random}

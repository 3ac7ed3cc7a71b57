"""Functions of one element."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile

SHAPE = (1, 8, 8, 4)
FRACTIONS = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
"""int8 outputs that the operator asks for"""


def unary(kind, source=(0.05, -3), target=(0.03, 8), dtype="int8", **options):
    """An operator of the model's input."""
    file = Flatfile()
    start, output = (file.activation(SHAPE, scale, zero, dtype) for scale, zero in (source, target))
    file.operator(kind, [start], [output], 2, **options)
    return file.data()


def of_positive(kind):
    """A float32 operator of numbers from 0: int8 through DEQUANTIZE."""
    file = Flatfile()
    start = file.activation(SHAPE, 0.11, -128)
    real, output = (file.activation(SHAPE, dtype="float32") for _ in range(2))
    file.operator("DEQUANTIZE", [start], [real], 2)
    file.operator(kind, [real], [output])
    return file.data()


def near_halves(kind, values, **options):
    """Of int16: the input, then numbers that a ratio in float32 rounds the other way."""
    file = Flatfile()
    source, target = 6.249221041798592e-05, 5.6880093325162306e-05
    start = file.activation((8,), source, 0, "int16")
    joined, output = (
        file.activation((8 + len(values),), scale, 0, "int16") for scale in (source, target)
    )
    numbers = file.constant(np.array(values, np.int16), [source])
    file.operator("CONCATENATION", [start, numbers], [joined], axis=0)
    file.operator(kind, [joined], [output], 2, **options)
    return file.data()


def rsqrt16(scale, target, small=False):
    """RSQRT of int16 from 0 on: after ABS. `small`: up to 128, by CAST."""
    file = Flatfile()
    given = file.activation(SHAPE, 0.05, 0, "int8" if small else "int16")
    start, size = given, file.activation(SHAPE, scale, 0, "int16")
    if small:
        start = file.activation(SHAPE, scale, 0, "int16")
        file.operator("CAST", [given], [start])
    else:
        file.tensors[given].quantization.scale = [scale]
    output = file.activation(SHAPE, target, 0, "int16")
    file.operator("ABS", [start], [size])
    file.operator("RSQRT", [size], [output])
    return file.data()


def _fraction(kind, scale, zero):
    return unary(kind, (scale, zero), FRACTIONS[kind])


def _fraction16(kind, scale):
    return unary(kind, (scale, 0), (2**-15, 0), "int16")


def _sigmoids():
    """LOGISTIC and TANH: ranges on both sides of the saturation, all int16 branches."""
    found = {}
    for kind in FRACTIONS:
        name = kind.lower()
        for scale, zero in ((0.05, -3), (0.12, 127), (0.9, -128), (0.002, 4), (17.0, 0)):
            found[f"{name} {scale}"] = partial(_fraction, kind, scale, zero)
        for scale in (2**-12, 2**-11, 2**-13, 0.00031, 0.0021, 1.3e-8):
            found[f"{name} int16 {scale:.2g}"] = partial(_fraction16, kind, scale)
    return found


FLOATS: tuple[str, ...] = (
    "LOGISTIC",
    "TANH",
    "RELU",
    "RELU6",
    "ELU",
    "HARD_SWISH",
    "EXP",
    "SQUARE",
    "ABS",
    "NEG",
)
FLOATS += ("ROUND", "FLOOR", "CEIL", "SIN", "COS")
POSITIVE = ("LOG", "SQRT", "RSQRT")
SAME = (0.05, -3)

CASES = {
    **_sigmoids(),
    **{f"{kind.lower()} floats": partial(unary, kind, dtype="float32") for kind in FLOATS},
    **{f"{kind.lower()} floats": partial(of_positive, kind) for kind in POSITIVE},
    "relu": partial(unary, "RELU"),
    "relu of one quantisation": partial(unary, "RELU", target=SAME),
    "relu below the output": partial(unary, "RELU", target=(0.01, -128)),
    "relu of halves": partial(unary, "RELU", (0.05, 7), (0.1, -128)),
    "relu int16": partial(unary, "RELU", (0.0003, 0), (0.0005, 0), "int16"),
    "relu int16 near halves": partial(near_halves, "RELU", [1424, 7120, 18887]),
    "relu6": partial(unary, "RELU6", target=SAME),
    "relu6 of another quantisation": partial(unary, "RELU6", (0.09, -100), (0.03, 8)),
    "relu6 int16": partial(unary, "RELU6", (0.0003, 0), (0.0003, 0), "int16"),
    "leaky relu": partial(unary, "LEAKY_RELU", alpha=0.1),
    "leaky relu down": partial(unary, "LEAKY_RELU", alpha=-0.3, target=(0.06, -100)),
    "leaky relu of halves": partial(unary, "LEAKY_RELU", (0.1, 0), (0.1, 0), alpha=-0.5),
    "leaky relu int16": partial(
        unary, "LEAKY_RELU", (0.0003, 0), (0.0002, 0), "int16", alpha=-0.25
    ),
    "leaky relu int16 near halves": partial(
        near_halves, "LEAKY_RELU", [1424, 7120, -2848, -14240], alpha=0.25
    ),
    "leaky relu floats": partial(unary, "LEAKY_RELU", dtype="float32", alpha=0.3),
    "abs": partial(unary, "ABS", target=SAME),
    "abs of halves": partial(unary, "ABS", (0.05, 0), (0.1, -128)),
    "abs int16": partial(unary, "ABS", (0.0004, 0), (0.0003, 0), "int16"),
    "abs int16 near halves": partial(near_halves, "ABS", [1424, -7120, 18887]),
    "abs int16 of one scale": partial(unary, "ABS", (0.0004, 0), (0.0004, 0), "int16"),
    "elu": partial(unary, "ELU"),
    "elu wide": partial(unary, "ELU", (0.09, 100), (0.02, -90)),
    "hard swish": partial(unary, "HARD_SWISH"),
    "hard swish coarse": partial(unary, "HARD_SWISH", (0.5, 3), (0.25, -128)),
    "hard swish fine": partial(unary, "HARD_SWISH", (0.004, 127), (0.02, 0)),
    "rsqrt": partial(unary, "RSQRT", (0.03, -128), (0.05, -128)),
    "rsqrt int16": partial(rsqrt16, 0.0003, 0.002),
    "rsqrt int16 of small numbers": partial(rsqrt16, 1.0, 5e-5, True),
    "rsqrt coarse": partial(unary, "RSQRT", (3.0, -128), (0.004, 3)),
}


def _random(seed):
    source = np.random.default_rng(seed)
    kinds = ("LOGISTIC", "TANH", "RELU", "RELU6", "LEAKY_RELU", "ABS", "ELU", "HARD_SWISH")
    kind = kinds[seed % len(kinds)]
    scales = [float(np.float32(scale)) for scale in np.exp(source.uniform(-5, 0, 2))]
    zeros = source.integers(-128, 128, 2).tolist()
    given = (scales[0], zeros[0])
    if kind == "HARD_SWISH":
        scales[1] = max(scales[1], scales[0] / 100)
    target = FRACTIONS.get(kind, (scales[1], zeros[1]))
    options = {"alpha": float(source.uniform(-1, 1))} if kind == "LEAKY_RELU" else {}
    return unary(kind, given, target, **options)


RANDOM = {"unary": _random}

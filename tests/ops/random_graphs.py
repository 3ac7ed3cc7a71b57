"""Random graphs of one to eight operators, by seed: shapes and ranges in which kernels go wrong.

Sides and channels of 1 to 40 with odd tails, strides, paddings, zero points at the ends of int8,
activation clamps, multipliers of 2^-20 to 2^2, and accumulators near the end of int32 (never past
it: TFLM's own behaviour is undefined there, and `graph.verify` refuses such a model).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.ops.cases import NONE, RELU, RELU6, SAME, VALID
from tests.ops.flatfile import Flatfile
from tests.ops.random_moves import moving

IMAGE_ELEMENTS = 12_000
"""Of the input"""
WIDE_ELEMENTS = 30_000
"""Of an expanded tensor"""
SUM_MAX = 2**31 - 129
"""The largest sum that `graph.verify` takes"""
STEP = {"dilationHFactor": 1, "dilationWFactor": 1}


@dataclass(frozen=True)
class Value:
    """A tensor of the graph."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero: int


@dataclass(frozen=True)
class Window:
    """Geometry of a convolution or a pool."""

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: int = SAME

    def places(self, shape):
        """Height and width of what it gives; None where it does not fit."""
        out = [
            -(-length // step) if self.padding == SAME else (length - size) // step + 1
            for length, size, step in zip(shape[1:3], self.size, self.stride, strict=True)
        ]
        return out if min(out) > 0 else None


@dataclass
class Graph:
    """Adds operators one after another; what is not given is drawn."""

    source: np.random.Generator
    file: Flatfile = field(default_factory=Flatfile)
    fixed: tuple[float, int] | None = None
    """Quantisation of all values, where it is not drawn"""

    def chance(self, odds):
        return self.source.random() < odds

    def pick(self, *values):
        return values[int(self.source.integers(len(values)))]

    def between(self, low, high):
        return int(self.source.integers(low, high + 1))

    def quant(self):
        """Scale and zero point of an activation: often at an end, as after a ReLU."""
        if self.fixed is not None:
            return self.fixed
        zero = self.pick(-128, -128, 127, 0, self.between(-128, 127))
        return float(np.float32(np.exp(self.source.uniform(-5.5, -1.5)))), zero

    def value(self, shape, quant=None):
        scale, zero = quant or self.quant()
        return Value(self.file.activation(shape, scale, zero), tuple(shape), scale, zero)

    def image(self, channels=None, least=1, elements=IMAGE_ELEMENTS):
        """The input: sides of 1 to 40, seldom both large."""
        channels = channels or self.between(1, 40)
        while True:
            high = self.pick(4, 9, 17, 40)
            sides = [self.between(least, max(high, least)) for _ in "hw"]
            if sides[0] * sides[1] * channels <= elements:
                return self.value((1, *sides, channels))

    def window(self, sizes=(1, 2, 3, 4, 5)):
        size = (self.pick(*sizes), self.pick(*sizes)) if self.chance(0.3) else ()
        size = size or (self.pick(*sizes),) * 2
        stride = (self.pick(1, 1, 2),) * 2
        if self.chance(0.15):
            stride = (self.between(1, 3), self.between(1, 3))
        return Window(size, stride, self.pick(SAME, SAME, VALID))

    def activation(self):
        return self.pick(NONE, NONE, RELU, RELU6)

    # -- operators with weights ------------------------------------------------------------------

    def conv(self, x, channels, window=None, activation=None):
        """CONV_2D; the window is drawn again until it fits the image."""
        window = window or Window()
        return self._weighted(
            "CONV_2D", x, (channels, *window.size, x.shape[3]), window, activation
        )

    def depthwise(self, x, window, activation=None, multiplier=1):
        shape = (1, *window.size, x.shape[3] * multiplier)
        return self._weighted("DEPTHWISE_CONV_2D", x, shape, window, activation)

    def dense(self, x, outputs, activation=None):
        shape = (outputs, int(np.prod(x.shape)))
        return self._weighted("FULLY_CONNECTED", x, shape, None, activation)

    def _weighted(self, kind, x, shape, window, activation):
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        channels = shape[axis]
        places = [] if window is None else window.places(x.shape)
        if places is None:  # VALID and larger than the image
            window = Window(window.size, window.stride, SAME)
            places = window.places(x.shape)
        output = self.value((1, *places, channels))
        weights = self._weights(shape)
        rows = np.moveaxis(weights, axis, 0).reshape(channels, -1)
        factors = self._multipliers(rows.shape)
        scales = (factors * output.scale / x.scale).astype(np.float32)
        per_channel = kind != "FULLY_CONNECTED" and self.chance(0.8)
        scales = scales if per_channel else scales[:1]
        inputs = [x.index, self.file.constant(weights, scales, axis=axis)]
        bias = self._biases(rows, x.zero, scales.astype(float) * x.scale / output.scale)
        if bias is not None:
            inputs.append(self.file.constant(bias, np.float32(x.scale) * scales))
        activation = self.activation() if activation is None else activation
        options = {"fusedActivationFunction": activation}
        if window is not None:
            options |= {"padding": window.padding, **STEP}
            options |= {"strideH": window.stride[0], "strideW": window.stride[1]}
        if axis == 3:
            options["depthMultiplier"] = channels // x.shape[3]
        self.file.operator(kind, inputs, [output.index], 4 if window is None else 3, **options)
        return output

    def _weights(self, shape):
        """Uniform, small, mostly zero, or both ends only."""
        values = self.source.integers(-127, 128, shape)
        kind = self.source.random()
        if kind < 0.1:
            values //= 40
        elif kind < 0.2:
            values *= self.source.random(shape) < 0.2
        elif kind < 0.3:
            values = self.source.choice([-127, 127], shape)
        return values.astype(np.int8)

    def _multipliers(self, shape):
        """Real factors from sum to output step: such that outputs spread, or 2^-20 to 2^2."""
        channels, taps = shape
        spread = 60 / (5400 * np.sqrt(taps)) * self.source.uniform(0.3, 3.0, channels)
        kind = self.source.random()
        if kind < 0.75:
            return spread
        low, high = (-20, -1) if kind < 0.9 else (-20, 2)
        wide = np.exp2(self.source.uniform(low, high, channels))
        return np.where(self.source.random(channels) < 0.5, wide, spread)

    def _biases(self, rows, zero, factors):
        """int32, such that sums stay in int32 when shifted left; some channels reach its end."""
        if self.chance(0.1):
            return None
        channels, taps = rows.shape
        bias = self.source.normal(0, 5400 * np.sqrt(taps), channels)
        reach = np.abs(rows.astype(np.int64)).sum(1) * max(127 - zero, 128 + zero)
        shift = np.maximum(np.frexp(np.broadcast_to(factors, channels))[1], 0)
        room = np.maximum((SUM_MAX >> shift) - reach - 1, 0)
        if self.chance(0.25):
            level = self.pick(2**30, 2**29, SUM_MAX)
            ends = np.clip(level - reach, 0, room) * self.source.choice([-1, 1], channels)
            bias = np.where(self.source.random(channels) < 0.3, ends, bias)
        return np.clip(bias, -room, room).astype(np.int32)

    # -- operators without weights ----------------------------------------------------------------

    def add(self, left, right, activation=None):
        output = self.value(left.shape)
        activation = self.activation() if activation is None else activation
        pair = [left.index, right.index] if self.chance(0.5) else [right.index, left.index]
        self.file.operator("ADD", pair, [output.index], 2, fusedActivationFunction=activation)
        return output

    def pad(self, x):
        top, bottom, left, right = (self.between(0, 3) for _ in range(4))
        pairs = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        shape = (1, x.shape[1] + top + bottom, x.shape[2] + left + right, x.shape[3])
        output = self.value(shape, (x.scale, x.zero))
        self.file.operator("PAD", [x.index, self.file.constant(pairs)], [output.index], 2)
        return output

    def mean(self, x):
        keep = self.chance(0.5)
        quant = (x.scale, x.zero) if self.chance(0.5) else self.quant()
        output = self.value((1, 1, 1, x.shape[3]) if keep else (1, x.shape[3]), quant)
        axes = self.file.constant(np.array([1, 2], np.int32))
        self.file.operator("MEAN", [x.index, axes], [output.index], 2, keepDims=keep)
        return output

    def pool(self, x, window):
        places = window.places(x.shape)
        if places is None:
            window = Window(window.size, window.stride, SAME)
            places = window.places(x.shape)
        output = self.value((1, *places, x.shape[3]), (x.scale, x.zero))
        options = {"strideH": window.stride[0], "strideW": window.stride[1]}
        options |= {"filterHeight": window.size[0], "filterWidth": window.size[1]}
        options |= {"padding": window.padding, "fusedActivationFunction": self.activation()}
        kind = self.pick("AVERAGE_POOL_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D")
        self.file.operator(kind, [x.index], [output.index], 2, **options)
        return output

    def softmax(self, x):
        output = self.value(x.shape, (1 / 256, -128))
        beta = float(self.source.uniform(0.2, 2.0))
        self.file.operator("SOFTMAX", [x.index], [output.index], 2, beta=beta)
        return output

    # -- groups ------------------------------------------------------------------------------------

    def inverted_residual(self, x, *, expand=True, residual=None):
        """Expand, depthwise 3x3, project and, where shapes allow, the shortcut."""
        residual = self.chance(0.5) if residual is None else residual
        size = int(np.prod(x.shape))
        ratio = max(1, min(self.between(1, 6), WIDE_ELEMENTS // size)) if expand else 1
        relu = self.pick(RELU6, RELU6, RELU, None)
        channels = max(1, x.shape[3] * ratio - self.pick(0, 0, 1))
        wide = self.conv(x, channels, activation=relu) if expand else x
        stride = 1 if residual else self.pick(1, 2)
        deep = self.depthwise(wide, Window((3, 3), (stride, stride)), relu)
        channels = x.shape[3] if residual else self.between(1, 24)
        narrow = self.conv(deep, channels, activation=self.pick(NONE, NONE, None))
        return self.add(narrow, x, self.pick(NONE, NONE, None)) if residual else narrow


def _conv(g):
    kind = g.pick("1x1", "3x3", "any", "stem")
    if kind == "1x1":
        x = g.image()
        g.conv(x, g.between(1, 40), Window((1, 1), (g.pick(1, 1, 2),) * 2))
    elif kind == "stem":
        g.conv(g.image(g.between(1, 4)), g.between(1, 24), Window((3, 3), (g.pick(1, 2),) * 2))
    else:
        x = g.image(g.between(1, 20), elements=2500)
        window = Window((3, 3), (g.pick(1, 2),) * 2) if kind == "3x3" else g.window()
        g.conv(x, g.between(1, 24), window)


def _depthwise(g):
    window = Window((3, 3), (g.pick(1, 1, 2),) * 2, g.pick(SAME, SAME, VALID))
    general = g.chance(0.25)
    x = g.image()
    g.depthwise(x, g.window() if general else window, multiplier=g.pick(1, 2, 3) if general else 1)


def _dense(g):
    x = g.value((1, g.pick(g.between(1, 40), g.between(1, 400))))
    x = g.dense(x, g.between(1, 40))
    if g.chance(0.3):
        g.softmax(x)


def _add(g):
    x = g.image()
    g.add(x, g.conv(x, x.shape[3]))


def _mean(g):
    x = g.image(g.pick(None, g.between(1, 300)), elements=6000)
    x = g.mean(x)
    if g.chance(0.4):
        g.dense(x, g.between(1, 20))


def _pool(g):
    x = g.image()
    whole = Window(x.shape[1:3], x.shape[1:3], VALID)
    g.pool(x, whole if g.chance(0.3) and max(whole.size) <= 16 else g.window())


def _softmax(g):
    x = g.value(
        (1, g.between(1, 200)), (float(np.exp(g.source.uniform(-6, 0))), g.between(-128, 127))
    )
    g.softmax(x)


def _pad(g):
    x = g.pad(g.image(g.between(1, 20)))
    if g.chance(0.8):
        window = Window((3, 3), (g.pick(1, 2),) * 2, VALID)
        g.depthwise(x, window) if g.chance(0.5) else g.conv(x, g.between(1, 16), window)


def _separable(g):
    """Depthwise and pointwise, as in MobileNetV1; or the other way round."""
    x = g.image(elements=8000)
    window = Window((3, 3), (g.pick(1, 1, 2),) * 2)
    relu = g.pick(RELU, RELU6, None)
    if g.chance(0.8):
        g.conv(g.depthwise(x, window, relu), g.between(1, 40), activation=relu)
    else:
        g.depthwise(g.conv(x, g.between(1, 40), activation=relu), window, relu)


def _block(g):
    x = g.image(g.between(1, 20), elements=6000)
    x = g.inverted_residual(x, expand=g.chance(0.8))
    if g.chance(0.25):
        g.inverted_residual(x)


def _stem(g):
    """First convolution, depthwise, pointwise."""
    x = g.image(g.pick(1, 3, 3))
    relu = g.pick(RELU, RELU6, None)
    x = g.conv(x, g.between(1, 20), Window((3, 3), (g.pick(1, 2, 2),) * 2), relu)
    x = g.depthwise(x, Window((3, 3), (g.pick(1, 1, 2),) * 2), relu)
    g.conv(x, g.between(1, 20), activation=g.pick(NONE, None))


def _residual(g):
    """Two convolutions and a shortcut, as in ResNet."""
    x = g.image(g.between(1, 12), elements=1500)
    y = g.conv(x, g.between(1, 12), Window((3, 3)), g.pick(RELU, None))
    g.add(g.conv(y, x.shape[3], Window((3, 3)), g.pick(NONE, None)), x)


FAMILIES: dict[str, tuple[Callable[[Graph], list[int] | None], int]] = {
    "conv": (_conv, 4),
    "depthwise": (_depthwise, 3),
    "dense": (_dense, 2),
    "add": (_add, 2),
    "mean": (_mean, 1),
    "pool": (_pool, 1),
    "softmax": (_softmax, 1),
    "pad": (_pad, 1),
    "separable": (_separable, 3),
    "block": (_block, 4),
    "stem": (_stem, 2),
    "residual": (_residual, 1),
    "moving": (moving, 4),
}
"""Name -> function that adds its operators and returns the outputs (None: those of the last one),
and how often it is drawn"""

_DECK = tuple(name for name, (_, count) in FAMILIES.items() for _ in range(count))


def family_of(seed: int) -> str:
    """Families take turns, so that any range of seeds holds all of them."""
    return _DECK[seed % len(_DECK)]


def random_graph(seed: int) -> bytes:
    """The .tflite of a seed."""
    graph = Graph(np.random.default_rng([seed, 4]))
    return graph.file.data(outputs=FAMILIES[family_of(seed)][0](graph))

"""Canonical form: one operator where one is enough, one self-contained file, equal bytes for equal
models.

ai-edge-quantizer writes large constants behind the flatbuffer, where TensorFlow Lite Micro cannot
see them; long names, an array of zero points a tensor, and options that mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import drop_idle_reshapes, fold_pads, plain_options, renumber
from tinyssl.graph.verify import verify

Pass = Callable[[Model], Model]


CANONICAL_PASSES: tuple[Pass, ...] = (fold_pads, plain_options, drop_idle_reshapes, renumber)
"""In the order in which they run; each computes the same bytes as before"""


def canonicalise(data: bytes) -> bytes:
    """Rewrites an INT8 .tflite in canonical form. Running it again changes nothing.

    Args:
        data: A .tflite file, also with constants behind the flatbuffer.

    Raises:
        ModelError: The file is damaged.
        UnsupportedModel: It holds something that tinyssl does not do.
    """
    model = read_model(data)
    verify(model)
    for run in CANONICAL_PASSES:
        model = run(model)
    verify(model)
    return write_model(model)

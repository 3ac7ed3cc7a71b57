"""A file that holds int8 weights and floats: dynamic-range quantisation."""

import numpy as np

from tests.ops.flatfile import Flatfile


def hybrid():
    """FULLY_CONNECTED with int8 weights on floats, which TFLM refuses."""
    file = Flatfile()
    start = file.activation((1, 8), dtype="float32")
    weight = file.constant(np.ones((2, 8), np.int8), [0.01])
    output = file.activation((1, 2), dtype="float32")
    file.operator("FULLY_CONNECTED", [start, weight], [output], 3)
    return file.data()

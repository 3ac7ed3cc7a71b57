"""One value in all elements of a tensor."""

from __future__ import annotations

import numpy as np

from tinyssl.graph.model import Value
from tinyssl.ops.common.params import Fields


def fill_fields(output: Value, value: int | float) -> Fields:
    """Members of `struct tinyssl_fill`.

    Args:
        output: What is filled.
        value: 0 where elements have eight bytes.
    """
    bits = np.array(value, output.dtype.value).view(f"<i{output.dtype.bytes}")
    return {"count": output.elements, "size": output.dtype.bytes, "value": int(bits)}

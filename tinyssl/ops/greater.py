"""GREATER: two inputs of one type, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.comparison import Comparison, comparison_spec
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class Greater(Comparison):
    """left > right.

    int16 is refused: TFLM's kernel takes scales that it never set.
    """

    kind: ClassVar[str] = "GREATER"


SPEC = comparison_spec(Greater, TflmNames("AddGreater", "comparisons"))

"""LESS_EQUAL: two inputs of one type, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.comparison import Comparison, comparison_spec
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class LessEqual(Comparison):
    """left <= right."""

    kind: ClassVar[str] = "LESS_EQUAL"


SPEC = comparison_spec(LessEqual, TflmNames("AddLessEqual", "comparisons"))

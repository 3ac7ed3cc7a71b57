"""NOT_EQUAL: two inputs of one type, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.comparison import Equality, comparison_spec
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class NotEqual(Equality):
    """left != right."""

    kind: ClassVar[str] = "NOT_EQUAL"


SPEC = comparison_spec(NotEqual, TflmNames("AddNotEqual", "comparisons"))

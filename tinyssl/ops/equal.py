"""EQUAL: two inputs of one type, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.comparison import Equality, comparison_spec
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class Equal(Equality):
    """left == right."""

    kind: ClassVar[str] = "EQUAL"


SPEC = comparison_spec(Equal, TflmNames("AddEqual", "comparisons"))

"""LESS: two inputs of one type, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common.comparison import Comparison, comparison_spec
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class Less(Comparison):
    """left < right."""

    kind: ClassVar[str] = "LESS"


SPEC = comparison_spec(Less, TflmNames("AddLess", "comparisons"))

"""ARG_MAX along one axis; int8 and float32 to int32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common import extreme
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class ArgMax(extreme.ArgOp):
    """Where the first of the largest elements is."""

    kind: ClassVar[str] = "ARG_MAX"


SPEC = extreme.arg_spec(ArgMax, TflmNames("AddArgMax", "arg_min_max"), largest=True)

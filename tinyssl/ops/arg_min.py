"""ARG_MIN along one axis; int8 and float32 to int32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyssl.ops.common import extreme
from tinyssl.ops.common.spec import TflmNames


@dataclass(frozen=True, kw_only=True)
class ArgMin(extreme.ArgOp):
    """Where the first of the smallest elements is."""

    kind: ClassVar[str] = "ARG_MIN"


SPEC = extreme.arg_spec(ArgMin, TflmNames("AddArgMin", "arg_min_max"), largest=False)

"""Backbone and head to canonical INT8 TFLite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinyssl.convert.canonical import CANONICAL_PASSES, canonicalise

if TYPE_CHECKING:
    from tinyssl.convert.stage import convert


def __getattr__(name: str) -> Any:
    # The stage needs torch; canonicalise() does not, and works without the extra `train`.
    if name == "convert":
        from tinyssl.convert.stage import convert

        return convert
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["CANONICAL_PASSES", "canonicalise", "convert"]

"""Backbone and head to canonical INT8 TFLite."""

from tinyssl.convert.canonical import CANONICAL_PASSES, canonicalise

__all__ = ["CANONICAL_PASSES", "canonicalise"]

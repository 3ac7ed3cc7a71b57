"""Measuring frozen features with labels."""

from tinyssl.probes.probe import probe

__all__ = ["probe"]

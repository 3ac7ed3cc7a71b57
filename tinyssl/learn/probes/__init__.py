"""Measuring frozen features with labels."""

from tinyssl.learn.probes.probe import probe

__all__ = ["probe"]

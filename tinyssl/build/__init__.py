"""Firmware: the PlatformIO project, its build, its size, and the upload."""

from tinyssl.build.firmware import build

__all__ = ["build"]

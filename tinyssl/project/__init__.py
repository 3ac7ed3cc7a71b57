"""Firmware: the PlatformIO project, its size, and its upload."""

from tinyssl.device.flashed import Flashed
from tinyssl.project.upload import find_build, stop_emulators

__all__ = ["Flashed", "find_build", "stop_emulators"]

"""Firmware: the PlatformIO project, its build, its size, and the upload."""

from tinyssl.build.firmware import build, output_folder
from tinyssl.build.upload import find_build, flash, stop_emulators
from tinyssl.device.flashed import Flashed

__all__ = ["Flashed", "build", "find_build", "flash", "output_folder", "stop_emulators"]

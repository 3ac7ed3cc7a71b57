"""Firmware: the PlatformIO project, its build, its size, and the upload."""

from tinyssl.device.flashed import Flashed
from tinyssl.project.firmware import build, output_folder
from tinyssl.project.upload import find_build, flash, stop_emulators

__all__ = ["Flashed", "build", "find_build", "flash", "output_folder", "stop_emulators"]

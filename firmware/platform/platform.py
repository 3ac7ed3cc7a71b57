"""PlatformIO development platform of tinyssl: no packages, the compiler comes from the PATH."""

from platformio.platform.base import PlatformBase


class TinysslPlatform(PlatformBase):
    """All that a build needs is in `builder/main.py` and the board files."""

    def is_embedded(self):
        """Lets `pio run -t upload` wait for no package: uploaders are programs on the PATH."""
        return True

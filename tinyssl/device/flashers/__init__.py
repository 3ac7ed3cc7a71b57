"""Uploaders that need more than one command line: pyOCD, J-Link and the mass storage of a probe.

PlatformIO's `upload` target of a board calls them:

    python -m tinyssl.device.flashers pyocd PROJECT ELF [--port PROBE] [--dry-run]

Each looks at the chip or the board before it writes, and at the result afterwards.
"""

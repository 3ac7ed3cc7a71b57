"""The command line that PlatformIO's `upload` calls; see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tinyssl.core.errors import TinysslError
from tinyssl.core.text import printable_lines
from tinyssl.device.flashers import jlink, mass_storage, pyocd
from tinyssl.device.flashers.job import UploadJob
from tinyssl.targets.boards import read_board

FLASHERS = {"pyocd": pyocd.flash, "jlink": jlink.flash, "mbed": mass_storage.flash}


def main(arguments: list[str] | None = None) -> int:
    """Runs one uploader; returns its exit status."""
    parser = argparse.ArgumentParser(prog="tinyssl.device.flashers")
    parser.add_argument("protocol", choices=sorted(FLASHERS))
    parser.add_argument("project", type=Path)
    parser.add_argument("elf", type=Path)
    parser.add_argument("--port", help="serial number of the probe, or its volume (mbed)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    given = parser.parse_args(arguments)
    try:
        board = read_board(next(iter(sorted((given.project / "boards").glob("*.json")))))
        job = UploadJob(board, given.elf.absolute(), given.port, dry_run=given.dry_run)
        for line in FLASHERS[given.protocol](job):
            sys.stdout.write(printable_lines(f"{line}\n"))
            sys.stdout.flush()
    except TinysslError as error:
        sys.stderr.write(printable_lines(f"Error: {error.message}\nhint: {error.hint}\n"))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

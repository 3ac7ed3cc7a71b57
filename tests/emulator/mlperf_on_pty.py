"""Starts MLPerf Tiny's Python runner, unmodified, on a pseudo-terminal: a program, no test.

    python mlperf_on_pty.py RUNNER PORT [arguments of the runner's main.py]

The runner looks for devices among the USB serial ports, which a pseudo-terminal is not, and imports
pyusb to look for a power meter. So the list of ports is replaced by PORT with the USB ids `VID` and
`PID`, and pyusb by one that finds nothing.
"""

import os
import runpy
import sys
import types
from pathlib import Path

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

VID, PID = 0x1209, 0x0001


def only(port: str) -> list[ListPortInfo]:
    info = ListPortInfo(port)
    info.vid, info.pid, info.description = VID, PID, "pseudo-terminal"
    return [info]


def without_usb() -> None:
    core = types.ModuleType("usb.core")
    core.__dict__["find"] = lambda *_args, **_options: iter(())
    package = types.ModuleType("usb")
    package.__dict__["core"] = core
    sys.modules.update({"usb": package, "usb.core": core})


if __name__ == "__main__":
    runner, port, *arguments = sys.argv[1:]
    list_ports.comports = lambda include_links=False: only(port)
    without_usb()
    os.environ.setdefault("MPLBACKEND", "Agg")
    main = Path(runner) / "main.py"
    sys.path.insert(0, runner)
    sys.argv = [str(main), *arguments]
    runpy.run_path(str(main), run_name="__main__")

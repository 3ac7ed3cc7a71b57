"""Entry point of the command `tinyssl`.

Imports nothing heavy at the top: Ctrl-C must mean exit code 130 from the first moment, also while
the rest is being imported.
"""

from __future__ import annotations

import io
import os
import sys

INTERRUPTED = 130  # as errors.EXIT_INTERRUPTED, which is not imported yet when it is needed


def run() -> None:
    """Runs the command line and leaves the process with the documented exit code."""
    # Read when torch loads its OpenMP. Threads that spin while they wait for each other starve each
    # other where another program has a core: on two cores with load 8, training made 21 images/s,
    # 173 with threads that sleep.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):  # a character that their encoding lacks is no error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from tinyssl.cli.app import cli

        cli.main(prog_name="tinyssl")
    except KeyboardInterrupt:
        code: object = INTERRUPTED
    except SystemExit as stop:
        code = stop.code
    else:
        code = 0
    sys.exit(_flush(code))


def _flush(code: object) -> int:
    """Flushes stdout; a reader that is gone (`tinyssl … | head`) is no error worth a message."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code if isinstance(code, int) else 0

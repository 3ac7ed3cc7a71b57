"""`python -m tinyssl.core.child_main SIGNAL PARENT …`: `tinyssl …`, which gets the signal when the
process PARENT ends, however that ends.

A function between fork and exec would do the same, but Python must not fork beside the threads of
other libraries.
"""

from __future__ import annotations

import os
import runpy
import sys

from tinyssl.core.child_process import end_with_parent


def main() -> None:
    """Takes its two arguments off, and goes on as `python -m tinyssl`."""
    number, parent = int(sys.argv.pop(1)), int(sys.argv.pop(1))
    end_with_parent(number)
    if os.getppid() != parent:  # it ended before the kernel was told
        os.kill(os.getpid(), number)
    runpy.run_module("tinyssl", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

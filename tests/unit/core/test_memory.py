import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from tinyssl.core.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
np.ones(16 << 20, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(16 << 20, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_large_blocks_are_not_mapped_again() -> None:
    faults = {
        how: int(subprocess.check_output([sys.executable, "-c", FAULTS, how]))
        for how in ("kept", "default")
    }
    assert faults["kept"] < 100
    assert faults["default"] > 10 * faults["kept"] + 100

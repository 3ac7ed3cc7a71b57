"""The environment of a child process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import tinyssl
from tinyssl.core.settings import PREFIX, VARIABLES


def child_environment(threads: int, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Ours, with `threads` threads for OpenMP, and without the settings of stages: you give all.

    The package is found where it was found by us, installed or not.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) or name in set(VARIABLES) - {"TINYSSL_CONFIG"}
    }
    package = str(Path(tinyssl.__file__).resolve().parents[1])
    path = [package, *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(path)}

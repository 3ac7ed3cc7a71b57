"""The computer that measures."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any


def machine_record() -> dict[str, Any]:
    """System, kind and name of the processor, and how many cores it has."""
    return {
        "system": platform.platform(),
        "cpu": platform.machine(),
        "processor": processor(),
        "cores": os.cpu_count(),
    }


def processor() -> str:
    """Its maker's name for it, where the system tells; else empty."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "")

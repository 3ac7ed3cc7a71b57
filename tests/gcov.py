"""Options of the C compiler that count lines, where `make coverage` asks for it."""

import os
from pathlib import Path

COUNT_LINES = ["--coverage"] if os.environ.get("COUNT_C_LINES") else []
"""For programs that end by themselves"""

COUNT_AT_SIGTERM = [Path(__file__).with_name("count_lines.c")] if COUNT_LINES else []
"""More sources of a program that is ended by SIGTERM"""

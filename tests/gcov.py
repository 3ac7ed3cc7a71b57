"""Options of the C compiler that count lines, where `make coverage` asks for it."""

import os

COUNT_LINES = ["--coverage"] if os.environ.get("COUNT_C_LINES") else []
"""For programs that end by themselves; a process that is killed writes no counts"""

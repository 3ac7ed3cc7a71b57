"""Renders codegen/protocol.toml as firmware/protocol/words.h: run it after changing the former."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tinyssl.device.words import header_path, render_header

if __name__ == "__main__":
    header_path().write_text(render_header(), encoding="utf-8")

"""clang-format over the C of firmware/ and of training, cppcheck over firmware/ and generated code.

python tools/lint_c.py          # says what differs or is wrong; exit code 1 where anything is
python tools/lint_c.py --write  # formats
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tinyssl.core.sources import write_sources  # noqa: E402  # after sys.path
from tools.golden import WHOLE, model_sources  # noqa: E402

FORMATTER = "clang-format-14"
FIRMWARE = ROOT / "firmware"
TRAINING = ROOT / "tinyssl" / "learn" / "native"
RENDERED = FIRMWARE / "protocol" / "words.h"
"""Made by tools/protocol_header.py, whose lines are as long as the words"""
CHECKED = ("app", "camera", "engine", "kernels", "port", "protocol", "storage")
CPPCHECK = (
    *("cppcheck", "--quiet", "--std=c11", "--platform=arm32-wchar_t4", "--error-exitcode=1"),
    *("--enable=warning,performance,portability", "--suppressions-list=firmware/cppcheck.txt"),
)


def c_files() -> list[Path]:
    """What is formatted."""
    found = (path for path in FIRMWARE.rglob("*") if path.suffix in (".c", ".h", ".cpp"))
    return [*sorted(path for path in found if path != RENDERED), *sorted(TRAINING.glob("*.c"))]


def formatted(*options: str) -> bool:
    """Runs clang-format; False where a file is not as it wants it."""
    return subprocess.run([FORMATTER, *options, *c_files()], check=False, cwd=ROOT).returncode == 0


def checked(folder: Path) -> bool:
    """Runs cppcheck over the firmware and the sources in a folder; False where it complains."""
    includes = [f"-Ifirmware/{name}" for name in CHECKED]
    places = [*(f"firmware/{name}" for name in CHECKED), str(folder)]
    return subprocess.run([*CPPCHECK, *includes, *places], check=False, cwd=ROOT).returncode == 0


def main(arguments: list[str]) -> int:
    """Looks, or with --write formats."""
    if arguments == ["--write"]:
        return int(not formatted("-i"))
    if arguments:
        sys.stderr.write(str(__doc__))
        return 2
    with tempfile.TemporaryDirectory(prefix="tinyssl-") as name:
        write_sources(model_sources(WHOLE), Path(name))
        right = [formatted("--dry-run", "--Werror"), checked(Path(name))]
    return int(not all(right))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

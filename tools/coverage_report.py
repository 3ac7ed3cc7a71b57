"""Coverage of the last `make coverage`, and whether it fell: two lines.

    python -m tools.coverage_report FOLDER [--update]

FOLDER holds what `tools.line_counts` counted in `python`, and in `tests` the counts of gcov, of the
programs that tests compiled for this computer. A share below that of `tools/coverage_floor.json` is
an error; `--update` writes the shares there, rounded down to a tenth.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage

from tinyssl.core.paths import firmware_folder
from tools.line_counts.prepare import lines_run

FLOOR = Path(__file__).with_name("coverage_floor.json")
CHUNK = 200
"""Files in one call of gcov"""


def python_share(folder: Path) -> float:
    """Percent of the lines of `tinyssl` that ran, in any process."""
    measured = coverage.Coverage(data_file=None)
    ran = lines_run(folder / "python")
    measured.get_data().add_lines(ran)
    measured.get_data().touch_files(ran)  # those of which nothing ran
    with (folder / "python.txt").open("w", encoding="utf-8") as table:
        return measured.report(file=table)


def gcov_reports(folder: Path) -> Iterator[dict[str, Any]]:
    """What gcov says of each count file below `folder`."""
    by_folder = defaultdict(list)
    for path in sorted(folder.rglob("*.gcda")):
        by_folder[path.parent].append(path.name)
    for home, names in by_folder.items():
        for start in range(0, len(names), CHUNK):
            command = ["gcov", "--json-format", "--stdout", *names[start : start + CHUNK]]
            done = subprocess.run(
                command,
                cwd=home,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
            for line in done.stdout.splitlines():
                yield json.loads(line)


def c_counts(folder: Path) -> dict[str, dict[int, int]]:
    """File of `firmware` -> line -> how often it ran. Kernels run in copies of their folder."""
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    firmware = firmware_folder()
    for report in gcov_reports(folder):
        for found in report["files"]:
            name = "/".join(Path(found["file"]).parts[-2:])
            if (firmware / name).is_file():
                for line in found["lines"]:
                    counts[name][line["line_number"]] += line["count"]
    return counts


def c_share(folder: Path) -> float:
    """Percent of the lines of C that ran, of the files that tests compile for this computer."""
    counts = c_counts(folder)
    lines = [count for of_file in counts.values() for count in of_file.values()]
    with (folder / "c.txt").open("w", encoding="utf-8") as table:
        for name, of_file in sorted(counts.items()):
            missed = [number for number, count in sorted(of_file.items()) if not count]
            table.write(f"{name}: {len(of_file) - len(missed)} of {len(of_file)}; not {missed}\n")
    return 100 * sum(count > 0 for count in lines) / max(len(lines), 1)


def main() -> int:
    """Returns 1 where a share is below its floor."""
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--update", action="store_true")
    given = options.parse_args()
    shares = {"python": python_share(given.folder), "c": c_share(given.folder)}
    if given.update:
        floor = {name: math.floor(10 * share) / 10 for name, share in shares.items()}
        FLOOR.write_text(json.dumps(floor, indent=1) + "\n", encoding="utf-8")
    floor = json.loads(FLOOR.read_text(encoding="utf-8"))
    fallen = [name for name, share in shares.items() if share < floor[name]]
    words = {"python": "lines of Python", "c": "lines of C on this computer"}
    for name, share in shares.items():
        sys.stdout.write(f"coverage: {share:.2f} % of {words[name]} (floor {floor[name]} %)\n")
    for name in fallen:
        sys.stderr.write(f"coverage of {name} fell: {given.folder}/{name}.txt has the lines\n")
    return int(bool(fallen))


if __name__ == "__main__":
    raise SystemExit(main())

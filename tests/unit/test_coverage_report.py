"""tools/coverage_report.py with data files of real processes."""

import os
import subprocess
import sys
from pathlib import Path

import coverage

from tools.coverage_report import combine


def test_files_of_killed_processes_are_counted_and_left_out(tmp_path: Path) -> None:
    """One is empty, one has half its bytes, as SQLite leaves them; the whole one is read."""
    (tmp_path / "seen.py").write_text("a = 1\n")
    environment = {n: t for n, t in os.environ.items() if not n.startswith("COVERAGE")}
    command = ["-m", "coverage", "run", f"--data-file={tmp_path / 'data'}", "-p", "seen.py"]
    subprocess.run([sys.executable, *command], check=True, cwd=tmp_path, env=environment)
    (whole,) = tmp_path.glob("data.*")
    (tmp_path / "data.empty").touch()
    (tmp_path / "data.half").write_bytes(whole.read_bytes()[:3000])
    measured = coverage.Coverage(data_file=str(tmp_path / "data"), config_file=False)
    assert combine(measured) == 2
    assert [Path(name).name for name in measured.get_data().measured_files()] == ["seen.py"]

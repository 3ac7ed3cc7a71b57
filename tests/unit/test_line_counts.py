"""tools/line_counts: the lines that its marks count are those that coverage.py's tracer sees."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import coverage

from tools.line_counts.prepare import HOOK, hook, lines_run, prepare
from tools.line_counts.start import FOLDER

EVERY_FORM = '''"""Text of the module
over two lines."""

from __future__ import annotations

import asyncio
import functools


@functools.cache
@functools.wraps(
    print,
)
def cached(number: int) -> int:
    """Text."""
    if number > 3:
        return 1
    elif number > 2:
        return 2
    else:
        return 3


class Kept:
    """Text."""

    only: int = 1

    def never(self) -> None:
        """Text."""
        global asyncio
        return None

    def text_alone(self) -> None:
        """Text."""


def tried(error: type[Exception]) -> str:
    found = ""
    try:
        raise error
    except ValueError:
        found = "value"
    except (
        KeyError,
        IndexError,
    ):
        found = "key"
    except:
        found = "other"
    else:
        found = "none"
    finally:
        found += "!"
    return found


def chosen(value: object) -> str:
    match value:
        case int():
            return "int"
        case str() if value:
            return "str"
        case _:
            pass
    return ""


async def waited() -> None:
    async with asyncio.Lock():
        for number in range(2):
            if number:
                continue
            break
        else:
            cached(5)
    while True:
        return


"a text"; cached(3)
cached(2); tried(KeyError)
tried(OSError)
chosen("a"), chosen(
    1.0
)
asyncio.run(waited())
assert [
    number
    for number in range(3)
]
'''


def counted(folder: Path, source: str) -> list[int]:
    """Lines of a module `tinyssl.seen` that ran when a process of its own imported it."""
    package = folder / "tinyssl"
    package.mkdir()
    (package / "__init__.py").touch()
    path = package / "seen.py"
    path.write_text(source)
    prepare(folder, [path])
    subprocess.run(
        [sys.executable, "-c", f"{hook()}import tinyssl.seen"],
        cwd=folder,
        env={**os.environ, FOLDER: str(folder)},
        check=False,
    )
    return lines_run(folder)[str(path)]


def test_statements_that_ran_are_those_of_coverage(tmp_path: Path) -> None:
    marked = counted(tmp_path, EVERY_FORM)
    path = str(tmp_path / "tinyssl" / "seen.py")
    outside = {name: text for name, text in os.environ.items() if name != FOLDER}
    data = tmp_path / "data"
    command = [sys.executable, "-m", "coverage", "run", "--rcfile=", f"--data-file={data}", path]
    subprocess.run(command, check=True, env=outside)
    traced = coverage.Coverage(data_file=str(data), config_file=False)
    traced.load()
    ours = coverage.Coverage(data_file=None, config_file=False)
    ours.get_data().add_lines({path: marked})
    _, statements, _, missing, _ = ours.analysis2(path)
    assert (statements, missing) == (traced.analysis2(path)[1], traced.analysis2(path)[3])
    assert 0 < len(missing) < len(statements)


def test_what_a_killed_process_and_its_child_ran_is_counted(tmp_path: Path) -> None:
    source = (
        "import os, signal\n"
        "if not os.fork():\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.abort()\n"
    )
    assert counted(tmp_path, source) == [1, 2, 3, 4, 5]


def test_other_modules_keep_their_code(tmp_path: Path) -> None:
    """A module of `tinyssl` that came after `prepare`, too."""
    write = "pathlib.Path('tinyssl/later.py').write_text('a = 1')"
    later = f"import pathlib\n{write}\nimport tinyssl.later\n"
    assert counted(tmp_path, later) == [1, 2, 3]


def test_a_script_is_counted_though_nothing_imports_it(tmp_path: Path) -> None:
    """The `.pth` file of an environment of its own runs the hook before the script."""
    (tmp_path / "environment").mkdir()
    venv.create(tmp_path / "environment", symlinks=True)
    (packages,) = tmp_path.glob("environment/lib/*/site-packages")
    (packages / HOOK).write_text(hook())
    script = tmp_path / "script.py"
    script.write_text("def never():\n    return 1\n\n\nprint(2)\n")
    prepare(tmp_path, [script])
    python = str(tmp_path / "environment" / "bin" / "python")
    environment = {**os.environ, FOLDER: str(tmp_path)}
    subprocess.run([python, "-P", "-B", str(script)], check=True, env=environment)
    assert lines_run(tmp_path)[str(script)] == [1, 5]

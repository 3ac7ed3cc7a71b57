"""The package root is the contents page: its list must be what it says, and cost nothing."""

import subprocess
import sys

import tinyssl

NAMES = [
    "Board",
    "HostModel",
    "Program",
    "RunRecord",
    "TinysslError",
    "Workspace",
    "build_backbone",
    "compile",
    "find_board",
    "load_dataset",
    "plan_arena",
    "read_model",
    "write_model",
]


def test_public_names_are_these() -> None:
    assert tinyssl.__all__ == NAMES


def test_every_public_name_loads_and_says_what_it_is() -> None:
    for name in NAMES:
        assert getattr(tinyssl, name).__doc__, name


def test_importing_the_package_loads_neither_torch_nor_numpy() -> None:
    code = "import sys, tinyssl; print(sorted({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Installs Python packages into the virtual environment that runs it: `make setup`.

    .venv/bin/python tools/install_packages.py -c constraints.txt -e '.[train,dev]'

The words are those of `pip install`, and so are the settings: indexes, constraints, certificates
and links come from pip's own configuration. uv does the work where it can be had and where it knows
all of them: 35 s for the 146 packages, pip took 196 s. Else pip does. Runs before anything is
installed: standard library only.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

UV = ("-c", "constraints.txt", "uv")
OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
    "trusted-host": "--allow-insecure-host",
}
"""Setting of pip, which may hold several values -> option of uv"""
VARIABLES = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "default-timeout": "UV_HTTP_TIMEOUT"}
"""Setting of pip -> variable that uv reads"""
VARIABLES["timeout"] = VARIABLES["default-timeout"]
HARMLESS = {
    *("cache-dir", "disable-pip-version-check", "no-cache-dir", "no-color", "no-input"),
    *("no-warn-script-location", "progress-bar", "quiet", "root-user-action", "verbose"),
    *("break-system-packages", "no-python-version-warning", "require-virtualenv"),
}
"""Settings of pip that change nothing in a virtual environment"""


def pip_settings(lines: Iterable[str]) -> dict[str, str]:
    """What `pip config list` says of `pip install`: variables before `install` before `global`."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in lines:
        name, mark, value = line.partition("=")
        section, _, key = name.partition(".")
        if mark and section in sections:
            sections[section][key] = str(ast.literal_eval(value))
    return sections["global"] | sections["install"] | sections[":env:"]


def uv_words(settings: dict[str, str]) -> tuple[list[str], dict[str, str]] | None:
    """Options and variables of uv that mean what pip's settings mean; None where it has none."""
    options = ["--index-strategy", "unsafe-best-match"]  # pip takes the best of all indexes too
    variables: dict[str, str] = {}
    for key, value in settings.items():
        if key in OPTIONS:
            options += [word for each in value.split() for word in (OPTIONS[key], each)]
        elif key in VARIABLES:
            variables[VARIABLES[key]] = value
        elif key not in HARMLESS:
            return None
    return options, variables


def index_of(words: list[str], settings: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Takes `--index-url URL` out of the words: it stands for the setting, as it does for pip."""
    if "--index-url" not in words:
        return words, settings
    place = words.index("--index-url")
    return words[:place] + words[place + 2 :], settings | {"index-url": words[place + 1]}


def _pip(*words: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]


def _uv_call(words: list[str]) -> tuple[list[str], dict[str, str]] | None:
    """Command and variables, with uv installed; None where pip has to do it."""
    listed = subprocess.run(
        _pip("config", "list"), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if listed.returncode:
        return None
    words, settings = index_of(words, pip_settings(listed.stdout.splitlines()))
    found = uv_words(settings)
    get_uv = _pip("install", "-q", *UV)
    if found is None or subprocess.run(get_uv, stderr=subprocess.DEVNULL, check=False).returncode:
        return None
    uv = Path(sys.executable).parent / "uv"
    return [str(uv), "pip", "install", "-q", "--python", sys.executable, *found[0], *words], found[
        1
    ]


def main() -> int:
    """Returns the exit status of what installed the packages."""
    words = sys.argv[1:]
    call = _uv_call(words)
    if call and not subprocess.run(call[0], env=os.environ | call[1], check=False).returncode:
        return 0
    sys.stderr.write("uv cannot be used here: pip installs, which takes longer\n")
    return subprocess.run(_pip("install", "-q", *words), check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())

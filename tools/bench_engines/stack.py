"""Bound of the stack from what the compiler says of each function and from who calls whom.

A frame is that of gcc's -fstack-usage, or what the disassembly puts on the stack where that is
more: functions in assembly, of which gcc says 0, and the C library. A call through a pointer may
lead to any function that nobody calls directly. There is no recursion: one would be found.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

WORD = 4
DOUBLE = 8

FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
CALL = re.compile(r"\t(bl?)(?:\.w|x)?\t[0-9a-f]+ <([^>+]+)>$")
INDIRECT = re.compile(r"\t(?:blx\tr|bx\tr|bx\tip|blx\tip)")
PUSH = re.compile(r"\t(?:push|stmdb\tsp!,|stmfd\tsp!,)\s*\{([^}]*)\}")
VPUSH = re.compile(r"\tvpush\t\{([^}]*)\}")
SUB = re.compile(r"\tsub(?:w|\.w)?\tsp, (?:sp, )?#(\d+)")
STORE = re.compile(r"\tstrd?(?:\.w)?\t.*\[sp, #-(\d+)\]!")


@dataclass
class Function:
    """What the disassembly says of a function."""

    name: str = ""
    frame: int = 0
    calls: set[str] = field(default_factory=set)
    indirect: bool = False


def _registers(text: str, single: str) -> int:
    """How many a list as `r4, r6-r8, lr` names."""
    count = 0
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        count += int(last.strip(single)) - int(first.strip(single)) + 1 if last else 1
    return count


def parse(listing: str) -> dict[str, Function]:
    """Functions of `objdump -d`, each frame as the sum of all that it puts on the stack."""
    functions: dict[str, Function] = {}
    current = Function()
    for line in listing.splitlines():
        found = FUNCTION.match(line)
        if found:
            current = functions.setdefault(found[1], Function(found[1]))
        elif "\t" in line:
            _instruction(line, current)
    return functions


def _instruction(line: str, function: Function) -> None:
    if found := PUSH.search(line):
        function.frame += WORD * _registers(found[1], "r")
    elif found := VPUSH.search(line):
        function.frame += DOUBLE * _registers(found[1], "ds")
    elif found := SUB.search(line) or STORE.search(line):
        function.frame += int(found[1])
    elif found := CALL.search(line):
        if found[1] == "bl" or found[2] != function.name:  # a branch to its own start is a loop
            function.calls.add(found[2])
    elif INDIRECT.search(line):
        function.indirect = True


def usage(files: Iterable[Path]) -> dict[str, int]:
    """Function -> frame, from the .su files of -fstack-usage; the largest where a name repeats.

    Raises:
        ValueError: A frame is not known when it is compiled.
    """
    frames: dict[str, int] = {}
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            place, size, kind = line.split("\t")
            if kind != "static":
                raise ValueError(f"{place}: its frame is {kind}")
            name = place.rsplit(":", 1)[1]
            frames[name] = max(frames.get(name, 0), int(size))
    return frames


def bound(functions: dict[str, Function], frames: dict[str, int], root: str) -> int:
    """Most bytes of stack that `root` and all that it calls can take.

    Raises:
        ValueError: A function calls itself, directly or through others.
    """
    called = {name for function in functions.values() for name in function.calls}
    pointed = set(functions) - called - {root}
    depth: dict[str, int] = {}

    def deepest(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            raise ValueError(f"{name} calls itself through {' -> '.join(path)}")
        if name not in depth:
            function = functions.get(name, Function())
            callees = function.calls | (pointed if function.indirect else set())
            below = (deepest(callee, (*path, name)) for callee in callees)
            # gcc names clones of a function after it: `check.constprop.0`.
            frame = max(frames.get(name.partition(".")[0], 0), function.frame)
            depth[name] = frame + max(below, default=0)
        return depth[name]

    return deepest(root, ())


def stack_bound(elf: Path, objects: Path, root: str = "reset_handler") -> int:
    """The bound of a linked program whose objects, compiled with -fstack-usage, lie in a folder."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    listing = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        encoding="utf-8",
        errors="replace",
    )
    return bound(parse(listing.stdout), usage(sorted(objects.glob("*.su"))), root)

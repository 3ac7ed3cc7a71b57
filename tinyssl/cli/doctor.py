"""`tinyssl doctor`."""

from __future__ import annotations

from tinyssl.cli.checks import CheckResult, all_checks
from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.core.errors import EXIT_FAILED, EXIT_OK
from tinyssl.stages.call import Call
from tinyssl.targets.boards import all_boards

MARKS = {"ok": "✓ ok", "warn": "! warn", "fail": "✗ fail"}


def doctor(call: Call) -> Result:
    """Check compilers, emulator, ports and disk; say how to repair them.

    `warn` is something optional. Exit code 1 when something needed is missing.
    """
    checks = all_checks(all_boards(), call.workspace)
    failed = [check for check in checks if check.state == "fail"]
    rows = [(MARKS[check.state], check.name, check.found) for check in checks]
    blocks: list[Table | str] = [Table(("", "check", "found"), rows)]
    repairs = [check for check in checks if check.repair]
    if repairs:
        blocks += ["", *map(_repair_line, repairs)]
    blocks += ["", "all that is needed is here" if not failed else f"{len(failed)} to repair"]
    code = EXIT_FAILED if failed else EXIT_OK
    return Result({"checks": checks}, blocks, code)


def _repair_line(check: CheckResult) -> str:
    return f"{check.name}:\n    {check.repair}"


command = make_command(doctor)

"""Which tests may be skipped where everything is installed: with STRICT_SKIPS=1 no others.

`.ci/run` and `.ci/bare` set it. A skip whose reason is not in the list fails the session: a program
or a package that is missing must not look like a test that passed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

import pytest

STRICT = "STRICT_SKIPS"
"""Without our prefix: tinyssl refuses variables with it that mean nothing to it"""
SHARED = "models and data of ../shared, which is beside the checkout where somebody put it there"
ALLOWED = (
    (r"^needs \.\./shared/", SHARED),
    (r"set TINYSSL_(TFLM|CMSIS_NN) to its folder", "local sources of TFLM or CMSIS-NN"),
    (r"^needs TINYSSL_MLPERF_RUNNER|TINYSSL_MLPERF_PYTHON$", "the official runner of MLPerf Tiny"),
    (r"^needs a board: --board", "a board that is plugged in"),
    (r"^a board may be plugged in$", "a computer without any board"),
)
"""Pattern of a reason -> what is needed, as the summary says it"""


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Why a test or a file was skipped; None where it was not."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return None
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def needed(reason: str) -> str | None:
    """What an allowed skip needs; None where the reason is not in the list."""
    return next((need for pattern, need in ALLOWED if re.search(pattern, reason)), None)


class SkipPolicy:
    """Counts skips, says what was not run, and fails a strict session for those not allowed.

    Registered once, in the process that gets the reports of all workers.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.allowed: Counter[str] = Counter()
        self.offenders: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._count(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._count(report)

    def _count(self, report: Any) -> None:
        reason = reason_of(report)
        if reason is None:
            return
        need = needed(reason)
        if need:
            self.allowed[need] += 1
        else:
            self.offenders.append(f"{report.nodeid}: {reason}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.strict and self.offenders:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.allowed:
            terminalreporter.section("not run here", "!", yellow=True, bold=True)
        for need, count in self.allowed.most_common():
            terminalreporter.line(f"{count} tests need {need}")
        if self.strict and self.offenders:
            title = f"{len(self.offenders)} skipped for no allowed reason (tests/skips.py)"
            terminalreporter.section(title, "!", red=True, bold=True)
            for offender in sorted(self.offenders):
                terminalreporter.line(offender)


def register(config: pytest.Config) -> None:
    """Adds the policy to a session; workers only send their reports."""
    if not hasattr(config, "workerinput"):
        policy = SkipPolicy(strict=os.environ.get(STRICT) == "1")
        config.pluginmanager.register(policy, "tinyssl-skips")

"""Device and reference side by side: equal bytes, and the first difference.

Float32 outputs of functions that a C library computes may lie some units in the last place apart:
the device has another library (`OpSpec.ulps`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyssl.core.errors import Mismatch
from tinyssl.graph.interface import Outputs
from tinyssl.runtimes.closeness import differs


@dataclass(frozen=True)
class ByteDifference:
    """The first output byte on which device and reference differ."""

    input: int
    byte: int
    device: int
    reference: int
    output: str
    """Its name"""


@dataclass
class Agreement:
    """What has been compared so far."""

    ulps: int = 0
    """Units in the last place that float32 outputs may lie apart"""
    count: int = 0
    equal: int = 0
    first: ByteDifference | None = None

    def add(self, number: int, device: Outputs, reference: Outputs) -> bool:
        """One input's outputs by name; returns whether all of them are equal."""
        difference = _first_difference(number, device, reference, self.ulps)
        self.count += 1
        self.equal += difference is None
        self.first = self.first or difference
        return difference is None

    def results(self) -> dict[str, Any]:
        """Figures for the record; none where nothing was compared."""
        if self.count == 0:
            return {}
        found: dict[str, Any] = {"agreement": self.equal / self.count, "equal": self.equal}
        if self.ulps:
            found["ulps"] = self.ulps
        if self.first is not None:
            found["first_difference"] = vars(self.first)
        return found

    def gate(self, reference: str) -> None:
        """Refuses a device that gives other bytes than the reference.

        Raises:
            Mismatch: With the count and the first byte that differs.
        """
        if self.first is None:
            return
        first = self.first
        raise Mismatch(
            f"{self.count - self.equal} of {self.count} outputs of the device differ from"
            f" {reference}; the first: input {first.input}, byte {first.byte} of {first.output} is"
            f" {first.device} on the device, {first.reference} in the reference",
            hint="`tinyssl build` and `tinyssl flash` renew the image; if it differs again,"
            " `tinyssl verify` checks the generated C on this computer, operator by operator",
        )


def _first_difference(
    number: int, device: Outputs, reference: Outputs, ulps: int
) -> ByteDifference | None:
    """In the order of the outputs; bytes are told as int8."""
    for name, expected in reference.items():
        different = np.flatnonzero(differs(device[name], expected, ulps))
        if different.size:
            start = int(different[0]) * expected.itemsize
            theirs = np.frombuffer(expected.tobytes(), np.int8)[start:]
            ours = np.frombuffer(device[name].tobytes(), np.int8)[start:]
            byte = int(np.flatnonzero(ours != theirs)[0])
            return ByteDifference(number, start + byte, int(ours[byte]), int(theirs[byte]), name)
    return None

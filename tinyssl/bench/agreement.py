"""Device and reference side by side: right answers, equal bytes, the first difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import Mismatch

Int8 = NDArray[np.int8]


@dataclass(frozen=True)
class Difference:
    """The first output byte on which device and reference differ."""

    input: int
    byte: int
    device: int
    reference: int


@dataclass
class Tally:
    """What has been compared so far."""

    classes: int
    """0: inputs without labels"""
    count: int = 0
    equal: int = 0
    right_device: int = 0
    right_reference: int = 0
    first: Difference | None = None
    confusion: NDArray[np.int64] = field(init=False)
    """(classes, classes): rows are labels, columns what the device answered"""

    def __post_init__(self) -> None:
        self.confusion = np.zeros((self.classes, self.classes), dtype=np.int64)

    def add(self, number: int, device: Int8, reference: Int8, label: int | None) -> bool:
        """One input's outputs, each (outputs,); returns whether they are equal."""
        different = np.flatnonzero(device != reference)
        self.count += 1
        self.equal += not different.size
        if different.size and self.first is None:
            at = int(different[0])
            self.first = Difference(number, at, int(device[at]), int(reference[at]))
        if label is not None:
            answer = int(np.argmax(device))
            self.right_device += answer == label
            self.right_reference += int(np.argmax(reference)) == label
            if max(answer, label) < self.classes:
                self.confusion[label, answer] += 1
        return not different.size

    def results(self) -> dict[str, Any]:
        """Figures for the record; none where nothing was compared."""
        if self.count == 0:
            return {}
        found: dict[str, Any] = {"agreement": self.equal / self.count, "equal": self.equal}
        if self.classes:
            found |= {
                "images": self.count,
                "accuracy_device": self.right_device / self.count,
                "accuracy_host": self.right_reference / self.count,
            }
        else:
            found["inputs"] = self.count
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
            f" {reference}; the first: input {first.input}, byte {first.byte} is {first.device} on"
            f" the device, {first.reference} in the reference",
            hint="`tinyssl build` and `tinyssl flash` renew the image; if it differs again,"
            " `tinyssl verify` checks the generated C on this computer, operator by operator",
        )

"""What guards learning on the device: samples that judge it, and the test for a drift."""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import Model, ValueKind
from tinyssl.graph.training import RATES


@dataclass(frozen=True)
class Guard:
    """How a device is kept from learning what makes it worse."""

    validation: int = 0
    """Samples that the device keeps to judge itself; 0: none"""
    every: int = 20
    """Steps from check to check; 0: only when the host asks"""
    margin: float = 0.2
    """How far the score may fall below the best before the parameters go back: a share of the
    samples, or where targets are no labels a difference of the mean loss"""
    drift: bool = True
    """Test the losses for a drift"""

    def ram_bytes(self, model: Model) -> int:
        """What the samples, the best parameters and a target take in the device's RAM."""
        return sum(self._buffers(model).values()) if self.validation else 0

    def defines(self, model: Model) -> dict[str, str]:
        """What the firmware is compiled with (firmware/app/learner.h), by name."""
        rates = ", ".join(f'"{name}"' for name in RATES)
        found = {"TINYSSL_DRIFT": str(int(self.drift)), "TINYSSL_RATES": rates}
        if self.validation:
            found |= {"TINYSSL_VALIDATION": f"{self.validation}u"}
            found |= {"TINYSSL_VALIDATION_EVERY": f"{self.every}u"}
            found |= {"TINYSSL_VALIDATION_MARGIN": f"{float(self.margin)!r}f"}
            found |= {name: f"{size}u" for name, size in self._buffers(model).items()}
        return found

    def _buffers(self, model: Model) -> dict[str, int]:
        named = named_values(model)
        learnt = (v for v in named if v.kind is ValueKind.PARAMETER and v.name not in RATES)
        target = sum(value.bytes for value in named if value.kind is ValueKind.TARGET)
        return {
            "TINYSSL_VALIDATION_BYTES": self.validation * sample_bytes(model),
            "TINYSSL_LEARNT_BYTES": sum(value.bytes for value in learnt),
            "TINYSSL_TARGET_BYTES": max(target, 1),
        }


def sample_bytes(model: Model) -> int:
    """Of all inputs and the target, as a frame of samples holds them."""
    kinds = (ValueKind.INPUT, ValueKind.TARGET)
    return sum(value.bytes for value in named_values(model) if value.kind in kinds)


def note_guard(inference: Model, model: Model, guard: Guard, progress: Progress) -> None:
    """Says what the samples that judge take.

    Args:
        inference: The model without its training step.
        model: With it.
        guard: Of the build.
        progress: Told.

    Raises:
        UsageError: The model has states, which judging in between would change.
    """
    if not guard.validation:
        return
    if inference.of_kind(ValueKind.STATE):
        raise UsageError(
            "--validation: the model has states, and each sample that judges would change them",
            hint="leave --validation out; `tinyssl learn` judges before and after",
        )
    all_bytes, samples = guard.ram_bytes(model), guard.validation * sample_bytes(model)
    progress.note(
        f"RAM to judge what is learnt {all_bytes:,} bytes: {guard.validation:,} samples of "
        f"{sample_bytes(model):,}, and {all_bytes - samples:,} for the best parameters"
    )

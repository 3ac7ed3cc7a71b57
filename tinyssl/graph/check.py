"""What a rule of the verifier sees: one operator, its tensors, and how to refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from tinyssl.core.errors import Blocker, ModelError, UnsupportedModel
from tinyssl.graph.blockers import blocked
from tinyssl.graph.model import Model, Op, Quant, Value

OpT_co = TypeVar("OpT_co", bound=Op, covariant=True)

CONTRADICTION_HINT = (
    "the file was damaged or changed after it was converted, or its converter has a fault: take "
    "the original file"
)


@dataclass(frozen=True)
class OpCheck(Generic[OpT_co]):
    """One operator of a model."""

    model: Model
    op: OpT_co

    def tensor(self, index: int) -> Value:
        return self.model.tensor(index)

    def quant(self, index: int) -> Quant:
        """Quantisation of a tensor.

        Raises:
            ModelError: It has none.
        """
        tensor = self.tensor(index)
        if tensor.quant is None:
            raise self.violation(f"{tensor.name} has no quantisation")
        return tensor.quant

    def violation(self, rule: str) -> ModelError:
        """The error for a model that contradicts itself."""
        return ModelError(f"{self.op.label}: {rule}", hint=CONTRADICTION_HINT)

    def unsupported(self, what: str, hint: str = "") -> UnsupportedModel:
        """The error for a sound model that tinyssl does not do."""
        return blocked([Blocker(self.op.label, what, hint)])

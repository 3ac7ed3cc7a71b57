"""Operators of the model with what was planned and what was measured for each."""

from __future__ import annotations

from dataclasses import dataclass

from tinyssl.report.chain import Chain, stored_json
from tinyssl.report.values import Fields, ratio, rows


@dataclass(frozen=True)
class OperatorRow:
    """One operator."""

    index: int
    kind: str
    shape: str
    macs: float | None
    ticks: float | None
    """Duration in the board's unit; None where it was not measured"""

    @property
    def label(self) -> str:
        return f"#{self.index} {self.kind}"

    @property
    def ticks_per_mac(self) -> float | None:
        return ratio(self.ticks, self.macs)


def read_layers(chain: Chain) -> list[OperatorRow]:
    """Operators in order: shapes and MACs from the build, durations from the bench run."""
    planned = rows(chain.build.ops) if chain.build is not None else []
    measured = Fields(stored_json(chain.bench, "profile")).rows("ops")
    found = []
    for index in range(max(len(planned), len(measured))):
        op = planned[index] if index < len(planned) else Fields(None)
        run = measured[index] if index < len(measured) else Fields(None)
        found.append(
            OperatorRow(
                index=index,
                kind=op.text("kind") or run.text("kind") or "operator",
                shape=op.text("shape"),
                macs=op.number("macs"),
                ticks=run.number("ticks"),
            )
        )
    return found


@dataclass(frozen=True)
class KindTotals:
    """All operators of a kind together."""

    name: str
    count: int
    macs: float
    ticks: float


def by_kind(layers: list[OperatorRow]) -> list[KindTotals]:
    """Sums over each kind, the slowest first."""
    names = dict.fromkeys(layer.kind for layer in layers)
    found = []
    for name in names:
        same = [layer for layer in layers if layer.kind == name]
        macs = sum(layer.macs or 0 for layer in same)
        ticks = sum(layer.ticks or 0 for layer in same)
        found.append(KindTotals(name, len(same), macs, ticks))
    return sorted(found, key=lambda kind: -kind.ticks)

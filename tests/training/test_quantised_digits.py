"""Real digits in INT8: as good as in float32 with scaling, and nothing at that rate without."""

from __future__ import annotations

import numpy as np
import pytest

from tinyssl.frontends.tflite import read_model
from tinyssl.graph.passes.float_tail import float_tail, learning_layers
from tinyssl.graph.passes.int8_tail import joined
from tinyssl.graph.training import Training, add_training
from tools.learning_table.tasks import int8

RATE = 0.01


def test_int8_learns_what_float32_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("ai_edge_quantizer")
    for name, value in (("PASSES", 4), ("SEEDS", 1), ("FIRST_PASSES", 3)):
        monkeypatch.setattr(int8, name, value)
    digits = int8.upright(0)
    graph = joined(read_model(int8.quantised(digits.part(taught=True), 0)))
    codes = np.round(np.rot90(digits.inputs, axes=(1, 2)) * 255) - 128
    side = int8.Digits(np.ascontiguousarray(codes.astype(np.int8)), digits.labels)
    wide = float_tail(graph, learning_layers(graph)[0])
    real, _ = int8.learnt(add_training(wide, Training(int8.parameters(wide), rate=RATE)), side)
    chosen = int8.parameters(graph)
    scaled, _ = int8.learnt(add_training(graph, Training(chosen, rate=RATE)), side)
    plain, _ = int8.learnt(add_training(graph, Training(chosen, rate=RATE, aware=False)), side)
    assert real > 0.8
    assert scaled > real - 0.06
    assert plain < 0.3

"""Random graphs on this computer under ASan and UBSan: every set of kernels equals TFLM.

More of them: `pytest -m emulator tests/emulator/test_random_graphs.py`, `tools/random_graphs.py`.
"""

from __future__ import annotations

import pytest

from tests.ops.image import TARGETS, make_program, require, run_program
from tests.ops.random_graphs import FAMILIES, family_of, random_graph
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.verify import verify

COUNT = 29
"""Every family once, in the order in which they take turns"""

QUICK = "host-dsp"
HOST = [
    pytest.param(name, marks=[] if name == QUICK else pytest.mark.slow)
    for name, target in TARGETS.items()
    if not target.emulator
]


def test_a_range_of_seeds_holds_every_family() -> None:
    assert {family_of(seed) for seed in range(COUNT)} == set(FAMILIES)


def test_graphs_are_legal_and_repeatable() -> None:
    for seed in range(100, 130):
        data = random_graph(seed)
        verify(read_model(data, "graph"))
        assert random_graph(seed) == data


@pytest.mark.parametrize("name", HOST)
def test_graphs_are_byte_equal_to_tflm(name, tmp_path):
    target = TARGETS[name]
    require(target)
    graphs = {f"{family_of(seed)}-{seed}": random_graph(seed) for seed in range(COUNT)}
    assert run_program(make_program(graphs, target.isa), target, tmp_path) == []

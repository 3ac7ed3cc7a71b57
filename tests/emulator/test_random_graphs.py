"""Random graphs on emulated cores, hundreds in one image, each byte-equal to TFLM.

`TINYSSL_TEST_GRAPHS=2000` runs more of them; `tools/random_graphs.py` any range.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.ops.image import TARGETS, make_program, require, run_program
from tests.ops.random_graphs import family_of, random_graph

pytestmark = pytest.mark.emulator

CORES = [name for name, target in TARGETS.items() if target.emulator]
GRAPHS = int(os.environ.get("TINYSSL_TEST_GRAPHS", "200"))
IMAGE = 200
FIRST = 1000


@pytest.mark.timeout(600 + 3 * GRAPHS)
@pytest.mark.parametrize("name", CORES)
def test_graphs_are_byte_equal_to_tflm(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    require(target)
    for first in range(FIRST, FIRST + GRAPHS, IMAGE):
        seeds = range(first, min(first + IMAGE, FIRST + GRAPHS))
        graphs = {f"{family_of(seed)}-{seed}": random_graph(seed) for seed in seeds}
        program = make_program(graphs, target.isa)
        assert run_program(program, target, tmp_path / str(first)) == []

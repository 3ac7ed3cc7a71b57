"""Every parameter after every step has the same bits on each core as in NumPy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.ops.image import TARGETS, Target, require
from tests.ops.image_start import START_FPU
from tests.training import test_quantised_steps, test_steps
from tests.training.program import train
from tests.training.reference import Reference

STEPS = {
    **{"sine": 1000, "classes": 100, "momentum": 100, "mobile": 20, "varied": 20},
    **{"growing": 60, "moving": 10, "normalised": 10, "readings": 100, "sine, absolute": 20},
}
STEPS |= {"int8 dense": 200, "int8 residual": 30, "int8 mobile": 15, "int8 pools": 10}
CASES: dict[str, Any] = {**test_steps.CASES, **test_quantised_steps.CASES}
FPU = {"m4": "-mfpu=fpv4-sp-d16", "m7": "-mfpu=fpv5-d16"}
"""Core -> flag for its floating-point unit; M3 and RV32 have none"""


def _core(name: str) -> Target:
    target = TARGETS[name]
    if name not in FPU:
        return target
    compiler = (*target.compiler, FPU[name], "-mfloat-abi=hard")
    return replace(target, compiler=compiler, start=START_FPU)


CORES = {name: _core(name) for name in ("host", "m3", "m4", "m7", "m55", "rv32")}


@pytest.fixture(scope="module")
def expected() -> dict[str, list[int]]:
    """By case, the checksum after each step in NumPy."""
    found: dict[str, list[int]] = {}
    for name, steps in STEPS.items():
        make, samples = CASES[name]
        reference = Reference(make())
        found[name] = []
        for x, target in samples(steps):
            reference.train(x, target)
            found[name].append(reference.checksum())
    return found


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("name", "core"),
    [
        (name, core)
        for name in STEPS
        for core in CORES
        if name != "sine, absolute" or core == "host"
    ],
)
def test_all_steps_have_numpys_bits(
    name: str, core: str, expected: dict[str, list[int]], tmp_path: Path
) -> None:
    target = CORES[core]
    require(target)
    make, samples = CASES[name]
    found = train(make(), samples(STEPS[name]), target, tmp_path)
    differ = [at for at, (a, b) in enumerate(zip(found, expected[name], strict=True)) if a != b]
    assert differ == []
    assert len({*found}) == STEPS[name]

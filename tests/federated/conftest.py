"""A network that learns a sine, as C on this computer and as firmware."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.federated.boards import Boards
from tests.federated.sines import sine_model
from tests.host_firmware import compile_program
from tinyssl.compiler import Program, compile
from tinyssl.federated.learners import HostLearner
from tinyssl.graph.interface import Outputs


@pytest.fixture(scope="session")
def program() -> Program:
    return compile(sine_model())


@pytest.fixture(scope="session")
def first(program: Program) -> Outputs:
    """The parameters of the build."""
    learner = HostLearner(program)
    return learner.learnt({value.name for value in learner.parameters})


@pytest.fixture(scope="session")
def elf(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Firmware with the network, under the sanitizers."""
    return compile_program(program, tmp_path_factory.mktemp("sine"), "0" * 16)


@pytest.fixture
def boards(elf: Path) -> Iterator[Boards]:
    """Processes with the firmware; all end without a sanitizer's report."""
    found = Boards(elf)
    yield found
    assert found.stop() == ""

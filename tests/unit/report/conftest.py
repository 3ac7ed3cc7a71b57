"""The chain of records that the tests of this folder report on."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tinyssl.core.records import Workspace


def _load() -> ModuleType:
    """The module beside this file: with importlib as import mode it is not on the path."""
    path = Path(__file__).parent / "chain_fixture.py"
    spec = importlib.util.spec_from_file_location("chain_fixture", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def chains() -> ModuleType:
    return _load()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)

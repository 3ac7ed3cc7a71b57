"""Engine `tflm` through PlatformIO with the models of the field, on an emulated Cortex-M7.

Needs a local tree of TFLM in TINYSSL_TFLM, and one of CMSIS-NN in TINYSSL_CMSIS_NN for its kernels;
each build takes minutes. Oracle: TFLM on this computer.
"""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.records import Workspace
from tinyssl.device import Session, open_link
from tinyssl.project import stop_emulators
from tinyssl.runtimes.inputs import to_wire
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tools.bench_engines.models import REFERENCES, backbone

pytestmark = pytest.mark.emulator

SHARED = Path(__file__).parents[2].parent / "shared" / "models"
TREES = {"tflm": "TINYSSL_TFLM", "cmsis_nn": "TINYSSL_CMSIS_NN"}
BACKBONE = "backbone 96x96"
INPUTS = 4


def trees(*options: str) -> dict[str, Path]:
    """Paths for the options of a build; the test is skipped where one is not given."""
    for option in options:
        if not os.environ.get(TREES[option]):
            pytest.skip(f"needs a local copy: set {TREES[option]} to its folder")
    return {option: Path(os.environ[TREES[option]]) for option in options}


@pytest.fixture(scope="module", params=[BACKBONE, *REFERENCES])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    trees("tflm")
    if request.param == BACKBONE:
        path = tmp_path_factory.mktemp("model") / "backbone.tflite"
        path.write_bytes(backbone(BACKBONE, path.parent).data)
        return path
    path = SHARED / REFERENCES[request.param]
    if not path.exists():
        pytest.skip(f"needs ../shared/models/{path.name}")
    return path


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "kernels", [("tflm",), ("tflm", "cmsis_nn")], ids=["reference", "cmsis_nn"]
)
def test_the_bytes_are_those_of_tflm(model: Path, kernels: tuple[str, ...], tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    places: dict[str, Any] = dict(trees(*kernels))
    build(BuildConfig(model=model, engine="tflm", check=False, **places), place)
    oracle = TflmInterpreter(model.read_bytes())
    values = np.random.default_rng(0).integers(
        -128, 128, (INPUTS, *oracle.model.input.shape), dtype=np.int8
    )
    try:
        device = flash(FlashConfig(), place)
        with closing(open_link(device.port, 115200)) as link:
            session = Session(link, 60.0, 3)
            session.sync()
            uint8 = session.identity().input_is_uint8
            for x in values:
                assert session.infer(to_wire(x, uint8)).output == oracle.invoke(x).tobytes()
            memory = session.memory()
            assert 0 < memory.arena_used <= memory.arena_bytes
    finally:
        stop_emulators(place)

"""TFLM in the PlatformIO project: which tree, which sources, which arena; and a real build."""

import json
import os
import re
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.networks import network
from tinyssl.core.config import BuildConfig, FlashConfig
from tinyssl.core.errors import DeviceError, UsageError
from tinyssl.core.records import Workspace
from tinyssl.device import Session, open_link
from tinyssl.frontends.tflite import operator_kinds, write_model
from tinyssl.ops import OPS
from tinyssl.ops.common.spec import TFLM_KERNELS
from tinyssl.project import arena, nn_kernels, tflm
from tinyssl.project.source import load_model
from tinyssl.project.tighten import Trial
from tinyssl.runtimes.tflm import TflmInterpreter
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash
from tinyssl.targets.boards import find_board

GENERATED, MAKEFILE = tflm.THIRD_PARTY_FOLDERS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "net.tflite"
    path.write_bytes(write_model(network()))
    return path


@pytest.fixture(scope="module")
def kinds(model):
    return operator_kinds(model.read_bytes())


def make_tree(root, third_party, kinds=()):
    names = [OPS[kind].tflm for kind in kinds]
    kernels = [f"{name.folder}/{name.source}.cc" for name in names]
    headers = [f"{third_party}/{place}/{name}" for place, name in tflm.THIRD_PARTY.items()]
    for name in (*tflm.OWN_HEADERS, *kernels, *headers):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize("third_party", [GENERATED, MAKEFILE])
def test_both_layouts_are_found(tmp_path, third_party, kinds):
    tree = tflm.local_tree(make_tree(tmp_path, third_party, kinds), kinds)
    assert tree.root == str(tmp_path)
    assert tree.third_party == tuple(f"{tmp_path}/{third_party}/{p}" for p in tflm.THIRD_PARTY)


def test_a_wrong_path_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        tflm.local_tree(tmp_path / "nowhere", ("CONV_2D",))
    for name in (*tflm.OWN_HEADERS, f"{TFLM_KERNELS}/conv.cc", *tflm.THIRD_PARTY.values()):
        assert name in caught.value.message
    assert str(tmp_path / "nowhere") in caught.value.message
    assert "docs/tflm.md" in caught.value.hint


@pytest.mark.parametrize("missing", ["ruy/ruy/profiler/instrumentation.h", "gemmlowp"])
def test_only_what_is_missing_is_named(tmp_path, missing):
    root = make_tree(tmp_path, GENERATED)
    gone = root / GENERATED / missing
    gone = gone if gone.is_file() else gone / tflm.THIRD_PARTY[missing]
    gone.unlink()
    with pytest.raises(UsageError) as caught:
        tflm.local_tree(root)
    assert f"{GENERATED}/{gone.relative_to(root / GENERATED)}" in caught.value.message
    assert "micro_interpreter.h" not in caught.value.message


def test_manifest_lists_the_kernels_of_the_model_and_no_others(tmp_path, kinds):
    tree = tflm.TflmTree(str(tmp_path), ())
    build_ = json.loads(tflm.library_manifest(tree, kinds))["build"]
    named = set(re.findall(rf"<{TFLM_KERNELS}/(\w+)\.cc>", " ".join(build_["srcFilter"])))
    names = {OPS[kind].tflm.source for kind in kinds}
    assert named == {"kernel_util", *names, *(f"{name}_common" for name in names)}
    assert "pooling" not in named
    assert build_["srcDir"] == str(tmp_path)


def test_the_audio_front_end_brings_its_library(tmp_path):
    kinds = ("CUSTOM SignalRfft", "CUSTOM SignalFftAutoScale", "RESHAPE")
    root = make_tree(tmp_path, GENERATED, kinds)
    with pytest.raises(UsageError, match=rf"there is no {GENERATED}/kissfft/kiss_fft.h or "):
        tflm.local_tree(root, kinds)
    header = root / GENERATED / "kissfft" / "kiss_fft.h"
    header.parent.mkdir()
    header.touch()
    tree = tflm.local_tree(root, kinds)
    assert tree.third_party[-1] == str(header.parent)
    sources = json.loads(tflm.library_manifest(tree, kinds))["build"]["srcFilter"]
    for name in ("rfft", "fft_auto_scale_kernel", "fft_auto_scale_common"):
        assert f"+<signal/micro/kernels/{name}.cc>" in sources
    assert "+<signal/src/*.cc>" in sources
    assert f"+<{TFLM_KERNELS}/reshape.cc>" in sources
    assert tflm.fetched_tree(find_board("mps2_an500"), kinds).third_party[-1].endswith("/kissfft")


@pytest.mark.parametrize("kind", [kind for kind in OPS if kind.startswith("CUSTOM Signal")])
def test_every_operator_of_it_has_its_source(kind):
    assert OPS[kind].tflm.source
    assert OPS[kind].tflm.folder == "signal/micro/kernels"


def test_local_tree_needs_no_network_and_no_path_needs_one_line(model, tmp_path, kinds):
    source = load_model(model, Workspace(tmp_path))
    board = find_board("mps2_an500")
    root = make_tree(tmp_path / "with space", GENERATED, kinds)
    local = tflm.tflm_parts(source, board, BuildConfig(tflm=root))
    assert not any("https://" in line for line in local.options)
    assert f"-isystem '{root}'" in local.build_flags
    fetched = tflm.tflm_parts(source, board, BuildConfig())
    assert f"    {tflm.LIB_DEPS}" in fetched.options
    manifest = json.loads(fetched.files["lib/tflm/library.json"])
    assert manifest["build"]["srcDir"] == "../../.pio/libdeps/mps2_an500/tflm-sources"
    assert set(local.files) == set(fetched.files)


def test_arena_is_what_tflm_measures_and_the_margin(model):
    data = model.read_bytes()
    measured = TflmInterpreter(data).arena_bytes
    given = arena.arena_bytes(data)
    assert measured + arena.ARENA_MARGIN <= given < measured + arena.ARENA_MARGIN + 16
    assert given % 16 == 0


def make_cmsis(root):
    (root / "Include").mkdir(parents=True)
    (root / nn_kernels.CMSIS_HEADER).touch()
    return root


def filters(manifest):
    return json.loads(manifest)["build"]["srcFilter"]


def test_kernels_of_cmsis_nn_take_the_place_of_those_that_have_one(tmp_path, model, kinds):
    root = make_tree(tmp_path / "tflm", GENERATED, kinds)
    for name in ("conv", "add"):
        path = root / nn_kernels.CMSIS_KERNELS / f"{name}.cc"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    cmsis = make_cmsis(tmp_path / "cmsis nn")
    source = load_model(model, Workspace(tmp_path))
    config = BuildConfig(tflm=root, cmsis_nn=cmsis)
    parts = tflm.tflm_parts(source, find_board("mps2_an500"), config)
    chosen = filters(parts.files["lib/tflm/library.json"])
    for name, folder in (
        ("conv", nn_kernels.CMSIS_KERNELS),
        ("add", nn_kernels.CMSIS_KERNELS),
        ("softmax", TFLM_KERNELS),  # this tree has none for CMSIS-NN
    ):
        assert [line for line in chosen if line.endswith(f"/{name}.cc>")] == [
            f"+<{folder}/{name}.cc>"
        ]
        assert f"+<{TFLM_KERNELS}/{name}_common.cc>" in chosen
    assert json.loads(parts.files["lib/cmsis_nn/library.json"])["build"]["srcDir"] == str(cmsis)
    assert "-DCMSIS_NN" in parts.build_flags
    assert f"-isystem '{cmsis}/Include'" in parts.build_flags
    assert "    symlink://lib/cmsis_nn" in parts.options
    # Its kernels ask for scratch memory, so the arena is larger by that.
    plain = tflm.tflm_parts(source, find_board("mps2_an500"), BuildConfig(tflm=root))
    assert given_arena(parts) - given_arena(plain) == arena.scratch_bytes(source.graph)


def given_arena(parts):
    found = re.search(r"kArenaBytes = (\d+)", parts.files["src/engine/engine_tflm.cc"])
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    ("board", "cmsis", "kernels", "message"),
    [
        ("riscv32_virt", True, True, "core rv32imc; CMSIS-NN is for Cortex-M"),
        ("mps2_an500", False, True, "not a copy of CMSIS-NN"),
        ("mps2_an500", True, False, "no kernels for CMSIS-NN"),
    ],
)
def test_what_does_not_fit_cmsis_nn_is_refused(tmp_path, board, cmsis, kernels, message):
    root = make_tree(tmp_path / "tflm", GENERATED)
    if kernels:
        (root / nn_kernels.CMSIS_KERNELS).mkdir(parents=True)
        (root / nn_kernels.CMSIS_KERNELS / "conv.cc").touch()
    folder = make_cmsis(tmp_path / "cmsis") if cmsis else tmp_path
    with pytest.raises(UsageError, match=message):
        nn_kernels.local_cmsis(folder, root, find_board(board))


def test_the_tree_that_is_fetched_has_no_kernels_for_cmsis_nn(tmp_path, model):
    source = load_model(model, Workspace(tmp_path))
    config = BuildConfig(cmsis_nn=make_cmsis(tmp_path / "cmsis"))
    with pytest.raises(UsageError, match="no kernels for CMSIS-NN") as caught:
        tflm.tflm_parts(source, find_board("mps2_an500"), config)
    assert "--tflm" in caught.value.hint


ESP_NN = "esp-nn=https://github.com/espressif/esp-nn.git"


@pytest.mark.parametrize(
    ("board", "left_out", "kept"),
    [
        ("esp32-s3-devkitc-1", "-<src/*/*esp32p4.c>", True),
        ("esp32dev", "-<src/*/*esp32s3.S>", False),
    ],
)
def test_esp_nn_is_fetched_and_only_the_chips_own_sources_are_compiled(
    tmp_path, model, board, left_out, kept
):
    source = load_model(model, Workspace(tmp_path))
    config = BuildConfig(board=board, esp_nn=ESP_NN, framework="arduino")
    parts = tflm.tflm_parts(source, find_board(board), config)
    chosen = filters(parts.files["lib/tflm/library.json"])
    assert f"+<{nn_kernels.ESP_KERNELS}/conv.cc>" in chosen
    assert f"+<{TFLM_KERNELS}/conv.cc>" not in chosen
    assert f"+<{TFLM_KERNELS}/reduce.cc>" in chosen
    library = json.loads(parts.files["lib/esp_nn/library.json"])["build"]
    assert library["srcDir"] == f"../../.pio/libdeps/{board}/esp-nn"
    assert left_out in library["srcFilter"]
    assert ("-<src/*/*esp32s3.c>" not in library["srcFilter"]) is kept
    assert f"    {ESP_NN}" in parts.options
    assert parts.options[parts.options.index("lib_ignore =") + 1 :] == (
        f"    {tflm.FETCHED}",
        "    esp-nn",
    )
    assert f"-isystem .pio/libdeps/{board}/esp-nn/include" in parts.build_flags


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"board": "mps2_an500"}, "mps2_an500 with framework baremetal"),
        ({"board": "esp32dev", "esp_nn": "esp-nn"}, "not `name=URL`"),
    ],
)
def test_what_does_not_fit_esp_nn_is_refused(tmp_path, options, message):
    config = BuildConfig(**{"esp_nn": ESP_NN} | options)
    with pytest.raises(UsageError, match=message):
        nn_kernels.optimised_kernels(config, "", find_board(config.board))


def test_a_given_size_is_the_size_of_the_arena(tmp_path, model):
    source = load_model(model, Workspace(tmp_path))
    parts = tflm.tflm_parts(source, find_board("mps2_an500"), BuildConfig(arena_bytes=4096))
    assert given_arena(parts) == 4096


@pytest.fixture(scope="module")
def tree():
    """A real tree of TFLM; the tests that need one compile it, which takes minutes."""
    path = os.environ.get("TINYSSL_TFLM")
    if not path:
        pytest.skip("needs a tree of TensorFlow Lite Micro: set TINYSSL_TFLM to its folder")
    return Path(path)


@pytest.fixture(scope="module")
def workspace(model, tree, tmp_path_factory):
    place = Workspace(tmp_path_factory.mktemp("workspace"))
    info = build(BuildConfig(model=model, engine="tflm", tflm=tree, check=False), place)
    assert info.engine == "tflm"
    assert info.sizes["arena"] == arena.arena_bytes(model.read_bytes())
    return place


@pytest.fixture
def session(workspace):
    device = flash(FlashConfig(), workspace)
    assert device.pid is not None
    with closing(open_link(device.port, 115200)) as link:
        yield Session(link, 60.0, 3)
    os.kill(device.pid, signal.SIGTERM)


@pytest.mark.emulator
@pytest.mark.timeout(900)
def test_firmware_with_tflm_gives_the_bytes_of_tflm(session, model):
    session.sync()
    identity = session.identity()
    oracle = TflmInterpreter(model.read_bytes())
    assert (identity.engine, identity.ops) == ("tflm", len(oracle.model.ops))
    pixels = np.random.default_rng(0).integers(0, 256, (8, *oracle.model.input.shape))
    for image in pixels:
        expected = oracle.invoke((image - 128).astype(np.int8))
        assert session.infer(image.astype(np.uint8).tobytes()).output == expected.tobytes()


@pytest.mark.emulator
@pytest.mark.timeout(900)
def test_firmware_profiles_every_operator_and_needs_less_arena_than_the_host(session, model):
    session.sync()
    oracle = TflmInterpreter(model.read_bytes())
    session.infer(
        bytes(oracle.model.input.bytes)
    )  # the profile is one of the input that lies there
    profile = session.profile()
    assert [op.name for op in profile.ops] == [op.label for op in oracle.model.ops]
    assert all(op.ticks > 0 for op in profile.ops if "RESHAPE" not in op.name)
    memory = session.memory()
    assert 0 < memory.arena_used <= oracle.arena_bytes < memory.arena_bytes


@pytest.mark.emulator
@pytest.mark.timeout(900)
def test_an_arena_that_is_too_small_is_said_by_the_device(workspace, model, tree, monkeypatch):
    """The device names the bytes that are missing; nothing is computed with half a model."""
    monkeypatch.setattr(arena, "ARENA_MARGIN", -1024)
    build(BuildConfig(model=model, engine="tflm", tflm=tree, check=False), workspace)
    device = flash(FlashConfig(), workspace)
    assert device.pid is not None
    try:
        with closing(open_link(device.port, 115200)) as link:
            session = Session(link, 60.0, 0)
            session.sync()
            with pytest.raises(DeviceError, match=r"missing: \d+"):
                session.infer(bytes(8 * 8 * 3))
    finally:
        os.kill(device.pid, signal.SIGTERM)


@pytest.mark.emulator
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kernels", ["reference", "cmsis_nn"])
def test_the_smallest_arena_computes_the_same_and_one_step_less_does_not(
    workspace, model, tree, kernels
):
    """With TINYSSL_CMSIS_NN, a folder of CMSIS-NN, also with its kernels."""
    cmsis = os.environ.get("TINYSSL_CMSIS_NN", "")
    if kernels == "cmsis_nn" and not cmsis:
        pytest.skip("needs a copy of CMSIS-NN: set TINYSSL_CMSIS_NN to its folder")
    config = BuildConfig(model=model, engine="tflm", check=False, tighten_arena=True, tflm=tree)
    if kernels == "cmsis_nn":
        config = replace(config, cmsis_nn=Path(cmsis))
    info = build(config, workspace)
    found = info.arena["tightened"]
    assert found["used"] <= found["bytes"] < found["given"]
    assert info.sizes["arena"] == found["bytes"]
    folder = workspace.builds / "mps2_an500"
    elf, board = folder / info.artifacts["elf"], find_board("mps2_an500")
    trial = Trial(workspace.root / f"trial-{kernels}", elf, board, load_model(model, workspace))
    assert trial.starts(found["bytes"])
    assert not trial.starts(found["bytes"] - 16)


@pytest.mark.parametrize("sign", "()'\"&;$`%#{}[]!*?|<>=,:\\^\t\né")
def test_a_tree_that_platformio_cannot_name_is_refused_before_anything_is_compiled(sign, tmp_path):
    root = tmp_path / f"a{sign}b"
    make_tree(root, GENERATED)
    with pytest.raises(UsageError, match="cannot take the sign") as caught:
        tflm.local_tree(root)
    assert "ln -s" in caught.value.hint


def test_a_tree_with_a_space_in_its_path_is_taken(tmp_path: Path) -> None:
    assert tflm.local_tree(make_tree(tmp_path / "a b", GENERATED)).root == str(tmp_path / "a b")

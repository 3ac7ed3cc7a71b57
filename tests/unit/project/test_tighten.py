"""The smallest arena, by bisection: real firmware on the host's port, with an engine that is picky.

The engine is `aot` behind a gate: it starts only with so many bytes and reports fewer as used, as
TFLM does for a perceptron of ten layers (2,580 used, 3,024 needed). With TFLM itself:
tests/unit/project/test_tflm_project.py.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.host_firmware import build_header, compile_firmware
from tests.networks import network
from tinyssl.codegen.aot import render_aot, render_engine_aot
from tinyssl.core.errors import BuildError, DeviceError, DeviceTimeout, Mismatch, UsageError
from tinyssl.core.paths import boards_folder
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.core.sources import write_sources
from tinyssl.device import emulator
from tinyssl.frontends.tflite import write_model
from tinyssl.project.source import load_model
from tinyssl.project.tighten import LIMIT, Trial, emulated_twin, limit_offset, tighten_arena
from tinyssl.targets.boards import find_board

GATE = """
#include <stdlib.h>
#include "engine.h"
extern const volatile uint32_t tinyssl_arena_limit;
const volatile uint32_t tinyssl_arena_limit = 65536;
static uint32_t number(const char *name) { return (uint32_t)strtoul(getenv(name), NULL, 10); }
const char *__real_engine_init(void);
const char *__wrap_engine_init(void);
uint32_t __wrap_engine_arena_used(void);
const char *__wrap_engine_init(void)
{
    return tinyssl_arena_limit < number("NEEDED") ? "bytes are missing" : __real_engine_init();
}
uint32_t __wrap_engine_arena_used(void) { return number("USED"); }
"""


@pytest.fixture(scope="module")
def host():
    return find_board("host")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A model, and its firmware as an ELF file in a project."""
    root = tmp_path_factory.mktemp("project")
    (root / "boards").mkdir()
    shutil.copy(boards_folder() / "host.json", root / "boards")
    (root / "net.tflite").write_bytes(write_model(network()))
    source = load_model(root / "net.tflite", Workspace(root))
    made = render_aot(source.program) | render_engine_aot(source.program)
    write_sources(made, root / "model")
    (root / "gate.c").write_text(GATE)
    model = source.program.graph
    header = build_header(
        [model.input.bytes], model.output.bytes, len(source.program.calls), "0" * 16
    )
    wrapped = [f"-Wl,--wrap=engine_{name}" for name in ("init", "arena_used")]
    engine = [root / "gate.c", *sorted((root / "model").rglob("*.c"))]
    return source, compile_firmware(root, header, [*engine, f"-I{root / 'model'}", *wrapped])


@pytest.fixture
def image(project, monkeypatch):
    """Sets what the firmware needs and reports."""

    def wants(needed, used):
        monkeypatch.setenv("NEEDED", str(needed))
        monkeypatch.setenv("USED", str(used))
        return project

    return wants


def test_the_smallest_that_starts_is_found_though_less_is_reported(image, host):
    source, elf = image(needed=3024, used=2580)
    found = tighten_arena(elf, host, source, Silent())
    assert (found.bytes, found.used, found.given, found.board) == (3024, 2580, 65536, "host")


def test_what_is_reported_suffices_where_start_up_needs_no_more(image, host):
    source, elf = image(needed=2570, used=2580)
    assert tighten_arena(elf, host, source, Silent()).bytes == 2592  # 2,580, aligned


def test_an_arena_that_is_too_small_as_built_is_no_figure(image, host):
    source, elf = image(needed=70_000, used=2580)
    with pytest.raises(DeviceError, match="bytes are missing"):
        tighten_arena(elf, host, source, Silent())


def test_other_bytes_than_tflms_are_an_error(image, host, tmp_path):
    source, elf = image(needed=100, used=64)
    trial = Trial(tmp_path, elf, host, source)
    assert trial.run(4096) == 64
    (name,) = trial._expected
    trial._expected = {name: np.zeros(4, np.int8)}
    with pytest.raises(Mismatch, match="4,096 bytes"):
        trial.run(4096)


def test_silence_is_tried_once_more(image, host, tmp_path, monkeypatch):
    source, elf = image(needed=100, used=64)
    trial = Trial(tmp_path, elf, host, source)
    real, calls = emulator.start, []

    def slow_at_first(project, image):
        calls.append(image)
        if len(calls) == 1:
            raise DeviceTimeout("no answer in time")
        return real(project, image)

    monkeypatch.setattr(emulator, "start", slow_at_first)
    assert trial.starts(4096)
    assert len(calls) == 2
    assert not trial.starts(96)
    assert len(calls) == 3  # an answer is an answer


def test_the_number_in_the_image_is_found_by_its_symbol(project):
    _, elf = project
    place = limit_offset(elf)
    assert elf.read_bytes()[place : place + 4] == (65536).to_bytes(4, "little")
    with pytest.raises(BuildError, match=LIMIT):
        limit_offset(Path("/bin/true"))


@pytest.mark.parametrize(
    ("board", "twin"),
    [
        ("host", "host"),
        ("mps2_an386_64k", "mps2_an386_64k"),
        ("nrf52840_dk", "mps2_an386"),
        ("nucleo_h743zi", "mps2_an500"),
    ],
)
def test_a_real_board_has_an_emulated_one_of_its_core(board, twin):
    assert emulated_twin(find_board(board)).id == twin


def test_a_core_without_an_emulator_is_told(host):
    board = find_board("nrf52840_dk")
    other = board.model_copy(
        update={"tinyssl": board.tinyssl.model_copy(update={"isa": "cortex-m0"})}
    )
    with pytest.raises(UsageError, match="cortex-m0"):
        emulated_twin(other)

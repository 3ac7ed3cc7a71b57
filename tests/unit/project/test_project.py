"""The PlatformIO project as text: nothing is compiled here."""

import configparser
import re
from dataclasses import replace
from typing import Any

import pytest

from tinyssl.core.config import BuildConfig
from tinyssl.core.records import Workspace
from tinyssl.project.engines import engine_parts
from tinyssl.project.project import HEADER, Image, linker_script, project_files
from tinyssl.project.source import load_model
from tinyssl.targets.boards import DATA_ROOM, all_boards, find_board
from tinyssl.targets.store import with_store

ALL_OF_IT = 2**31
"""No fast memory has room for such an arena"""
LINKED = [board.id for board in all_boards() if board.tinyssl.port != "host"]


@pytest.fixture
def image(tiny_tflite, tmp_path):
    def make(board: str = "mps2_an500", **changes: Any) -> Image:
        source = load_model(tiny_tflite, Workspace(tmp_path))
        config = BuildConfig(board=board)
        found = find_board(board)
        made = Image(found, source.program.graph, engine_parts(config, source, found))
        return replace(made, **changes)

    return make


def sections(script: str) -> dict[str, str]:
    """Section -> region."""
    text = re.sub(r"/\*.*?\*/", "", script, flags=re.DOTALL)
    return dict(re.findall(r"^    (\.\w+)[^{}]*\{[^{}]*\} > (\w+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", LINKED)
def test_linker_script_has_every_region_with_its_origin_and_size(name):
    board = find_board(name)
    text = linker_script(board)
    memory = text[text.index("MEMORY") : text.index("ENTRY")]
    found = re.findall(r"(\w+) \((\w+)\) : ORIGIN = (\w+), LENGTH = (\w+)", memory)
    assert found == [
        (region.name, region.access, f"0x{region.origin:08x}", f"{region.size:#x}")
        for region in board.tinyssl.regions
    ]


@pytest.mark.parametrize("name", LINKED)
def test_linker_script_puts_each_use_where_the_board_file_says(name):
    board = find_board(name)
    placed = sections(linker_script(board, arena_bytes=ALL_OF_IT))
    uses = {
        ".vectors": "vectors",
        ".text": "code",
        ".tinyssl_weights": "weights",
        ".stack": "stack",
        ".data": "data",
        ".bss": "data",
        ".tinyssl_arena": "arena",
    }
    assert {section: placed[section] for section in uses} == {
        section: board.region(use).name for section, use in uses.items()
    }


def test_fast_memory_takes_kernels_and_an_arena_that_fits() -> None:
    board = find_board("nucleo_h743zi")
    most = 128 * 1024 - board.tinyssl.stack_bytes - DATA_ROOM
    for arena, region in ((0, "dtcm"), (most, "dtcm"), (most + 1, "axi_sram")):
        placed = sections(linker_script(board, arena))
        assert (placed[".tinyssl_kernels"], placed[".tinyssl_arena"]) == ("itcm", region)
    assert ".tinyssl_kernels" not in sections(linker_script(find_board("mps2_an500")))


def test_the_arena_of_either_engine_decides_where_it_lies(image, tiny_tflite, tmp_path):
    large = BuildConfig(board="nucleo_h743zi", engine="tflm", arena_bytes=200_000)
    source = load_model(tiny_tflite, Workspace(tmp_path))
    board = find_board("nucleo_h743zi")
    for engine, region in ((engine_parts(large, source, board), "axi_sram"), (None, "dtcm")):
        made = image("nucleo_h743zi", **({"engine": engine} if engine else {}))
        files, _ = project_files(made)
        assert sections(files["linker.ld"])[".tinyssl_arena"] == region


def test_the_project_is_complete(image):
    files, _ = project_files(image())
    assert {
        "platformio.ini",
        "linker.ld",
        "boards/mps2_an500.json",
        "platform/platform.json",
        "platform/platform.py",
        "platform/builder/main.py",
        "include/engine.h",
        "include/tinyssl_build.h",
        "src/app/main.c",
        "src/port/mps2.c",
        "src/engine/engine_aot.c",
        "lib/tinyssl_model/src/model.c",
    } <= set(files)
    assert not [name for name in files if "stm32" in name or name.endswith("port/host.c")]


def test_platformio_ini_names_board_platform_and_optimisation(image):
    files, _ = project_files(image(optimise="Os"))
    settings = configparser.ConfigParser()
    settings.read_string(files["platformio.ini"])
    environment = settings["env:mps2_an500"]
    assert environment["platform"] == "symlink://platform"
    assert environment["board"] == "mps2_an500"
    assert "-Os" in environment["build_flags"].split()
    assert environment["board_build.ldscript"] == "linker.ld"


def test_equal_input_gives_equal_files_and_the_header_carries_the_id(image):
    files, build_id = project_files(image())
    assert (files, build_id) == project_files(image())
    assert re.fullmatch(r"[0-9a-f]{16}", build_id)
    assert f'#define TINYSSL_BUILD_ID "{build_id}"' in files[HEADER]
    assert "#define TINYSSL_INPUT_BYTES 192u" in files[HEADER]
    assert "#define TINYSSL_OUTPUT_BYTES 3u" in files[HEADER]
    assert "#define TINYSSL_OP_COUNT 4u" in files[HEADER]


def test_the_id_changes_with_board_optimisation_and_any_source(image):
    base = image()
    engine = base.engine
    touched = engine.files | {"src/engine/engine_aot.c": "/* another */"}
    ids = {
        project_files(each)[1]
        for each in (
            base,
            image("mps2_an386"),
            replace(base, optimise="O3"),
            replace(base, engine=replace(engine, files=touched)),
        )
    }
    assert len(ids) == 4


def test_a_boards_pins_and_its_emulator_are_in_the_header(image):
    def header(board):
        return project_files(image(board))[0][HEADER]

    nano = header("nano33ble")
    assert "#define TINYSSL_TX_PIN 35u /* P1.03 */" in nano
    assert "#define TINYSSL_RX_PIN 42u /* P1.10 */" in nano
    assert "TINYSSL_EMULATED" not in nano
    assert "#define TINYSSL_TX_PIN 6u /* P0.06 */" in header("nrf52840_dk")
    assert "#define TINYSSL_EMULATED" in header("netduinoplus2")
    assert "TX_PIN" not in header("netduinoplus2")


def test_an_image_behind_a_bootloader_starts_where_that_ends() -> None:
    placed = linker_script(find_board("nano33ble"))
    assert "flash (rx) : ORIGIN = 0x00010000, LENGTH = 0xf0000" in placed


def test_an_image_that_learns_has_the_log_and_its_boards_driver(image) -> None:
    learns = replace(image("nucleo_f446re"), board=with_store(find_board("nucleo_f446re")))
    files, _ = project_files(learns)
    assert {"src/storage/flash_log.c", "src/port/flash_stm32f4.c"} <= set(files)
    assert "-Isrc/storage" in files["platformio.ini"]
    assert "#define TINYSSL_STORE_SECTORS 16384u, 16384u, 16384u, 65536u" in files[HEADER]
    script = files["linker.ld"]
    assert re.search(r"store \(rw\) : ORIGIN = 0x08004000, LENGTH = 0x1c000", script)
    assert "store" not in {place for name, place in sections(script).items()}


def test_under_arduino_an_image_that_learns_has_no_flash(image) -> None:
    board = with_store(find_board("nucleo_f446re"))
    files, _ = project_files(replace(image("nucleo_f446re", framework="arduino"), board=board))
    names = {path.rsplit("/")[-1] for path in files}
    assert {"flash_none.c", "flash_log.c"} <= names
    assert "flash_stm32f4.c" not in names


def test_an_image_that_does_not_learn_has_nothing_of_it(image) -> None:
    files, _ = project_files(image("nucleo_f446re"))
    assert not [path for path in files if "/storage/" in path or "/flash_" in path]
    assert "STORE" not in files[HEADER]

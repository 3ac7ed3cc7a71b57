"""The log of learnt parameters in flash: what it keeps, when it erases, power cuts everywhere."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flash.build import FLAGS, HERE, POWER_FLAGS, Layout, compile_log, run_power
from tinyssl.core.paths import firmware_folder
from tinyssl.targets.board_sections import Sectors, Store
from tinyssl.targets.store import capacity, record_bytes, slots, wear

OK, EMPTY, NO_FLASH, TOO_LARGE, LENGTH, FAILED = range(6)
MODEL, OTHER = 0x1122334455667788, 42
LAYOUT = Layout((256, 256, 512), 8)
SLOT = 512
PORT = firmware_folder() / "port"
counter = itertools.count()


class Part(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_uint32))


class Info(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint32),
        ("sequence", ctypes.c_uint32),
        ("erases", ctypes.c_uint32 * 2),
        ("capacity", ctypes.c_uint32),
        ("left", ctypes.c_uint32),
    )


class Log:
    """The C functions over a flash in memory."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.c = ctypes.CDLL(str(path))
        self.flash = (ctypes.c_uint8 * 65536).in_dll(self.c, "flash")
        self.erased = (ctypes.c_uint32 * 64).in_dll(self.c, "erased")
        self.layout = layout

    def set(self, knob: str, value: int) -> None:
        ctypes.c_uint32.in_dll(self.c, knob).value = value

    def get(self, knob: str) -> int:
        return int(ctypes.c_uint32.in_dll(self.c, knob).value)

    def save(self, data: bytes, model: int = MODEL, split: int = 0) -> int:
        pieces = [
            ctypes.create_string_buffer(part, len(part)) for part in (data[:split], data[split:])
        ]
        return int(self.c.flash_log_save(ctypes.c_uint64(model), self._parts(pieces), 2))

    def load(self, size: int, model: int = MODEL, split: int = 0) -> tuple[int, bytes]:
        pieces = [ctypes.create_string_buffer(part) for part in (split, size - split) if part]
        status = self.c.flash_log_load(ctypes.c_uint64(model), self._parts(pieces), len(pieces))
        return int(status), b"".join(piece.raw for piece in pieces)

    def forget(self, model: int = MODEL) -> int:
        return int(self.c.flash_log_forget(ctypes.c_uint64(model)))

    def info(self, model: int = MODEL) -> Info:
        info = Info()
        self.c.flash_log_info(ctypes.c_uint64(model), ctypes.byref(info))
        return info

    def erases(self) -> list[int]:
        return list(self.erased[: len(self.layout.sectors)])

    @staticmethod
    def _parts(pieces: list[ctypes.Array[ctypes.c_char]]) -> ctypes.Array[Part]:
        return (Part * len(pieces))(*(Part(ctypes.addressof(p), len(p)) for p in pieces))


@pytest.fixture(scope="module")
def libraries() -> dict[Layout, Path]:
    return {}


@pytest.fixture
def open_log(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, libraries: dict[Layout, Path]
) -> Callable[..., Log]:
    """Opens the log over a new flash: a copy of the library, so that its variables are new."""

    def opened(layout: Layout = LAYOUT) -> Log:
        if layout not in libraries:
            folder = tmp_path_factory.mktemp("log")
            flags = (*FLAGS, "-shared", "-fPIC")
            libraries[layout] = compile_log(folder, layout, [HERE / "memory.c"], flags)
        copy = tmp_path / f"log{next(counter)}"
        shutil.copy(libraries[layout], copy)
        return Log(copy, layout)

    return opened


def parameters(seed: int, size: int = 100) -> bytes:
    return bytes((seed * 37 + i * 11) % 256 for i in range(size))


def test_what_is_saved_is_loaded_in_pieces_of_any_size(open_log) -> None:
    log = open_log()
    assert log.load(100)[0] == EMPTY
    assert log.save(parameters(1), split=33) == OK
    assert log.load(100, split=70) == (OK, parameters(1))
    assert log.save(parameters(2)) == OK
    assert log.load(100) == (OK, parameters(2))


def test_a_record_is_as_the_page_describes_it(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    header = bytes(log.flash[:32])
    magic, sequence, model, length, first, second, crc = struct.unpack("<4sIQ4I", header)
    assert (magic, sequence, model, length, first, second) == (b"TSL1", 1, MODEL, 100, 1, 0)
    assert crc == zlib.crc32(header[:28])
    whole = header + parameters(1)
    assert bytes(log.flash[32:136]) == parameters(1) + struct.pack("<I", zlib.crc32(whole))
    assert set(log.flash[136:SLOT]) == {0xFF}


def test_models_do_not_see_each_other(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    assert log.load(100, OTHER)[0] == EMPTY
    log.save(parameters(2), OTHER)
    assert log.load(100) == (OK, parameters(1))
    for seed in range(3, 20):  # more than both slots hold
        log.save(parameters(seed), OTHER)
    assert log.load(100, OTHER) == (OK, parameters(19))


def test_the_newest_of_a_model_is_not_erased_for_it_although_another_wrote_after(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    for seed in range(2, 6):
        log.save(parameters(seed), OTHER)  # fills slot 0, then starts slot 1
    assert log.info().length == 100
    log.set("stuck", SLOT + 410)  # slot 1 takes no more: what is written there cannot be read back
    before = log.erases()
    log.save(parameters(9))
    assert log.load(100)[1] in (parameters(1), parameters(9))
    assert log.erases()[:2] == before[:2]


def test_forgotten_is_empty_until_the_next_save(open_log) -> None:
    log = open_log()
    assert log.forget() == OK
    assert log.info().sequence == 0  # nothing was written for that
    log.save(parameters(1))
    assert log.forget() == OK
    assert (log.load(100)[0], log.info().length, log.info().sequence) == (EMPTY, 0, 2)
    assert log.forget() == OK
    assert log.info().sequence == 2
    log.save(parameters(2))
    assert log.load(100) == (OK, parameters(2))


@pytest.mark.parametrize(("size", "expected"), [(0, TOO_LARGE), (476, OK), (477, TOO_LARGE)])
def test_a_record_fits_a_slot_or_is_refused(open_log, size, expected) -> None:
    log = open_log()
    assert log.info().capacity == 476
    assert log.save(parameters(1, size)) == expected
    assert sum(log.erases()) == (2 if expected == OK else 0)  # slot 0 has two sectors


def test_another_length_is_told_and_nothing_copied(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    assert log.load(99) == (LENGTH, bytes(99))


def test_without_flash_all_say_so(open_log) -> None:
    log = open_log()
    log.set("missing", 1)
    assert (log.save(b"1"), log.load(1)[0], log.forget()) == (NO_FLASH,) * 3
    assert log.info().capacity == 0


def test_flash_that_looks_erased_is_erased_before_its_first_use(open_log) -> None:
    log = open_log()
    ctypes.memset(log.flash, 0xFF, 65536)  # an erase may have been cut off right before its end
    log.save(parameters(1))
    assert log.erases() == [1, 1, 0]


def test_nothing_is_appended_after_a_record_that_was_cut_off(open_log) -> None:
    """Its bytes may read as whole one day and not the other."""
    log = open_log()
    log.save(parameters(1))
    log.save(parameters(2))
    last = log.flash[136 + 32 + 99]
    log.flash[136 + 32 + 99] = 0xFF
    assert log.load(100) == (OK, parameters(1))
    assert log.save(parameters(3)) == OK
    assert log.erases() == [1, 1, 1]
    log.flash[136 + 32 + 99] = last
    assert log.load(100) == (OK, parameters(3))


def test_a_bad_byte_sends_the_record_to_the_other_slot(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    log.set("stuck", 200)
    assert log.save(parameters(2)) == OK
    assert log.load(100) == (OK, parameters(2))
    assert log.erases() == [1, 1, 1]


def test_where_both_slots_are_bad_the_old_stays(open_log) -> None:
    log = open_log()
    log.save(parameters(1, 400))
    log.set("stuck", SLOT + 100)
    assert log.save(parameters(2, 400)) == FAILED
    assert log.load(400) == (OK, parameters(1, 400))


def test_a_record_whose_error_correction_fails_counts_as_cut_off(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    log.save(parameters(2))
    log.set("unreadable", 200)
    assert log.load(100) == (OK, parameters(1))
    assert log.save(parameters(3)) == OK
    assert log.load(100) == (OK, parameters(3))


def test_a_bit_that_changes_between_check_and_copy_is_told(open_log) -> None:
    log = open_log()
    log.save(parameters(1))
    statuses = []
    for reads in range(30):
        log.set("flips_after", reads)
        status, data = log.load(100)
        statuses.append(status)
        assert status != OK or data == parameters(1)
    assert FAILED in statuses


@pytest.mark.parametrize(
    ("layout", "size"),
    [(LAYOUT, 100), (LAYOUT, 400), (Layout((256,) * 8, 32), 50), (Layout((512, 128, 128), 4), 1)],
)
def test_saves_wear_as_stated(open_log, layout, size) -> None:
    """Every sector is erased as often as `tinyssl.targets.store` says, and the records count it."""
    log = open_log(layout)
    sectors = tuple(Sectors(size=each) for each in layout.sectors)
    store = Store(driver="flash_x", origin=0, sectors=sectors, write_unit=layout.unit)
    cost = wear(store, size)
    assert capacity(store) == log.info().capacity
    rounds = 5
    for seed in range(sum(cost.saves) * rounds):
        assert log.save(parameters(seed, size)) == OK
    assert log.erases() == [rounds] * len(layout.sectors)
    info = log.info()
    assert (list(info.erases), info.left) == ([rounds, rounds], 0)
    assert cost.erases_per_save() == rounds / (sum(cost.saves) * rounds)
    assert sum(slots(store)) == sum(layout.sectors)
    assert record_bytes(store, size) * cost.saves[0] <= slots(store)[0]
    assert log.get("fed") >= sum(log.erases())


@pytest.mark.parametrize(
    ("layout", "size"),
    [(LAYOUT, 101), (Layout((512, 512), 32), 101), (Layout((64,) * 7, 4), 41)],
    ids=["8", "32", "4"],
)
def test_power_cut_at_every_operation_leaves_old_or_new(tmp_path, layout, size) -> None:
    """Each write and erase, not begun, half done, random bits done, and done; then a second cut."""
    sources = [HERE / "power.c", HERE / "file.c", PORT / "flash_host.c", PORT / "flash_geometry.c"]
    flags = (*POWER_FLAGS, "-Wl,--wrap=pwrite", f"-DLENGTH={size}u")
    program = compile_log(tmp_path, layout, sources, flags)
    environment = os.environ | {"TINYSSL_HOST_FLASH": str(tmp_path / "flash")}
    operations, _, cuts = run_power(program, environment)
    assert operations > 40
    assert cuts >= 4 * operations

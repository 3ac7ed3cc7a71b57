"""pyOCD itself (session, flash loader, verify) on a simulated target: memory instead of a chip."""

from types import SimpleNamespace

import pytest

pytest.importorskip("pyocd", reason="needs the extra flash: pip install pyocd")

from pyocd.core.helpers import ConnectHelper
from pyocd.core.memory_map import FlashRegion, MemoryMap, MemoryType, RamRegion
from pyocd.core.soc_target import SoCTarget
from pyocd.flash.flash import Flash
from pyocd.probe.debug_probe import DebugProbe

from tests.images import write_elf
from tinyssl.core.errors import DeviceError, DeviceNotFound, ToolMissing
from tinyssl.device.flashers import __main__ as command
from tinyssl.device.flashers import pyocd
from tinyssl.device.flashers.job import UploadJob
from tinyssl.targets.boards import find_board

FLASH, RAM = 0x08000000, 0x20000000
CHIP = 0x5C001000


class Memory:
    """All of a chip's memory, erased; counts what is written to flash."""

    def __init__(self, chip):
        self.bytes = {}
        self.pages = 0
        for index, byte in enumerate(chip.to_bytes(4, "little")):
            self.bytes[CHIP + index] = byte

    def read(self, address, count):
        return [self.bytes.get(place, 0xFF) for place in range(address, address + count)]

    def write(self, address, data):
        self.bytes.update(enumerate(data, address))


class SimulatedFlash(Flash):
    """pyOCD's flash driver with the algorithm replaced: pages go into the memory."""

    def __init__(self, target):
        super().__init__(target, None)
        self.is_valid = True

    def init(self, operation, address=None, clock=0, reset=False):
        pass

    def uninit(self):
        pass

    cleanup = uninit

    @property
    def is_double_buffering_supported(self):
        return False

    @property
    def is_erase_all_supported(self):
        return False

    def erase_sector(self, address):
        for place in range(address, address + self.region.sector_size):
            self.target.memory.bytes.pop(place, None)

    def program_page(self, address, data):
        self.target.memory.pages += 1
        self.target.memory.write(address, self.target.damaged(data))


class SimulatedTarget(SoCTarget):
    """A target without cores: what a debug port would read and write is the memory."""

    VENDOR = "tinyssl"

    def __init__(self, session):
        regions = MemoryMap(
            FlashRegion(
                start=FLASH, length=0x10000, sector_size=0x400, page_size=0x100,
                is_boot_memory=True, flash_class=SimulatedFlash,
            ),
            RamRegion(start=RAM, length=0x4000),
        )  # fmt: skip
        super().__init__(session, regions)
        self.memory = session.probe.memory
        self.damaged = session.probe.damaged
        self.resets = []

    @property
    def selected_core(self):
        return SimpleNamespace(node_name=None)

    def init(self):
        for region in self.memory_map.iter_matching_regions(type=MemoryType.FLASH):
            region.flash = SimulatedFlash(self)
            region.flash.region = region

    def disconnect(self, resume=True):
        pass

    def read_memory(self, addr, transfer_size=32, now=True):
        return int.from_bytes(bytes(self.memory.read(addr, transfer_size // 8)), "little")

    def read_memory_block8(self, addr, size):
        return self.memory.read(addr, size)

    def reset_and_halt(self, reset_type=None):
        self.resets.append("halt")

    def reset(self, reset_type=None):
        self.resets.append("run")


class SimulatedProbe(DebugProbe):
    """A probe whose chip has the identification `chip`."""

    description = product_name = "Simulated probe"
    vendor_name = "tinyssl"
    unique_id = "SIM1"
    capabilities: frozenset[DebugProbe.Capability] = frozenset()
    supported_wire_protocols = frozenset([DebugProbe.Protocol.SWD])
    wire_protocol = DebugProbe.Protocol.SWD
    is_open = True
    associated_board_info = None

    def __init__(self, chip=0x20036450, damaged=bytes):
        super().__init__()
        self.memory = Memory(chip)
        self.damaged = damaged
        self.session = None

    def open(self):
        pass

    close = connect = disconnect = flush = open

    def set_clock(self, _frequency):
        pass


@pytest.fixture
def image(tmp_path):
    data = bytes(range(256)) * 20 + b"odd"
    return write_elf(tmp_path / "firmware.elf", FLASH, data), data


@pytest.fixture
def attached(monkeypatch):
    """Attaches simulated probes; pyOCD knows a simulated target by the name of the board's."""
    from pyocd.target import TARGET

    monkeypatch.setitem(TARGET, "stm32h743xx", SimulatedTarget)

    def attach(*probes):
        def found(blocking=True, unique_id=None, print_wait_message=True):
            return [probe for probe in probes if unique_id in (None, probe.unique_id)]

        monkeypatch.setattr(ConnectHelper, "get_all_connected_probes", found)
        return probes[0] if probes else None

    return attach


def job(image, **options):
    return UploadJob(find_board("nucleo_h743zi"), image[0], **options)


def test_an_image_is_written_page_by_page_and_read_back(attached, image):
    probe = attached(SimulatedProbe())
    lines = list(pyocd.flash(job(image)))
    assert bytes(probe.memory.read(FLASH, len(image[1]))) == image[1]
    assert probe.memory.pages == -(-len(image[1]) // 0x100)
    assert lines[-1] == "5,123 bytes written and read back"
    assert probe.session.target.resets[-1] == "run"


def test_another_chip_is_refused_and_no_page_is_written(attached, image):
    probe = attached(SimulatedProbe(chip=0x10006413))
    with pytest.raises(DeviceNotFound, match=r"wrong chip: register 0x5c001000 is 0x413"):
        list(pyocd.flash(job(image)))
    assert probe.memory.pages == 0


def test_a_target_that_refuses_the_chip_by_itself(attached, image, monkeypatch):
    """As pyOCD's STM32H743, which asserts its DEV_ID when it connects."""

    def refuse(self):
        raise AssertionError("IDC.DEV_ID 0x413 did not match expected. 0x450")

    probe = attached(SimulatedProbe())
    monkeypatch.setattr(SimulatedTarget, "init", refuse)
    with pytest.raises(DeviceNotFound, match=r"wrong chip, says pyOCD: IDC\.DEV_ID 0x413"):
        list(pyocd.flash(job(image)))
    assert probe.memory.pages == 0


def test_a_byte_that_does_not_stay_is_found(attached, image):
    def weak(data):
        return [byte & 0x7F if byte == 0x85 else byte for byte in data]

    attached(SimulatedProbe(damaged=weak))
    with pytest.raises(DeviceError, match="verify failed between 0x08000000 and 0x08001000"):
        list(pyocd.flash(job(image)))


def test_two_probes_are_listed_and_one_can_be_named(attached, image):
    first, second = SimulatedProbe(), SimulatedProbe()
    second.unique_id = "SIM2"
    attached(first, second)
    with pytest.raises(DeviceNotFound, match=r"SIM1.*SIM2"):
        list(pyocd.flash(job(image)))
    list(pyocd.flash(job(image, port="SIM2")))
    assert (first.memory.pages, second.memory.pages > 0) == (0, True)


def test_no_probe(attached, image):
    attached()
    with pytest.raises(DeviceNotFound, match="no debug probe"):
        list(pyocd.flash(job(image)))


def test_a_target_that_needs_a_pack_says_which_command_gets_it(attached, image):
    attached(SimulatedProbe())
    board = find_board("nucleo_f446re")
    with pytest.raises(ToolMissing, match="stm32f446retx") as caught:
        list(pyocd.flash(UploadJob(board, image[0])))
    assert "pyocd pack install stm32f446retx" in caught.value.hint


def test_the_command_prints_error_and_hint_and_returns_our_code(attached, image, tmp_path, capsys):
    probe = attached(SimulatedProbe(chip=0))
    boards = tmp_path / "boards"
    boards.mkdir()
    text = find_board("nucleo_h743zi").model_dump_json(exclude={"id"})
    (boards / "nucleo_h743zi.json").write_text(text)
    assert command.main(["pyocd", str(tmp_path), str(image[0])]) == 4
    error = capsys.readouterr().err
    assert error.startswith("Error: wrong chip")
    assert "\nhint: another board is attached" in error
    assert probe.memory.pages == 0


def test_a_dry_run_connects_to_nothing(attached, image):
    attached()
    (line,) = pyocd.flash(job(image, dry_run=True))
    assert line == f"pyocd: target stm32h743xx, connect under-reset, {image[0]}"

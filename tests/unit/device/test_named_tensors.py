"""Named tensors over the line: real generated models on the host port, under ASan and UBSan.

Oracle of the values: TensorFlow Lite Micro.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.host_firmware import HostFirmware, compile_program
from tests.ops.ends import inner_output, two_outputs
from tests.ops.operators.mul import wide as int16_product
from tests.ops.operators.quantize import rescaled
from tinyssl.compiler import compile
from tinyssl.core.errors import DeviceError
from tinyssl.device import Session, open_link
from tinyssl.device.tensors import parse_tensors
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.interface import ValueInfo, named_values
from tinyssl.graph.model import DType, ValueKind
from tinyssl.runtimes.device import DeviceModel, check_tensors
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.runtimes.tflm import TflmInterpreter

DATA = inner_output()
KEPT, USED = (), ("TINYSSL_KEEP_INPUT=0",)
Start = Callable[..., HostFirmware]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """(file, macros) -> a running firmware, compiled once."""
    running: dict[tuple[object, ...], HostFirmware] = {}

    def run(data: bytes = DATA, defines: tuple[str, ...] = KEPT) -> HostFirmware:
        key = (data, defines)
        if key not in running:
            program = compile(read_model(data))
            folder = tmp_path_factory.mktemp("named")
            elf = compile_program(program, folder, "0" * 16, defines=defines)
            running[key] = HostFirmware(elf)
        return running[key]

    yield run
    assert [firmware.stop() for firmware in running.values()] == [""] * len(running)


@pytest.fixture(params=[KEPT, USED], ids=["kept", "used"])
def session(start: Start, request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(open_link(start(DATA, request.param).port, 115200), timeout=5.0) as session:
        session.sync()
        session.reset()
        yield session


def test_the_list_is_the_models(session: Session) -> None:
    model = read_model(DATA)
    check_tensors(session.tensors(), named_values(model), session.identity())
    identity = session.identity()
    assert (identity.inputs, identity.outputs, identity.tensors) == (2, 2, 4)


def test_other_tensors_than_the_builds_are_refused(session: Session) -> None:
    listed, identity = session.tensors(), session.identity()
    named = named_values(read_model(DATA))
    with pytest.raises(DeviceError, match="lists 4 tensors; the build's model has 3"):
        check_tensors(listed, named[:3], identity)
    other = (named[0], replace(named[1], dtype=DType.INT16), *named[2:])
    with pytest.raises(DeviceError, match=r"tensor 1 as input right .* it is input right .int16"):
        check_tensors(listed, other, identity)


def test_all_outputs_are_those_of_tflm(session: Session) -> None:
    device, oracle = DeviceModel(session, read_model(DATA)), TflmInterpreter(DATA)
    for feeds in make_inputs(oracle.model, 14, 0):
        expected, found = oracle.run(feeds), device.run(feeds)
        assert list(found) == list(expected) == ["tensor5", "tensor2"]
        for name, output in expected.items():
            np.testing.assert_array_equal(found[name], output)
    assert session.retried == 0


def test_two_outputs_of_one_picture(start: Start) -> None:
    data = two_outputs()
    oracle = TflmInterpreter(data)
    with Session(open_link(start(data).port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, oracle.model)
        for feeds in make_inputs(oracle.model, 12, 1):
            expected, found = oracle.run(feeds), device.run(feeds)
            assert {name: x.tobytes() for name, x in found.items()} == {
                name: x.tobytes() for name, x in expected.items()
            }


def real(value: ValueInfo, output: np.ndarray) -> np.ndarray:
    """What the elements stand for, in double."""
    if value.quant is None:
        return output.astype(np.float64).ravel()
    steps = output.astype(np.float64).ravel() - value.quant.zero_point[0]
    return steps * value.quant.scale[0]


@pytest.mark.parametrize(
    "data",
    [
        int16_product(),
        rescaled(("float32", "int8"), (1.0, 0.07), (0, -9)),
        rescaled(("int8", "float32"), (0.05, 1.0), (3, 0)),
        rescaled(("int8", "int16"), (0.05, 0.0003), (7, 0)),
    ],
    ids=["int16", "float32 in", "float32 out", "int16 out"],
)
def test_elements_of_every_type_are_those_of_tflm(start: Start, data: bytes) -> None:
    """And MLPerf's `m-results` are the real values of output 0 in thousandths."""
    oracle = TflmInterpreter(data)
    with Session(open_link(start(data).port, 115200), timeout=5.0) as session:
        session.sync()
        device = DeviceModel(session, oracle.model)
        for feeds in make_inputs(oracle.model, 14, 3):
            (expected,), (found,) = oracle.run(feeds).values(), device.run(feeds).values()
            assert (found.dtype, found.tobytes()) == (expected.dtype, expected.tobytes())
            results = raw(session, b"infer 1 0%")[-1]
            shown = np.array(results.removeprefix("m-results-[")[:-1].split(","), np.float64)
            np.testing.assert_allclose(shown, real(device.outputs[0], expected), atol=0.000501)


def test_what_is_written_in_parts_is_read_back(session: Session) -> None:
    data = bytes(range(120))
    session.write(1, data[:50])
    session.write(1, data[50:], offset=50)
    assert session.read(1, 120) == data
    assert session.read(1, 7, offset=48) == data[48:55]


def test_parts_count_only_without_a_gap(session: Session) -> None:
    session.write(1, bytes(20), offset=50)
    with pytest.raises(DeviceError, match="Tensor 1 has 0 of 120 bytes"):
        session.read(1, 20, offset=50)
    session.write(0, bytes(120))
    session.write(1, bytes(40))
    with pytest.raises(DeviceError, match="Tensor 1 has 40 of 120 bytes"):
        session.repeat()


def test_every_input_is_needed(session: Session) -> None:
    session.write(1, bytes(120))
    with pytest.raises(DeviceError, match="Input has 0 of 120 bytes"):
        session.repeat()
    session.write(0, bytes(120))
    session.repeat()
    if session.identity().input_kept:
        session.repeat()
    else:
        with pytest.raises(DeviceError, match="Input has 0 of 120 bytes"):
            session.repeat()


def test_outputs_are_read_after_an_inference_alone(session: Session) -> None:
    with pytest.raises(DeviceError, match="No inference has run yet"):
        session.read(2, 60)
    for tensor in (0, 1):
        session.write(tensor, bytes(120))
    session.repeat()
    assert len(session.read(3, 120)) == 120
    session.write(0, bytes(120))  # where inputs are not kept, it may lie over an output
    if session.identity().input_kept:
        session.read(3, 120)
    else:
        with pytest.raises(DeviceError, match="No inference has run yet"):
            session.read(3, 120)


def raw(session: Session, command: bytes) -> list[str]:
    """Reply of a command that `Session` would not send."""
    session.link.write(command)
    received = b""
    while not received.endswith(b"m-ready\r\n"):
        data = session.link.read(5.0)
        assert data, received
        received += data
    return received.decode().split("\r\n")[:-2]


def put(words: str, data: bytes) -> bytes:
    return f"set {words} {len(data)} {zlib.crc32(data):08x}%".encode() + data


def test_a_tensor_has_a_name_too(session: Session) -> None:
    assert raw(session, put("right 0", bytes(120))) == ["m-load-done"]
    assert raw(session, b"get right 118 2%")[0].startswith("m-tinyssl-data-[1,118,0000]-")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (put("2 0", b"ab"), "Frame for a tensor that is not there, or that an inference writes"),
        (put("4 0", b"ab"), "Frame for a tensor that is not there, or that an inference writes"),
        (put("up 0", b"a%"), "Frame for a tensor that is not there, or that an inference writes"),
        (put("1 119", b"%%"), "Frame has 2 bytes at offset 119; the tensor has 120"),
        (put("1 4294967295", b"%"), "Frame has 1 bytes at offset 4294967295; the tensor has 120"),
        (b"set 1 0%", "Command 'set' takes tensor, offset, number of bytes and their CRC"),
        (b"set 1 x 1 00000000%", "Command 'set' takes tensor, offset, number of bytes and"),
        (b"get%", "Command 'get' takes a tensor, or tensor, offset and number of bytes"),
        (b"get 1 5%", "Command 'get' takes a tensor, or tensor, offset and number of bytes"),
        (b"get 1 0 0%", "Command 'get' takes a tensor, or tensor, offset and number of bytes"),
        (b"get 1 4294967295 4294967295%", "Tensor 1 has 120 bytes"),
        (b"get m-ready%", "There is no tensor 'm?ready'"),
        (b"state%", "Command 'state' takes the word reset"),
        (b"state now%", "Command 'state' takes the word reset"),
    ],
)
def test_what_cannot_be_is_an_error(session: Session, command: bytes, error: str) -> None:
    (line,) = raw(session, command)
    assert line.startswith(f"e-[{error}")
    assert session.sync() == "host"


def test_a_damaged_frame_takes_back_what_lay_behind_its_offset(session: Session) -> None:
    session.write(1, bytes(120))
    (line,) = raw(session, b"set 1 100 4 00000000%abcd")
    assert line.startswith("e-[Frame CRC is")
    assert session.read(1, 100) == bytes(100)
    with pytest.raises(DeviceError, match="Tensor 1 has 100 of 120 bytes"):
        session.read(1, 120)


def test_state_reset_is_answered_without_states_too(session: Session) -> None:
    session.reset_state()


def sealed(text: str) -> str:
    body = f"m-tinyssl-tensor-[{text}]"
    return f"{body}-{zlib.crc32(body.encode()):08x}"


def test_a_listed_tensor() -> None:
    bits = struct.pack(">f", 0.1).hex()
    (found,) = parse_tensors([sealed(f"0,state,int16,1x2x3,{bits},-5,a,b%20c")], 1)
    assert (found.name, found.kind, found.dtype) == ("a,b c", ValueKind.STATE, DType.INT16)
    assert (found.shape, found.bytes) == ((1, 2, 3), 12)
    assert found.quant is not None
    assert found.quant.scale == (float(np.float32(0.1)),)
    (plain,) = parse_tensors([sealed("0,output,float32,,00000000,0,x")], 1)
    assert (plain.shape, plain.quant, plain.bytes) == ((), None, 4)


@pytest.mark.parametrize(
    "text",
    [
        "1,input,int8,1,00000000,0,x",
        "0,constant,int8,1,00000000,0,x",
        "0,input,int4,1,00000000,0,x",
        "0,input,int8,1x,00000000,0,x",
        "0,input,int8,0x3,00000000,0,x",
        "0,input,int8,999999999x999999999,00000000,0,x",
        "0,input,int8,1,7f800000,0,x",
        "0,input,int8,1,ffc00000,0,x",
        "0,input,int8,1,xyz,0,x",
        "0,input,int8,1,00000000,4294967296,x",
        "0,input,int8",
    ],
)
def test_a_listed_tensor_that_cannot_be(text: str) -> None:
    with pytest.raises(DeviceError):
        parse_tensors([sealed(text)], 1)

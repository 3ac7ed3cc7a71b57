"""The `tflm` engine as text, and its log as it runs."""

import ctypes
import dataclasses
import hashlib
import re
import subprocess

import pytest

from tests.networks import network, with_external_buffers
from tests.ops.operators.assign_variable import streaming, swapped
from tinyssl.codegen.tflm import render_tflm
from tinyssl.core.errors import UsageError
from tinyssl.frontends.tflite import (
    complete,
    count_variables,
    operator_kinds,
    read_model,
    write_model,
)
from tinyssl.graph.passes import run_passes
from tinyssl.ops import OPS

ARENA = 4096


@pytest.fixture(scope="module")
def data():
    return write_model(network())


@pytest.fixture(scope="module")
def sources(data):
    return render_tflm(read_model(data, "net"), data, ARENA)


def array_of(text):
    body = text[text.index("] = {") : text.rindex("};")]
    return bytes(int(value, 16) for value in re.findall(r"0x([0-9a-f]{2}),", body))


def added(text):
    return re.findall(r"resolver->(\w+)\(\)", text)


def test_resolver_has_exactly_the_operators(sources, data):
    kinds = {op.kind for op in read_model(data).ops}
    assert kinds < set(OPS)  # else "no others" would say nothing
    assert added(sources["engine_tflm.cc"]) == [OPS[kind].tflm.adder for kind in sorted(kinds)]
    assert f"MicroMutableOpResolver<{len(kinds)}>" in sources["engine_tflm.cc"]


def test_array_is_the_file_aligned_in_the_section_of_the_weights(sources, data):
    text = sources["model_data.cc"]
    assert array_of(text) == data
    assert "TINYSSL_WEIGHTS alignas(16) const uint8_t" in text
    assert 'section(".tinyssl_weights")' in text
    digest = hashlib.sha256(data).hexdigest()
    assert all(digest in sources[name] for name in ("model_data.cc", "model_data.h"))
    assert f"kModelBytes = {len(data)};" in sources["model_data.h"]


def test_equal_input_gives_equal_text_and_another_byte_another(sources, data):
    assert render_tflm(read_model(data, "net"), data, ARENA) == sources
    weights = next(t.data for t in read_model(data).tensors if t.data and len(t.data) >= 64)
    changed = data.replace(weights, bytes([weights[0] ^ 1]) + weights[1:])
    other = render_tflm(read_model(changed, "net"), changed, ARENA)
    assert other["model_data.cc"] != sources["model_data.cc"]


def test_operators_are_those_of_the_file_also_after_passes() -> None:
    from tinyssl.ops.common.window import Padding
    from tinyssl.ops.pad import Pad

    data = write_model(network(padding=Padding(1, 1, 1, 1)))
    model = read_model(data)
    folded = run_passes(model)
    assert any(isinstance(op, Pad) for op in model.ops)
    assert len(folded.ops) < len(model.ops)
    text = render_tflm(folded, data, ARENA)["engine_tflm.cc"]
    assert f"kOpCount = {len(model.ops)};" in text
    assert "AddPad" in added(text)
    assert "PAD" in operator_kinds(data)


def test_facts_of_the_model(sources, data):
    model = read_model(data)
    text = sources["engine_tflm.cc"]
    assert re.search(
        rf'"input", shape0, {model.input.bytes}, .*\n .*INT8, TINYSSL_KIND_INPUT, 4', text
    )
    assert re.search(rf'"output", shape1, {model.output.bytes}, .*\n .*KIND_OUTPUT, 2', text)
    assert f"kArenaBytes = {ARENA};" in text
    for op in model.ops:
        assert f'"{op.label}",' in text
    assert re.search(r"/\* input_is_uint8 \*/ 1,", text)
    assert re.search(r"/\* output_milli_q16 \*/ 256000,", text)  # 1000 * 2^16 / 256


def test_a_name_cannot_leave_its_comment_or_string(data):
    model = dataclasses.replace(read_model(data), name='x*/ "\n')
    text = render_tflm(model, data, ARENA)["engine_tflm.cc"]
    assert text.index("*/") > text.index("engine_init()")  # the end of the first comment
    assert '"x*/ %22%0A"' in text


def test_external_buffers_are_moved_into_the_image(data):
    outside = with_external_buffers(data)
    text = render_tflm(read_model(outside), outside, ARENA)["model_data.cc"]
    assert text.count("0x") == len(complete(outside).data)


def test_resource_variables_are_counted_by_name() -> None:
    """CALL_ONCE has a handle of its own, for the first value."""
    for data, count in ((streaming(), 1), (swapped(), 2)):
        assert count_variables(data) == count
        text = render_tflm(read_model(data), data, ARENA)["engine_tflm.cc"]
        assert {"AddVarHandle", "AddReadVariable", "AddAssignVariable"} <= set(added(text))
        assert f"kVariables = {count};" in text
        assert "MicroResourceVariables::Create(allocator, kVariables), counter);" in text


@pytest.mark.parametrize("arena", [0, 100, 4097])
def test_an_arena_that_cannot_be_right(data, arena):
    with pytest.raises(UsageError, match=f"arena of {arena} bytes"):
        render_tflm(read_model(data), data, arena)


@pytest.fixture(scope="module")
def log(sources, tmp_path_factory):
    """The log, compiled for this computer, behind three C functions."""
    folder = tmp_path_factory.mktemp("log")
    for name in ("tflm_log.h", "tflm_log.cc"):
        (folder / name).write_text(sources[name])
    (folder / "c.cc").write_text(
        '#include "tflm_log.h"\n'
        'extern "C" void add(const char *format, ...) {\n'
        "  va_list args;\n  va_start(args, format);\n"
        "  tflm_log_add(format, args);\n  va_end(args);\n}\n"
        'extern "C" void clear() { tflm_log_clear(); }\n'
        'extern "C" const char *first() { return tflm_log_first("nothing"); }\n'
    )
    strict = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    command = ["g++", *strict, "-fno-exceptions", "-fno-rtti", "-shared", "-fPIC"]
    subprocess.run([*command, "tflm_log.cc", "c.cc", "-o", "log.so"], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "log.so"))
    library.first.restype = ctypes.c_char_p
    library.clear()
    return library


def logged(log, *lines):
    log.clear()
    for format_, *values in lines:
        log.add(format_, *values)
        log.add(b"\r\n")
    return log.first()


def test_log_keeps_the_first_line_with_its_numbers(log):
    requested = b"Failed to resize buffer. Requested: %u, available %u, missing: %u"
    lines = [(requested, 100, 64, 36), (b"Node %s failed", b"CONV_2D")]
    assert (
        logged(log, *lines) == b"Failed to resize buffer. Requested: 100, available 64, missing: 36"
    )
    assert logged(log) == b"nothing"


@pytest.mark.parametrize(
    ("format_", "values", "text"),
    [
        (b"%d %i", (-1, 0), b"-1 0"),
        (b"%d", (-(2**31),), b"-2147483648"),
        (b"%x %u", (0xBEEF, 2**32 - 1), b"beef 4294967295"),
        (b"%zu %ld", (ctypes.c_size_t(7), ctypes.c_long(-(2**63))), b"7 -9223372036854775808"),
        (b"100 %% of %s", (b"it",), b"100 % of it"),
        (b"%d %f %d", (1, ctypes.c_double(2.0), 3), b"1 %f %d"),
        (b"ends in %", (), b"ends in %"),
    ],
)
def test_log_formats(log, format_, values, text):
    assert logged(log, (format_, *values)) == text


def test_a_long_line_is_cut(log):
    assert logged(log, (b"%s", b"x" * 500)) == b"x" * 119

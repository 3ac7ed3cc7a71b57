import numpy as np
import pytest

from tests.networks import network, with_external_buffers
from tests.ops.oracle import Tflm
from tinyssl.core.errors import ModelError
from tinyssl.frontends.tflite import complete, is_canonical, write_model


def test_external_buffers_are_found_and_named() -> None:
    data = with_external_buffers(write_model(network()))
    problems = is_canonical(data)
    assert problems
    assert all("lies outside the flatbuffer" in problem for problem in problems)


def test_tflm_really_misreads_external_buffers() -> None:
    data = write_model(network())
    x = np.zeros((1, 8, 8, 3), dtype=np.int8)
    assert not np.array_equal(Tflm(data).invoke(x), Tflm(with_external_buffers(data)).invoke(x))


@pytest.mark.parametrize("length", [0, 7, 8, 40, 100, 1000, 3000, -1])
def test_truncated_files_are_refused(length):
    data = write_model(network())[:length]
    with pytest.raises(ModelError) as caught:
        is_canonical(data)
    assert caught.value.hint


def test_a_misaligned_constant_is_found_and_moved() -> None:
    shifted = _shift_root(write_model(network()))
    assert any("not aligned" in problem for problem in is_canonical(shifted))
    found = complete(shifted)
    assert is_canonical(found.data) == []
    assert found.added[0].startswith("moved to aligned addresses: constants, ")


def test_constants_from_behind_the_flatbuffer_are_moved_into_it() -> None:
    data = write_model(network())
    found = complete(with_external_buffers(data))
    assert is_canonical(found.data) == []
    assert found.added[0].startswith("moved into the flatbuffer from behind it: constants, ")
    x = np.random.default_rng(0).integers(-128, 128, (1, 8, 8, 3)).astype(np.int8)
    np.testing.assert_array_equal(Tflm(data).invoke(x), Tflm(found.data).invoke(x))


def _shift_root(data):
    """Two bytes more before the tables: all offsets are relative, only the root's is absolute."""
    root = int.from_bytes(data[:4], "little") + 2
    return root.to_bytes(4, "little") + data[4:8] + b"\0\0" + data[8:]

import numpy as np
import pytest

from tests.networks import network, with_external_buffers
from tests.ops.oracle import Tflm
from tinyssl.core.errors import ModelError
from tinyssl.frontends.tflite import is_canonical, require_canonical, write_model


def test_external_buffers_are_found_and_named() -> None:
    data = with_external_buffers(write_model(network()))
    problems = is_canonical(data)
    assert problems
    assert all("lies outside the flatbuffer" in problem for problem in problems)
    with pytest.raises(ModelError, match="misread") as caught:
        require_canonical(data)
    assert "canonicalise" in caught.value.hint


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


def test_a_misaligned_constant_is_found() -> None:
    shifted = _shift_root(write_model(network()))
    assert any("not aligned" in problem for problem in is_canonical(shifted))


def _shift_root(data):
    """Two bytes more before the tables: all offsets are relative, only the root's is absolute."""
    root = int.from_bytes(data[:4], "little") + 2
    return root.to_bytes(4, "little") + data[4:8] + b"\0\0" + data[8:]

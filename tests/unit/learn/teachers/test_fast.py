"""onnxruntime in front of a teacher: the same outputs, or the teacher itself and why."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.unit.learn.teachers.small_teachers import SmallTeacher
from tinyssl.core.progress import Silent
from tinyssl.learn.teachers import TeacherOutput, fast
from tinyssl.learn.teachers.fast import CHUNK, TOLERANCE, FastTeacher

needs_onnx = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("onnx", "onnxruntime"))),
    reason="pip install 'tinyssl[teachers]'",
)


class Notes(Silent):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path))
    return tmp_path / "teachers"


@needs_onnx
def test_same_outputs_at_any_batch_size(cache: Path) -> None:
    teacher = SmallTeacher()
    quick = fast(teacher)
    assert isinstance(quick, FastTeacher)
    assert quick.info == teacher.info
    for count in (1, 5, CHUNK + 3):
        images = torch.rand(count, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        expected, found = teacher(images), quick(images)
        torch.testing.assert_close(found.summary, expected.summary, atol=1e-4, rtol=TOLERANCE)
        torch.testing.assert_close(found.tokens, expected.tokens, atol=1e-4, rtol=TOLERANCE)
    assert [path.name for path in cache.iterdir()] == [f"{'5' * 32}-32.onnx"]


@needs_onnx
def test_the_file_is_used_again(cache: Path) -> None:
    fast(SmallTeacher())
    (path,) = cache.iterdir()
    before = path.stat().st_mtime_ns
    assert isinstance(fast(SmallTeacher()), FastTeacher)
    assert path.stat().st_mtime_ns == before


@needs_onnx
def test_another_network_under_the_same_name_is_found_out() -> None:
    """The cached file says something else than the teacher: it is made anew."""
    fast(SmallTeacher(seed=0))
    notes = Notes()
    teacher = SmallTeacher(seed=1)
    quick = fast(teacher, notes)
    assert "differ by" in notes.texts[0]
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(
        quick(images).summary, teacher(images).summary, atol=1e-4, rtol=TOLERANCE
    )


@needs_onnx
def test_a_damaged_file_is_no_end(cache: Path) -> None:
    fast(SmallTeacher())
    (path,) = cache.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    notes = Notes()
    teacher = SmallTeacher()
    assert isinstance(fast(teacher, notes), FastTeacher)
    assert "exported again" in notes.texts[0]


class Branching(SmallTeacher):
    """What tracing cannot see: the graph holds the branch that the traced images took."""

    def forward(self, images: Tensor) -> TeacherOutput:
        output = super().forward(images)
        scale = 1.0 if len(images) == 2 else 2.0
        return TeacherOutput(output.summary * scale, output.tokens)


@needs_onnx
def test_a_graph_that_holds_the_traced_batch_is_not_used() -> None:
    notes = Notes()
    teacher = Branching()
    assert fast(teacher, notes) is teacher
    assert "differ by" in notes.texts[0]


class Unexportable(SmallTeacher):
    def forward(self, images: Tensor) -> TeacherOutput:
        output = super().forward(images)
        return TeacherOutput(torch.special.i1e(output.summary), output.tokens)


@needs_onnx
def test_what_cannot_be_exported_runs_in_torch(cache: Path) -> None:
    notes = Notes()
    teacher = Unexportable()
    assert fast(teacher, notes) is teacher
    assert "runs in PyTorch" in notes.texts[0]
    assert list(cache.iterdir()) == []  # no half-made file


def test_without_onnxruntime_the_note_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    notes = Notes()
    teacher = SmallTeacher()
    assert fast(teacher, notes) is teacher
    assert "pip install 'tinyssl[teachers]'" in notes.texts[0]


@needs_onnx
def test_twice_is_once() -> None:
    quick = fast(SmallTeacher())
    assert fast(quick) is quick


@needs_onnx
def test_as_many_threads_as_torch() -> None:
    quick = fast(SmallTeacher())
    assert isinstance(quick, FastTeacher)
    options = quick._session.get_session_options()
    assert options.intra_op_num_threads == torch.get_num_threads()


@needs_onnx
def test_frozen_behind_onnxruntime() -> None:
    quick = fast(SmallTeacher())
    nn.Sequential(quick).train()
    assert not any(module.training for module in quick.modules())

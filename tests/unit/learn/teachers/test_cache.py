"""The cache of targets, with a real (if simple) frozen teacher: what is kept, paired, repaired."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tinyssl.core.errors import DataError, TrainingError
from tinyssl.core.locks import Lock
from tinyssl.core.progress import Silent, Tracker
from tinyssl.data import Dataset
from tinyssl.data.augment import Geometry, crop, make_views
from tinyssl.data.augment.options import ViewGroup, ViewOptions, ViewSpec
from tinyssl.data.base import Source, fingerprint
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.teachers import Teacher, TeacherInfo, TeacherOutput
from tinyssl.learn.teachers.cache import (
    CachePlan,
    cached_targets,
    fixed_crops,
    pool_tokens,
    teacher_targets,
)
from tinyssl.learn.teachers.entry import CHUNK

SIZE = 24
GEOMETRY = Geometry(0.3, 1.0, 4 / 3, 0.5)
PLAN = CachePlan(crops=2, grid=2, seed=7)


class ColourTeacher(Teacher):
    """Summary: the mean colour; tokens: the colours of a 6 × 6 grid; both through a fixed matrix.

    So both tell which image was seen, which part of it, and whether it was mirrored.
    """

    def __init__(self, scale: float = 1.0, pause: float = 0.0) -> None:
        super().__init__()
        self.info = TeacherInfo("colour", SIZE, 3, 3, f"{scale:064.3f}", False, "a test")
        self.register_buffer("matrix", torch.eye(3) * scale)
        self.pause = pause
        self.seen = 0

    def forward(self, images: Tensor) -> TeacherOutput:
        assert images.shape[1:] == (3, SIZE, SIZE)
        self.seen += len(images)
        time.sleep(self.pause)
        colours = torch.einsum("bchw,cd->bdhw", images, self.get_buffer("matrix"))
        grid = torch.nn.functional.adaptive_avg_pool2d(colours, 6)
        return TeacherOutput(colours.mean((2, 3)), grid)


class Notes(Silent):
    """Keeps what it was told, and can end the work in its middle."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.notes: list[str] = []
        self.advanced = 0
        self.stop_after = stop_after

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def track(self, title: str, total: int, unit: str = "step") -> Iterator[Tracker]:
        yield self

    def advance(self, count: int = 1, **fields: object) -> None:
        self.advanced += count
        if self.stop_after is not None and self.advanced > self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make_dataset(count: int = 100, seed: int = 0) -> Dataset:
    """Smooth random images; every fifth is not for training."""
    random = np.random.default_rng(seed)
    coarse = torch.from_numpy(random.uniform(0, 255, (count, 3, 5, 5)))
    smooth = torch.nn.functional.interpolate(coarse, size=(16, 16), mode="bilinear")
    images = smooth.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    labels = np.full(count, -1, dtype=np.int64)
    every = np.arange(count, dtype=np.int64)
    splits = (every[every % 5 != 0], every[every % 10 == 0], every[every % 10 == 5])
    found, spec = fingerprint(Source(images, labels), splits), FeatureSpec.image(16)
    return Dataset("smooth", images, labels, (), *splits, found, labelled=False, spec=spec)


def entries(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "targets").iterdir() if path.is_dir())


def rows(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64)


def test_targets_belong_to_their_crop() -> None:
    """Computed anew from the crop that the student gets: image, box and flip must all be right."""
    dataset, teacher = make_dataset(), ColourTeacher()
    cached = cached_targets(teacher, dataset, GEOMETRY, PLAN, Silent())
    positions = np.array([3, 70, 11, 12], dtype=np.int64)
    for copy in range(cached.copies):
        got = cached.read(positions, copy)
        chosen = torch.from_numpy(dataset.samples[dataset.train[positions]])
        view = crop(chosen, cached.crops(copy)[torch.from_numpy(positions)], SIZE, "bicubic")
        said = teacher(view)
        assert got.summary.dtype == got.tokens.dtype == torch.float32
        assert torch.allclose(got.summary, said.summary, rtol=2**-11, atol=1e-6)
        assert torch.allclose(got.tokens, pool_tokens(said.tokens, 2), rtol=2**-11, atol=1e-6)
    assert cached.crops(0).flips.any()
    assert not cached.crops(0).flips.all()


def test_student_sees_what_the_teacher_saw() -> None:
    """The first view made from the cached crops has the colours that the targets tell."""
    dataset = make_dataset()
    cached = cached_targets(ColourTeacher(), dataset, GEOMETRY, PLAN, Silent())
    plain = ViewOptions(jitter=0, grey=0, blur=0)
    images = torch.from_numpy(dataset.samples[dataset.train])
    view, other = make_views(images, ViewSpec((ViewGroup(2, plain),)), cached.crops(1))
    wanted = cached.read(rows(80), 1).tokens
    error = (pool_tokens(view, 2) - wanted).abs().mean()
    assert error < 0.01
    assert (pool_tokens(other, 2) - wanted).abs().mean() > 5 * error
    swapped = (pool_tokens(view, 2) - wanted.flip(3)).abs().mean()
    assert swapped > 5 * error, "a wrong flip would be seen"


def test_computed_once_and_shared() -> None:
    dataset, first, second = make_dataset(), ColourTeacher(), ColourTeacher()
    cached_targets(first, dataset, GEOMETRY, PLAN, Silent())
    assert first.seen == 2 * len(dataset.train)
    cached_targets(second, dataset, GEOMETRY, CachePlan(3, 2, 7), Silent())
    assert second.seen == len(dataset.train), "two of three crops were there"


@pytest.mark.parametrize("change", ["teacher", "data", "geometry", "grid", "seed"])
def test_key_has_all_that_matters(change, cache):
    given = (ColourTeacher(), make_dataset(), GEOMETRY, PLAN)
    cached_targets(*given, Silent())
    before = len(entries(cache))
    teacher, data, geometry, plan = given
    other = {
        "teacher": (ColourTeacher(2.0), data, geometry, plan),
        "data": (teacher, make_dataset(seed=1), geometry, plan),
        "geometry": (teacher, data, Geometry(0.4, 1.0, 4 / 3, 0.5), plan),
        "grid": (teacher, data, geometry, CachePlan(2, 1, 7)),
        "seed": (teacher, data, geometry, CachePlan(2, 2, 8)),
    }[change]
    cached_targets(*other, Silent())
    assert len(entries(cache)) == before + 2


def test_crops_depend_on_nothing_else() -> None:
    torch.manual_seed(1)
    first = fixed_crops(50, GEOMETRY, 7, 0)
    torch.manual_seed(2)
    more = fixed_crops(80, Geometry(0.3, 1, 4 / 3, 0.5), 7, 0)
    assert torch.equal(first.boxes, more.boxes[:50])
    assert torch.equal(first.flips, more.flips[:50])
    assert not torch.equal(first.boxes, fixed_crops(50, GEOMETRY, 7, 1).boxes)
    assert not torch.equal(first.boxes, fixed_crops(50, GEOMETRY, 8, 0).boxes)


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    cached_targets(ColourTeacher(), make_dataset(), GEOMETRY, PLAN, Silent())
    assert torch.equal(torch.rand(1), expected)


def test_stopped_in_the_middle_goes_on() -> None:
    dataset = make_dataset(2000)  # 1,600 rows: 4 chunks
    whole = cached_targets(ColourTeacher(), dataset, GEOMETRY, CachePlan(1, 2, 1), Silent())
    wanted = whole.read(rows(1600), 0)
    shutil.rmtree(os.environ["TINYSSL_CACHE"])
    with pytest.raises(KeyboardInterrupt):
        cached_targets(ColourTeacher(), dataset, GEOMETRY, CachePlan(1, 2, 1), Notes(1200))
    second = ColourTeacher()
    resumed = cached_targets(second, dataset, GEOMETRY, CachePlan(1, 2, 1), Silent())
    assert second.seen == 1600 - 2 * CHUNK
    got = resumed.read(rows(1600), 0)
    assert torch.equal(got.summary, wanted.summary)
    assert torch.equal(got.tokens, wanted.tokens)


def compute(pause: float, count: int = 1500) -> None:
    """In another process."""
    teacher = ColourTeacher(pause=pause)
    cached_targets(teacher, make_dataset(count), GEOMETRY, PLAN, Silent())


@pytest.mark.slow
def test_killed_process_leaves_a_sound_entry(cache):
    """SIGKILL while it writes: no clean-up of any kind runs."""
    process = multiprocessing.get_context("spawn").Process(target=compute, args=(0.02,))
    process.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(cache.glob("targets/*/summary.f16")):
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    dataset, teacher = make_dataset(1500), ColourTeacher()
    got = cached_targets(teacher, dataset, GEOMETRY, PLAN, Silent())
    assert CHUNK <= teacher.seen < 2 * 1200 + 1
    assert_right(got, dataset)


def assert_right(got, dataset):
    images = torch.from_numpy(dataset.samples[dataset.train])
    every = rows(len(images))
    for copy in range(got.copies):
        view = crop(images, got.crops(copy), SIZE, "bicubic")
        wanted = teacher_targets(ColourTeacher(), view, 2)
        assert torch.allclose(got.read(every, copy).tokens, wanted.tokens, rtol=2**-11, atol=1e-6)


@pytest.mark.slow
def test_two_processes_share_the_work() -> None:
    """Neither repeats nor damages what the other does."""
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=compute, args=(0.005,)) for _ in range(2)]
    for process in others:
        process.start()
    for process in others:
        process.join(120)
        assert process.exitcode == 0
    teacher, dataset = ColourTeacher(), make_dataset(1500)
    got = cached_targets(teacher, dataset, GEOMETRY, PLAN, Silent())
    assert teacher.seen == 0
    assert_right(got, dataset)


def test_waits_for_the_holder_of_the_lock(cache):
    """Somebody is at work on the first entry: the second is done meanwhile, then this one waits."""
    dataset, plan = make_dataset(), CachePlan(2, 2, 7)
    cached_targets(ColourTeacher(), dataset, GEOMETRY, plan, Silent())
    held, other = entries(cache)
    for folder in (held, other):
        (folder / "chunks.json").unlink()
    lock = Lock(held / "lock")
    assert lock.take()
    teacher, notes = ColourTeacher(), Notes()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cached_targets, teacher, dataset, GEOMETRY, plan, notes)
        deadline = time.monotonic() + 60
        while not notes.notes and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (other / "chunks.json").exists()
        assert not (held / "chunks.json").exists()
        assert teacher.seen == 80
        lock.release()
        waiting.result(60)
    assert len(notes.notes) == 1
    assert "waiting" in notes.notes[0]
    assert teacher.seen == 160


def test_cost_is_kept_with_the_rows(cache):
    """Whoever uses the targets later can say what they cost."""
    dataset, plan = make_dataset(), CachePlan(2, 2, 7)
    first = cached_targets(ColourTeacher(), dataset, GEOMETRY, plan, Silent())
    assert first.seconds > 0
    teacher = ColourTeacher()
    again = cached_targets(teacher, dataset, GEOMETRY, plan, Silent())
    assert teacher.seen == 0
    assert again.seconds == first.seconds
    older = entries(cache)[1] / "chunks.json"
    older.write_text(json.dumps(json.loads(older.read_text())["crc"]))
    kept = cached_targets(teacher, dataset, GEOMETRY, plan, Silent())
    assert teacher.seen == 0, "a list from before the time was kept is still a list"
    assert 0 < kept.seconds < first.seconds


def damage_byte(folder: Path) -> None:
    data = bytearray((folder / "tokens.f16").read_bytes())
    data[-3] ^= 0x40
    (folder / "tokens.f16").write_bytes(data)


def truncate(folder: Path) -> None:
    data = (folder / "summary.f16").read_bytes()
    (folder / "summary.f16").write_bytes(data[:-1])


def lose(folder: Path) -> None:
    (folder / "tokens.f16").unlink()


def damage_meta(folder: Path) -> None:
    text = (folder / "meta.json").read_text()
    (folder / "meta.json").write_text(text.replace('"grid": 2', '"grid": 3'))


def damage_list(folder: Path) -> None:
    (folder / "chunks.json").write_text("[1, 2")


@pytest.mark.parametrize("harm", [damage_byte, truncate, lose, damage_meta, damage_list])
def test_damage_is_found_and_repaired(harm, cache):
    dataset, plan = make_dataset(1000), CachePlan(1, 2, 7)
    whole = cached_targets(ColourTeacher(), dataset, GEOMETRY, plan, Silent())
    wanted = whole.read(rows(800), 0)
    harm(entries(cache)[0])
    teacher, notes = ColourTeacher(), Notes()
    got = cached_targets(teacher, dataset, GEOMETRY, plan, notes).read(rows(800), 0)
    assert teacher.seen in (800 - CHUNK, 800)
    assert torch.equal(got.tokens, wanted.tokens)
    assert torch.equal(got.summary, wanted.summary)
    assert len(notes.notes) == 1
    assert "computed again" in notes.notes[0]


def test_no_space_is_said_before_writing(cache, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    teacher = ColourTeacher()
    with pytest.raises(DataError, match=r"need 4,800 bytes .* 1,000 are free"):
        cached_targets(teacher, make_dataset(), GEOMETRY, PLAN, Silent())
    assert teacher.seen == 0
    assert not entries(cache)


@pytest.mark.parametrize("scale", [1e6, float("inf")])
def test_too_large_for_float16(scale):
    with pytest.raises(TrainingError, match="float16") as caught:
        cached_targets(ColourTeacher(scale), make_dataset(), GEOMETRY, PLAN, Silent())
    assert "online" in caught.value.hint


def test_float16_error_bound() -> None:
    dataset, teacher = make_dataset(), ColourTeacher(1000.0)
    cached = cached_targets(teacher, dataset, GEOMETRY, PLAN, Silent())
    images = torch.from_numpy(dataset.samples[dataset.train])
    exact = teacher_targets(teacher, crop(images, cached.crops(0), SIZE, "bicubic"), 2)
    got = cached.read(rows(80), 0)
    relative = ((got.tokens - exact.tokens) / exact.tokens).abs().max()
    assert 0 < relative <= 2**-11 * 1.01


def test_meta_says_what_it_is(cache):
    dataset = make_dataset()
    cached_targets(ColourTeacher(), dataset, GEOMETRY, PLAN, Silent())
    meta = json.loads((entries(cache)[0] / "meta.json").read_text())
    assert meta["key"]["data"] == dataset.fingerprint
    assert meta["layout"] == {"rows": 80, "summary_dim": 3, "token_dim": 3, "grid": 2}


def test_look_has_no_gradient_and_resizes() -> None:
    view = torch.rand(4, 3, 16, 16, requires_grad=True)
    targets = teacher_targets(ColourTeacher(), view, 2)
    assert not targets.summary.requires_grad
    assert not targets.tokens.requires_grad
    assert torch.allclose(targets.summary, view.mean((2, 3)), atol=0.02)


def test_on_a_device() -> None:
    """The copy that lives on a device reads the same; `cpu` keeps the maps."""
    cached = cached_targets(ColourTeacher(), make_dataset(), GEOMETRY, PLAN, Silent())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    moved = cached.to(device)
    got, wanted = moved.read(np.array([5, 2, 5]), 1), cached.read(np.array([5, 2, 5]), 1)
    assert got.tokens.device.type == device.type
    assert torch.equal(got.tokens.cpu(), wanted.tokens)
    assert torch.equal(got.summary.cpu(), wanted.summary)


def test_only_training_images_are_seen() -> None:
    """Blanking all other images changes no target, although it is other data."""
    dataset = make_dataset()
    blank = dataset.samples[:].copy()
    blank[dataset.val] = blank[dataset.test] = 0
    splits = (dataset.train, dataset.val, dataset.test)
    found = fingerprint(Source(blank, dataset.labels), splits)
    other = replace(dataset, name="b", samples=blank, fingerprint=found)
    first = cached_targets(ColourTeacher(), dataset, GEOMETRY, PLAN, Silent())
    second = cached_targets(ColourTeacher(), other, GEOMETRY, PLAN, Silent())
    assert torch.equal(first.read(rows(80), 0).tokens, second.read(rows(80), 0).tokens)

"""Damages what a workspace keeps, and reads it again: `python -m tools.mutate_files --seed 1`.

Records, builds, metrics, settings, cards, weights, checkpoints and the teachers' cache are cut,
flipped and given values of other types. Whoever reads them must get what is sound, or an error of
`tinyssl.core.errors`; any other exception is a fault. The same seed damages the same way.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tinyssl.cli.ports import flashed_devices
from tinyssl.core.config import STAGES
from tinyssl.core.errors import TinysslError
from tinyssl.core.paths import zoo_folder
from tinyssl.core.progress import Silent
from tinyssl.core.records import BuildInfo, Workspace, sha256_of
from tinyssl.core.settings import read_file, resolve
from tinyssl.data import data_config_of
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BackboneInfo, build_backbone, load_backbone, save_backbone
from tinyssl.learn.teachers.entry import CacheEntry, EntryShapes
from tinyssl.learn.train.checkpoint import load_checkpoint, save_checkpoint
from tinyssl.learn.train.recorded import recorded_config
from tinyssl.monitor.follow import Follower
from tinyssl.monitor.state import complaints, plain_line
from tinyssl.project import Flashed, find_build
from tinyssl.report import render
from tinyssl.report.chain import follow
from tinyssl.report.compare import rows
from tinyssl.report.compare_table import table
from tinyssl.report.compose import compose
from tinyssl.stages.table import read_table
from tinyssl.stages.table.estimate import probe_seconds
from tinyssl.stages.table.runs import last_step
from tinyssl.zoo import entries

ODD: tuple[Any, ...] = (
    None, True, -1, 2**70, 1.5, float("nan"), float("inf"), "", "\udce9\0", "x" * 5000, [], {},
    [None], {"a": None}, [[[]]], "2026-01-02T03:04:05", "./../..", "/nowhere/runs/x",
)  # fmt: skip
LONGEST = 20.0
"""Seconds that reading everything may take"""
DATA = {
    "name": "digits",
    "fingerprint": "f" * 64,
    "image_size": 32,
    "train": 9,
    "val": 3,
    "test": 3,
}
TOML = (
    '[data]\ndataset = "digits"\n[pretrain]\nepochs = 3\nmethod_options = { temperature = 0.2 }\n'
)
ROWS = (
    'seeds = [0]\n[pretrain]\nepochs = 2\n[[row]]\nname = "a"\nmethod = "simclr"\npublished = 1.0\n'
)
KEY = {"a": 1}
LAYOUT = EntryShapes(rows=600, summary_dim=2, token_dim=1, grid=1)


def make_workspace(root: Path) -> None:
    """One small file of every kind."""
    workspace = Workspace(root)
    config = {"method": "simclr", "epochs": 2, "data": {"dataset": "digits"}, "teacher": None}
    with workspace.start("pretrain", config, data=DATA) as run:
        torch.manual_seed(0)
        info = BackboneInfo("mobilenet_v2_tiny", 1, FeatureSpec.image(32))
        save_backbone(run.file("backbone", "b.safetensors"), build_backbone(info.backbone, 1), info)
        save_checkpoint(run.folder, {"counters": {"step": 1}, "weights": torch.zeros(3)})
        for step in (1, 2, 3):
            run.log(event="step", step=step, epoch=step / 2, loss=1.0, lr=0.1)
        run.results(loss=1.0, seconds=2.0, images_per_second=3.0)
    backbone = run.record.path("backbone")
    with workspace.start("probe", {"run": str(run.folder)}, inputs={"b": backbone}) as run:
        run.file("head", "head").write_bytes(b"head")
        run.results(accuracy=0.5, knn=0.4)
    with workspace.start("convert", {}, inputs={"h": run.record.path("head")}, data=DATA) as run:
        run.file("model", "model.tflite").write_bytes(b"model")
        run.results(accuracy_float=0.5, accuracy_int8=0.5, test_images=3)
    _make_build(workspace, run.record.path("model"))
    (root / "tinyssl.toml").write_text(TOML, encoding="utf-8")
    (root / "table.toml").write_text(ROWS, encoding="utf-8")
    shutil.copytree(zoo_folder(), root / "zoo")
    entry = CacheEntry(root / "cache", KEY, LAYOUT)
    entry.folder.mkdir(parents=True)
    entry.begin()
    for count in (512, 88):
        half = np.ones((count, 2), np.float16), np.ones((count, 1, 1, 1), np.float16)
        entry.append(*half, seconds=1.0)


def _make_build(workspace: Workspace, model: Path) -> None:
    op = {"name": "#0", "kind": "CONV_2D", "shape": "1x1", "macs": 3}
    info = BuildInfo(
        "host", "aot", str(model), sha256_of(model), "1" * 16, {"elf": "a.elf"}, {"flash": 9},
        {"flash": {"size": 99, "used": 9}}, ops=[op], data_run=str(model.parent),
    )  # fmt: skip
    folder = workspace.builds / "host"
    folder.mkdir(parents=True)
    info.save(folder)
    Flashed("host", "host", "/dev/pts/99", 2**22 + 1, info.build_id).save(folder)
    with workspace.start("build", {}, inputs={"model": model}) as run:
        run.results(board="host", folder=str(folder), build_id=info.build_id)
    with workspace.start("bench", {"board": "host"}, inputs={"model": model}) as run:
        info.save(run.file("build", BuildInfo.FILE).parent)
        confusion = {"class_names": ["a", "b"], "matrix": [[1, 0], [0, 1]]}
        run.file("confusion", "confusion.json").write_text(json.dumps(confusion), encoding="utf-8")
        profile = {"unit": "cycles", "ops": [{"kind": "CONV_2D", "ticks": 3}]}
        run.file("profile", "profile.json").write_text(json.dumps(profile), encoding="utf-8")
        run.results(equal=3, images=3, accuracy_device=0.5, latency={"median": 3, "unit": "cycles"})


def read_all(root: Path) -> None:
    """Everything that a command does with these files before it starts to work."""
    for read in (_records, _builds, _report, _settings, _weights, _cache, _followed):
        with suppress(TinysslError):
            read(root)


def _records(root: Path) -> None:
    workspace = Workspace(root)
    table(rows(workspace.all())).markdown()
    probe_seconds(workspace)
    for run in workspace.all("pretrain"):
        last_step(run)
        with suppress(TinysslError):
            recorded_config(run)
        with suppress(TinysslError):
            data_config_of(run)


def _builds(root: Path) -> None:
    workspace = Workspace(root)
    flashed_devices(workspace)
    with suppress(TinysslError):
        Flashed.load(workspace.builds / "host")
    BuildInfo.load(find_build(None, workspace), root)


def _report(root: Path) -> None:
    workspace = Workspace(root)
    page = compose(follow(workspace.latest("bench"), workspace))
    render.html(page).encode()
    render.markdown(page, "pictures").encode()
    render.pictures(page)


def _settings(root: Path) -> None:
    with suppress(TinysslError):
        read_table(root / "table.toml")
    for stage, layer in read_file(root / "tinyssl.toml").layers.items():
        with suppress(TinysslError):
            resolve(STAGES[stage], [layer])


def _weights(root: Path) -> None:
    for folder in sorted((root / "runs").glob("pretrain-*")):
        with suppress(TinysslError):
            load_checkpoint(folder, Silent())
        with suppress(TinysslError):
            load_backbone(folder / "b.safetensors")
    for entry in entries(root / "zoo"):
        with suppress(TinysslError):
            entry.check()


def _cache(root: Path) -> None:
    entry = CacheEntry(root / "cache", KEY, LAYOUT)
    if entry.complete():
        assert all(bool((rows == 1).all()) for rows in entry.open().values()), "other targets"
    else:
        entry.begin()


def _followed(root: Path) -> None:
    for folder in sorted((root / "runs").glob("pretrain-*")):
        state = Follower(folder).read()
        plain_line(state)
        complaints(state)


@dataclass(frozen=True)
class Mutation:
    """One way to damage a file."""

    name: str
    change: Callable[[bytes, random.Random], bytes]


def _cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _repeat(data: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(data) + 1)
    stop = min(start + draw.randint(1, 64), len(data))
    return data[:start] + data[start:stop] * draw.randint(0, 3) + data[stop:]


def _odd_value(data: bytes, draw: random.Random) -> bytes:
    """One value of a JSON file becomes another, or goes; other files are flipped."""
    try:
        content = json.loads(data)
    except ValueError:
        return _flip(data, draw)
    places = _places(content)
    if not places:
        return json.dumps(draw.choice(ODD)).encode()
    container, key = draw.choice(places)
    if isinstance(container, dict) and draw.random() < 0.2:
        del container[key]
    else:
        container[key] = draw.choice(ODD)
    return json.dumps(content).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys: Sequence[Any] = ()
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def _nest(data: bytes, draw: random.Random) -> bytes:
    depth = draw.choice((80, 900, 100_000))
    return b"[" * depth + data + b"]" * depth


MUTATIONS = (
    Mutation("cut", _cut),
    Mutation("flip", _flip),
    Mutation("repeat", _repeat),
    *[Mutation("odd value", _odd_value)] * 5,
    Mutation("nest", _nest),
)


def campaign(root: Path, count: int, seed: int) -> list[str]:
    """Damages `count` times one file of a workspace; what went wrong, as text."""
    draw = random.Random(seed)
    make_workspace(root)
    read_all(root)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    faults = []
    for number in range(count):
        path, mutation = draw.choice(files), draw.choice(MUTATIONS)
        sound = path.read_bytes()
        path.write_bytes(mutation.change(sound, draw))
        start = time.monotonic()
        try:
            read_all(root)
        except Exception:  # a fault, whatever it is: told with its place
            faults.append(f"{number}: {mutation.name} {path.name}\n{traceback.format_exc()}")
        if time.monotonic() - start > LONGEST:
            faults.append(f"{number}: {mutation.name} {path.name}: over {LONGEST:g} s")
        _restore(root, path, sound)
    return faults


def _restore(root: Path, path: Path, sound: bytes) -> None:
    if path.is_relative_to(root / "cache"):  # a damaged entry is thrown away by whoever finds it
        shutil.rmtree(root / "cache")
        fresh = root / "fresh"
        make_workspace(fresh)
        shutil.move(fresh / "cache", root / "cache")
        shutil.rmtree(fresh)
    else:
        path.write_bytes(sound)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000, help="damaged files")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        faults = campaign(Path(folder) / "workspace", given.count, given.seed)
    sys.stdout.write(
        "\n".join([*faults, f"{given.count} damaged files, {len(faults)} faults"]) + "\n"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""A whole chain of records, written by the real writers, with invented figures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tinyssl.core.records import BuildInfo, RunRecord, Workspace, sha256_of

KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "ADD")
DIGITS = [str(digit) for digit in range(10)]
DATA = {"name": "digits", "fingerprint": "f1" * 32, "train": 1293, "val": 144, "test": 360}


def layer_kinds(count: int) -> list[str]:
    tail = ["MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    return [KINDS[index % 4] for index in range(count - 3)] + tail


def pretrain(workspace: Workspace, steps: int = 220, seed: int = 7) -> RunRecord:
    config = {"method": "simclr", "backbone": "mobilenet_v2_035", "epochs": 20, "batch_size": 128}
    with workspace.start("pretrain", config, seed=seed, data=DATA) as run:
        run.file("backbone", "backbone.safetensors").write_bytes(b"backbone %d" % seed)
        for step in range(1, steps + 1):
            rate = 1e-3 * min(step / 22, 0.5 + 0.5 * math.cos(math.pi * step / steps))
            run.log(step=step, loss=5.2 - 3 * (1 - math.exp(-step / 60)), lr=rate)
        run.results(loss=2.3123, images_per_second=812.5, seconds=131.0)
    return run.record


def probe(workspace: Workspace, backbone: Path, accuracy: float = 0.9611) -> RunRecord:
    with workspace.start("probe", {}, seed=7, inputs={"backbone": backbone}, data=DATA) as run:
        run.file("head", "head.safetensors").write_bytes(b"head")
        run.results(accuracy=accuracy, accuracy_random=0.7722, knn=0.9444, knn_random=0.825)
        run.results(accuracy_raw=0.9383, knn_raw=0.9667, test_images=360)
    return run.record


def convert(workspace: Workspace, head: Path) -> RunRecord:
    with workspace.start("convert", {}, inputs={"head": head}, data=DATA) as run:
        run.file("model", "model.tflite").write_bytes(b"model")
        run.results(
            accuracy_float=0.9611,
            accuracy_int8=0.9528,
            drop_points=0.8333,
            test_images=360,
            operators=40,
            constant_bytes=401_888,
            model_bytes=448_120,
            model_bytes_before=822_016,
            tflm_arena_bytes=118_784,
        )
    return run.record


def verify(workspace: Workspace, model: Path, layers: int = 40) -> RunRecord:
    with workspace.start("verify", {}, inputs={"model": model}) as run:
        rows = [
            {"index": index, "kind": kind, "sqnr_db": 38 - 0.3 * index + index % 3}
            for index, kind in enumerate(layer_kinds(layers))
        ]
        run.file("layers", "layers.json").write_text(json.dumps(rows))
        equal = {"images": 256, "equal": 256, "max_difference": 0}
        other = {"images": 256, "equal": 91, "max_difference": 12}
        run.results(images=256, engines={"tflm": equal, "aot-host": equal, "litert-xnnpack": other})
    return run.record


def build_info(model: Path, data_run: Path | None, layers: int = 40) -> BuildInfo:
    kinds = layer_kinds(layers)
    lengths = [max(512, int(49152 * 0.9**index)) // 16 * 16 for index in range(layers + 1)]
    peak = lengths[0] + lengths[1]
    tensors = [
        {
            "name": f"block_{index}/out",
            "offset": 0 if index % 2 else peak - length,
            "size": length,
            "first": index - 1,
            "last": min(index, layers - 1),
        }
        for index, length in enumerate(lengths)
    ]
    return BuildInfo(
        board="mps2_an500",
        engine="aot",
        model_path=str(model),
        model_sha256=sha256_of(model),
        build_id="00112233aabbccdd",
        artifacts={"elf": "firmware.elf"},
        sizes={
            "text": 31244,
            "rodata": 9120,
            "weights": 401888,
            "data": 128,
            "bss": 4212,
            "arena": 94208,
            "stack": 8192,
            "flash": 442380,
            "ram": 106740,
        },
        regions={
            "flash": {"size": 4194304, "used": 442380},
            "sram": {"size": 4194304, "used": 106740},
        },
        arena={
            "peak": peak,
            "lower_bound": peak - 1024,
            "steps": [[index, index] for index in range(layers)],
            "tensors": tensors,
        },
        ops=[
            {"name": f"#{i} {kind}", "kind": kind, "shape": "1x16x16x24", "macs": 90000 + 1000 * i}
            for i, kind in enumerate(kinds)
        ],
        data_run=str(data_run or ""),
    )


MEASURED: dict[str, Any] = {
    "accuracy_device": 0.9528,
    "accuracy_host": 0.9528,
    "reference": "tflm",
    "images": 360,
    "agreement": 1.0,
    "equal": 360,
    "memory": {
        "arena_used": 93184,
        "arena_bytes": 94208,
        "stack_used": 1312,
        "stack_bytes": 8192,
    },
    "board": "mps2_an500",
    "port": "/dev/pts/7",
    "protocol": 1,
    "device": {"ticks_per_second": 25_000_000},
    "retries": 0,
    "inputs_per_second": 14.2,
    "flash_bytes": 442_380,
    "ram_bytes": 106_740,
    "latency": {
        "unit": "instructions",
        "runs": 10,
        "min": 61234567,
        "median": 61234570,
        "p95": 61234600,
        "max": 61234601,
        "estimate_ms": 2449.383,
        "estimate_basis": "one instruction a cycle at 25 MHz, which no chip does",
    },
}
"""Results of a bench run that went well"""


def bench(
    workspace: Workspace, build: BuildInfo, error: BaseException | None = None, **results: Any
) -> RunRecord:
    """A bench run; ends by `error` where one is given."""
    matrix = [[36 if row == column else 0 for column in range(10)] for row in range(10)]
    matrix[3][3], matrix[3][5], matrix[8][8], matrix[8][1] = 30, 6, 25, 11
    profile = [
        {"kind": op["kind"], "ticks": int(op["macs"] * (45.0 if "DEPTH" in op["kind"] else 9.0))}
        for op in build.ops
    ]
    try:
        with workspace.start("bench", {"board": build.board}) as run:
            build.save(run.folder)
            run.update(files={"build": BuildInfo.FILE})
            run.file("confusion", "confusion.json").write_text(
                json.dumps({"matrix": matrix, "class_names": DIGITS})
            )
            run.file("profile", "profile.json").write_text(
                json.dumps({"unit": "instructions", "ops": profile})
            )
            run.results(**(MEASURED | results))
            if error is not None:
                raise error
    except BaseException as caught:
        if caught is not error:
            raise
    return run.record


def whole(workspace: Workspace) -> RunRecord:
    """All stages, one after the other; returns the bench run."""
    trained = pretrain(workspace)
    probed = probe(workspace, trained.path("backbone"))
    converted = convert(workspace, probed.path("head"))
    verify(workspace, converted.path("model"))
    build = build_info(converted.path("model"), converted.folder)
    for kind in ("build", "flash"):
        with workspace.start(kind, {}) as run:
            run.update(command=["/usr/bin/tinyssl", kind, "--board", build.board])
            run.results(build_id=build.build_id)
    return bench(workspace, build)

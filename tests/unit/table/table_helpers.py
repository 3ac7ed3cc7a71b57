"""A small table of real settings, and the records that its cells would leave."""

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tinyssl.core.config import PretrainConfig
from tinyssl.core.optimizers import settled
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.data import data_config_json
from tinyssl.stages.table import Cell, make_cells, read_table

TABLE = """
title = "Small"
seeds = [3, 4]

[data]
dataset = "digits"
image_size = 16

[pretrain]
backbone = "mobilenet_v2_tiny"
stem_stride = 1
epochs = 2
batch_size = 256
warmup_epochs = 0
knn_every = 0
teacher = "efficientnet_lite0"

[probe]
epochs = 2
seeds = 1

[published]
source = "nobody"
teacher = "a large one"
teacher_size = "224"
epochs = "200"

[[row]]
name = "supervised"
method = "supervised"
published = 66.7

[[row]]
name = "simclr"
title = "SimCLR"
method = "simclr"
published = 44.7

[[row]]
name = "hot"
ablation_of = "simclr"
method = "simclr"
epochs_share = 0.5
method_options = { temperature = 1.0 }
"""


def write_table(folder: Path, text: str = TABLE) -> Path:
    path = folder / "small.toml"
    path.write_text(text)
    return path


def cell_of(folder: Path, row: str, seed: int = 3, text: str = TABLE) -> Cell:
    cells = make_cells(read_table(write_table(folder, text)))
    return next(cell for cell in cells if (cell.row.name, cell.seed) == (row, seed))


def pretrain_run(
    cell: Cell, workspace: Workspace, error: type[BaseException] | None = None, **changes: Any
) -> RunRecord:
    """The record that `tinyssl pretrain` leaves with a cell's settings; no weights in it."""
    content = TypeAdapter(PretrainConfig).dump_python(settled(cell.pretrain), mode="json")
    content |= {"method_config": dict(cell.method_config), "data": data_config_json(cell.data)}
    content |= changes
    writer = workspace.start("pretrain", content, seed=cell.seed, data=dict(cell.images))
    ends = contextlib.nullcontext() if error is None else contextlib.suppress(error)
    with ends, writer as run:
        run.log(event="step", step=5, images_per_second=100.0)
        run.file("backbone", "backbone.safetensors").write_bytes(b"weights")
        if error is not None:
            raise error("as asked")
        run.results(images_per_second=200.0, seconds=3.0, loss=1.0)
    return writer.record


def probe_run(
    cell: Cell, pretrain: RunRecord, workspace: Workspace, accuracy: float, **results: Any
) -> RunRecord:
    content = asdict(cell.probe) | {"run": str(pretrain.folder.absolute())}
    inputs = {"backbone": pretrain.path("backbone")}
    with workspace.start("probe", content, inputs=inputs, data=dict(cell.images)) as run:
        run.results(accuracy=accuracy, accuracy_std=0.01, knn=accuracy / 2, classes=10, **results)
    return run.record


def kept_probe(
    cell: Cell,
    backbone: Path,
    workspace: Workspace,
    accuracy: float,
    error: type[BaseException] | None = None,
) -> None:
    """The record that the probe of a kept backbone leaves."""
    content = asdict(cell.probe) | {"run": None, "backbone": str(backbone.absolute())}
    inputs = {"backbone": backbone}
    ends = contextlib.nullcontext() if error is None else contextlib.suppress(error)
    with ends, workspace.start("probe", content, inputs=inputs, data=dict(cell.images)) as run:
        if error is not None:
            raise error("as asked")
        run.results(accuracy=accuracy, accuracy_std=0.01, knn=accuracy / 2)

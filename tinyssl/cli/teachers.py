"""`tinyssl teachers`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result, Table
from tinyssl.core import plugins
from tinyssl.core.config import DataConfig
from tinyssl.core.errors import UsageError
from tinyssl.stages.call import Call

if TYPE_CHECKING:
    from tinyssl.learn.teachers import Teacher


def teachers(
    call: Call,
    ceiling: tuple[str, ...] = (),
    arch: str | None = None,
    size: tuple[int, ...] = (),
    train: int = 10_000,
    test: int = 5_000,
) -> Result:
    """List the frozen teachers, or measure how good their features are.

    A teacher is a trained network from which the methods ca_dssl, seed and simreg learn. Besides
    these names, `tinyssl pretrain --teacher` takes a checkpoint (.safetensors or .pth, with
    --teacher-arch), a backbone that tinyssl trained, an .onnx file, and FILE.py:CLASS.

    --ceiling NAME measures linear probe and kNN on the teacher's own features of labelled images:
    what its students can hope for. It trains nothing.
    """
    if not ceiling:
        if arch or size:
            raise UsageError("--arch and --size go with --ceiling", hint="--ceiling NAME")
        return _list_teachers()
    wanted = [(name, arch, one) for name in ceiling for one in size or (None,)]
    return _measure_ceilings(call, wanted, (train, test))


def _list_teachers() -> Result:
    from tinyssl.learn.teachers import TEACHERS

    columns = ("teacher", "pixels", "summary", "tokens", "parameters", "labels used", "licence",
               "trained on", "here?")  # fmt: skip
    found = {name: _summary(entry) for name, entry in TEACHERS.items()}
    rows = [
        (
            name,
            f"{about['image_size']}",
            f"{about['summary_dim']}",
            f"{about['token_dim']}",
            f"{about['parameters'] / 1e6:.1f} M",
            "yes" if about["supervised"] else "no",
            about["licence"],
            about["trained_on"],
            about["missing"] or "yes",
        )
        for name, about in found.items()
    ]
    text = "What is distilled from a teacher that used labels is not label-free: docs/teachers.md"
    packaged = plugins.origins(plugins.TEACHERS)
    blocks: list[Table | str] = [Table(columns, rows), ""]
    blocks += [f"{name}: from {owner}" for name, owner in packaged.items()]
    return Result({"teachers": found, "packages": packaged}, (*blocks, text))


def _summary(entry: Any) -> dict[str, Any]:
    names = ("image_size", "summary_dim", "token_dim", "parameters", "supervised", "licence",
             "trained_on")  # fmt: skip
    missing = entry.missing()
    return {name: getattr(entry, name) for name in names} | {
        "available": not missing,
        "missing": missing,
    }


def _measure_ceilings(
    call: Call, wanted: list[tuple[str, str | None, int | None]], counts: tuple[int, int]
) -> Result:
    from tinyssl.data import load_dataset
    from tinyssl.learn.teachers import TeacherSpec, build_teacher, fast
    from tinyssl.learn.teachers.ceiling import Sample, ceiling

    dataset = load_dataset(call.config(DataConfig), call.progress)
    found = []
    for name, arch, size in wanted:
        teacher = build_teacher(TeacherSpec(name, arch, size), call.progress)
        quick = fast(teacher, call.progress)
        measured = ceiling(quick, dataset, call.progress, Sample(*counts))
        found.append(_about(teacher) | asdict(measured))
    columns = ("teacher", "pixels", "linear", "kNN", "kNN centred", "linear, tokens",
               "kNN, tokens", "images/s", "labels used")  # fmt: skip
    rows = [_ceiling_row(one) for one in found]
    text = (
        f"{found[0]['train']:,} training and {found[0]['test']:,} test images of {dataset.name}; "
        "percent of the test images"
    )
    return Result({"ceilings": found, "data": dataset.as_record()}, (Table(columns, rows), text))


def _about(teacher: Teacher) -> dict[str, Any]:
    return asdict(teacher.info)


def _ceiling_row(one: dict[str, Any]) -> tuple[str, ...]:
    names = ("linear", "knn", "knn_centred", "linear_tokens", "knn_tokens")
    return (
        one["name"],
        str(one["image_size"]),
        *(f"{100 * one[name]:.1f}" for name in names),
        f"{one['images_per_second']:.0f}",
        "yes" if one["supervised"] else "no",
    )


command = make_command(
    teachers,
    stages=("data",),
    own=(
        click.Option(
            ["--ceiling"], multiple=True, metavar="NAME",
            help="Measure this teacher (a name or a file); may be given more than once",
        ),
        click.Option(
            ["--arch"], metavar="NAME", help="Architecture of a teacher that is a checkpoint"
        ),
        click.Option(
            ["--size"], multiple=True, type=click.IntRange(16, 1024), metavar="PIXELS",
            help="Side of the teacher's images; may be given more than once",
        ),
        click.Option(
            ["--train"], type=click.IntRange(min=1), default=10_000, show_default=True,
            help="Training images of the measurement",
        ),
        click.Option(
            ["--test"], type=click.IntRange(min=1), default=5_000, show_default=True,
            help="Test images of the measurement",
        ),
    ),
)  # fmt: skip

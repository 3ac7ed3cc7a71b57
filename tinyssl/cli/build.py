"""`tinyssl build`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import rich_click as click

from tinyssl.cli.command import make_command
from tinyssl.cli.options import stage_options
from tinyssl.cli.output import Result, Table, format_value
from tinyssl.core.config import BuildConfig, CatalogConfig
from tinyssl.core.records import BuildInfo
from tinyssl.stages.call import Call

NOT_OF_A_MATCH = {"model", "board", "out", "limit", "bad_images"}
"""Options of the catalogue that `build` has itself, or has no use for"""
LEFT_OUT = 6
"""Rows of what did not fit"""


def build(call: Call, match: bool = False) -> Result:
    """Generate C from an INT8 .tflite and build a firmware image.

    Leaves a PlatformIO project that can be opened as it is. Exit code 3 when flash or RAM pass the
    board's budget. With --match the catalogue chooses: the best board for --model, the best model
    for --board, or the best pair of all.
    """
    if match:
        call = _matched(call)
    config = call.config(BuildConfig)
    from tinyssl.stages import build as stage

    info = stage.build(config, call.workspace, call.progress)
    return build_result(info, config, stage.output_folder(config, call.workspace))


def _matched(call: Call) -> Call:
    """With the best model and board that the catalogue knows for what was given."""
    from tinyssl.stages.deploy import choose, model_path

    given = {name: setting.value for name, setting in call.flags.get("build", {}).items()}
    model = given.get("model")
    wanted = call.config(CatalogConfig)
    if model is not None:
        wanted = replace(wanted, model=str(model))
    (best,) = choose(wanted, call.workspace, str(given.get("board") or ""), emulated=False)
    call.progress.note(f"{best.model_name} on {best.target_name}")
    model = model_path(best, call.workspace)
    return call.overridden(("build",), model=model, board=best.target_name)


def build_result(info: BuildInfo, config: BuildConfig, folder: Path) -> Result:
    """Sizes by section and by region, against the budget, and where the files are."""
    budgets = {"flash": config.flash_budget, "ram": config.ram_budget}
    sizes = [
        (name, f"{size:,} B", _budget_share(size, budgets.get(name)))
        for name, size in info.sizes.items()
    ]
    regions = [
        (name, f"{use['used']:,} B", _budget_share(use["used"], use["size"]))
        for name, use in info.regions.items()
    ]
    data = asdict(info) | {"budget": budgets, "folder": str(folder)}
    blocks: list[Table | str] = [Table(("size", "", "of budget"), sizes)]
    if regions:
        blocks += ["", Table(("region", "used", "of its size"), regions)]
    if info.learning:
        blocks += ["", _learning(info)]
    if info.selection:
        blocks += ["", *_selection(info.selection)]
    peak = info.arena.get("peak")
    note = f"arena {format_value('peak', peak)}, " if peak else ""
    if info.tuning:
        tuned = f"steps measured by `tinyssl tune` on {info.tuning['board']}"
        blocks += ["", f"{tuned}, {info.tuning['measured']}"]
    blocks += [
        "",
        f"{note}{_made(info, config)}, build {info.build_id}",
        f"model: {info.model_path}",
        str(folder),
    ]
    return Result(data, blocks)


def _learning(info: BuildInfo) -> str:
    """What learning takes."""
    found = info.learning
    code, first = (found.get(f"flash_{name}") for name in ("code", "first_values"))
    flash = (
        ""
        if code is None or first is None
        else f"; of the flash its code takes {code:,} B, first values of parameters {first:,} B"
    )
    return (
        f"a training step takes about {found['step_instructions']:,} instructions, the inference "
        f"before it {found['inference_instructions']:,} (estimated, up to "
        f"{100 * found['error']:.0f} % off){flash}"
    )


def _selection(selection: dict[str, Any]) -> Iterator[Table | str]:
    """What `--train-ram` chose, and the best that it left out."""
    ranking = selection["ranking"]
    whole = sum(max(each["score"], 0) for each in ranking) or 1
    left = [each for each in ranking if not each["chosen"]][:LEFT_OUT]
    shown = [each for each in ranking if each["chosen"] or each in left]
    rows = [
        (
            each["name"],
            f"{100 * each['score'] / whole:.1f} %",
            f"{each['bytes']:,} B",
            "learns" if each["chosen"] else "",
        )
        for each in shown
    ]
    yield Table(("weights, biases", "of the gain", "values", ""), rows)
    yield (
        f"learning takes {selection['ram']:,} of {selection['budget']:,} bytes beside the "
        f"inference; gains from the gradients of {selection['samples']} samples"
    )


def _made(info: BuildInfo, config: BuildConfig) -> str:
    if config.target != "firmware":
        return {"c": "C sources", "library": "Arduino and PlatformIO library"}[config.target]
    made = [f"board {info.board}", f"engine {info.engine}"]
    if info.framework != "baremetal":
        made.append(f"framework {info.framework}")
    return ", ".join(made if info.artifacts else [*made, "not compiled"])


def _budget_share(used: int, limit: int | None) -> str:
    return f"{100 * used / limit:.1f} % of {limit:,} B" if limit else ""


command = make_command(
    build,
    stages=("build",),
    own=(
        click.RichOption(
            ["--match"], is_flag=True, help="Let the catalogue choose the model, the board or both"
        ),
        *stage_options("catalog", "With --match", left_out=NOT_OF_A_MATCH),
    ),
)

"""`tinyssl report`: from a bench run to one HTML file and one Markdown file.

What is read, and where from (all of it may be missing):

* bench `results`: `accuracy_device`, `accuracy_host`, `reference`, `images` (or `inputs` without
  labels), `agreement`, `equal`, `first_difference`, `latency` {`unit`, `runs`, `min`, `median`,
  `p95`, `max`, `median_us`, `estimate_ms`, `estimate_basis`}, `memory` {`arena_used`,
  `arena_bytes`, `stack_used`, `stack_bytes`}, `flash_bytes`, `ram_bytes`, `board`, `port`,
  `protocol`, `device` {`ticks_per_second`}, `retries`, `inputs_per_second`;
  files `confusion` {`class_names`, `matrix`}, `profile` {`ops`: `kind`, `ticks`} and `build`
* build: `BuildInfo` (`sizes`, `regions`, `arena`, `ops`); the build run's limits
* convert `results`: `accuracy_float`, `accuracy_int8`, `drop_points`, `test_images`, `operators`,
  `model_bytes`, `model_bytes_before`, `constant_bytes`, `tflm_arena_bytes`
* verify `results`: `engines` {name: `images`, `equal`, `max_difference`}; file `layers`, a list of
  {`index`, `kind`, `sqnr_db`}
* probe `results`: `accuracy`, `accuracy_random`, `knn`, `knn_random`
* pretrain `results`: `loss`, `images_per_second`, `seconds`; `metrics.jsonl`: `event`, `step`,
  `loss`, `lr`
"""

from __future__ import annotations

import os
from pathlib import Path

from tinyssl.core.config import ReportConfig
from tinyssl.core.config_json import config_json
from tinyssl.core.errors import UsageError
from tinyssl.core.files import write_text
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import RECORD, RunRecord, RunWriter, Workspace, read_record
from tinyssl.report import render
from tinyssl.report.chain import follow
from tinyssl.report.compose import compose
from tinyssl.report.page import Page
from tinyssl.report.sections.federation import page_of

SILENT = Silent()


def report(config: ReportConfig, workspace: Workspace, progress: Progress = SILENT) -> RunRecord:
    """Writes the report of a bench run, or of a federation.

    Args:
        config: Which run, and where the page goes.
        workspace: Where the records are.
        progress: Told where the page is.

    Returns:
        The record of the report run: files `html`, `markdown` and one `picture_<name>` each.

    Raises:
        UsageError: There is no bench run to report.
    """
    source = _source(config.run, workspace)
    federated = source.kind == "federate"
    page = page_of(source) if federated else compose(follow(source, workspace))
    settings = config_json(config)
    with workspace.start("report", settings, inputs={source.kind: source.folder / RECORD}) as run:
        path = _write(page, run, config.out)
        run.results(sections=len(page.sections), pictures=len(page.pictures))
    progress.note(f"report: {path}")
    return run.record


def _source(folder: Path | None, workspace: Workspace) -> RunRecord:
    if folder is None:
        # an interrupted run is worth a page too, but not one that measured nothing
        runs = workspace.newest("bench")
        found = next((run for run in runs if run.status == "complete" or run.results), None)
        return found or workspace.latest("bench")
    run = read_record(workspace.run_folder(folder))
    if run.kind not in ("bench", "federate"):
        raise UsageError(
            f"{folder} is a {run.kind} run; a report starts from a bench run or a federate run",
            hint="name a folder runs/bench-… or runs/federate-…, or none for the last bench run",
        )
    return run


def _base(place: Path, folder: Path) -> Path:
    """`place` as seen from a run's folder; absolute where it is outside of the workspace."""
    inside = place.is_relative_to(folder.parent.parent)
    return Path(os.path.relpath(place, folder)) if inside else place


def _write(page: Page, run: RunWriter, out: Path | None) -> Path:
    """Writes all files; returns the path of the HTML page."""
    place = (out or run.folder / "report.html").resolve()
    base = _base(place.parent, run.folder.resolve())
    markdown = place.with_suffix(".md").name
    folder = f"{place.stem}-pictures"
    texts = {
        "html": (place.name, render.html(page)),
        "markdown": (markdown, render.markdown(page, folder)),
    }
    for name, text in render.pictures(page).items():
        texts[f"picture_{Path(name).stem}"] = (f"{folder}/{name}", text)
    for name, (relative, text) in texts.items():
        write_text(run.file(name, str(base / relative)), text)
    return place

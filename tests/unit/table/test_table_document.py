"""The document: figures from records, published ones beside them, the author's words between."""

from xml.etree import ElementTree

import numpy as np
import pytest

from tests.unit.table.table_helpers import (
    TABLE,
    kept_probe,
    pretrain_run,
    probe_run,
    write_table,
)
from tinyssl.core.errors import Collapsed, TrainingError
from tinyssl.core.kept import kept_file
from tinyssl.core.records import Workspace
from tinyssl.report.values import interval
from tinyssl.stages.table import TableRow, look_up, make_cells, read_table
from tinyssl.stages.table.document import write_document
from tinyssl.stages.table.markdown import markdown_table
from tinyssl.stages.table.published import ordering

ACCURACY = {("supervised", 3): 0.66, ("supervised", 4): 0.68, ("simclr", 3): 0.40, ("hot", 3): 0.35}
TEACHER = {
    "name": "efficientnet_lite0", "given": "efficientnet_lite0", "image_size": 160,
    "sha256": "cd" * 32, "supervised": True, "source": "PyPI",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "words.md").write_text(
        "## Analysis\n\nSimCLR finds {{simclr linear}} %, {{x knn}}.\n"
    )
    return tmp_path


def document(folder, text=TABLE, **special):
    """The document of a table whose cells in `ACCURACY` are finished."""
    spec = read_table(write_table(folder, 'notes = "words.md"\n' + text))
    workspace = Workspace(folder)
    for cell in make_cells(spec):
        how = special.get(f"{cell.row.name}_{cell.seed}")
        if how is TrainingError:
            pretrain_run(cell, workspace, how)
        elif (cell.row.name, cell.seed) in ACCURACY:
            taught = {"teacher": TEACHER} if cell.pretrain.teacher else {}
            run = pretrain_run(cell, workspace, how, **taught)
            probe_run(cell, run, workspace, ACCURACY[cell.row.name, cell.seed])
    outcomes = [look_up(cell, workspace) for cell in make_cells(spec)]
    write_document(folder / "out" / "results.md", spec, outcomes, workspace, "tinyssl table X")
    return (folder / "out" / "results.md").read_text()


def line_of(text, start):
    return next(line for line in text.splitlines() if line.startswith(start))


def test_measured_figures_stand_beside_the_published_ones(folder):
    text = document(folder)
    assert text.startswith("# Small\n")
    supervised = line_of(text, "| supervised |")
    assert "67.00 ± 1.41" in supervised  # mean and deviation of 0.66 and 0.68
    assert "| 66.7 | 100.0 % |" in supervised
    simclr = line_of(text, "| SimCLR |")
    assert "40.00 ± 1.00" in simclr  # one run: deviation inside its probe
    assert "59.7 %" in simclr  # of supervised
    assert "| 44.7 | 67.0 % |" in simclr
    assert "1 of 2 not finished" in simclr
    assert "Published: nobody." in text
    assert "Measured: supervised > SimCLR. 1 of 1 pairs stand in the same order." in text
    assert "training took 0 minutes in all" in text


def test_another_order_than_the_published_one_is_said() -> None:
    rows = [TableRow(name, name, {}, published=value) for name, value in (("a", 60.0), ("b", 50.0))]
    text = ordering(list(zip(rows, (0.2, 0.3), strict=True)))
    assert text == "Published order: a > b. Measured: b > a. 0 of 1 pairs stand in the same order."
    assert ordering([(rows[0], 0.2), (rows[1], None)]) == ""


def test_ablation_is_measured_against_its_row(folder):
    text = document(folder)
    ablations = text.split("## Ablations")[1].split("\n## ")[0]
    assert "| SimCLR | 40.00 ± 1.00 |" in ablations
    assert "-5.00" in line_of(ablations, "| hot |")


def test_collapse_is_a_result_with_its_probe(folder):
    line = line_of(document(folder, simclr_3=Collapsed), "| SimCLR |")
    assert "collapsed at step 5" in line
    assert "40.00" in line


def test_failed_cells_are_named_with_their_error(folder):
    text = document(folder, simclr_4=TrainingError)
    assert "1 of 2 failed" in line_of(text, "| SimCLR |")
    assert "as asked" in line_of(text, "| simclr seed 4 |")


def test_supervised_teacher_is_named_wherever_it_was_used(folder):
    text = document(folder, TABLE.replace('"simclr"\npublished', '"seed"\npublished'))
    assert "supervised teacher" in line_of(text, "| SimCLR |")
    differences = text.split("## What differs")[1].split("\n## ")[0]
    here = line_of(differences, "| teacher |")
    assert "a large one" in here
    assert "efficientnet_lite0 at 160 px, a supervised teacher" in here
    assert line_of(differences, "| teacher size |") == "| teacher size | 224 | 160 |"
    assert "| epochs | 200 | 1; 2 |" in differences


def test_words_of_the_author_get_the_figures(folder):
    assert "SimCLR finds 40.00 ± 1.00 %, –." in document(folder)


def test_commands_runs_and_commits_can_be_followed(folder):
    text = document(folder)
    assert "    tinyssl table X" in text
    assert "    tinyssl pretrain --method simclr --method-options temperature=1.0" in text
    run = Workspace(folder).all("pretrain")[0]
    assert run.folder.name in text
    assert run.commit[:12] in text


def test_intervals_and_lines_without_training_stand_beside_accuracies(folder):
    """And words, where the training brought nothing."""
    spec = read_table(write_table(folder))
    workspace = Workspace(folder)
    lines = {"accuracy_random": 0.38, "accuracy_raw": 0.2, "majority": 0.1, "test_images": 359}
    for cell in make_cells(spec):
        run = pretrain_run(cell, workspace)
        probe_run(cell, run, workspace, 0.36 if cell.row.name == "hot" else 0.6, **lines)
    outcomes = [look_up(cell, workspace) for cell in make_cells(spec)]
    write_document(folder / "r.md", spec, outcomes, workspace, "tinyssl table X")
    text = (folder / "r.md").read_text()
    images = make_cells(spec)[0].images["test"]
    assert f"| 60.00 ± 0.00 | {interval(0.6, images)} | 38.00 ± 0.00 | 20.00 ± 0.00 |" in text
    assert f"Wilson's, from {images} test images" in text
    assert "Always answering the most frequent class: 10.00 ± 0.00 %." in text
    assert "no better than the same backbone with random weights" in line_of(text, "| hot |")
    assert "no better" not in line_of(text, "| SimCLR |")


def test_learning_curve_of_an_unfinished_run_is_marked_as_that(folder):
    spec = read_table(write_table(folder))
    workspace = Workspace(folder)
    cell = make_cells(spec)[0]
    run = pretrain_run(cell, workspace, KeyboardInterrupt)
    kept = kept_file(run.folder, 4)
    kept.parent.mkdir()
    kept.write_bytes(b"weights")
    kept_probe(cell, kept, workspace, 0.3)
    outcomes = [look_up(each, workspace) for each in make_cells(spec)]
    write_document(folder / "r.md", spec, outcomes, workspace, "tinyssl table X")
    text = (folder / "r.md").read_text()
    curve = text.split("## Learning curve")[1].split("\n## ")[0]
    assert "![Linear probe and kNN over the epochs](images/r_curve.svg)" in curve
    epoch = 4 / cell.epoch_steps
    assert f"| supervised | {epoch:.1f} | 30.00 ± 1.00 % | – | 15.00 % |" in curve
    assert f"**Not finished**: supervised ({5 / cell.epoch_steps:.1f} of 2 epochs)." in curve
    picture = ElementTree.parse(folder / "images" / "r_curve.svg").getroot()
    assert len(picture.findall(".//{*}polyline")) == 1


def test_unfinished_table_is_a_document_too(tmp_path):
    spec = read_table(write_table(tmp_path))
    workspace = Workspace(tmp_path)
    outcomes = [look_up(cell, workspace) for cell in make_cells(spec)]
    write_document(tmp_path / "r.md", spec, outcomes, workspace, "tinyssl table X")
    text = (tmp_path / "r.md").read_text()
    assert "0 of 6 runs are finished;" in text
    assert "Measured not yet" in text
    assert text.count("| 0 | not finished |") == 2  # and the ablation


def test_bars_in_cells_do_not_break_the_table() -> None:
    assert markdown_table(["a"], [["x | y"]]) == "| a |\n| --- |\n| x \\| y |"


def test_commands_name_the_file_of_images_not_a_folder_of_this_computer(folder):
    images = folder / "photos.npz"
    np.savez(images, images=np.zeros((40, 16, 16, 3), np.uint8), labels=np.arange(40) % 2)
    text = document(folder, TABLE.replace('"digits"', f'"npz"\ndata_path = "{images}"'))
    assert "--data-path photos.npz" in text
    assert str(folder) not in text

"""The README's block of figures: from the chain of the last bench run, with the seeds beside it."""

from __future__ import annotations

from types import ModuleType

import pytest

from tinyssl.core.records import Workspace
from tools.readme_figures import BLOCK, README, block


def test_every_figure_comes_from_the_chain_of_the_bench_run(tmp_path, chains: ModuleType) -> None:
    workspace = Workspace(tmp_path)
    chains.probe(workspace, chains.pretrain(workspace, seed=8).path("backbone"), accuracy=0.9411)
    chains.whole(workspace)
    text = block(workspace)
    for line in (
        "| linear probe, trained without labels | 96.11 % (93.6 – 97.7) |",
        "| linear probe, seeds 7, 8: mean ± deviation | 95.11 ± 1.41 % |",
        "random weights, linear probe | 77.22 % (72.6 – 81.3) |",
        "logistic regression on the pixels | 93.83 % (90.9 – 95.9) |",
        "kNN on the pixels | 96.67 % (94.3 – 98.1) |",
        "| accuracy, INT8 on the device | 95.28 % |",
        "| outputs byte-equal, device and host | 360 of 360 |",
        "seed 7,",
        "95 % intervals over 360 test images",
    ):
        assert line in text


def test_without_other_seeds_there_is_no_spread(tmp_path, chains: ModuleType) -> None:
    workspace = Workspace(tmp_path)
    chains.whole(workspace)
    assert "seeds" not in block(workspace)


def test_half_a_demo_is_refused(tmp_path, chains: ModuleType) -> None:
    workspace = Workspace(tmp_path)
    model = tmp_path / "model.tflite"
    model.write_bytes(b"model")
    chains.bench(workspace, chains.build_info(model, None))
    with pytest.raises(SystemExit, match="make demo"):
        block(workspace)


def test_the_readme_has_its_comments() -> None:
    assert BLOCK.search(README.read_text())

"""docs/quantisation.md: one way can be measured again, and the page says at which commit."""

import json

import numpy as np
import pytest

from tests.unit.convert.float_network import SHAPES, float_network
from tinyssl.convert.float_graph import write_float
from tools import quantisation_table


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Measures one way of a small network at a commit; returns the page."""
    page, rows = tmp_path / "page.md", tmp_path / "rows.json"
    monkeypatch.setattr(quantisation_table, "DOCUMENT", page)
    monkeypatch.setattr(quantisation_table, "JSON", rows)
    (tmp_path / "model.tflite").write_bytes(write_float(float_network()))
    np.save(tmp_path / "samples.npy", np.random.default_rng(0).random((32, *SHAPES[0][1:])))
    entry = {
        "name": "Net",
        "source": "A test",
        "model": str(tmp_path / "model.tflite"),
        "calibration": str(tmp_path / "samples.npy"),
    }
    (tmp_path / "models.json").write_text(json.dumps([entry]))

    def measure(way: str, commit: str) -> str:
        stamp = {"commit": commit, "date": "today", "machine": "m"}
        monkeypatch.setattr(quantisation_table, "stamp", lambda: stamp)
        quantisation_table.main([str(tmp_path / "models.json"), "--only", "Net", "--way", way])
        return page.read_text()

    return measure


def test_a_way_measured_alone_stands_beside_the_others_with_its_commit(measured):
    measured("`--ranges mse`", "aaa")
    text = measured("minmax (default)", "bbb")
    assert text.index("| minmax (default) |") < text.index("| `--ranges mse` |")
    places = "Measured at commit aaa, today, seed 0, m; minmax (default) at commit bbb, today"
    assert places in text

"""Whatever JSON a record holds, a page comes out, or a note says why it is no record."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinyssl.core.config import ReportConfig
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.report import render
from tinyssl.report.chain import follow
from tinyssl.report.compose import compose
from tinyssl.report.values import Fields, short, size
from tinyssl.stages.report import report

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(-3, 3), max_size=3),
    st.dictionaries(st.sampled_from(["unit", "min", "median", "images"]), st.integers()),
)
"""Values of any JSON type, with NaN and infinities, which Python's json reads"""


def places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything inside a JSON value."""
    keys = range(len(value)) if isinstance(value, list) else list(value)
    found = []
    for key in keys:
        found.append((value, key))
        if isinstance(value[key], list | dict):
            found += places(value[key])
    return found


def damage(path: Path, draw: st.DataObject) -> None:
    content = json.loads(path.read_text())
    container, key = draw.draw(st.sampled_from(places(content)))
    if content is container and key in ("schema", "kind", "status", "started"):
        return
    container[key] = draw.draw(ODD)
    path.write_text(json.dumps(content))


def small_chain(workspace: Workspace, chains: ModuleType) -> RunRecord:
    trained = chains.pretrain(workspace, steps=5)
    probed = chains.probe(workspace, trained.path("backbone"))
    converted = chains.convert(workspace, probed.path("head"))
    chains.verify(workspace, converted.path("model"), layers=5)
    build = chains.build_info(converted.path("model"), converted.folder, layers=5)
    return chains.bench(workspace, build)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, chains: ModuleType) -> Path:
    """A small chain, moved after it was written: copies of it then find their own records."""
    folder = tmp_path_factory.mktemp("chain")
    small_chain(Workspace(folder / "first"), chains)
    return (folder / "first").rename(folder / "moved")


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_records_still_give_a_page(original: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        notes: list[str] = []
        copy = Path(shutil.copytree(original, Path(folder) / "copy"))
        workspace = Workspace(copy, note=notes.append)
        for _ in range(3):
            damage(data.draw(st.sampled_from(sorted(workspace.runs.glob("*/*.json")))), data)
        found = workspace.all("bench")
        if not found:  # a field of the record itself has another type: it is no record
            assert any("/bench-" in note and "not a run record" in note for note in notes)
            return
        made = compose(follow(found[0], workspace))
        assert render.html(made).rstrip().endswith("</html>")
        assert render.markdown(made, "pictures").startswith("# ")


def test_cut_off_files_still_give_a_page(workspace: Workspace, chains: ModuleType) -> None:
    bench = small_chain(workspace, chains)
    for name in ("confusion", "profile", "build"):
        path = bench.path(name)
        path.write_bytes(path.read_bytes()[:20])
    html = report(ReportConfig(), workspace).path("html").read_text()
    assert "names no build" in html
    assert "95.28" in html


def test_readers_answer_none_for_other_types() -> None:
    fields = Fields({"text": "x", "nan": float("nan"), "true": True, "huge": 10**400, "two": 2})
    assert [fields.number(name) for name in ("text", "nan", "true", "huge", "gone")] == [None] * 5
    assert fields.number("gone", "two") == 2.0
    assert Fields([1]).get("two") is None


def test_figures_have_three_digits_and_a_prefix() -> None:
    assert [short(x) for x in (0, 9999, 12_345, 61_234_567, 1.5, None)] == [
        "0",
        "9,999",
        "12.3 k",
        "61.2 M",
        "1.50",
        "–",
    ]
    assert [size(x) for x in (512, 311_296, 4 << 20, None)] == [
        "512 B",
        "304 KiB",
        "4.00 MiB",
        "–",
    ]

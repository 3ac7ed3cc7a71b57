"""The whole page: what it says, that it is well formed, needs nothing else, and escapes."""

import base64
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from tinyssl.core.config import ReportConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.records import RECORD, Workspace
from tinyssl.stages.report import report

VOID = {"meta", "br", "hr", "img", "input", "link"}
STEERING = "\x00\x1b[2J\x7f\x9b\u202e\ufffe\udcff\ud800"
"""What no document may hold"""
EVIL = '<script>alert("x")</script>|`*_[a](b)&\'"' + STEERING


class Balanced(HTMLParser):
    """Fails where a tag is closed that was not the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def parse(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def page(workspace: Workspace) -> tuple[str, str, dict[str, str]]:
    """HTML, Markdown and pictures of the last bench run."""
    run = report(ReportConfig(), workspace)
    pictures = {name: run.path(name).read_text() for name in run.files if "picture" in name}
    return run.path("html").read_text(), run.path("markdown").read_text(), pictures


def test_whole_chain_is_on_both_pages(workspace: Workspace, chains: ModuleType) -> None:
    chains.whole(workspace)
    html, markdown, pictures = page(workspace)
    for text in (
        "95.28 %",  # device and host
        "96.11 %",  # float
        "61,234,570",  # median, in full
        "instructions",
        "442,380",  # flash
        "343 of 360 right",
        "lower bound",
        "simclr",
        "77.22 %",  # random features
        "93.83 %",  # pixels, logistic regression
        "96.67 %",  # pixels, kNN
        "93.6 – 97.7",  # 95 % interval of 96.11 % of 360
        "pixels alone 93.83 %",  # on the card
        "decibels",
        "822,016",  # file before it was canonical
        "1,312",  # stack's high-water mark
        "Estimate, not a measurement: 2,449.38 ms",
        "LiteRT, XNNPACK",
        "tinyssl build --board mps2_an500\ntinyssl flash --board mps2_an500\n",
        "One tick of the emulated timer is 40 instructions",
        "00112233aabbccdd",
        "f1f1f1f1",
    ):
        assert text in html, text
        assert text in markdown, text
    assert "Left out" not in html
    assert sorted(pictures) == [
        f"picture_{name}"
        for name in ("arena", "confusion", "layers", "live", "memory", "sqnr", "training")
    ]


def test_seeds_and_verdicts_stand_beside_the_accuracy(
    workspace: Workspace, chains: ModuleType
) -> None:
    other = chains.pretrain(workspace, seed=8)
    measured = chains.probe(workspace, other.path("backbone"), accuracy=0.9411)
    chains.whole(workspace)
    spread = "over 2 pretrainings that differ in the seed alone (7, 8): 95.11 ± 1.41 %"
    for text in page(workspace)[:2]:
        assert spread in text
    assert measured.results["accuracy"] == 0.9411
    with workspace.start("pretrain", {"method": "byol"}, seed=9):
        pass  # another setting is no seed of this one
    assert spread in page(workspace)[0]


def test_a_verdict_is_a_warning_on_the_page(workspace: Workspace, chains: ModuleType) -> None:
    bench = chains.whole(workspace)
    assert "brought nothing" not in page(workspace)[0]
    probed = workspace.latest("probe")
    record = json.loads((probed.folder / RECORD).read_text())
    record["results"]["verdict"] = "the training brought nothing: linear probe 1 %"
    (probed.folder / RECORD).write_text(json.dumps(record))
    html, markdown, _ = page(workspace)
    for text in (html, markdown):
        assert "The training brought nothing: linear probe 1 %." in text
    assert bench.kind == "bench"


def test_page_is_well_formed_and_needs_nothing(workspace: Workspace, chains: ModuleType) -> None:
    chains.whole(workspace)
    html, markdown, pictures = page(workspace)
    parsed = parse(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(parsed.seen)
    assert not re.search(r"https?:|@import|url\(", html)
    assert not [value for name, value in parsed.attributes if name == "src"]
    links = [value for name, value in parsed.attributes if name == "href"]
    ids = [value for name, value in parsed.attributes if name == "id"]
    assert links
    assert all(link.removeprefix("#") in ids for link in links)
    assert len(ids) == len(set(ids))
    assert not re.search(r"https?:", markdown)
    for name, text in pictures.items():
        root = ET.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert root.find("{http://www.w3.org/2000/svg}title") is not None, name


def test_picture_links_of_the_markdown_exist(
    workspace: Workspace, chains: ModuleType, tmp_path: Path
) -> None:
    chains.whole(workspace)
    out = tmp_path / "for me" / "page.html"
    run = report(ReportConfig(out=out), workspace)
    assert run.path("html").samefile(out)
    links = re.findall(r"!\[[^]]*\]\(([^)]*)\)", out.with_suffix(".md").read_text())
    assert len(links) == 7
    assert all((out.parent / link).is_file() for link in links)


def test_hostile_text_is_escaped(workspace: Workspace, chains: ModuleType) -> None:
    model = workspace.root / "evil.tflite"
    model.write_bytes(b"model")
    build = chains.build_info(model, None)
    build.ops[0]["shape"] = EVIL
    build.ops[1]["kind"] = EVIL
    build.arena["tensors"][0]["name"] = EVIL
    build.regions[EVIL] = {"size": 10, "used": 20}
    chains.bench(workspace, build, error=RuntimeError(EVIL))
    html, markdown, pictures = page(workspace)
    parsed = parse(html)
    assert "script" not in parsed.seen
    assert "<script" not in markdown
    cells = [line for line in markdown.splitlines() if line.startswith("| #0 CONV")]
    assert len(re.findall(r"(?<!\\)\|", cells[0])) == 7, "a name must not open a new column"
    for text in pictures.values():
        assert "script" not in {
            element.tag.split("}")[-1] for element in ET.fromstring(text).iter()
        }
        assert not set(text) & set(STEERING.replace("[2J", ""))
    titles = "".join(ET.fromstring(pictures["picture_arena"]).itertext())
    assert r"\x00\x1b[2J\x7f\x9b\u202e\ufffe\xff\ud800" in titles
    for document in (html, markdown):
        assert not set(document) & set(STEERING.replace("[2J", ""))


def test_class_names_that_xml_forbids(workspace: Workspace, chains: ModuleType) -> None:
    bench = chains.whole(workspace)
    path = bench.path("confusion")
    content = json.loads(path.read_text())
    content["class_names"] = [f"{STEERING}{name}" for name in content["class_names"]]
    path.write_text(json.dumps(content))
    html, markdown, pictures = page(workspace)
    parse(html)
    for text in (html, markdown, *pictures.values()):
        assert not set(text) & set(STEERING.replace("[2J", ""))
    assert r"\x1b" in "".join(ET.fromstring(pictures["picture_confusion"]).itertext())


def test_model_from_elsewhere_has_no_training(workspace: Workspace, chains: ModuleType) -> None:
    model = workspace.root / "vww.tflite"
    model.write_bytes(b"model")
    chains.bench(workspace, chains.build_info(model, None))
    html, markdown, pictures = page(workspace)
    for text in (html, markdown):
        assert "vww.tflite on" in text
        assert "does not come from a conversion" in text
        assert "simclr" not in text
    assert "picture_training" not in pictures
    assert "picture_sqnr" not in pictures
    assert "picture_arena" in pictures


def test_the_page_says_why_the_steps_are_what_they_are(
    workspace: Workspace, chains: ModuleType
) -> None:
    model = workspace.root / "vww.tflite"
    model.write_bytes(b"model")
    build = chains.build_info(model, None)
    build.arena["steps"][3] = [3, 5]
    chains.bench(workspace, build)
    assert "fewest instructions by the kernels' cost model" in page(workspace)[1]
    measured = {"board": "mps2_an500", "measured": "2026-11-21", "unit": "instructions"}
    build.tuning.update(measured, total=1234567, candidates=4)
    chains.bench(workspace, build)
    tuned = page(workspace)[1]
    assert "cost model" not in tuned
    assert "measured 4 ways to cut the model into kernel calls on mps2_an500 (2026-11-21)" in tuned
    assert "1,234,567 instructions an inference" in tuned


def test_interrupted_run_has_a_banner(workspace: Workspace, chains: ModuleType) -> None:
    model = workspace.root / "vww.tflite"
    model.write_bytes(b"model")
    chains.bench(
        workspace, chains.build_info(model, None), error=KeyboardInterrupt("Ctrl-C"), images=120
    )
    html, markdown, _ = page(workspace)
    for text in (html, markdown):
        assert "Partial record. This bench run was interrupted after 120 inputs: Ctrl-C" in text


def test_moved_workspace_keeps_its_report(
    workspace: Workspace, chains: ModuleType, tmp_path: Path
) -> None:
    chains.whole(workspace)
    moved = workspace.runs.rename(tmp_path / "elsewhere").parent / "new"
    moved.mkdir()
    (tmp_path / "elsewhere").rename(moved / "runs")
    html, _, _ = page(Workspace(moved))
    assert "simclr" in html
    assert "Left out" not in html


def test_no_bench_run_says_what_to_do(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no finished `bench` run") as caught:
        report(ReportConfig(), workspace)
    assert "tinyssl bench" in caught.value.hint


def test_run_of_another_kind_is_refused(workspace: Workspace, chains: ModuleType) -> None:
    other = chains.pretrain(workspace, steps=1)
    with pytest.raises(UsageError, match="is a pretrain run"):
        report(ReportConfig(run=other.folder), workspace)


def test_too_large_image_is_marked(workspace: Workspace, chains: ModuleType) -> None:
    model = workspace.root / "big.tflite"
    model.write_bytes(b"model")
    build = chains.build_info(model, None)
    build.regions["tiny"] = {"size": 1000, "used": 1500}
    build.sizes["ram"] = 1 << 40
    chains.bench(workspace, build)
    html, _, pictures = page(workspace)
    assert 'class="limit"' in pictures["picture_memory"]
    assert '<div class="card bad">' in html


def test_difference_from_the_host_is_named(workspace: Workspace, chains: ModuleType) -> None:
    model = workspace.root / "big.tflite"
    model.write_bytes(b"model")
    first = {"input": 17, "byte": 3, "device": -128, "reference": 127}
    build = chains.build_info(model, None)
    chains.bench(workspace, build, agreement=0.99999, equal=99999, first_difference=first)
    html, _, _ = page(workspace)
    assert "input 17, byte 3 is -128 on the device and 127 in the reference" in html
    assert "99.99" in html
    assert 'class="card bad"' in html


def test_model_without_test_images_is_compared_on_noise(
    workspace: Workspace, chains: ModuleType
) -> None:
    model = workspace.root / "kws.tflite"
    model.write_bytes(b"model")
    nothing = {"images": None, "accuracy_device": None, "accuracy_host": None}
    chains.bench(workspace, chains.build_info(model, None), inputs=64, equal=64, **nothing)
    html, _, _ = page(workspace)
    assert "64 inputs of seeded noise" in html
    assert "64 of 64 outputs byte-equal" in html


def test_folds_stand_beside_the_test_split(workspace: Workspace, chains: ModuleType) -> None:
    chains.whole(workspace)
    assert "Cross-validated" not in page(workspace)[0]
    probed = workspace.latest("probe")
    record = json.loads((probed.folder / RECORD).read_text())
    beside = {"majority": 0.55, "majority_class": "no person"}
    record["results"]["folds"] = beside | {
        "accuracy": 0.62, "accuracy_random": 0.57, "accuracy_raw": 0.51,
        "samples": 60, "folds": 5, "repeats": 3,
    }  # fmt: skip
    (probed.folder / RECORD).write_text(json.dumps(record))
    html, markdown, _ = page(workspace)
    for text in (html, markdown):
        assert "Cross-validated" in text
        assert "49.3 – 73.2" in text  # 62 % of 60, by Wilson
        assert "Always “no person”" in text


def test_mistakes_are_shown_as_pictures(workspace: Workspace, chains: ModuleType) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, "PNG")
    png = base64.b64encode(file.getvalue()).decode()
    rows = [
        {"number": 5, "label": 0, "answer": 1, "margin": 0.5, "png": png},
        {"number": 6, "label": 1, "answer": 9, "margin": 0.4, "png": png},
        {"number": 7, "label": 1, "answer": 0, "margin": 0.4, "png": "<script>"},
    ]
    bench = chains.whole(workspace)
    assert "Worst mistakes" not in page(workspace)[0]
    names = ["<b>cat</b>", "a very long name of a dog"]
    (bench.folder / "mistakes.json").write_text(
        json.dumps({"class_names": names, "mistakes": rows})
    )
    record = json.loads((bench.folder / RECORD).read_text())
    record["files"]["mistakes"] = "mistakes.json"
    (bench.folder / RECORD).write_text(json.dumps(record))
    html, markdown, _ = page(workspace)
    assert "2 pictures that the device got wrong" in html
    assert html.count(png) == 2
    assert "<script>" not in html
    assert "&lt;b&gt;cat" in html
    assert "class 9" in html
    assert "mistakes.svg" in markdown

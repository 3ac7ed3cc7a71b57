"""The report's section of what a device learnt on its own."""

from types import ModuleType

from tinyssl.core.records import RunRecord, Workspace
from tinyssl.report.chain import follow
from tinyssl.report.page import Note, PageTable, Picture
from tinyssl.report.sections.learning import learning


def learnt(workspace: Workspace, build_id: str) -> RunRecord:
    """A run of 60 steps, guarded."""
    with workspace.start("learn", {}) as run:
        for at in range(60):
            run.log(event="step", sample=at, answer=0, loss=2 / (1 + at))
        run.results(
            build_id=build_id,
            held_out=24,
            accuracy_before=0.25,
            accuracy_online=0.5,
            accuracy_after=0.875,
            classes={"red": {"samples": 12, "before": 0.5, "after": 0.25}},
            forgotten=0.25,
            equal=1,
            statistics={"validation": {"returns": 2}, "drift": {"found": 1, "sample": 40}},
        )
    return run.record


def test_curve_classes_and_what_the_device_did(workspace: Workspace, chains: ModuleType) -> None:
    bench = chains.whole(workspace)
    chain = follow(bench, workspace)
    assert learning(chain) is None
    assert chain.build is not None
    learnt(workspace, chain.build.build_id)
    section = learning(follow(bench, workspace))
    assert section is not None
    (picture,) = (each for each in section.blocks if isinstance(each, Picture))
    assert picture.title == "Loss over 60 steps on the device"
    (table,) = (each for each in section.blocks if isinstance(each, PageTable))
    assert table.rows[0][1:] == ("24", "25.00 %", "50.00 %", "87.50 %")
    assert table.rows[1][:3] == ("red", "12", "50.00 %")
    notes = [each.text for each in section.blocks if isinstance(each, Note)]
    assert any("went back to its best parameters 2 times" in text for text in notes)
    assert any("drift, the last one at sample 40" in text for text in notes)
    assert any("lost 25.0 points" in text for text in notes)

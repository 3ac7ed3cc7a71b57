"""The report's section of what a device learnt on its own."""

from dataclasses import replace
from types import ModuleType

from tinyssl.core.records import RunRecord, Workspace
from tinyssl.report.chain import follow
from tinyssl.report.page import Note, PageTable, Picture
from tinyssl.report.sections.learnable import learnable
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


def test_what_a_budget_of_ram_chose(workspace: Workspace, chains: ModuleType) -> None:
    chain = follow(chains.whole(workspace), workspace)
    assert chain.build is not None
    assert learnable(chain) is None
    ranking = [
        {"name": "layer53/weight", "score": 3.0, "bytes": 5120, "chosen": True},
        {"name": "layer52/weight", "score": 1.0, "bytes": 71_680, "chosen": False},
        {"name": "layer52/bias", "score": -1.0, "bytes": 1280, "chosen": False},
    ]
    built = replace(
        chain.build,
        training={"what": "layer53/weight", "loss": "cross-entropy", "weights": "int8"},
        learning={
            **{"step_instructions": 21_080, "inference_instructions": 6_459_000, "error": 0.2},
            **{"flash_code": 12_100, "flash_first_values": 5120},
        },
        selection={"budget": 8192, "ram": 6144, "samples": 128, "ranking": ranking},
    )
    section = learnable(replace(chain, build=built))
    assert section is not None
    assert "chosen by --train-ram, in int8, by cross-entropy" in section.lead
    notes = [each.text for each in section.blocks if isinstance(each, Note)]
    assert "about 21,080 instructions" in notes[0]
    assert "up to 20 % off" in notes[0]
    assert "takes 12,100 bytes of flash" in notes[1]
    budget, tensors = (each for each in section.blocks if isinstance(each, PageTable))
    assert budget.rows[0][1:3] == ("6,144", "8,192")
    assert [row[:2] for row in tensors.rows] == [
        ("layer53/weight", "learns"), ("layer52/weight", ""), ("layer52/bias", ""),
    ]  # fmt: skip
    assert tensors.caption.startswith("1 of 3 tensors learn, with 75 % of the gain")

"""Which steps are taken once they were measured, and what is kept of that."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ops.blocks import block
from tinyssl.compiler.calls import KernelCall, check_calls
from tinyssl.compiler.schedule import call_choices, least_bytes, measuring_covers
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded, UsageError
from tinyssl.core.records import Workspace
from tinyssl.project.source import ModelSource, load_model
from tinyssl.project.tuning import Tuning, described, find_tuning, tuning_path
from tinyssl.stages import tune as stage
from tinyssl.stages.build import build
from tinyssl.stages.tune import CHOSEN, MODEL_CHOICE, NO_BLOCKS, Candidate, cheapest_calls, tune
from tinyssl.targets.boards import Isa
from tinyssl.targets.kernels import KERNEL_ABI

M7 = Isa.CORTEX_M7


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    path = tmp_path / "block.tflite"
    path.write_bytes(block(size=(12, 12), channels=(8, 16, 8), add="left"))
    return load_model(path, Workspace(tmp_path), isa=M7)


def measured(steps, costs) -> Candidate:
    return Candidate("one", steps, sum(costs), "instructions", costs, 0, 0, 0)


def test_measured_covers_hold_every_choice_and_are_few(source: ModelSource) -> None:
    choices = call_choices(source.program.graph, M7)
    covers = measuring_covers(choices)
    for steps in covers:
        check_calls(source.program.graph, steps)
    assert {step for steps in covers for step in steps} == {choice.call for choice in choices}
    assert [step.first for step in covers[0]] == [0, 1, 2, 3]
    assert len(covers) <= 1 + len(choices) - len(source.program.graph.ops)


def test_measured_costs_decide_and_the_arena_limits(source: ModelSource) -> None:
    choices = call_choices(source.program.graph, M7)
    covers = measuring_covers(choices)
    found = [measured(steps, (100,) * len(steps)) for steps in covers]
    (whole,) = cheapest_calls(source, choices, found, limit=2**20)
    assert (whole.first, whole.last) == (0, 3)
    found[0] = measured(covers[0], (10, 10, 10, 10))
    assert cheapest_calls(source, choices, found, limit=2**20) == covers[0]
    least = least_bytes(choices)
    assert cheapest_calls(source, choices, found, limit=least) != covers[0]


def test_build_takes_what_was_measured_and_says_so(source: ModelSource, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    singles = measuring_covers(call_choices(source.program.graph, M7))[0]
    assert singles != source.program.plan.calls
    sha256 = source.program.graph.source_sha256
    tuning = Tuning(sha256, "cortex-m7", described(singles), board="mps2_an500", measured="now")
    tuning.save(workspace)
    config = BuildConfig(model=source.path, check=False, compile=False)
    info = build(config, workspace)
    assert len(info.ops) == 4
    assert info.tuning["board"] == "mps2_an500"
    plain = build(replace(config, tuned=False), workspace)
    assert plain.tuning == {}
    assert len(plain.ops) == len(source.program.plan.calls)
    other = build(replace(config, board="mps2_an386"), workspace)
    assert other.tuning == {}


@pytest.mark.parametrize(
    "change",
    [{"kernel_abi": KERNEL_ABI + 1}, {"model_sha256": "0" * 64}, {"steps": [[0, 3, 1]]}],
)
def test_what_no_longer_fits_is_not_used(source: ModelSource, tmp_path: Path, change) -> None:
    workspace = Workspace(tmp_path)
    sha256 = source.program.graph.source_sha256
    path = Tuning(sha256, "cortex-m7", described(source.program.plan.calls)).save(workspace)
    assert find_tuning(source.program.graph, M7, workspace)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert find_tuning(source.program.graph, M7, workspace) is None


def test_a_damaged_file_is_named(source: ModelSource, tmp_path: Path) -> None:
    path = tuning_path(Workspace(tmp_path), source.program.graph.source_sha256, M7)
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(UsageError, match=r"tuned/.*damaged"):
        find_tuning(source.program.graph, M7, Workspace(tmp_path))


def test_reference_kernels_leave_nothing_to_choose(source: ModelSource, tmp_path: Path) -> None:
    config = BuildConfig(model=source.path, kernels="reference")
    with pytest.raises(UsageError, match="kernels reference"):
        tune(config, Workspace(tmp_path))


class TestChoice:
    """What `tune` does with the figures of a board; tests/emulator/test_tune.py measures some."""

    @pytest.fixture
    def board(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
        """Stands for a board: image -> ticks of each call. Without a figure it does not fit."""
        ticks: dict[str, int] = {}

        def measure(job: stage.TuneJob, name: str, calls: tuple[KernelCall, ...]) -> Candidate:
            if name not in ticks:
                raise BudgetExceeded(f"{name}: 70,000 B of RAM")
            costs = (ticks[name],) * len(calls)
            return Candidate(name, calls, sum(costs), "instructions", costs, 96, 3000, 2000)

        monkeypatch.setattr(stage, "_measure", measure)
        return ticks

    def test_the_fastest_image_is_kept(self, board, source, tmp_path: Path) -> None:
        board |= {MODEL_CHOICE: 900, NO_BLOCKS: 10, CHOSEN: 9}
        found = tune(BuildConfig(model=source.path), Workspace(tmp_path))
        assert found.chosen.name == NO_BLOCKS
        assert [each.name for each in found.candidates][:2] == [MODEL_CHOICE, NO_BLOCKS]
        assert {name.split(",")[0] for name, _ in found.refused} <= {"blocks"}
        stored = find_tuning(source.program.graph, M7, Workspace(tmp_path))
        assert stored is not None
        kept, calls = stored
        assert calls == found.chosen.calls
        assert (kept.total, kept.board) == (found.chosen.total, "mps2_an500")
        assert [row["chosen"] for row in kept.candidates].count(True) == 1

    def test_calls_that_no_image_had_are_measured_together(
        self, board, source, tmp_path: Path
    ) -> None:
        covers = measuring_covers(call_choices(source.program.graph, M7))
        sets = {f"blocks, set {number}": 100 for number in range(1, len(covers))}
        board |= {MODEL_CHOICE: 900, NO_BLOCKS: 100, CHOSEN: 1} | sets
        found = tune(BuildConfig(model=source.path), Workspace(tmp_path))
        assert found.refused == ()
        assert len(found.candidates) >= len(covers)

    def test_a_board_that_nothing_fits_is_told(self, board, source, tmp_path: Path) -> None:
        with pytest.raises(BudgetExceeded, match=r"no image of .* fits mps2_an500: .*70,000 B"):
            tune(BuildConfig(model=source.path), Workspace(tmp_path))

"""Units, spreads and tallies: what is computed from what the device said."""

import base64
import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from tinyssl.bench.agreement import Agreement, ByteDifference
from tinyssl.bench.judge import Judge
from tinyssl.bench.latency import Unit, as_time, profile_rows, summary_stats, unit_of
from tinyssl.bench.mistakes import worst_pictures
from tinyssl.bench.subject import Samples
from tinyssl.core.errors import Mismatch
from tinyssl.data.spec import FeatureSpec
from tinyssl.device import Identity, OpTicks, Profile
from tinyssl.graph.interface import ValueInfo
from tinyssl.graph.model import DType, Quant, ValueKind
from tinyssl.learn.tasks import TASKS
from tinyssl.runtimes.inputs import to_wire
from tinyssl.targets.boards import find_board
from tinyssl.verify import subject

NANOSECONDS = Unit("nanoseconds", Fraction(1))


def identity(board: str, unit: str, rate: int) -> Identity:
    return Identity(
        protocol=1,
        board=board,
        engine="aot",
        model="m",
        model_sha256="0" * 64,
        build_id="0" * 16,
        input_bytes=1,
        input_is_uint8=True,
        input_kept=True,
        output_bytes=1,
        output_zero_point=0,
        ops=1,
        flash_bytes=0,
        ram_bytes=0,
        arena_bytes=0,
        clock_hz=rate,
        tick_unit=unit,
        ticks_per_second=rate,
        warning="",
    )


def test_an_emulators_tick_is_forty_instructions_and_its_time_an_estimate() -> None:
    board = find_board("mps2_an500")
    who = identity(board.id, "instructions", 25_000_000)
    unit = unit_of(board, who)
    assert unit == Unit("instructions", Fraction(40))
    time = as_time(50_000_000, unit, who, board)
    assert time["estimate_ms"] == 2000.0
    assert "one instruction a cycle at 25 MHz" in time["estimate_basis"]
    assert not [key for key in time if key.endswith("_us")]


def test_an_emulated_timer_counts_on_where_the_firmware_thinks_that_it_is_slow() -> None:
    board = find_board("netduinoplus2")
    who = identity(board.id, "instructions", 16_000_000)
    assert unit_of(board, who) == Unit("instructions", Fraction(1000, 168))


def test_a_boards_cycles_are_a_measured_time() -> None:
    board = find_board("nucleo_h743zi")
    who = identity(board.id, "cycles", 480_000_000)
    unit = unit_of(board, who)
    assert unit == Unit("cycles", Fraction(1))
    assert as_time(4_800_000, unit, who, board) == {"median_us": 10_000.0}


def test_spread_of_twenty_runs() -> None:
    assert summary_stats(range(1, 21), NANOSECONDS) == {
        "unit": "nanoseconds",
        "runs": 20,
        "min": 1,
        "median": 10,
        "p95": 19,
        "max": 20,
    }


def test_profile_is_in_the_unit_of_the_latency() -> None:
    profile = Profile((OpTicks(0, "#4 CONV_2D", 3),), 5)
    assert profile_rows(profile, Unit("instructions", Fraction(40))) == {
        "unit": "instructions",
        "total": 200,
        "ops": [{"index": 0, "name": "#4 CONV_2D", "kind": "CONV_2D", "ticks": 120}],
    }


def test_pixels_on_the_wire_are_the_models_values_plus_128() -> None:
    x = np.array([[-128, -1, 0, 127]], np.int8)
    assert to_wire(x, uint8=True) == bytes([0, 127, 128, 255])
    assert to_wire(x, uint8=False) == x.tobytes()


def scores(*values: int) -> dict[str, np.ndarray]:
    return {"scores": np.array(values, np.int8)}


def output(name: str, size: int, quant: Quant) -> ValueInfo:
    return ValueInfo(0, name, ValueKind.OUTPUT, DType.INT8, (1, size), quant)


def test_judge_of_two_right_one_wrong_one_different() -> None:
    classes = output("scores", 2, Quant((1 / 256,), (-128,)))
    tally, judge = Agreement(), Judge(TASKS["classification"], [classes], ("a", "b"))
    assert tally.add(5, scores(9, 1), scores(9, 1))
    assert tally.add(6, scores(1, 9), scores(1, 9))
    assert not tally.add(7, scores(9, 1), scores(9, 2))
    answers = [judge.add(found, found, 0) for found in (scores(9, 1), scores(1, 9), scores(9, 1))]
    assert answers == [0, 1, 0]
    first = {"input": 7, "byte": 1, "device": 1, "reference": 2, "output": "scores"}
    assert tally.results() == {"agreement": 2 / 3, "equal": 2, "first_difference": first}
    assert judge.results() == {"accuracy_device": 2 / 3, "accuracy_host": 2 / 3}
    assert judge.confusion() == {"class_names": ("a", "b"), "matrix": [[2, 1], [0, 0]]}
    assert tally.first == ByteDifference(7, 1, 1, 2, "scores")
    with pytest.raises(Mismatch, match=r"1 of 3 outputs .* byte 1 of scores is 1 on the device"):
        tally.gate("tflm")


def test_all_outputs_are_compared_in_their_own_types() -> None:
    tally = Agreement()
    sound = np.array([1.0, np.nan], np.float32)
    device: dict[str, np.ndarray] = {"boxes": sound, "count": np.array([258], np.int16)}
    assert tally.add(0, device, {name: array.copy() for name, array in device.items()})
    assert not tally.add(1, device, device | {"count": np.array([514], np.int16)})
    assert tally.first == ByteDifference(1, 1, 1, 2, "count")


def test_floats_of_another_c_library_may_lie_some_ulps_apart() -> None:
    one, zero = np.float32(1.0), np.float32(0.0)
    expected = np.array([one, zero, -zero, np.nan], np.float32)
    near = np.array([np.nextafter(one, zero), -zero, -np.float32(1e-45), np.nan], np.float32)
    close, exact = Agreement(1), Agreement()
    assert close.add(0, {"scores": near}, {"scores": expected})
    assert close.results() == {"agreement": 1.0, "equal": 1, "ulps": 1}
    assert not exact.add(0, {"scores": near}, {"scores": expected})
    far = near.copy()
    far[0] = np.nextafter(near[0], zero)
    assert not close.add(1, {"scores": far}, {"scores": expected})
    assert close.first == ByteDifference(1, 0, -2, 0, "scores")
    count = {"count": np.array([2], np.int32)}
    assert not Agreement(8).add(0, count, {"count": np.array([3], np.int32)})


def test_ties_go_to_the_lower_class_as_on_the_device() -> None:
    classes = output("scores", 3, Quant((1 / 256,), (-128,)))
    judge = Judge(TASKS["classification"], [classes], ("a", "b", "c"))
    judge.add(scores(4, 4, 1), scores(4, 4, 1), 0)
    assert judge.results()["accuracy_device"] == 1.0


def test_numbers_are_judged_in_their_own_units() -> None:
    """Codes 10 and -10 at a scale of 0.5 and zero point 0: 5 and -5."""
    judge = Judge(TASKS["regression"], [output("scores", 1, Quant((0.5,), (0,)))])
    assert judge.add(scores(10), scores(10), np.array([6.0])) == [5.0]
    judge.add(scores(-10), scores(-12), np.array([-6.0]))
    found = judge.results()
    assert found["mae_device"] == 1.0
    assert found["mae_host"] == 0.5
    assert found["r2_device"] == pytest.approx(1 - 2 / 72)
    assert judge.confusion() is None


def test_nothing_compared_is_no_figure() -> None:
    tally = Agreement()
    assert tally.results() == {}
    tally.gate("tflm")


def test_the_clearest_mistakes_come_first_with_their_pictures() -> None:
    classes = output("scores", 2, Quant((1 / 256,), (-128,)))
    judge = Judge(TASKS["classification"], [classes], ("a", "b"))
    for row, right in (((9, 1), 0), ((1, 9), 0), ((1, 99), 0), ((50, 2), 1)):
        judge.add(scores(*row), scores(*row), right)
    assert [mistake.position for mistake in judge.mistakes(2)] == [2, 3]
    assert judge.mistakes(1)[0].margin == pytest.approx(98 / 256)
    pictures = np.zeros((4, 200, 100, 3), np.uint8)
    pictures[2, ..., 0] = 255
    split = subject.TestSplit(
        pictures, np.zeros(4, np.int64), ("a", "b"), FeatureSpec.image(200, 100, 3)
    )
    worst = worst_pictures(judge, Samples([], np.arange(10, 14), split))
    assert worst is not None
    assert [row["number"] for row in worst["mistakes"]] == [12, 13, 11]
    first = Image.open(io.BytesIO(base64.b64decode(worst["mistakes"][0]["png"])))
    assert first.size == (48, 96)
    assert first.getpixel((3, 3)) == (255, 0, 0)
    sound = replace(split, spec=FeatureSpec("table", (1,), "float32"))
    assert worst_pictures(judge, Samples([], np.arange(4), sound)) is None

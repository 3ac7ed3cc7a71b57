"""tools/bench_engines: what is changed for a peer, the gate, the document; one program in QEMU."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tests.networks import network
from tests.ops.cases import CASES
from tinyssl import compiler
from tinyssl.compiler.describe import describe_calls
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.model import Model
from tinyssl.graph.passes import drop_idle_reshapes
from tinyssl.ops.average_pool_2d import AveragePool2D
from tinyssl.ops.conv_2d import Conv2D
from tinyssl.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyssl.ops.fully_connected import FullyConnected
from tinyssl.ops.mean import Mean
from tinyssl.ops.pad import Pad
from tinyssl.ops.softmax import Softmax
from tinyssl.targets.boards import find_board
from tools.bench_engines import bakenn, baseline, engines, stack
from tools.bench_engines.document import document
from tools.bench_engines.image import figures
from tools.bench_engines.measure import live_bytes, oracle
from tools.bench_engines.plot import step_plot

M7 = "mps2_an500"


def test_asymmetric_paddings_become_operators_and_nothing_changes() -> None:
    model = network()
    changed, count = bakenn.explicit_pads(model)
    assert count == 2
    assert sum(isinstance(op, Pad) for op in changed.ops) == 2
    for op in changed.ops:
        if isinstance(op, Conv2D | DepthwiseConv2D):
            assert (op.padding.top, op.padding.left) == (op.padding.bottom, op.padding.right)
    before, after = write_model(model), write_model(changed)
    assert oracle(after) == oracle(before)


def test_model_that_bakenn_takes_has_the_same_weights_and_biases() -> None:
    """MEAN and FULLY_CONNECTED as pooling and convolution of the input's scale."""
    model = drop_idle_reshapes(network())
    changed, notes = bakenn.accepted(write_model(model), "network")
    kinds = {op.kind for op in changed.ops}
    assert not {Mean.kind, Softmax.kind} & kinds
    assert AveragePool2D.kind in kinds
    assert notes == ["without SOFTMAX", "MEAN as AVERAGE_POOL_2D of the same scale"]
    assert changed.quant(changed.outputs[0]) == model.quant(model.ops[-1].inputs[0])
    before, after = (
        next(op for op in m.ops if type(op) is FullyConnected) for m in (model, changed)
    )
    assert changed.tensor(after.weight).data == model.tensor(before.weight).data
    assert changed.quant(after.weight) == model.quant(before.weight)
    assert before.bias is not None
    assert after.bias is not None
    real = dequantised(model, before.bias)
    step = changed.quant(after.bias).scale[0]
    np.testing.assert_allclose(dequantised(changed, after.bias), real, atol=step)


def dequantised(model: Model, index: int) -> np.ndarray:
    return model.tensor(index).array().astype(np.float64) * model.quant(index).scale[0]


def entry(instructions=10_000, flash=1000, ram=100, **steps):
    return {"instructions": instructions, "flash": flash, "ram": ram, "steps": steps}


@pytest.mark.parametrize(
    ("after", "texts"),
    [
        (entry(conv=5000), []),
        (entry(10_160, 1010, 101, conv=5100), []),  # a per cent, or four ticks of the timer
        (entry(10_161, conv=5000), ["kws, instructions: 10,000 -> 10,161 (+1.6 %)"]),
        (entry(flash=1011, conv=5000), ["kws, flash: 1,000 -> 1,011 (+1.1 %)"]),
        (entry(ram=102, conv=5000), ["kws, ram: 100 -> 102 (+2.0 %)"]),
        (entry(conv=5200), ["kws, conv: 5,000 -> 5,200 (+4.0 %)"]),
        (entry(pool=9000), []),  # other steps: only the whole can be compared
        (entry(9000, conv=5000), ["kws, instructions: 10,000 -> 9,000 (-10.0 %)"]),
    ],
)
def test_gate_names_model_layer_and_numbers(after, texts):
    found = baseline.changes("kws", entry(conv=5000), after)
    assert [change.text() for change in found] == texts
    assert all(change.worse == ("+" in change.text()) for change in found)


def test_committed_baseline_covers_the_models_of_the_gate() -> None:
    import json

    known = json.loads(baseline.FILE.read_text())
    names = {f"{s.name} on {board}" for s in baseline.subjects() for board in baseline.BOARDS}
    assert set(known) == names


def row(engine, instructions, **more):
    stamp = {"commit": "abc", "date": "2026-11-21", "machine": "m", "note": "", "equal": True}
    figures = {"instructions": instructions, "flash": 200, "code": 40, "ram": 100, "stack": 60}
    return {"model": "kws", "board": M7, "engine": engine} | figures | stamp | more


def test_document_holds_ratios_refusals_and_steps() -> None:
    content = {
        "models": [{"name": "kws", "macs": 100, "bytes": 5, "sha256": "0" * 64, "origin": "o"}],
        "rows": [
            row("aot", 300),
            row("tflm", 600, equal=False, note="smallest arena"),
            {"model": "kws", "board": M7, "engine": "bakenn", "refused": "no SOFTMAX"},
        ],
        "layers": {
            M7: {
                "kws": [
                    {"text": "ADD", "shape": "1x2 -> 1x2", "macs": 0, "instructions": 40,
                     "reference": 80, "ram": 16},
                ]
            }
        },
    }  # fmt: skip
    text = document(content, {"kws": "images/kws.svg"})
    assert "| kws | aot | 300 | 3.00 | 200 | 40 | 100 | 60 | 0.50, 1.00, 1.00 | yes |" in text
    assert "| kws | 0.500 (0.45, **missed**) | 1.000 (0.60, **missed**) |" in text
    assert "| **no** |" in text
    assert "- `bakenn`, kws: no SOFTMAX" in text
    assert "- `tflm`: smallest arena; commit abc, 2026-11-21, m (kws)" in text
    assert "| ADD | 1x2 -> 1x2 | 0 | 40 | – | 80 | 0.50 | 16 |" in text


def test_plot_is_an_svg_whose_curve_ends_at_the_right() -> None:
    root = ET.fromstring(step_plot("RAM <of> kws", {"aot": [(1000, 500), (3000, 2000)]}))
    paths = [node.get("d", "") for node in root.iter("{http://www.w3.org/2000/svg}path")]
    assert paths[-1] == "M72 252V199.0H260.0V40.0H824.0V252Z"


def test_places_that_overlap_count_once() -> None:
    program = compiler.compile(read_model(CASES["add"](), "add"), find_board("host").tinyssl.isa)
    last = program.calls[-1]
    assert live_bytes(program.plan, last.first, last.last) <= program.arena_bytes
    assert live_bytes(program.plan, 0, len(program.graph.ops) - 1) <= program.arena_bytes


LISTING = """\
00000000 <main>:
   0:\tpush\t{r4, r5, lr}
   2:\tsub\tsp, #20
   4:\tbl\t10 <leaf>
   8:\tblx\tr3
00000010 <leaf>:
  10:\tvpush\t{d8-d9}
  14:\tstr.w\tr0, [sp, #-4]!
  18:\tb.n\t10 <leaf>
00000020 <hook>:
  20:\tstmdb\tsp!, {r4-r11, lr}
"""


def test_bound_of_the_stack_follows_calls_and_pointers() -> None:
    functions = stack.parse(LISTING)
    assert {name: f.frame for name, f in functions.items()} == {"main": 32, "leaf": 20, "hook": 36}
    assert stack.bound(functions, {}, "main") == 32 + 36
    assert stack.bound(functions, {"leaf": 100}, "main") == 32 + 100
    functions["hook"].calls.add("main")
    with pytest.raises(ValueError, match="main calls itself through main -> hook"):
        stack.bound(functions, {}, "main")


def test_frame_of_unknown_size_is_refused(tmp_path):
    (tmp_path / "a.su").write_text("a.c:3:5:f\t16\tstatic\n")
    assert stack.usage(tmp_path.glob("*.su")) == {"f": 16}
    (tmp_path / "b.su").write_text("b.c:9:5:g\t16\tdynamic\n")
    with pytest.raises(ValueError, match="9:5:g: its frame is dynamic"):
        stack.usage(tmp_path.glob("*.su"))


@pytest.mark.emulator
def test_the_bare_program_counts_and_gives_tflms_bytes() -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    data, board = write_model(network()), find_board(M7)
    found = figures(engines.aot(data, "network", board), board)
    assert list(found.output) == oracle(data)
    program = compiler.compile(read_model(data, "network"), board.tinyssl.isa)
    assert (
        len(found.operators)
        == len(program.calls)
        == len(describe_calls(program.graph, program.calls))
    )
    assert abs(sum(found.operators) - found.instructions) < 0.1 * found.instructions
    assert program.arena_bytes <= found.ram < program.arena_bytes + 64
    assert 0 < found.stack <= found.stack_bound < 1024
    assert 0 < found.code < found.flash

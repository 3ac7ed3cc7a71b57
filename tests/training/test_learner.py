"""`--train`: what learns of a quantised model, its file, its gradients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinyssl import compiler
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import Mismatch, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_file, read_model
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import DType, ValueKind
from tinyssl.graph.passes.float_tail import learning_layers
from tinyssl.graph.training import Loss
from tinyssl.ops.common.new_classes import FREE
from tinyssl.ops.training.layer_update import LayerUpdate
from tinyssl.project.learner import Learner, learner_of, parse_learning
from tinyssl.project.learner_file import write_learner
from tinyssl.project.learning import float_twin, suited_rate, with_training
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.verify import quantised_training as int8_check
from tinyssl.verify import training as check

WHAT = {
    "head": 2,
    "head:5": 2,
    "head:new": 2,
    "head:new:2": 2,
    "head:own:2": 2,
    "last:2": 4,
    "bias": None,
    "all": None,
}
"""What learns -> named parameters beside the learning rate; None: as many as there are layers"""


@pytest.mark.parametrize("what", WHAT)
def test_gradients_of_a_quantised_models_end(what: str, tiny_tflite: Path, tmp_path: Path) -> None:
    path = write_learner(tiny_tflite, what, Workspace(tmp_path))
    graph = read_model(read_file(path))
    learner = Learner(what, Loss.CROSS_ENTROPY, None)
    model = with_training(graph, learner)
    names = [v.name for v in named_values(model) if v.kind is ValueKind.PARAMETER]
    assert len(names) - 1 == (WHAT[what] or len(names) - 1)
    assert all(name.endswith("/bias") for name in names[:-1]) == (what == "bias")
    inputs = make_inputs(graph, 3, 0)
    found = check.check_training(model, inputs, Silent())
    assert found.steps >= 1
    assert found.worst < check.TOLERANCE
    assert 0 < suited_rate(model, learner.loss, inputs, Silent()) < 10


def test_local_layers_are_the_last_ones(tiny_tflite: Path, tmp_path: Path) -> None:
    path = write_learner(tiny_tflite, "last:2", Workspace(tmp_path))
    graph = read_model(read_file(path))
    model = with_training(graph, Learner("last:2", Loss.CROSS_ENTROPY, None, local_layers=1))
    names = [v.name for v in named_values(model) if v.kind is ValueKind.PARAMETER]
    assert names[-2:] == ["learning_rate", "local_rate"]
    updates = [op for op in model.ops if isinstance(op, LayerUpdate)]
    assert [model.tensor(op.rate).name for op in updates] == ["local_rate", "learning_rate"]
    with pytest.raises(UsageError, match="no layer that learns is left"):
        with_training(graph, Learner("head", Loss.CROSS_ENTROPY, None, local_layers=1))


def test_the_head_has_the_real_values_of_the_int8_one(tiny_tflite: Path, tmp_path: Path) -> None:
    before = read_model(read_file(tiny_tflite))
    path = write_learner(tiny_tflite, "head:4", Workspace(tmp_path))
    after = read_model(read_file(path))
    heads = [graph.ops[learning_layers(graph)[-1]] for graph in (before, after)]
    weights = [graph.tensor(op.inputs[1]) for graph, op in zip((before, after), heads, strict=True)]
    quant = weights[0].quant
    assert quant is not None
    scale = np.array(quant.scale, np.float64).reshape(-1, 1)
    real = (weights[0].array().astype(np.float64) * scale).astype(np.float32)
    np.testing.assert_array_equal(weights[1].array()[:3], real)
    np.testing.assert_array_equal(weights[1].array()[3], 0)
    assert after.tensor(heads[1].inputs[2]).array()[3] == np.float32(FREE)
    assert (after.output.dtype, after.output.shape) == (DType.FLOAT32, (1, 4))


def test_a_layer_for_new_classes_leaves_the_old_scores_alone(
    tiny_tflite: Path, tmp_path: Path
) -> None:
    """Bit for bit, whatever it learns; the old layer stays INT8."""
    graph = read_model(read_file(write_learner(tiny_tflite, "head:new:2", Workspace(tmp_path))))
    layers = [graph.ops[at] for at in learning_layers(graph)]
    assert [graph.tensor(op.inputs[1]).dtype for op in layers[-2:]] == [DType.INT8, DType.FLOAT32]
    feeds = make_inputs(graph, 4, 0)
    model = with_training(graph, Learner("head:new:2", Loss.CROSS_ENTROPY, 0.1))
    original = read_model(read_file(tiny_tflite))
    with HostModel(compiler.compile(model)) as host, HostModel(compiler.compile(original)) as old:
        before = [next(iter(host.run(x).values()))[0] for x in feeds]
        for each in before:
            np.testing.assert_array_equal(each[3:], 0)
        known = [next(iter(old.run(x).values()))[0].argmax() for x in feeds]
        assert known == [each.argmax() for each in before]
        for label in (3, 4, 4):
            assert host.train(feeds[label - 3], {"target": np.array([label], np.int32)})
        after = [next(iter(host.run(x).values()))[0] for x in feeds]
        assert all(each[3:].min() > 0 for each in after)
        for a, b in zip(before, after, strict=True):  # softmax of the same scores, and two more
            np.testing.assert_allclose(a[:3] / a[:3].sum(), b[:3] / b[:3].sum(), rtol=1e-5)


def test_a_head_of_your_own_knows_nothing_of_the_models_classes(
    tiny_tflite: Path, tmp_path: Path
) -> None:
    graph = read_model(read_file(write_learner(tiny_tflite, "head:own:2", Workspace(tmp_path))))
    assert graph.output.shape == (1, 2)
    weight, bias = (graph.tensor(at) for at in graph.ops[learning_layers(graph)[-1]].inputs[1:])
    np.testing.assert_array_equal(weight.array(), 0)
    np.testing.assert_array_equal(bias.array(), np.float32(FREE))
    inputs = make_inputs(graph, 2, 0)
    learner = Learner("head:own:2", Loss.CROSS_ENTROPY, None)
    rate = suited_rate(with_training(graph, learner), learner.loss, inputs, Silent())
    model = with_training(graph, replace(learner, learning_rate=rate))
    extremes = np.array([[-128] * 3, [127, -128, -128]], np.int8)
    feeds = [{graph.input.name: np.full(graph.input.shape, each, np.int8)} for each in extremes]
    with HostModel(compiler.compile(model)) as host:
        for label in (0, 1) * 100:
            assert host.train(feeds[label], {"target": np.array([label], np.int32)})
        answers = [next(iter(host.run(x).values()))[0].argmax() for x in feeds]
    assert answers == [0, 1]


def test_a_wrong_backward_pass_is_stopped(
    tiny_tflite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a kernel that goes up instead of down."""
    path = write_learner(tiny_tflite, "head", Workspace(tmp_path))
    graph = read_model(read_file(path))
    model = with_training(graph, Learner("head", Loss.CROSS_ENTROPY, None))

    class Wrong(HostModel):
        def train(self, feeds, targets):
            before = self.snapshot()
            found = super().train(feeds, targets)
            after = self.snapshot()
            name = "head/weight"
            self.restore(after | {name: 2 * before[name] - after[name]})
            return found

    monkeypatch.setattr(check, "HostModel", Wrong)
    with pytest.raises(Mismatch, match="should lower the loss"):
        check.check_training(model, make_inputs(graph, 2, 0), Silent())


def test_a_number_is_learnt_by_squared_error(tiny_tflite: Path, tmp_path: Path) -> None:
    path = write_learner(tiny_tflite, "head", Workspace(tmp_path))
    graph = read_model(read_file(path))
    model = with_training(graph, Learner("head", Loss.SQUARED_ERROR, 0.01, error_clip=1.0))
    feeds = make_inputs(graph, 1, 0)[0]
    with HostModel(compiler.compile(model)) as host:
        (target,) = host.targets
        assert target.dtype is DType.FLOAT32
        wanted = np.full(target.shape, 0.25, np.float32)
        losses = []
        for _ in range(20):
            assert host.train(feeds, {target.name: wanted})
            losses.append(float(host.snapshot()["loss"][0]))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("text", ["", "heads", "last:", "last:0", "head:x", "ALL"])
def test_other_words_name_nothing(text: str, tiny_tflite: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--train"):
        write_learner(tiny_tflite, text, Workspace(tmp_path))


def test_a_learner_keeps_what_the_options_say(tiny_tflite: Path) -> None:
    graph = read_model(read_file(tiny_tflite))
    assert learner_of(BuildConfig(), graph) is None
    config = BuildConfig(train="last:2", momentum=0.5, gradient_clip=1.5)
    found = learner_of(config, graph)
    assert found is not None
    assert Learner.from_record(found.as_record()) == found
    assert (found.loss, found.sgd.momentum, found.sgd.clip) == (Loss.CROSS_ENTROPY, 0.5, 1.5)
    assert parse_learning("last:2").layers == 2
    assert (parse_learning("head:own").classes, parse_learning("head:own:3").classes) == (8, 3)
    assert (parse_learning("head:new").new, parse_learning("head:new:3").new) == (8, 3)
    with pytest.raises(UsageError, match="adds classes, and --loss squared-error is of numbers"):
        learner_of(BuildConfig(train="head:9", loss="squared-error"), graph)
    with pytest.raises(UsageError, match="needs the engine aot"):
        learner_of(BuildConfig(train="head", engine="tflm"), graph)


@pytest.mark.parametrize("what", ["head", "last:2", "bias", "all"])
def test_steps_in_int8_are_those_in_float32(what: str, tiny_tflite: Path, tmp_path: Path) -> None:
    path = write_learner(tiny_tflite, what, Workspace(tmp_path), "int8")
    graph, before = read_model(read_file(path)), read_model(read_file(tiny_tflite))
    assert [op.kind for op in graph.ops] == [op.kind for op in before.ops]
    learner = Learner(what, Loss.CROSS_ENTROPY, 0.1, weights="int8")
    model = with_training(graph, learner)
    twin = with_training(float_twin(graph, learner), replace(learner, weights="float32"))
    found = int8_check.check_quantised_training(model, twin, make_inputs(graph, 3, 0), Silent())
    assert found.worst[1] > 0.9
    assert all(0.8 < np.median(each) < 1.25 for each in found.lengths.values())
    kinds = {v.name: v.dtype for v in named_values(model) if "/" in v.name}
    assert {*kinds.values()} == ({DType.INT32} if what == "bias" else {DType.INT8, DType.INT32})


def test_a_wrong_step_in_int8_is_stopped(
    tiny_tflite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a kernel that goes up instead of down."""
    path = write_learner(tiny_tflite, "head", Workspace(tmp_path), "int8")
    graph = read_model(read_file(path))
    learner = Learner("head", Loss.CROSS_ENTROPY, 0.1, weights="int8")
    twin = with_training(float_twin(graph, learner), replace(learner, weights="float32"))

    class Wrong(HostModel):
        def train(self, feeds, targets):
            before = self.snapshot()["head/weight"]
            found = super().train(feeds, targets)
            if before.dtype == np.int8:
                after = self.snapshot()["head/weight"].astype(int)
                back = np.clip(2 * before.astype(int) - after, -127, 127).astype(np.int8)
                self.assign({"head/weight": back})
            return found

    monkeypatch.setattr(int8_check, "HostModel", Wrong)
    model = with_training(graph, learner)
    with pytest.raises(Mismatch, match="points elsewhere"):
        int8_check.check_quantised_training(model, twin, make_inputs(graph, 3, 0), Silent())


def test_what_int8_refuses(tiny_tflite: Path, tmp_path: Path) -> None:
    for what in ("head:5", "head:new"):
        with pytest.raises(UsageError, match="do not grow"):
            write_learner(tiny_tflite, what, Workspace(tmp_path), "int8")
    floats = write_learner(tiny_tflite, "head", Workspace(tmp_path))
    with pytest.raises(UsageError, match="is no INT8 layer"):
        write_learner(floats, "head", Workspace(tmp_path), "int8")

"""`--train` by names, and `--train-ram`: scores, the search, and what a build gets of it."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.training.networks import classifier
from tinyssl import compiler
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import BudgetExceeded, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_file, read_model, write_model
from tinyssl.graph.interface import named_values
from tinyssl.graph.model import ValueKind
from tinyssl.graph.training import LOSS, RATE, TARGET, Loss
from tinyssl.project.contribution import contributions
from tinyssl.project.learner import Learner
from tinyssl.project.learner_file import canonical_names, write_learner
from tinyssl.project.learning import with_training
from tinyssl.project.learnt_tensors import learnt_tensors
from tinyssl.project.selection import Candidates, parse_bytes, select
from tinyssl.runtimes.host import HostModel
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.stages.train_ram import _Choosing, _kept, _sizes, selected
from tinyssl.targets.kernels import PORTABLE
from tinyssl.verify.subject import find_subject


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .tflite of four layers with weights, float32."""
    path = tmp_path_factory.mktemp("model") / "network.tflite"
    path.write_bytes(write_model(classifier().model()))
    return path


def parameters(path: Path, what: str, folder: Path) -> list[str]:
    """Names of what learns in a build of a model."""
    names = canonical_names(path, what)
    graph = read_model(read_file(write_learner(path, names, Workspace(folder))))
    model = with_training(graph, Learner(names, Loss.CROSS_ENTROPY, None))
    return [v.name for v in named_values(model) if v.kind is ValueKind.PARAMETER][:-1]


def test_weights_and_biases_learn_by_name(network: Path, tmp_path: Path) -> None:
    layers = len(parameters(network, "all", tmp_path)) // 2
    last = f"layer{layers}"
    find = partial(parameters, network, folder=tmp_path)
    assert find("head/*") == ["head/weight", "head/bias"]
    assert find(f"{last}/bias, layer2/weight") == ["layer2/weight", f"{last}/bias"]
    assert find("*/bias") == [f"layer{n}/bias" for n in range(1, layers + 1)]
    third = learnt_tensors(read_model(read_file(network)))[2]
    assert find(f"{third.names[1]},head/bias") == ["layer2/weight", "layer4/bias"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("layer2/wieght", "no weight or bias has this name", "did you mean layer2/weight"),
        ("heads", "no weight or bias has this name", "did you mean head"),
        ("x?y", "no weight or bias has this name", "layer1/weight to layer"),
        ("head/bias,,all", "a name is missing", "say head"),
        ("input", "#0 PAD reads it, but it is no weight", "`*/bias` names all"),
    ],
)
def test_an_unknown_name_suggests_others(text: str, message: str, hint: str, network: Path) -> None:
    with pytest.raises(UsageError, match="--train") as found:
        canonical_names(network, text)
    assert message in found.value.message
    assert hint in (found.value.hint or "")


@pytest.fixture(scope="module")
def search(network: Path) -> _Choosing:
    model = read_model(read_file(network), "network")
    return _Choosing(model, Learner("all", Loss.CROSS_ENTROPY, None), PORTABLE)


def test_a_score_is_the_fall_of_the_loss(search: _Choosing) -> None:
    """Of a small step along the gradient of the even samples, in the loss of the odd ones."""
    graph = search.graph(["all"], search.learner)
    random = np.random.default_rng(2)
    inputs = make_inputs(graph, 12, 0)[:12]
    targets = [{TARGET: np.array([random.integers(5)], np.int32)} for _ in inputs]
    scores = contributions(graph, inputs, targets, Silent())
    step = np.float32(1e-3)
    with HostModel(compiler.compile(graph)) as host:
        first = host.snapshot() | {RATE: np.ones(1, np.float32)}
        gradient = {name: np.zeros_like(first[name]) for name in scores}
        for feeds, target in zip(inputs[::2], targets[::2], strict=True):
            host.restore(first)
            host.train(feeds, target)
            after = host.snapshot()
            gradient = {name: gradient[name] + (first[name] - after[name]) / 6 for name in scores}

        def loss(values: dict[str, np.ndarray]) -> float:
            host.restore(values | {RATE: np.zeros(1, np.float32)})
            found = []
            for feeds, target in zip(inputs[1::2], targets[1::2], strict=True):
                host.train(feeds, target)
                found.append(float(host.snapshot()[LOSS][0]))
            return float(np.mean(found))

        for name, score in scores.items():
            ends = [first[name] + sign * step * gradient[name] for sign in (1, -1)]
            fall = loss(first | {name: ends[0]}) - loss(first | {name: ends[1]})
            assert fall == pytest.approx(2 * step * score, rel=0.05, abs=2e-6), name


def test_the_best_set_that_fits_is_found(search: _Choosing) -> None:
    """Against all sets of the last layers, each planned."""
    names = [f"layer{n}/{role}" for n in (2, 3, 4) for role in ("weight", "bias")]
    graph = search.graph(names, search.learner)
    scores = dict(zip(names, (0.5, 0.2, 3.0, 0.1, 2.0, 0.3), strict=True))
    candidates = Candidates(scores, _sizes(graph), _kept(graph))
    extra = partial(search.extra, compiler.compile(search.model, PORTABLE).arena_bytes)
    sets = [each for n in range(1, len(names) + 1) for each in combinations(names, n)]
    taken = {each: extra(each) for each in sets}
    budgets = sorted({*taken.values()})
    for budget in budgets[:: max(len(budgets) // 5, 1)]:
        best = max(candidates.gain(each) for each in sets if taken[each] <= budget)
        found, ram = select(candidates, budget, extra)
        assert ram == extra(found) <= budget
        assert candidates.gain(found) >= 0.9 * best
    with pytest.raises(BudgetExceeded, match="--train-ram"):
        select(candidates, min(taken.values()) - 1, extra)


def test_bytes() -> None:
    assert [parse_bytes(text) for text in ("100", "64K", "64k", "1M")] == [100, 65536, 65536, 2**20]


def test_a_build_chooses_within_its_budget(network: Path, tmp_path: Path) -> None:
    graph = read_model(read_file(network))
    (value,) = [v for v in named_values(graph) if v.kind is ValueKind.INPUT]
    rows = [feeds[value.name] for feeds in make_inputs(graph, 16, 1)]
    path = tmp_path / "samples.npz"
    labels = np.arange(16) % graph.output.elements
    names = np.array([f"class {n}" for n in range(graph.output.elements)])
    np.savez(path, inputs=np.concatenate(rows), labels=labels, class_names=names)
    config = BuildConfig(train="last:3", train_ram="2K", data=path)
    subject = find_subject(network, Workspace(tmp_path))
    found = selected(config, subject, PORTABLE, Silent())
    assert found.ram <= found.budget == 2048
    assert found.samples == 16
    assert found.what
    assert 0 < found.share <= 1
    with pytest.raises(UsageError, match="has no answers"):
        selected(BuildConfig(train_ram="2K", train="all"), subject, PORTABLE, Silent())
    with pytest.raises(UsageError, match="adds classes"):
        selected(BuildConfig(train_ram="2K", train="head:9"), subject, PORTABLE, Silent())

"""The task `anomaly`: synthetic machines, MLPerf Tiny's autoencoder, and a machine that changes."""

from __future__ import annotations

import numpy as np
import pytest

from tinyssl import compiler
from tinyssl.data.machines import FAULTS, NORMAL, SHIFTED, features, make_clips, make_sound
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.training import Loss, Training, add_training
from tinyssl.runtimes.host import HostModel
from tools.learning_table import autoencoder
from tools.learning_table.tasks import anomaly

CLIPS = 60


def test_sounds_are_made_from_a_seed() -> None:
    first, again, other = (make_clips(NORMAL, 2, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (2, 6, 640)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_heard(fault: str) -> None:
    """The same clip, but for the fault."""
    works, fails = (make_sound(NORMAL, np.random.default_rng(3), each) for each in (None, fault))
    found = features(np.stack([works, fails]))
    assert np.abs(found[1] - found[0]).max() > 0.5


def test_an_autoencoder_learns_a_changed_machine() -> None:
    """In float32 on this computer; the tool does it with an INT8 front, on a board."""
    rows = anomaly.rows_of(NORMAL, CLIPS, 1)
    assert rows.shape == (6 * CLIPS, 640)
    layers = autoencoder.trained(rows, seed=0, epochs=12)
    known, changed = anomaly.heard(NORMAL, 12, 2), anomaly.heard(SHIFTED, 12, 4)
    stack = read_model(write_model(autoencoder.as_model(layers)))
    head = tuple(stack.ops[-1].inputs[1:])
    training = Training(head, Loss.SQUARED_ERROR, 0.3, autoencoder=True)
    adapting = anomaly.rows_of(SHIFTED, CLIPS, 6)
    with HostModel(compiler.compile(add_training(stack, training))) as host:
        player = anomaly.Played(host.inputs[0], host.run)
        real = autoencoder.errors(layers, changed.works)
        np.testing.assert_allclose(player.errors(changed.works), real, rtol=1e-3)
        before, lost = known.area(player.errors), changed.area(player.errors)
        for row in adapting:
            assert host.train(player.feeds(row), {})
        regained = changed.area(player.errors)
        closer = player.errors(changed.works)
    assert before > 0.8 > lost
    assert regained > lost
    assert closer.mean() < 0.8 * real.mean()
    learnt = autoencoder.adapted(layers, adapting, 0.3)
    in_float = changed.area(lambda each: autoencoder.errors(learnt, each))
    assert regained == pytest.approx(in_float, abs=0.02)

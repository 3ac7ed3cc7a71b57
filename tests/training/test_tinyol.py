"""TinyOL's acceptance checks: the last layer's step, frozen weights, RAM by the formula."""

from __future__ import annotations

import numpy as np

from tests.training.networks import sine
from tests.training.reference import Reference
from tests.training.test_steps import sines
from tinyssl.compiler import compile
from tinyssl.graph.model import ValueKind
from tinyssl.graph.training import Loss, Training, add_training, learnt_elements

WEIGHTS, ACTIVATIONS = 4612, 528
"""Bytes of a client for 1-32-32-1, updated in place layer by layer"""


def test_a_step_needs_no_more_ram_than_the_formula() -> None:
    """And inputs, output, target, loss and learning rate are among them."""
    model = sine().trained(Loss.SQUARED_ERROR, 0.02, error_clip=5)
    assert 4 * learnt_elements(model) == WEIGHTS
    assert compile(model).arena_bytes <= WEIGHTS + ACTIVATIONS


def test_the_last_layer_takes_sgds_steps_and_the_others_none() -> None:
    """Full-batch SGD with a batch of one sample, bit for bit in float64."""
    plain = sine().model()
    names = {value.name: index for index, value in enumerate(plain.tensors)}
    model = add_training(
        plain, Training((names["w4"], names["b4"]), Loss.SQUARED_ERROR, rate=0.015625)
    )
    learnt = [model.tensor(index).name for index in model.of_kind(ValueKind.PARAMETER)]
    assert learnt == ["w4", "b4", "learning_rate"]
    reference = Reference(model, np.float64)
    weight, bias = (reference.values[names[name]].copy() for name in ("w4", "b4"))
    frozen = {name: reference.values[names[name]].copy() for name in ("w0", "b0", "w2", "b2")}
    for x, target in sines(200):
        reference.train(x, target)
        features = reference.values[names["y3"]].reshape(1, -1)
        prediction = reference.values[names["y4"]].reshape(-1)
        error = 2 * (prediction - target.reshape(-1).astype(np.float64))
        weight -= 0.015625 * (error[:, None] * features).reshape(weight.shape)
        bias -= 0.015625 * error.reshape(bias.shape)
        np.testing.assert_array_equal(reference.values[names["w4"]], weight)
        np.testing.assert_array_equal(reference.values[names["b4"]], bias)
    for name, values in frozen.items():
        np.testing.assert_array_equal(reference.values[names[name]], values)

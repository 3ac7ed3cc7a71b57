"""The converted backbone against the 378 KB that TinySSL's paper gives for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinyssl.convert import canonicalise
from tinyssl.convert.quantise import quantise
from tinyssl.convert.ranges import activation_ranges
from tinyssl.convert.trace import Classifier, trace
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.model import DType
from tinyssl.learn.backbones import build_backbone

SIZE = 32
PUBLISHED_KB = 378
CHANNELS = 7_040
"""Outputs of all convolutions of the backbone: one bias each"""


@pytest.mark.nightly  # traces and quantises 52 layers
def test_int8_weights_are_within_two_percent_of_the_published_size(tmp_path):
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_035").train()
    backbone(torch.rand(16, 3, SIZE, SIZE))  # batch norms that are not the identity
    classifier = Classifier(backbone.eval(), torch.randn(2, 1280), torch.ones(2), softmax=False)
    images = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    exact = trace(classifier.eval(), (SIZE, SIZE, 3), tmp_path / "log")
    quantised = quantise(exact, activation_ranges(exact, images), tmp_path / "log")
    model = read_model(canonicalise(quantised))
    constants = [tensor for tensor in model.tensors if tensor.data is not None]
    weights = sum(len(t.data or b"") for t in constants if t.dtype is DType.INT8) - 2 * 1280
    biases = sum(len(t.data or b"") for t in constants if t.dtype is DType.INT32) // 4 - 2
    assert weights == 382_048  # 373.1 KiB
    assert biases == CHANNELS
    for blob in (weights, weights + biases):  # without biases, and with one byte each
        assert blob / 1024 == pytest.approx(PUBLISHED_KB, rel=0.02)

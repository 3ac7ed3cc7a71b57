"""What TFLite_Detection_PostProcess refuses, and what stands behind the last detection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ops.operators.detection_postprocess import detections
from tests.ops.oracle import Tflm, prepare, rows_for
from tests.unit.graph.test_verify import with_tensor
from tinyssl.core.errors import ModelError, UnsupportedModel
from tinyssl.frontends.tflite import read_model
from tinyssl.graph.verify import verify
from tinyssl.runtimes.host import HostModel


def test_places_behind_the_last_detection_are_zero() -> None:
    """With fast suppression TFLM leaves there what its memory held."""
    data = detections(nms_score_threshold=3.5, max_detections=9)
    counts = set()
    oracle, graph = Tflm(data), prepare(data)
    with HostModel(graph.program) as ours:
        for row in rows_for(ours.model, 6):
            feeds = {value.name: x for value, x in zip(ours.inputs, row, strict=True)}
            expected, found = oracle.run(row), list(ours.run(feeds).values())
            count = int(expected[3][0])
            counts.add(count)
            assert found[3] == expected[3]
            for theirs, own in zip(expected[:3], found[:3], strict=True):
                np.testing.assert_array_equal(own[0, :count], theirs[0, :count])
                assert not own[0, count:].any()
    assert len(counts) > 1


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "classes": ({"num_classes": 4, "background": 2}, "do not fit"),
    "values": ({"values": 3}, "do not fit"),
    "overlap": ({"nms_iou_threshold": 0.0}, "options"),
    "scale": ({"y_scale": 0.0}, "options"),
    "detections of a class": ({"detections_per_class": -1}, "options"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_contradiction_is_named(name: str) -> None:
    given, message = BROKEN[name]
    with pytest.raises(ModelError, match=message):
        verify(read_model(detections(**given)))


def test_several_classes_for_a_box_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="2 classes for each box"):
        verify(read_model(detections(max_classes_per_detection=2)))


def test_computed_anchors_are_refused() -> None:
    model = with_tensor(read_model(detections()), 6, data=None)
    with pytest.raises((UnsupportedModel, ModelError), match=r"must be a constant|before it is"):
        verify(model)


def test_damaged_options_are_named() -> None:
    with pytest.raises(ModelError, match="options are damaged"):
        read_model(detections(y_scale="many"))

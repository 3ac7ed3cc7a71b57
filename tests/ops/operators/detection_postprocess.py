"""TFLite_Detection_PostProcess: fast and regular suppression, with and without a background."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops.flatfile import Flatfile

KIND = "CUSTOM TFLite_Detection_PostProcess"
OPTIONS = {
    "max_detections": 3,
    "max_classes_per_detection": 1,
    "nms_score_threshold": -100.0,
    "nms_iou_threshold": 0.6,
    "num_classes": 4,
    "y_scale": 10.0,
    "x_scale": 10.0,
    "h_scale": 5.0,
    "w_scale": 5.0,
}


def detections(boxes=12, background=1, values=4, seed=0, **given):
    """Boxes around drawn anchors; a threshold below all scores, so that all places are found."""
    options = OPTIONS | given
    source = np.random.default_rng(seed)
    anchors = np.concatenate(
        [source.uniform(0, 1, (boxes, 2)), source.uniform(0.1, 0.4, (boxes, 2))], 1
    )
    file = Flatfile()
    places = file.activation((1, boxes, values), dtype="float32", name="boxes")
    classes = options["num_classes"] + background
    scores = file.activation((1, boxes, classes), dtype="float32", name="scores")
    most = options["max_detections"]
    shapes = ((1, most, 4), (1, most), (1, most), (1,))
    outputs = [file.activation(shape, dtype="float32", name=f"out{len(shape)}{at}")
               for at, shape in enumerate(shapes)]  # fmt: skip
    inputs = [places, scores, file.constant(anchors.astype(np.float32))]
    file.operator(KIND, inputs, outputs, **options)
    return file.data(inputs=(places, scores), outputs=outputs)


CASES = {
    "detections": detections,
    "detections without background": partial(detections, background=0, num_classes=1),
    "detections of wide boxes": partial(detections, values=6, nms_iou_threshold=0.2),
    "detections by class": partial(detections, use_regular_nms=True, max_detections=7),
    "detections by class, few": partial(
        detections, 9, use_regular_nms=True, max_detections=30, detections_per_class=2
    ),
    "detections by class above a score": partial(
        detections, use_regular_nms=True, nms_score_threshold=2.5, max_detections=9
    ),
}


def _random_detections(seed):
    source = np.random.default_rng(seed)
    return detections(
        int(source.integers(4, 20)),
        int(source.integers(2)),
        seed=seed,
        use_regular_nms=bool(source.integers(2)),
        max_detections=2,
        num_classes=int(source.integers(1, 6)),
        nms_iou_threshold=float(source.uniform(0.5, 1)),
    )


RANDOM = {"detections": _random_detections}

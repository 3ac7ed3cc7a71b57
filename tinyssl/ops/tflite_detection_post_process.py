"""TFLite_Detection_PostProcess: the boxes that an object detector means, the best first."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyssl.graph.check import OpCheck
from tinyssl.graph.model import DType, Model, Op, Operand, Role
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.params import Constants, Fields, float_literal
from tinyssl.ops.common.spec import OpSpec, Shape, TflmNames
from tinyssl.ops.common.tflite import FileOp, Lowering, OperatorContext, TfliteFormat

COORDINATES = 4
PER_CLASS = 100
"""Most detections of a class where the file does not say it"""
SCRATCH = 4 * COORDINATES + 4 + 1
"""Bytes a box: where it lies, its best score, whether it may still be found"""
FLOATS = (DType.FLOAT32,)


@dataclass(frozen=True, kw_only=True)
class Options:
    """As the file has them, but in float32."""

    max_detections: int
    max_classes_per_detection: int
    detections_per_class: int
    use_regular_nms: bool
    """Each class by itself; else each box by its best class"""
    nms_score_threshold: float
    nms_iou_threshold: float
    num_classes: int
    """Without the background"""
    y_scale: float
    x_scale: float
    h_scale: float
    w_scale: float


@dataclass(frozen=True, kw_only=True)
class DetectionPostprocess(Op):
    """Decodes boxes by their anchors, and keeps the best of those that overlap.

    Places of the outputs behind the last detection are 0. So they are in TFLM with regular
    suppression; with fast suppression TFLM leaves there what its memory held. A box whose bottom is
    not below its top ends TFLM's inference with an error; here it overlaps nothing.
    """

    kind: ClassVar[str] = "CUSTOM TFLite_Detection_PostProcess"
    operands: ClassVar[tuple[Operand, ...]] = (
        Operand("boxes", FLOATS),
        Operand("scores", FLOATS),
        Operand("anchors", FLOATS, (Role.CONSTANT,)),
    )
    results: ClassVar[tuple[Operand, ...]] = tuple(
        Operand(name, FLOATS) for name in ("places", "classes", "found", "count")
    )

    boxes: int
    """(1, boxes, 4 or more): y, x of the centre, height, width, by the anchor"""
    scores: int
    """(1, boxes, classes), or one more where the first is the background"""
    anchors: int
    """(boxes, 4)"""
    places: int
    """(1, detections, 4): top, left, bottom, right"""
    classes: int
    found: int
    """Scores"""
    count: int
    options: Options


def _shapes(model: Model, op: DetectionPostprocess) -> tuple[Shape, ...]:
    """Those of the file where they hold as many elements."""
    most = op.options.max_detections
    expected: tuple[Shape, ...] = ((1, most, COORDINATES), (1, most), (1, most), (1,))
    own = (model.tensor(index).shape for index in op.outputs)
    pairs = zip(own, expected, strict=True)
    return tuple(mine if prod(mine) == prod(shape) else shape for mine, shape in pairs)


def _check_shapes(check: OpCheck[DetectionPostprocess]) -> None:
    op, options = check.op, check.op.options
    boxes, scores, anchors = (check.tensor(index) for index in op.inputs)
    if not anchors.constant or anchors.dtype is not DType.FLOAT32:
        raise check.unsupported(f"{anchors.name} must be a constant of float32")
    background = scores.shape[-1] - options.num_classes
    rows = boxes.shape[1:2]
    sound = len(boxes.shape) == len(scores.shape) == 3 and boxes.shape[0] == scores.shape[0] == 1
    fits = scores.shape[1:2] == rows and anchors.shape == (*rows, COORDINATES)
    if not (sound and fits and boxes.shape[2] >= COORDINATES and background in (0, 1)):
        raise check.violation(
            f"boxes {list(boxes.shape)}, scores {list(scores.shape)} of {options.num_classes} "
            f"classes and anchors {list(anchors.shape)} do not fit"
        )


def _check_options(check: OpCheck[DetectionPostprocess]) -> None:
    options = check.op.options
    counts = (options.max_detections, options.num_classes, options.detections_per_class)
    reals = (options.y_scale, options.x_scale, options.h_scale, options.w_scale)
    finite = all(map(math.isfinite, (*reals, options.nms_score_threshold))) and all(reals)
    if min(counts) < 1 or not finite or not 0 < options.nms_iou_threshold <= 1:
        raise check.violation(f"options {asdict(options)}")
    several = min(options.max_classes_per_detection, options.num_classes)
    if not options.use_regular_nms and several != 1:
        raise check.unsupported(
            f"{several} classes for each box: TensorFlow Lite Micro writes beyond its outputs",
            "export the model with max_classes_per_detection=1, or with use_regular_nms",
        )


def _params(model: Model, op: DetectionPostprocess, constants: Constants) -> Fields:
    """Members of `struct tinyssl_detection_postprocess`."""
    options, (_, boxes, values) = op.options, model.tensor(op.boxes).shape
    return {
        "anchors": constants.tensor("anchors", op.anchors),
        "boxes": boxes,
        "box_values": values,
        "classes": options.num_classes,
        "background": model.tensor(op.scores).shape[2] - options.num_classes,
        "detections": options.max_detections,
        "per_class": options.detections_per_class if options.use_regular_nms else 0,
        "score_min": float_literal(options.nms_score_threshold),
        "overlap_max": float_literal(options.nms_iou_threshold),
        "scale_y": float_literal(options.y_scale),
        "scale_x": float_literal(options.x_scale),
        "scale_h": float_literal(options.h_scale),
        "scale_w": float_literal(options.w_scale),
    }


def _options(op: OperatorContext) -> Options:
    from flatbuffers import flexbuffers

    try:
        found = flexbuffers.GetRoot(op.custom).AsMap
        names = {key.AsKey for key in found.Keys}
        per_class = found["detections_per_class"].AsInt if "detections_per_class" in names else 0
        regular = "use_regular_nms" in names and found["use_regular_nms"].AsBool

        def real(name: str) -> float:
            return float(np.float32(found[name].AsFloat))

        return Options(
            max_detections=found["max_detections"].AsInt,
            max_classes_per_detection=found["max_classes_per_detection"].AsInt,
            detections_per_class=per_class or PER_CLASS,
            use_regular_nms=bool(regular),
            nms_score_threshold=real("nms_score_threshold"),
            nms_iou_threshold=real("nms_iou_threshold"),
            num_classes=found["num_classes"].AsInt,
            y_scale=real("y_scale"),
            x_scale=real("x_scale"),
            h_scale=real("h_scale"),
            w_scale=real("w_scale"),
        )
    except Exception as error:  # damaged options end its code in any way
        raise op.violation(f"its options are damaged: {error}") from error


def _read(op: OperatorContext) -> DetectionPostprocess:
    boxes, scores, anchors = op.inputs
    places, classes, found, count = op.outputs
    return DetectionPostprocess(
        index=op.index,
        boxes=boxes,
        scores=scores,
        anchors=anchors,
        places=places,
        classes=classes,
        found=found,
        count=count,
        options=_options(op),
    )


def _write(op: DetectionPostprocess, _: Lowering) -> FileOp:
    from flatbuffers import flexbuffers

    custom = bytes(flexbuffers.Dumps(asdict(op.options)))
    return FileOp(op.kind, 1, op.inputs, op.outputs, "", {}, custom)


SPEC = OpSpec(
    op=DetectionPostprocess,
    shapes=_shapes,
    checks=(_check_shapes, _check_options),
    words=lambda _, op: [f"{op.options.max_detections} of {op.options.num_classes} classes"],
    kernels=(
        Kernel(
            "detection_postprocess_f32",
            "tinyssl_detection_postprocess",
            ("in_bytes.h", "product_f32.h"),
            make_params=_params,
            scratch=lambda model, op: SCRATCH * model.tensor(op.boxes).shape[1],
            variadic=True,
        ),
    ),
    tflite=TfliteFormat(read=_read, write=_write, inputs=(3, 3), outputs=(4, 4)),
    tflm=TflmNames("AddDetectionPostprocess", "detection_postprocess"),
    ulps=1,
)

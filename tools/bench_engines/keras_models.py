"""Models of TensorFlow's own converter, for families that no public folder has: random weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SEED = 0
SIDE = 64
"""Pixels of the segmented picture, each way"""
MASKS = 4
"""Classes of a pixel"""
CLASSES = 10
CALIBRATION = 32


def segmentation() -> bytes:
    """A U-Net of three levels, int8: transposed convolutions, concatenations, a softmax a pixel."""
    layers = _layers()
    picture = x = layers.Input((SIDE, SIDE, 3), batch_size=1)
    skips = []
    for channels in (16, 32):
        x = _conv(x, channels)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = _conv(x, 64)
    for channels, skip in ((32, skips[1]), (16, skips[0])):
        x = layers.Conv2DTranspose(channels, 2, strides=2, padding="same")(x)
        x = _conv(layers.Concatenate()([x, skip]), channels)
    x = layers.Softmax()(layers.Conv2D(MASKS, 1)(x))
    return _converted(picture, x, int16=False)


def residual_int16() -> bytes:
    """The ResNet of MLPerf Tiny with int16 activations and int8 weights."""
    layers = _layers()
    picture = layers.Input((32, 32, 3), batch_size=1)
    x = _conv(picture, 16)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        inner = _conv(_conv(x, channels, stride), channels, activation=None)
        if stride > 1:
            x = layers.Conv2D(channels, 1, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.Add()([x, inner]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    x = layers.Softmax()(layers.Dense(CLASSES)(x))
    return _converted(picture, x, int16=True)


MAKERS: dict[str, Callable[[], bytes]] = {
    "segmentation": segmentation,
    "residual int16": residual_int16,
}


def _layers() -> Any:
    import keras

    keras.utils.set_random_seed(SEED)
    return keras.layers


def _conv(x: Any, channels: int, stride: int = 1, activation: str | None = "relu") -> Any:
    import keras

    layer = keras.layers.Conv2D
    return layer(channels, 3, strides=stride, padding="same", activation=activation)(x)


def _converted(inputs: Any, outputs: Any, *, int16: bool) -> bytes:
    import keras
    import tensorflow as tf

    model = keras.Model(inputs, outputs)
    ops, kind = tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8
    if int16:
        ops = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        kind = tf.int16
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _pictures(model.input_shape[1:])
    converter.target_spec.supported_ops = [ops]
    converter.inference_input_type = converter.inference_output_type = kind
    # CMSIS-NN has no int16 dense layer with a scale for each channel: TFLM would not start with it.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def _pictures(shape: tuple[int, ...]) -> Iterator[list[Any]]:
    random = np.random.default_rng(SEED)
    for _ in range(CALIBRATION):
        yield [random.random((1, *shape), np.float32)]

"""Keras 3 (.keras, .h5), through TensorFlow's converter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyssl.convert.frameworks.base import FloatInput, Floats, FloatSource, Shape, with_batch_one


class KerasModel(FloatSource):
    """A saved model; Keras runs on TensorFlow here whatever it was made with."""

    packages = ("keras", "tensorflow")

    def __init__(self, model: str, shapes: Sequence[Shape]) -> None:
        import keras

        self.model = keras.models.load_model(model, compile=False)
        given = list(shapes) or [tuple(each.shape) for each in self.model.inputs]
        self.inputs = tuple(
            FloatInput(each.name, with_batch_one(shape, each.name))
            for each, shape in zip(self.model.inputs, given, strict=True)
        )

    def run(self, arrays: Sequence[Floats]) -> list[Floats]:
        found = self.model(list(arrays) if len(arrays) > 1 else arrays[0], training=False)
        results = found if isinstance(found, list | tuple) else [found]
        return [np.asarray(each) for each in results]

    def export(self, samples: Sequence[Sequence[Floats]], folder: Path) -> bytes:
        import tensorflow as tf

        wanted = [tf.TensorSpec(each.shape, tf.float32, each.name) for each in self.inputs]
        signature = [wanted] if len(wanted) > 1 else wanted
        self.model.export(folder, format="tf_saved_model", input_signature=signature)
        return bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert())

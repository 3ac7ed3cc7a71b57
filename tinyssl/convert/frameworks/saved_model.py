"""A SavedModel folder of TensorFlow, by its signature `serving_default` (or the only one)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyssl.convert.frameworks.base import FloatInput, Floats, FloatSource, Shape, with_batch_one
from tinyssl.core.errors import UnsupportedModel


class SavedModel(FloatSource):
    """One signature of the folder."""

    packages = ("tensorflow",)

    def __init__(self, model: str, shapes: Sequence[Shape]) -> None:
        import tensorflow as tf

        self.loaded = tf.saved_model.load(model)
        self.signature = signature_of(self.loaded.signatures)
        specs = self.signature.structured_input_signature[1]
        names = list(specs)
        given = list(shapes) or [tuple(specs[name].shape) for name in names]
        self.inputs = tuple(
            FloatInput(name, with_batch_one(shape, name))
            for name, shape in zip(names, given, strict=True)
        )

    def run(self, arrays: Sequence[Floats]) -> list[Floats]:
        import tensorflow as tf

        feeds = {each.name: tf.constant(x) for each, x in zip(self.inputs, arrays, strict=True)}
        found = self.signature(**feeds)
        return [np.asarray(found[name]) for name in sorted(found)]

    def export(self, samples: Sequence[Sequence[Floats]], folder: Path) -> bytes:
        import tensorflow as tf

        wanted = [tf.TensorSpec(each.shape, tf.float32, each.name) for each in self.inputs]
        names = [each.name for each in self.inputs]

        def call(*arrays: Any) -> list[Any]:
            found = self.signature(**dict(zip(names, arrays, strict=True)))
            return [found[name] for name in sorted(found)]

        functions = [tf.function(call, input_signature=wanted).get_concrete_function()]
        converter = tf.lite.TFLiteConverter.from_concrete_functions(functions, self.loaded)
        converter.experimental_enable_resource_variables = False  # weights become constants
        try:
            return bytes(converter.convert())
        except Exception as error:  # whatever TensorFlow's converter raises
            raise explained(error) from error


def explained(error: Exception) -> Exception:
    """What the converter's error means for the user; where we cannot say it better, itself."""
    if "TensorListReserve" not in str(error):
        return error
    return UnsupportedModel(
        "a loop of the SavedModel collects rows, and its open batch leaves their size open",
        hint="save the model with a batch of 1, in Keras by model.export(folder, "
        "input_signature=[tf.TensorSpec((1, …))]); or convert its .keras file; or make its "
        "recurrent layers with unroll=True",
    )


def signature_of(signatures: Any) -> Any:
    """`serving_default` of a mapping of signatures, or the only one.

    Raises:
        ValueError: There are others.
    """
    names = list(signatures)
    if "serving_default" in names:
        return signatures["serving_default"]
    if len(names) != 1:
        raise ValueError(f"the folder has the signatures {names}; one of them is needed")
    return signatures[names[0]]

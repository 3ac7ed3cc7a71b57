"""A model on a device, behind the same interface as the runtimes of this computer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tinyssl.core.errors import DeviceError
from tinyssl.core.text import percent_decoded, percent_encoded
from tinyssl.device import Identity, Inference, LearningStep, Session
from tinyssl.graph.interface import (
    Feeds,
    Outputs,
    ValueInfo,
    check_feeds,
    chosen_feeds,
    named_values,
    of_kind,
)
from tinyssl.graph.model import STORED, Model, ValueKind
from tinyssl.runtimes.base import Array, Runtime
from tinyssl.runtimes.inputs import to_wire


class DeviceModel(Runtime):
    """The model of a build, on the device that a session talks to.

    Every call may raise `DeviceError` and `DeviceTimeout`.

    Args:
        session: In step with the device.
        model: The model that was built: its names count, and the device's list must be the same.

    Raises:
        DeviceError: The device lists other tensors.
    """

    def __init__(self, session: Session, model: Model) -> None:
        self.session = session
        self._identity = session.identity()
        named = named_values(model)
        listed = session.tensors()
        check_tensors(listed, named, self._identity)
        self.inputs = of_kind(named, ValueKind.INPUT)
        self.outputs = of_kind(named, ValueKind.OUTPUT)
        self.lasting = tuple(value for value in listed if value.kind in STORED)
        """Parameters and states that the device shows; TFLM shows none"""
        self.targets = of_kind(named, ValueKind.TARGET)
        self.ticks = 0
        """Of the last inference"""

    def run(self, feeds: Feeds) -> Outputs:
        if len(self.inputs) > 1:
            self.load(feeds)
            return self.repeat()
        (array,) = check_feeds(self.inputs, feeds)
        return self._outputs(self.session.infer(to_wire(array, self._pixels)))

    def load(self, feeds: Feeds) -> None:
        """Sends the inputs for `repeat` and for `Session.profile`."""
        arrays = check_feeds(self.inputs, feeds)
        if len(arrays) == 1:
            self.session.load(to_wire(arrays[0], self._pixels))
            return
        for value, array in zip(self.inputs, arrays, strict=True):
            self.session.write(value.id, array.tobytes())

    def repeat(self) -> Outputs:
        """One inference on the inputs that were sent last; a device that does not keep them needs
        them again (`Identity.input_kept`).
        """
        return self._outputs(self.session.repeat())

    def train(self, feeds: Feeds, targets: Feeds) -> LearningStep:
        """One inference and one training step.

        Args:
            feeds: Inputs by name.
            targets: The right answers by name.
        """
        self.load(feeds)
        for value, array in zip(self.targets, check_feeds(self.targets, targets), strict=True):
            self.session.write(value.id, array.tobytes())
        return self.session.learn()

    def sample(self, feeds: Feeds, targets: Feeds) -> bytes:
        """A sample as frames hold it, for `Session.learn_batch`, `evaluate` and `keep_samples`."""
        arrays = [*check_feeds(self.inputs, feeds), *check_feeds(self.targets, targets)]
        return b"".join(array.tobytes() for array in arrays)

    @property
    def batch_limit(self) -> int:
        """Samples that one frame may hold; 0: the device has no RAM for one."""
        size = sum(value.bytes for value in (*self.inputs, *self.targets))
        return self._identity.frame_bytes // size

    def reset(self) -> None:
        self.session.reset_state()

    def snapshot(self) -> Outputs:
        """Parameters and states as they are, by name."""
        return self.read(self.lasting)

    def read(self, values: Iterable[ValueInfo]) -> Outputs:
        """Some of the parameters, states and outputs as they are, by name."""
        return {
            value.name: _array(value, self.session.read(value.id, value.bytes)) for value in values
        }

    def restore(self, values: Feeds) -> None:
        """Writes parameters and states that a `snapshot` gave, of this device or of another.

        Raises:
            ValueError: One is missing, unknown, or of another type or size.
        """
        for value, array in zip(self.lasting, check_feeds(self.lasting, values), strict=True):
            self.session.write_lasting(value.id, array.tobytes())

    def assign(self, values: Feeds) -> None:
        """Writes these parameters and states; the others stay as they are.

        Raises:
            ValueError: One is unknown, or of another type or size.
        """
        for value, array in chosen_feeds(self.lasting, values):
            self.session.write_lasting(value.id, array.tobytes())

    @property
    def _pixels(self) -> bool:
        """Whether the first input goes over the wire as pixels."""
        return self._identity.input_is_uint8 and self.inputs[0].dtype.value == "int8"

    def _outputs(self, inference: Inference) -> Outputs:
        self.ticks = inference.ticks
        first, *others = self.outputs
        return {first.name: _array(first, inference.output)} | self.read(others)


def _array(value: ValueInfo, data: bytes) -> Array:
    return np.frombuffer(data, dtype=value.dtype.value).reshape(value.shape)


def check_tensors(
    found: tuple[ValueInfo, ...], expected: tuple[ValueInfo, ...], identity: Identity
) -> None:
    """Refuses firmware that says it is the build's and lists other tensors.

    Raises:
        DeviceError: Names the first that differs.
    """
    if identity.engine == "tflm":  # its states are its own
        expected = tuple(value for value in expected if value.kind not in STORED)
    if len(found) != len(expected):
        raise _other(f"{len(found)} tensors; the build's model has {len(expected)}")
    for theirs, ours in zip(found, expected, strict=True):
        if _key(theirs) != _key(ours):
            raise _other(
                f"tensor {ours.id} as {theirs.kind.value} {theirs.name} ({theirs.text}); in the "
                f"build's model it is {ours.kind.value} {ours.name} ({ours.text})"
            )


def _other(what: str) -> DeviceError:
    return DeviceError(
        f"the device lists {what}", hint="its firmware is damaged: run `tinyssl flash`"
    )


def _key(value: ValueInfo) -> tuple[object, ...]:
    """What must be equal; a name as the wire carries it, which is cut where it is very long."""
    name = percent_decoded(percent_encoded(value.name))
    quant = value.quant
    scale = (np.float32(quant.scale[0]), quant.zero_point[0]) if quant else None
    return (name, value.kind, value.dtype, value.shape, scale)

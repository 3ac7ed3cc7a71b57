"""A file without the QUANTIZE and DEQUANTIZE at its ends against the file with them."""

from __future__ import annotations

from collections.abc import Sequence

from tinyssl.core.errors import Mismatch
from tinyssl.frontends.tflite.strip import Stripped
from tinyssl.graph.interface import Feeds
from tinyssl.graph.model import ValueKind
from tinyssl.runtimes.oracle import open_oracle
from tinyssl.verify.bits import bits


def check_stripped(data: bytes, stripped: Stripped, inputs: Sequence[Feeds]) -> None:
    """Proves that what is left gives the bytes that it gives inside the whole file.

    TensorFlow Lite Micro runs both. What the whole file has at the new inputs goes into the
    stripped one; what comes out must be what the whole file has at the new outputs.

    Args:
        data: The file.
        stripped: Of `strip_ends`.
        inputs: Of the whole file, one or more.

    Raises:
        Mismatch: An output differs.
    """
    whole, rest = open_oracle(data), open_oracle(stripped.data)
    inner = {(end.kind, end.name): end.inner for end in stripped.ends}
    for number, feeds in enumerate(inputs):
        values, outputs = whole.tensors(feeds), whole.run(feeds)
        given = {
            value.name: values[inner[key]] if key in inner else feeds[value.name]
            for value in rest.inputs
            for key in [(ValueKind.INPUT.value, value.name)]
        }
        for name, found in rest.run(given).items():
            key = (ValueKind.OUTPUT.value, name)
            expected = values[inner[key]] if key in inner else outputs[name]
            if (bits(expected) != bits(found.reshape(expected.shape))).any():
                raise Mismatch(
                    f"input {number}: the output {name} differs once the operators at the ends are "
                    "gone",
                    hint="please report this with the model",
                )

"""The runtime whose bytes are right: TensorFlow Lite Micro, and LiteRT where that fails."""

from __future__ import annotations

from typing import ClassVar

from tinyssl.core.errors import ModelError
from tinyssl.core.progress import Progress, Silent
from tinyssl.frontends.tflite import complete, simplify
from tinyssl.graph.interface import Feeds, Outputs
from tinyssl.graph.model import Model
from tinyssl.graph.uses import written_values
from tinyssl.runtimes.base import Array, Runtime
from tinyssl.runtimes.litert import Kernels, LitertInterpreter
from tinyssl.runtimes.support import read_supported, run_once
from tinyssl.runtimes.tflm import TflmInterpreter


class LitertOracle(Runtime):
    """LiteRT's reference kernels, for a model that TensorFlow Lite Micro does not run.

    Args:
        data: The .tflite file.
        model: The same, read and verified.

    Raises:
        ModelError: LiteRT does not run it either.
    """

    name: ClassVar[str] = "litert-ref"
    title: ClassVar[str] = "LiteRT's reference kernels"

    def __init__(self, data: bytes, model: Model) -> None:
        self.model = model
        self.original = complete(data).data
        simple = simplify(data, model)
        self.data, self.changes = simple.data, simple.added
        self._plain = LitertInterpreter(self.data, Kernels.REFERENCE, keep_tensors=True)
        self.inputs, self.outputs = self._plain.inputs, self._plain.outputs

    def run(self, feeds: Feeds) -> Outputs:
        return self._plain.run(feeds)

    def tensors(self, feeds: Feeds) -> dict[int, Array]:
        """One inference: tensor index of the file -> its elements, as TFLM's `tensors` has them."""
        written = written_values(self.model)
        return dict(zip(written, self._plain.run_keeping(feeds, written)[1], strict=True))

    def keeps_tensors(self) -> bool:
        return True

    def reset(self) -> None:
        self._plain.reset()


Oracle = TflmInterpreter | LitertOracle


def open_oracle(data: bytes, progress: Progress | None = None) -> Oracle:
    """TensorFlow Lite Micro with a model; LiteRT's reference kernels where it fails.

    Args:
        data: The .tflite file.
        progress: Told where TFLM fails.

    Raises:
        ModelError: The file is damaged.
        UnsupportedModel: Our engine does not run it; the hint says who does.
        InterpreterFailed: TFLM died of it, and LiteRT does not run it either.
        ToolMissing: tflite-micro is not installed.
    """
    progress = progress or Silent()
    model = read_supported(data)
    try:
        oracle: Oracle = TflmInterpreter(data, model)
        run_once(oracle)
    except ModelError as error:
        try:
            oracle = LitertOracle(data, model)
            run_once(oracle)
        except ModelError:
            raise error from None
        progress.note(f"compared with {oracle.title}: {error.message}")
    return oracle

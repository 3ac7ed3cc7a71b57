"""Float models of other frameworks.

Each framework is one module with a `FloatSource`. It runs in a process of its own
(`frameworks.child`): TensorFlow and torch bring libraries that do not like each other, and print.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.errors import UsageError
from tinyssl.core.paths import require_path


@dataclass(frozen=True)
class Framework:
    """A kind of file that can be converted."""

    name: str
    """As messages call it"""
    module: str
    """Of this package"""
    source: str
    """Its `FloatSource`"""
    extra: str
    """What `pip install 'tinyssl[…]'` needs"""


PYTORCH = Framework("PyTorch", "pytorch", "TorchModel", "train")
KERAS = Framework("Keras", "keras_model", "KerasModel", "tensorflow")
SAVED_MODEL = Framework("TensorFlow", "saved_model", "SavedModel", "tensorflow")
ONNX = Framework("ONNX", "onnx_model", "OnnxModel", "onnx")
TFLITE = Framework("TFLite", "tflite_model", "TfliteModel", "train")

SUFFIXES = {
    ".pt2": PYTORCH,
    ".keras": KERAS,
    ".h5": KERAS,
    ".hdf5": KERAS,
    ".onnx": ONNX,
    ".tflite": TFLITE,
}
SAVED_MODEL_FILE = "saved_model.pb"
KINDS = ".pt2, FILE.py:FACTORY, .onnx, .keras, .h5, a SavedModel folder, a float .tflite"
PICKLES = (".pt", ".pth", ".ckpt", ".bin")


def file_of(model: str) -> Path:
    """The file or folder that a path, or `FILE.py:FACTORY`, names.

    Raises:
        UsageError: There is none.
    """
    file, _, factory = model.partition(".py:")
    path = Path(f"{file}.py" if factory else model)
    require_path(path, "--model")
    return path


def framework_of(model: str) -> Framework:
    """What kind of model a path, or `FILE.py:FACTORY`, names.

    Raises:
        UsageError: There is no such file, or it is of no kind that converts.
    """
    path = file_of(model)
    if ".py:" in model:
        return PYTORCH
    if path.is_dir():
        if (path / SAVED_MODEL_FILE).exists():
            return SAVED_MODEL
        raise UsageError(
            f"{path} is a folder without {SAVED_MODEL_FILE}", hint=f"give one of: {KINDS}"
        )
    found = SUFFIXES.get(path.suffix.lower())
    if found is not None:
        return found
    raise UsageError(f"{path} is no model that converts", hint=_advice(path))


def _advice(path: Path) -> str:
    if path.suffix == ".py":
        return f"name the function that returns the module: --model {path}:FACTORY"
    if path.suffix.lower() in PICKLES:
        return (
            "a file of weights has no graph: save torch.export.export(model, (example,)) to a .pt2 "
            "with torch.export.save, or name a function that returns the module: FILE.py:FACTORY"
        )
    return f"give one of: {KINDS}"

"""Small float models in the files of five frameworks.

TensorFlow and torch have a process each, as they do not like to share one.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAKERS = ("tensorflow", "torch")


def models_folder(shared: Path) -> Path:
    """`shared`/frameworks with all models; made once for all processes that share the folder."""
    folder = shared / "frameworks"
    with (shared / "frameworks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            scratch = shared / "frameworks.new"
            scratch.mkdir()
            environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
            for maker in MAKERS:
                words = [sys.executable, __file__, str(scratch), maker]
                subprocess.run(words, check=True, capture_output=True, env=environment)
            np.savez(scratch / "samples.npz", x=_samples())
            scratch.rename(folder)
    return folder


def _samples() -> NDArray[np.float64]:
    """Calibration data: noise of different brightness."""
    rng = np.random.default_rng(0)
    brightness = rng.random((40, 1, 1, 3))
    return brightness * rng.random((40, 16, 16, 3))


def tensorflow_models(folder: Path) -> None:
    """The same model as .keras and SavedModel, and what `SavedModel` makes of the latter; recurrent
    layers as TensorFlow's converter writes them.
    """
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6"),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.save(folder / "model.keras")
    model.export(folder / "saved_model")
    # Here, where TensorFlow is loaded: it takes seconds.
    from tinyssl.convert.frameworks.keras_model import KerasModel
    from tinyssl.convert.frameworks.saved_model import SavedModel

    source = SavedModel(str(folder / "saved_model"), [])
    samples = [[row[None].astype(np.float32)] for row in _samples()[:4]]
    (folder / "from_saved_model.tflite").write_bytes(source.export(samples, folder))
    expected = model.predict(np.concatenate([x for (x,) in samples]), verbose=0)
    found = np.concatenate([source.run(each)[0] for each in samples])
    np.savez(folder / "from_saved_model.npz", expected=expected, found=found)
    recurrent = keras.Sequential(
        [
            keras.Input((4, 3)),
            layers.SimpleRNN(4, return_sequences=True),
            layers.GRU(4, return_sequences=True),
            layers.LSTM(4),
            layers.Dense(3, activation="softmax"),
        ]
    )
    recurrent.save(folder / "recurrent.keras")
    (folder / "recurrent.tflite").write_bytes(
        KerasModel(str(folder / "recurrent.keras"), []).export([], folder / "recurrent")
    )


def torch_models(folder: Path) -> None:
    """A program, an ONNX file and a factory, channels first, and a float .tflite."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU6(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    ).eval()
    example = (torch.rand(1, 3, 16, 16),)
    torch.export.save(torch.export.export(model, example), folder / "model.pt2")
    from tinyssl.convert.frameworks.pytorch import TorchModel

    source = TorchModel(str(folder / "model.pt2"), [])
    samples = [[np.zeros(each.shape, np.float32) for each in source.inputs]]
    (folder / "model.tflite").write_bytes(source.export(samples, folder))
    torch.onnx.export(model, example, str(folder / "model.onnx"), dynamo=False)
    (folder / "factory.py").write_text(
        "from torch import nn\n\n\ndef make():\n"
        "    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(784, 2))\n"
    )


if __name__ == "__main__":
    made = {"tensorflow": tensorflow_models, "torch": torch_models}
    made[sys.argv[2]](Path(sys.argv[1]))

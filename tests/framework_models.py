"""Small float models in the files of five frameworks.

TensorFlow and torch have a process each, as they do not like to share one.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

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
            _save_samples(scratch)
            scratch.rename(folder)
    return folder


def _save_samples(folder: Path) -> None:
    """Calibration data: noise of different brightness."""
    rng = np.random.default_rng(0)
    brightness = rng.random((40, 1, 1, 3))
    np.savez(folder / "samples.npz", x=brightness * rng.random((40, 16, 16, 3)))


def tensorflow_models(folder: Path) -> None:
    """The same model as .keras and SavedModel."""
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
    import litert_torch

    from tinyssl.convert.frameworks.pytorch import ChannelsLast

    channels_last = (example[0].movedim(1, -1),)
    litert_torch.convert(ChannelsLast(model).eval(), channels_last).export(
        str(folder / "model.tflite")
    )
    torch.onnx.export(model, example, str(folder / "model.onnx"), dynamo=False)
    (folder / "factory.py").write_text(
        "from torch import nn\n\n\ndef make():\n"
        "    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(784, 2))\n"
    )


if __name__ == "__main__":
    made = {"tensorflow": tensorflow_models, "torch": torch_models}
    made[sys.argv[2]](Path(sys.argv[1]))

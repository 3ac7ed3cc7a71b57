"""PyTorch: a program of `torch.export` (.pt2), or `FILE.py:FACTORY` that returns a module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tinyssl.convert.frameworks.base import (
    FloatInput,
    Floats,
    FloatSource,
    Shape,
    channels_last,
    last_shape,
)
from tinyssl.convert.trace import GlobalPools
from tinyssl.core.plugins import load_file


class ChannelsLast(nn.Module):
    """A module that takes channels first, given channels last."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *arrays: Tensor) -> list[Tensor]:
        """Outputs of the inner module, those of 3 dimensions and more channels last."""
        first = [each.movedim(-1, 1) if each.ndim > 2 else each for each in arrays]
        with GlobalPools():
            found = self.inner(*first)
        results = found if isinstance(found, list | tuple) else [found]
        return [each.movedim(1, -1) if each.ndim > 2 else each for each in results]


class TorchModel(FloatSource):
    """A module in eval mode."""

    packages = ("torch", "litert-torch")

    def __init__(self, model: str, shapes: Sequence[Shape]) -> None:
        path, _, factory = model.partition(".py:")
        if factory:
            self.module, found = _made(Path(f"{path}.py"), factory), list(shapes)
            if not found:
                raise ValueError("a module does not say what it takes: give it --input-shape")
        else:
            program = torch.export.load(model)
            self.module, found = program.module(), _program_shapes(program)
        self.inputs = tuple(
            FloatInput(f"args_{number}", last_shape((1, *shape[1:])))
            for number, shape in enumerate(found)
        )

    def run(self, arrays: Sequence[Floats]) -> list[Floats]:
        with torch.no_grad():
            first = [torch.from_numpy(x).movedim(-1, 1) if x.ndim > 2 else torch.from_numpy(x)
                     for x in arrays]  # fmt: skip
            found = self.module(*first)
        results = found if isinstance(found, list | tuple) else [found]
        return [channels_last(each.numpy()) for each in results]

    def export(self, samples: Sequence[Sequence[Floats]], folder: Path) -> bytes:
        import litert_torch

        example = tuple(torch.from_numpy(x) for x in samples[0])
        path = folder / "float.tflite"
        module = ChannelsLast(self.module)
        module.training = False  # an exported program has no eval()
        litert_torch.convert(module, example).export(str(path))
        return path.read_bytes()


def _made(path: Path, factory: str) -> nn.Module:
    module, _ = load_file(path, "model")
    if not hasattr(module, factory):
        raise ValueError(f"{path} has no {factory!r}")
    made = getattr(module, factory)
    found = made if isinstance(made, nn.Module) else made()
    if not isinstance(found, nn.Module):
        raise TypeError(f"{factory} returns {type(found).__name__}, not a torch.nn.Module")
    return found.eval()


def _program_shapes(program: torch.export.ExportedProgram) -> list[Shape]:
    """Shapes of the inputs that the program was exported with; a free batch counts as 1."""
    names = set(program.graph_signature.user_inputs)
    nodes = [node for node in program.graph.nodes if node.op == "placeholder"]
    values = [node.meta["val"] for node in nodes if node.name in names]
    return [(1, *(int(size) for size in value.shape[1:])) for value in values]

"""Weights of teachers on disk: safetensors or PyTorch's .pth, every key accounted for."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from tinyssl.core.errors import ModelError, TrainingError, UsageError
from tinyssl.learn.backbones.storage import load_tensors

SUFFIXES = (".safetensors", ".pth", ".pt")
SHOWN = 6
"""Keys that an error names before it only counts"""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The state dict of a .safetensors or .pth file, on the CPU.

    A .pth is read with `weights_only`: it cannot run code.

    Raises:
        UsageError: No such file, or another kind of file.
        ModelError: It is damaged, or holds something else than named tensors.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file", hint="check the path given to --teacher")
    if path.suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: a teacher's weights end in {', '.join(SUFFIXES)}", hint="convert the file"
        )
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelError(
            f"{path} is not a state dict that can be read without running code: {error}",
            hint="save it again: safetensors.torch.save_file(model.state_dict(), 'x.safetensors')",
        ) from error
    if not isinstance(content, dict) or not all(torch.is_tensor(v) for v in content.values()):
        raise ModelError(
            f"{path} holds something else than named tensors",
            hint="save the state dict alone: torch.save(model.state_dict(), PATH)",
        )
    return dict(content)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_tensors(path)[0]
    except TrainingError as error:
        raise ModelError(error.message, hint="get the file again") from error


def load_strictly(
    module: nn.Module, weights: Mapping[str, Tensor], path: Path, unused: Collection[str] = ()
) -> None:
    """Loads a state dict of which nothing is missing and nothing is left over.

    Args:
        module: Gets the weights.
        weights: The state dict.
        path: Named in errors.
        unused: Keys that may be there and are not needed.

    Raises:
        ModelError: Names the missing, the unknown and the keys of another shape.
    """
    wanted = module.state_dict()
    given = {key: value for key, value in weights.items() if key not in unused}
    wrong = [
        f"{key} {tuple(given[key].shape)} for {tuple(wanted[key].shape)}"
        for key in wanted
        if key in given and given[key].shape != wanted[key].shape
    ]
    problems = {
        "missing": [key for key in wanted if key not in given],
        "unknown": [key for key in given if key not in wanted],
        "of another shape": wrong,
    }
    texts = [_count_and_name(what, keys) for what, keys in problems.items() if keys]
    if texts:
        raise ModelError(
            f"{path} does not fit {type(module).__name__}: {'; '.join(texts)}",
            hint="check --teacher-arch; `tinyssl teachers` lists the architectures",
        )
    module.load_state_dict(given)


def _count_and_name(what: str, keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"{len(keys)} {what}: {', '.join(keys[:SHOWN])}{more}"

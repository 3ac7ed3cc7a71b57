"""Backbone and linear head to a float .tflite with NHWC input, through litert-torch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tinyssl.core.errors import ToolMissing, UnsupportedModel
from tinyssl.learn.backbones import Backbone
from tinyssl.runtimes.capture import captured

SPATIAL = {2, 3}


class Classifier(nn.Module):
    """What the microcontroller runs: samples in [0, 1] to (1, outputs).

    Maps come channels last, (1, h, w, c), as TFLite has them; rows of a table as (1, columns).

    Args:
        backbone: Maps (b, c, h, w), or rows, to features (b, dim).
        weight: (outputs, dim) of the linear head.
        bias: (outputs,).
        softmax: Probabilities instead of logits.
    """

    def __init__(self, backbone: nn.Module, weight: Tensor, bias: Tensor, softmax: bool) -> None:
        super().__init__()
        self.backbone = backbone.for_inference() if isinstance(backbone, Backbone) else backbone
        classes, dim = weight.shape
        self.head = nn.Linear(dim, classes)
        self.head.load_state_dict({"weight": weight, "bias": bias})
        self.softmax = softmax

    def forward(self, samples: Tensor) -> Tensor:
        maps = samples.permute(0, 3, 1, 2) if samples.ndim == 4 else samples
        with GlobalPools():
            features = self.backbone(maps)
        logits: Tensor = self.head(features)
        return F.softmax(logits, dim=-1) if self.softmax else logits


class GlobalPools(TorchFunctionMode):
    """Writes every mean over height and width in the one form that converts to a single MEAN.

    litert-torch 0.10 turns `x.mean((2, 3))` into TRANSPOSE and MEAN (and over a 1x1 map into
    RESHAPE and SUM); `adaptive_avg_pool2d` it turns into MEAN over NHWC. Over a 1x1 map the mean
    is the map.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        maps = args[0] if args else None
        if func in (torch.Tensor.mean, torch.mean) and isinstance(maps, Tensor):
            dims = kwargs.get("dim", args[1] if len(args) > 1 else None)
            keep = kwargs.get("keepdim", args[2] if len(args) > 2 else False)
            if maps.ndim == 4 and _dims(dims) == SPATIAL and "dtype" not in kwargs:
                return _pooled(maps, keep)
        if func is F.adaptive_avg_pool2d and _is_one(args[1:] or kwargs.values()):
            return _pooled(args[0], keep=True)
        return func(*args, **kwargs)


def _dims(dims: object) -> set[int]:
    return {int(dim) % 4 for dim in dims} if isinstance(dims, tuple | list) else set()


def _is_one(sizes: Iterable[object]) -> bool:
    return list(sizes) in ([1], [(1, 1)], [[1, 1]])


def _pooled(maps: Tensor, keep: bool) -> Tensor:
    with torch._C.DisableTorchFunction():
        one = maps.shape[2:] == (1, 1)
        pooled = maps if one else F.adaptive_avg_pool2d(maps, 1)
        return pooled if keep else pooled.flatten(1)


def trace(model: nn.Module, shape: tuple[int, ...], log: Path | None = None) -> bytes:
    """A float .tflite that computes `model`.

    Args:
        model: In eval mode; samples (1, *shape) in [0, 1] to (1, outputs).
        shape: Of one sample, channels last.
        log: Where the converter's own output goes; None: nowhere.

    Raises:
        ToolMissing: litert-torch is not installed.
        UnsupportedModel: litert-torch cannot convert it; the message holds the last lines.
    """
    example = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float.tflite"
        with captured() as printed:
            failure = _convert(model.eval(), example, path)
        if log is not None:
            log.write_text(printed.text, encoding="utf-8")
        if failure is not None:
            last = "\n".join(printed.text.strip().splitlines()[-5:])
            raise UnsupportedModel(
                f"litert-torch cannot convert the model: {failure}\n{last}",
                hint="use a backbone of tinyssl, whose operators all convert",
            ) from failure
        return path.read_bytes()


def _convert(model: nn.Module, example: Tensor, path: Path) -> Exception | None:
    try:
        import litert_torch
    except ImportError as error:
        raise ToolMissing(
            f"litert-torch is not installed: {error}", hint="pip install 'tinyssl[train]'"
        ) from error
    try:
        litert_torch.convert(model, (example,)).export(str(path))
    except Exception as error:  # whatever torch.export, MLIR or flatbuffers raise
        return error
    return None

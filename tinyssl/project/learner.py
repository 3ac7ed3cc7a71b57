"""`build --train`: what learns on the device, and how."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import UsageError
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss
from tinyssl.ops.common.gradient import Sgd
from tinyssl.project.guard import Guard

WHAT = re.compile(
    r"(?P<head>head)(:(?P<kind>new|own))?(:(?P<classes>\d{1,4}))?"
    r"|last:(?P<last>\d{1,3})|bias|all"
)
WHAT_HINT = (
    "say head, head:CLASSES, head:new, head:new:CLASSES, head:own, head:own:CLASSES, last:LAYERS, "
    "bias, all, or names"
)
Weights = Literal["float32", "int8"]
"""Form of what learns"""
NEW_CLASSES = 8
"""That `head:new` and `head:own` have room for"""


@dataclass(frozen=True)
class Learning:
    """What `--train` names."""

    layers: int | None
    """How many of the last layers with weights; None: all"""
    biases_alone: bool = False
    """Weights stay as they are"""
    classes: int | None = None
    """Classes that the last layer gets; None: those that it has"""
    tensors: tuple[str, ...] = ()
    """Names and patterns of the weights and biases that learn; none: those of the layers"""
    new: int | None = None
    """Classes of a layer that is added beside the last one; None: none is added"""
    own: bool = False
    """The last layer forgets the classes that it has: all are to be taught"""

    @property
    def grows(self) -> bool:
        """Whether there may be classes that nobody has shown yet."""
        return self.classes is not None or self.new is not None


def parse_learning(text: str) -> Learning:
    """What a text means, as `--train` takes it.

    Raises:
        UsageError: A name in a list is empty.
    """
    found = WHAT.fullmatch(text)
    if found is None:
        return Learning(None, tensors=_names(text))
    if found["kind"]:
        count = max(int(found["classes"] or NEW_CLASSES), 1)
        own = found["kind"] == "own"
        return Learning(1, classes=count, own=True) if own else Learning(1, new=count)
    if found["head"]:
        return Learning(1, classes=int(found["classes"]) if found["classes"] else None)
    if found["last"]:
        return Learning(int(found["last"]))
    return Learning(None, biases_alone=text == "bias")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise UsageError(f"--train {text}: a name is missing", hint=WHAT_HINT)
    return names


@dataclass(frozen=True)
class Learner:
    """What learns on the device, and how. In build records, too."""

    what: str
    """As `--train` says it"""
    loss: Loss
    learning_rate: float | None
    """None: `learning.suited_rate`"""
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = None
    """Largest size of a gradient's element; None: any"""
    error_clip: float | None = None
    """Largest difference of prediction and target that a squared error passes back; None: any"""
    local_layers: int = 0
    """So many of the last layers with weights learn at `local_rate`"""
    autoencoder: bool = False
    """Whether the target is the model's own input"""
    normalise: bool = False
    """Whether what the learning layers read gets mean 0 and variance 1"""
    weights: Weights = "float32"
    """Form of what learns"""
    guard: Guard = field(default_factory=Guard)
    """What keeps the device from learning what makes it worse"""

    @property
    def learning(self) -> Learning:
        """What `what` means."""
        return parse_learning(self.what)

    @property
    def sgd(self) -> Sgd:
        """How parameters descend."""
        return Sgd(self.momentum, self.weight_decay, math.inf if self.clip is None else self.clip)

    def as_record(self) -> dict[str, Any]:
        """What a build's record holds."""
        return asdict(self) | {"loss": self.loss.value}

    @staticmethod
    def from_record(record: dict[str, Any]) -> Learner:
        """What `as_record` gave."""
        guard = Guard(**record.get("guard", {"drift": False}))
        return Learner(**record | {"loss": Loss(record["loss"]), "guard": guard})


def learner_of(config: BuildConfig, model: Model) -> Learner | None:
    """What `--train` and its options say; None without it.

    Raises:
        UsageError: The engine does not learn, or classes are new and the loss is of numbers.
    """
    if config.train is None:
        return None
    if config.engine != "aot":
        raise UsageError("--train needs the engine aot", hint="leave --engine tflm out")
    scores = model.output.elements > 1 and not config.autoencoder
    loss = Loss(config.loss or (Loss.CROSS_ENTROPY if scores else Loss.SQUARED_ERROR))
    if parse_learning(config.train).grows and loss is not Loss.CROSS_ENTROPY:
        raise UsageError(
            f"--train {config.train} adds classes, and --loss {loss.value} is of numbers",
            hint="leave --loss out, or say --train head",
        )
    if config.normalise and config.train_weights == "int8":
        raise UsageError(
            "--normalise has what learns read float32", hint="leave --train-weights out"
        )
    return Learner(
        config.train,
        loss,
        config.learning_rate,
        config.momentum,
        config.weight_decay,
        config.gradient_clip,
        config.error_clip,
        local_layers=config.local_layers,
        autoencoder=config.autoencoder,
        normalise=config.normalise,
        weights=config.train_weights,
        guard=Guard(
            config.validation, config.validation_every, config.validation_margin, config.drift
        ),
    )

"""Last blocks: the zoo's backbone at 96x96, whose last two blocks learn with the head, in INT8.

Ten classes of CIFAR-100, enlarged to 96x96. The factory's head knows five pictures of each; the
device sees thirty more of each, once. Of either block the projection learns, which is the larger
part of it: all weights of both, with the head, would take 113 KB in INT8.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from tinyssl import compiler
from tinyssl.convert.trace import Classifier, trace
from tinyssl.core.config import BuildConfig, ConvertConfig
from tinyssl.core.errors import DataError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.frontends.tflite import read_file, read_model
from tinyssl.graph.interface import Feeds
from tinyssl.graph.training import TARGET, Loss
from tinyssl.learn.backbones import load_backbone
from tinyssl.learn.backbones.mobilenet_v2 import WIDTH_035, InvertedResidual, MobileNetV2
from tinyssl.project.learner import Learner
from tinyssl.project.learner_file import canonical_names, learner_file
from tinyssl.project.learning import with_training
from tinyssl.runtimes.base import Runtime
from tinyssl.runtimes.host import HostModel
from tinyssl.stages.convert import convert
from tinyssl.zoo import find_entry
from tools.learning_table.device import learning_device
from tools.learning_table.new_classes import half_width
from tools.learning_table.row import SHARED, Costs, Found, Measure, Session, Task

SIDE, CLASSES = 96, 10
FACTORY, TAUGHT, JUDGED = 5, 30, 25
"""Pictures of a class: that the head was made from, that teach, that judge"""
HEAD = "layer53/*"
BLOCKS = f"layer48/*,layer51/*,{HEAD}"
"""The projections of the last two blocks, and the head"""
RAM = 128 * 1024
SEEDS = 3
BOARD_STEPS, BOARD_JUDGED = 40, 50
"""Of the first seed on the board: the first steps, and the pictures that judge"""
DECAY = 1e-3
"""Of the factory's head"""


@dataclass(frozen=True)
class Pictures:
    """uint8 (n, 96, 96, 3), with their classes."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def maps(self) -> Tensor:
        """(n, 3, 96, 96) in [0, 1]."""
        return torch.from_numpy(self.pixels).permute(0, 3, 1, 2).float() / 255


def pictures(path: Path, seed: int) -> tuple[Pictures, Pictures, Pictures]:
    """Those of the factory, those that teach, those that judge.

    Raises:
        DataError: The file is not there.
    """
    if not path.exists():
        raise DataError(f"{path} is not there", hint="see ../shared/data/README.md: cifar100")
    with np.load(path) as file:
        labels, test, offsets = file["fine_label"], file["is_test"], file["offsets"]
        blob = file["blob"]
    random, parts = np.random.default_rng(seed), []
    for chosen, counts in ((~test, (FACTORY, TAUGHT)), (test, (JUDGED,))):
        rows = [random.permutation(np.flatnonzero(chosen & (labels == c))) for c in range(CLASSES)]
        start = 0
        for count in counts:
            parts.append(np.concatenate([row[start : start + count] for row in rows]))
            start += count
    found = [
        Pictures(
            np.stack([_picture(blob[offsets[at] : offsets[at + 1]].tobytes()) for at in part]),
            labels[part].astype(np.int64),
        )
        for part in parts
    ]
    return found[0], found[1], found[2]


def _picture(data: bytes) -> NDArray[np.uint8]:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return np.array(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def factory_head(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of logistic regression with a little decay."""
    weight = torch.zeros(CLASSES, features.shape[1], requires_grad=True)
    bias = torch.zeros(CLASSES, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200)

    def loss() -> Tensor:
        optimizer.zero_grad()
        found = F.cross_entropy(features @ weight.T + bias, labels)
        found = found + DECAY * weight.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


class Tail(nn.Module):
    """The last two blocks, the last convolution and the head, with batch norm in the weights."""

    def __init__(self, net: MobileNetV2, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        blocks = last_blocks(net)
        self.first, self.second = (folded(block.layers) for block in blocks)
        self.shortcuts = [block.shortcut for block in blocks]
        self.last = folded(net.last)
        self.head = nn.Linear(weight.shape[1], len(weight))
        self.head.load_state_dict({"weight": weight, "bias": bias})

    def forward(self, maps: Tensor) -> Tensor:
        """What the blocks read, to scores."""
        for block, shortcut in zip((self.first, self.second), self.shortcuts, strict=True):
            maps = block(maps) + (maps if shortcut else 0)
        scores: Tensor = self.head(self.last(maps).mean((2, 3)))
        return scores


def last_blocks(net: MobileNetV2) -> tuple[InvertedResidual, InvertedResidual]:
    """The last but one and the last."""
    blocks = [block for stage in net.stages for block in stage]  # type: ignore[attr-defined]
    return blocks[-2], blocks[-1]


def before_blocks(net: MobileNetV2, maps: Tensor) -> Tensor:
    """What the last but one reads."""
    maps = net.stem(maps)
    for block in [block for stage in net.stages for block in stage][:-2]:  # type: ignore[attr-defined]
        maps = block(maps)
    return maps


def folded(layers: nn.Module) -> nn.Sequential:
    """Convolutions with the batch norm that follows each; all have stride 1 here."""
    found: list[nn.Module] = []
    for layer in layers.children():
        if isinstance(layer, nn.BatchNorm2d):
            conv = found[-1]
            assert isinstance(conv, nn.Conv2d)
            fused = nn.utils.fuse_conv_bn_eval(conv, layer)
            found[-1] = _plain(fused)
        else:
            found.append(layer)
    return nn.Sequential(*found).eval()


def _plain(conv: nn.Conv2d) -> nn.Conv2d:
    """The same as a layer that adds its bias, which those of the backbone do not have."""
    count, depth, side, _ = conv.weight.shape
    made = nn.Conv2d(depth * conv.groups, count, side, padding=side // 2, groups=conv.groups)
    assert conv.bias is not None  # the batch norm's
    made.load_state_dict({"weight": conv.weight, "bias": conv.bias})
    return made


def taught(
    tail: Tail, what: str, maps: Tensor, labels: Tensor, rate: float, order: NDArray[np.int64]
) -> Tail:
    """The same steps in PyTorch, one sample at a time."""
    parts = [tail.head] if what == HEAD else [tail.first[-1], tail.second[-1], tail.head]
    optimizer = torch.optim.SGD([p for part in parts for p in part.parameters()], rate)
    for at in order:
        optimizer.zero_grad()
        loss = F.cross_entropy(tail(maps[at : at + 1]), labels[at : at + 1])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return tail


def right(scores: Tensor, labels: NDArray[np.int64]) -> float:
    """Share of right answers."""
    return float(np.mean(scores.argmax(1).numpy() == labels))


def codes(pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """What the model takes: [0, 1] in 8 bits."""
    return (pixels.astype(np.int16) - 128).astype(np.int8)


def accuracy(runtime: Runtime, judged: Pictures) -> float:
    """Of a device, or of this computer."""
    (name,) = (value.name for value in runtime.inputs)
    rows = [runtime.run({name: x[None]}) for x in codes(judged.pixels)]
    answers = [int(np.argmax(next(iter(row.values())))) for row in rows]
    return float(np.mean(np.array(answers) == judged.labels))


def converted(model: Classifier, seen: Pictures, folder: Path) -> Path:
    """The network in INT8."""
    path = folder / "last_blocks.tflite"
    path.write_bytes(trace(model.eval(), (SIDE, SIDE, 3)))
    np.save(folder / "calibration.npy", seen.pixels.astype(np.float32) / 255)
    config = ConvertConfig(model=str(path), calibration=folder / "calibration.npy")
    return convert(config, Workspace(folder), Silent()).path("model")


def on_host(path: Path, what: str, rate: float) -> HostModel:
    """Our C on this computer, of a build with `--train-weights int8`."""
    names = canonical_names(path, what)
    learner = Learner(names, Loss.CROSS_ENTROPY, rate, weights="int8")
    file = learner_file(read_model(read_file(path), path.stem), names, "int8")
    return HostModel(compiler.compile(with_training(read_model(file, path.stem), learner)))


@dataclass(frozen=True)
class Shares:
    """Right answers of one seed."""

    before: float
    """Of this computer's C before it learns"""
    reference: dict[str, float]
    """In PyTorch, by what learns"""
    host: dict[str, float]


@dataclass(frozen=True)
class Lesson:
    """What one seed learns from, and is judged by."""

    path: Path
    """The network in INT8"""
    rate: float
    teach: Pictures
    order: NDArray[np.int64]
    judged: Pictures

    def taught(self, step: Callable[[Feeds, Feeds], object], source: str) -> None:
        """Takes the steps; `source` is the model's input."""
        rows = codes(self.teach.pixels)
        for at in self.order:
            label = self.teach.labels[at : at + 1].astype(np.int32)
            step({source: rows[at : at + 1]}, {TARGET: label})


def measure(session: Session) -> Found:
    """The row: all seeds on this computer, the first one on the board, too."""
    torch.set_num_threads(2)
    lessons, shares = [], []
    for seed in range(session.seed, session.seed + SEEDS):
        folder = session.folder / str(seed)
        folder.mkdir()
        lesson, found = one_seed(replace(session, seed=seed, folder=folder))
        session.say(f"seed {seed}: {found}")
        lessons.append(lesson)
        shares.append(found)
    device, costs = _on_board(session, lessons[0])
    return Found(_measures(shares, device, costs), costs)


def one_seed(session: Session) -> tuple[Lesson, Shares]:
    """The factory's head, and both ways to go on from there, in float and with our C."""
    data = SHARED / "data" / "cifar100" / "part1.npz"
    factory, teach, judged = pictures(data, session.seed)
    net = MobileNetV2(WIDTH_035, 2)
    trained, _ = load_backbone(find_entry().backbone)
    net.load_state_dict(trained.state_dict())
    net.eval()
    with torch.no_grad():
        features = net(factory.maps)
        maps, judging = (before_blocks(net, each.maps) for each in (teach, judged))
    head = factory_head(features, torch.from_numpy(factory.labels))
    rate = float(f"{1 / (1 + float(features.square().sum(1).mean())):.1e}")
    path = converted(Classifier(net, *head, softmax=True), factory, session.folder)
    order = np.random.default_rng(session.seed).permutation(len(teach.labels))
    lesson = Lesson(path, rate, teach, order, judged)
    before, reference, here = 0.0, {}, {}
    for what in (HEAD, BLOCKS):
        tail = taught(Tail(net, *head), what, maps, torch.from_numpy(teach.labels), rate, order)
        with torch.no_grad():
            reference[what] = right(tail(judging), judged.labels)
        with on_host(path, what, rate) as host:
            before = before or accuracy(host, judged)
            lesson.taught(host.train, host.inputs[0].name)
            here[what] = accuracy(host, judged)
    return lesson, Shares(before, reference, here)


def _on_board(session: Session, lesson: Lesson) -> tuple[tuple[float, float], Costs]:
    """The blocks take the first steps on the board: its accuracy, and this computer's."""
    config = BuildConfig(
        board=session.board,
        model=lesson.path,
        train=BLOCKS,
        train_weights="int8",
        learning_rate=lesson.rate,
        check=False,
    )
    random = np.random.default_rng(session.seed)
    chosen = random.permutation(len(lesson.judged.labels))[:BOARD_JUDGED]
    judged = Pictures(lesson.judged.pixels[chosen], lesson.judged.labels[chosen])
    part = replace(lesson, order=lesson.order[:BOARD_STEPS])
    session.say(f"{BOARD_STEPS} steps on {session.board}")
    with learning_device(config, session.folder) as board:
        part.taught(board.step, board.host.inputs[0].name)
        board.compare()
        found = accuracy(board.device, judged), accuracy(board.host, judged)
        return found, board.costs()


def _measures(
    shares: list[Shares], device: tuple[float, float], costs: Costs
) -> tuple[Measure, ...]:
    before = np.array([each.before for each in shares])
    alone, both = (np.array([each.host[what] for each in shares]) for what in (HEAD, BLOCKS))
    floats = [float(np.mean([each.reference[what] for each in shares])) for what in (HEAD, BLOCKS)]
    gain = both - alone
    return (
        Measure(
            f"accuracy, the head alone learns ({100 * before.mean():.1f} % before), mean of "
            f"{len(shares)} seeds",
            "> before",
            float(alone.mean()) > float(before.mean()),
            float(alone.mean()),
            floats[0],
            interval=half_width(alone),
            percent=True,
        ),
        Measure(
            "accuracy, the last two blocks' projections learn, too "
            f"(device: {BOARD_STEPS} steps of the first seed, {BOARD_JUDGED} pictures)",
            "> the head alone",
            float(gain.mean()) > 0,
            float(both.mean()),
            floats[1],
            device[0],
            half_width(both),
            percent=True,
            same_part=device[1],
        ),
        Measure(
            "gain over the head alone, same seeds",
            "–",
            True,
            float(gain.mean()),
            floats[1] - floats[0],
            interval=half_width(gain),
            percent=True,
        ),
        Measure("RAM in all, KB", "≤ 128", costs.ram <= RAM, costs.ram / 1024),
    )


TASK = Task(
    "last-blocks",
    "CIFAR-100 (own split), its first 10 classes at 96x96: 30 pictures of each, once; INT8 learns",
    measure,
)

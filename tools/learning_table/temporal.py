"""A body for spoken words: convolutions over time on MFCC, pretrained on synthetic words.

After Choi et al. (arXiv 1904.03814): coefficients are channels, kernels run over frames alone. Of
each synthetic word it learns which word it is, and what a teacher says of it, linearly.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tinyssl.core.paths import cache_folder
from tinyssl.data.audio.mfcc import Mfcc
from tools.learning_table.speech_teacher import EMBEDDING, embeddings
from tools.learning_table.spoken import EACH, WORDS, spoken_words

FRAMES, COEFFICIENTS = 49, Mfcc().channels
MEAN = torch.tensor([66.0, 85, 83.5, 82, 82, 82, 82, 82.5, 82.5, 82.5])
STD = torch.tensor([40, 6.7, 4.5, 3.6, 3.0, 2.4, 2.1, 2.0, 1.9, 1.7])
"""Of the codes of each coefficient"""
WIDTH, FEATURES = 64, 128
EPOCHS, RATE, BATCH = 80, 4e-3, 128
TAUGHT, TAUGHT_RATE = 20, 3e-3
"""Epochs with the teacher, after those of words alone"""
WORDS_WEIGHT, TEACHER_WEIGHT = 0.5, 4.0
"""Of the losses"""
SMOOTHING = 0.05
TUNED, REAL, SPOKEN = 400, 48, 64
"""Steps with real keywords; clips of both kinds in a batch"""
MASKED = 0.2
"""Longest part of a clip that is hidden"""


class TemporalBlock(nn.Module):
    """Two convolutions over time with a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, (5, 1), (stride, 1), padding=(2, 0), bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, (5, 1), padding=(2, 0), bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.around: nn.Module = nn.Identity()
        if inputs != outputs or stride > 1:
            around = nn.Conv2d(inputs, outputs, 1, (stride, 1), bias=False)
            self.around = nn.Sequential(around, nn.BatchNorm2d(outputs))

    def forward(self, maps: Tensor) -> Tensor:
        """(n, inputs, frames, 1) to (n, outputs, frames / stride, 1)."""
        inner = F.relu(self.first_norm(self.first(maps)))
        return F.relu(self.second_norm(self.second(inner)) + self.around(maps))


class SpokenWordBody(nn.Module):
    """(n, 1, 49, 10) standardised MFCC to (n, FEATURES)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, WIDTH, (9, COEFFICIENTS), (2, 1), bias=False)
        self.stem_norm = nn.BatchNorm2d(WIDTH)
        self.blocks = nn.Sequential(
            TemporalBlock(WIDTH, WIDTH, 1),
            TemporalBlock(WIDTH, 64, 2),
            TemporalBlock(64, FEATURES, 2),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Features of clips."""
        found: Tensor = self.blocks(F.relu(self.stem_norm(self.stem(maps)))).mean((2, 3))
        return found


class UnitBody(nn.Module):
    """The same of samples in [0, 1], as INT8 models take them: (code + 128) / 255."""

    def __init__(self, body: SpokenWordBody) -> None:
        super().__init__()
        self.body = body
        self.stem = nn.Conv2d(1, WIDTH, (9, COEFFICIENTS), (2, 1))
        weight = body.stem.weight.detach()
        self.stem.weight = nn.Parameter(weight * 255 / STD)
        self.stem.bias = nn.Parameter((weight * (-128 - MEAN) / STD).sum(dim=(1, 2, 3)))

    def forward(self, maps: Tensor) -> Tensor:
        """(n, 1, 49, 10) to (n, FEATURES)."""
        body = self.body
        found: Tensor = body.blocks(F.relu(body.stem_norm(self.stem(maps)))).mean((2, 3))
        return found


def standardised(codes: NDArray[np.int8]) -> Tensor:
    """(n, …) codes of MFCC as the body takes them."""
    maps = torch.from_numpy(codes.astype(np.float32)).reshape(-1, 1, FRAMES, COEFFICIENTS)
    return (maps - MEAN) / STD


def augmented(clips: Tensor) -> Tensor:
    """Earlier or later, slower or faster, another microphone, noise, a part hidden."""
    count = len(clips)
    times = torch.arange(float(FRAMES))[None]
    speed = torch.exp(0.15 * (2 * torch.rand(count, 1) - 1))
    shift = 0.12 * FRAMES * (2 * torch.rand(count, 1) - 1)
    at = ((times - 24) * speed + 24 + shift).clamp(0, FRAMES - 1)
    low = at.floor().long().clamp(max=FRAMES - 2)
    part = (at - low)[:, None, :, None]
    moved = _frames(clips, low) * (1 - part) + _frames(clips, low + 1) * part
    moved = moved * torch.exp(0.15 * torch.randn(count, 1, 1, COEFFICIENTS))
    moved = moved + 0.3 * torch.randn(count, 1, 1, COEFFICIENTS)
    moved = moved + 0.3 * torch.rand(count, 1, 1, 1) * torch.randn_like(moved)
    loud = torch.rand(count, 1, 1) < 0.3
    floor = torch.where(loud, torch.rand(count, 1, 1) * 2.0 - 1.5, torch.full((count, 1, 1), -9.0))
    energy = torch.maximum(moved[..., 0], floor)[..., None]
    moved = torch.cat([energy, moved[..., 1:]], 3)
    width = (torch.rand(count) * MASKED * FRAMES).long()
    start = (torch.rand(count) * (FRAMES - width)).long()
    frame = torch.arange(FRAMES)[None]
    hidden = (frame >= start[:, None]) & (frame < (start + width)[:, None])
    return torch.where(hidden[:, None, :, None], torch.zeros(()), moved)


def _frames(clips: Tensor, at: Tensor) -> Tensor:
    index = at[:, None, :, None].expand(len(clips), 1, FRAMES, COEFFICIENTS)
    return clips.gather(2, index)


@dataclass(frozen=True)
class Heads:
    """What a body learns at once: which synthetic word it hears, and what the teacher says."""

    body: SpokenWordBody
    words: nn.Linear
    teacher: nn.Linear
    """To the teacher's embedding, each number with mean 0 and variance 1"""

    @classmethod
    def untrained(cls) -> Heads:
        """All with random weights."""
        words, teacher = nn.Linear(FEATURES, len(WORDS)), nn.Linear(FEATURES, EMBEDDING)
        return cls(SpokenWordBody(), words, teacher)

    def parts(self) -> nn.ModuleList:
        """All of it."""
        return nn.ModuleList([self.body, self.words, self.teacher])

    def loss(self, features: Tensor, words: Tensor, embeddings: Tensor) -> Tensor:
        """Of features of synthetic words."""
        told = F.cross_entropy(self.words(features), words, label_smoothing=SMOOTHING)
        return WORDS_WEIGHT * told + TEACHER_WEIGHT * self.distance(features, embeddings)

    def distance(self, features: Tensor, embeddings: Tensor) -> Tensor:
        """Mean square of what is missing to the teacher's embeddings."""
        return F.mse_loss(self.teacher(features), embeddings.float())


@dataclass(frozen=True)
class Spoken:
    """Synthetic words, and what the teacher says of them."""

    clips: Tensor
    words: Tensor
    embeddings: Tensor
    """(n, 192) float16, each number with mean 0 and variance 1"""
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    """Of the teacher's numbers"""

    @classmethod
    def read(cls, say: Callable[[str], None]) -> Spoken:
        """From the cache; made where they are not there.

        Args:
            say: Told how far it is; the teacher takes 10 minutes on one core.

        Raises:
            ToolMissing: A synthesizer or the teacher is not installed.
        """
        features, labels = spoken_words(say)
        kept = cache_folder() / f"spoken-teacher-{len(WORDS)}-{EACH}.npy"
        if not kept.exists():
            say("the teacher listens to them")
            np.save(kept, embeddings(features).astype(np.float16))
        found = np.load(kept).astype(np.float32)
        mean, deviation = found.mean(axis=0), found.std(axis=0)
        scaled = torch.from_numpy((found - mean) / deviation).half()
        return cls(standardised(features), torch.from_numpy(labels), scaled, mean, deviation)

    def taught(self, codes: NDArray[np.int8]) -> Tensor:
        """What the teacher says of other clips, scaled as what it says of the words."""
        return torch.from_numpy((embeddings(codes) - self.mean) / self.deviation)


@dataclass(frozen=True)
class Real:
    """Clips of classes that people spoke."""

    clips: Tensor
    labels: Tensor
    """(n,), from 0 without a gap"""
    embeddings: Tensor
    """Of `Spoken.taught`"""


def pretrained(say: Callable[[str], None]) -> Heads:
    """A body that knows synthetic words, then what the teacher says; kept in the cache.

    Args:
        say: Told how far it is; it takes about 25 minutes on one core.

    Raises:
        ToolMissing: A synthesizer or the teacher is not installed.
    """
    torch.manual_seed(0)
    heads = Heads.untrained()
    kept = cache_folder() / f"spoken-body-{WIDTH}-{FEATURES}-{EPOCHS}-{TAUGHT}.pt"
    if kept.exists():
        heads.parts().load_state_dict(torch.load(kept, weights_only=True))
        return heads
    spoken = Spoken.read(say)
    _learn_words(heads, spoken, say)
    _learn_from_teacher(heads, spoken, say)
    torch.save(heads.parts().state_dict(), kept)
    return heads


def _learn_words(heads: Heads, spoken: Spoken, say: Callable[[str], None]) -> None:
    """Words alone; kept in the cache, as it takes longest."""
    both = nn.ModuleList([heads.body, heads.words])
    kept = cache_folder() / f"spoken-body-{WIDTH}-{FEATURES}-{EPOCHS}.pt"
    if kept.exists():
        both.load_state_dict(torch.load(kept, weights_only=True))
        return

    def loss(chosen: Tensor) -> Tensor:
        scores = heads.words(heads.body(augmented(spoken.clips[chosen])))
        return F.cross_entropy(scores, spoken.words[chosen], label_smoothing=SMOOTHING)

    _epochs(both, loss, len(spoken.clips), (EPOCHS, RATE), say)
    torch.save(both.state_dict(), kept)


def _learn_from_teacher(heads: Heads, spoken: Spoken, say: Callable[[str], None]) -> None:
    def loss(chosen: Tensor) -> Tensor:
        features = heads.body(augmented(spoken.clips[chosen]))
        return heads.loss(features, spoken.words[chosen], spoken.embeddings[chosen])

    _epochs(heads.parts(), loss, len(spoken.clips), (TAUGHT, TAUGHT_RATE), say)


def _epochs(
    parts: nn.Module,
    loss_of: Callable[[Tensor], Tensor],
    count: int,
    length: tuple[int, float],
    say: Callable[[str], None],
) -> None:
    """Epochs over `count` samples, by a loss of the positions of some; `length`: epochs, rate."""
    epochs, rate = length
    parts.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(parts.parameters(), lr=rate, weight_decay=1e-2)
    steps = epochs * -(-count // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps + 1, pct_start=0.1)
    parts.train()
    for epoch in range(epochs):
        for chosen in torch.split(torch.randperm(count), BATCH):
            loss = loss_of(chosen)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        say(f"epoch {epoch + 1} of {epochs} on synthetic words, loss {float(loss.detach()):.2f}")


def tuned(start: Heads, spoken: Spoken, real: Real, seed: int) -> tuple[SpokenWordBody, nn.Linear]:
    """A pretrained body that goes on with real keywords, beside the synthetic words.

    Args:
        start: Copied.
        spoken: The synthetic words.
        real: Clips of keywords.
        seed: Of batches and augmentation.

    Returns:
        The body, and the head of the real keywords.
    """
    torch.manual_seed(seed)
    heads, head = copy.deepcopy(start), nn.Linear(FEATURES, int(real.labels.max()) + 1)
    nn.init.zeros_(head.weight)
    count = len(spoken.clips)
    parts = nn.ModuleList([heads.parts(), head])
    optimizer = torch.optim.AdamW(parts.parameters(), lr=2e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, TUNED + 1, pct_start=0.1)
    parts.train()
    for _ in range(TUNED):
        own, other = torch.randint(len(real.clips), (REAL,)), torch.randint(count, (SPOKEN,))
        mixed = torch.cat([augmented(real.clips[own]), augmented(spoken.clips[other])])
        found = F.dropout(heads.body(mixed), 0.2)
        loss = F.cross_entropy(head(found[:REAL]), real.labels[own], label_smoothing=0.1)
        loss = loss + TEACHER_WEIGHT * heads.distance(found[:REAL], real.embeddings[own])
        loss = loss + 0.5 * heads.loss(found[REAL:], spoken.words[other], spoken.embeddings[other])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return heads.body.eval(), head

"""A body for spoken words: convolutions over time on MFCC, pretrained on synthetic words.

After Choi et al. (arXiv 1904.03814): coefficients are channels, kernels run over frames alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tinyssl.core.paths import cache_folder
from tinyssl.data.audio.mfcc import Mfcc
from tools.learning_table.spoken import WORDS, spoken_words

FRAMES, COEFFICIENTS = 49, Mfcc().channels
MEAN = torch.tensor([66.0, 85, 83.5, 82, 82, 82, 82, 82.5, 82.5, 82.5])
STD = torch.tensor([40, 6.7, 4.5, 3.6, 3.0, 2.4, 2.1, 2.0, 1.9, 1.7])
"""Of the codes of each coefficient"""
WIDTH, FEATURES = 64, 128
EPOCHS, RATE, BATCH = 80, 4e-3, 128
SMOOTHING = 0.05
TUNED, REAL, SPOKEN = 1000, 48, 64
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


def pretrained(say: Callable[[str], None]) -> tuple[SpokenWordBody, nn.Linear]:
    """A body and a head for the synthetic words; trained once, kept in the cache.

    Args:
        say: Told how far it is; it takes about 15 minutes on one core.

    Raises:
        ToolMissing: A synthesizer is not installed.
    """
    torch.manual_seed(0)
    body, head = SpokenWordBody(), nn.Linear(FEATURES, len(WORDS))
    kept = cache_folder() / f"spoken-body-{WIDTH}-{FEATURES}-{EPOCHS}.pt"
    both = nn.ModuleList([body, head])
    if kept.exists():
        both.load_state_dict(torch.load(kept, weights_only=True))
        return body, head
    features, labels = spoken_words(say)
    clips, answers = standardised(features), torch.from_numpy(labels)
    body.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps = EPOCHS * -(-len(clips) // BATCH)
    optimizer = torch.optim.AdamW(both.parameters(), lr=RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps + 1, pct_start=0.1)
    both.train()
    for epoch in range(EPOCHS):
        for chosen in torch.split(torch.randperm(len(clips)), BATCH):
            scores = head(body(augmented(clips[chosen])))
            loss = F.cross_entropy(scores, answers[chosen], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        say(f"epoch {epoch + 1} of {EPOCHS} on synthetic words, loss {float(loss):.2f}")
    torch.save(both.state_dict(), kept)
    return body, head


def tuned(
    start: tuple[SpokenWordBody, nn.Linear], clips: Tensor, labels: Tensor, seed: int
) -> tuple[SpokenWordBody, nn.Linear]:
    """A pretrained body that goes on with real keywords, beside the synthetic words.

    Args:
        start: Body and head for the synthetic words; copied.
        clips: (n, 1, 49, 10), standardised.
        labels: (n,), from 0 without a gap.
        seed: Of batches and augmentation.

    Returns:
        The body, and the head of the real keywords.
    """
    torch.manual_seed(seed)
    body, words = copy.deepcopy(start[0]), copy.deepcopy(start[1])
    features, answers = spoken_words(lambda _: None)
    spoken, spoken_labels = standardised(features), torch.from_numpy(answers)
    head = nn.Linear(FEATURES, int(labels.max()) + 1)
    nn.init.zeros_(head.weight)
    all_parts = nn.ModuleList([body, words, head])
    optimizer = torch.optim.AdamW(all_parts.parameters(), lr=2e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, TUNED + 1, pct_start=0.1)
    all_parts.train()
    for _ in range(TUNED):
        real = torch.randint(len(clips), (REAL,))
        other = torch.randint(len(spoken), (SPOKEN,))
        found = F.dropout(body(torch.cat([augmented(clips[real]), augmented(spoken[other])])), 0.2)
        loss = F.cross_entropy(head(found[:REAL]), labels[real], label_smoothing=0.1)
        loss = loss + 0.5 * F.cross_entropy(
            words(found[REAL:]), spoken_labels[other], label_smoothing=SMOOTHING
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return body.eval(), head

"""Two tasks at once on the tokens of one view: restore the masked ones, tell how far others are
rolled. University of Peradeniya, e20-4yp project (S. Munasinghe, S. Deegalla), on TinyNeXt-T.

No code is published. "Paper" marks what the project's page says, "ours" what we chose where it is
silent: the reading, the targets, the wiring of the gradient reversal, all sizes of the loss but
the rates.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
import torch.distributed as dist
import torch.nn.functional as F
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from tinyssl.core.config_types import STRICT, Count, NonNegative
from tinyssl.core.errors import UsageError
from tinyssl.data.augment import PlainViewOptions
from tinyssl.data.augment.options import Probability, Share
from tinyssl.learn.backbones import Backbone
from tinyssl.learn.backbones.tinynext import TinyNeXt
from tinyssl.learn.methods.base import Batch, Losses, Method, MethodContext, ViewStage
from tinyssl.learn.methods.corruption import (
    FIXED_RATE,
    ROLLS,
    Corruption,
    CorruptionRates,
    draw_corruption,
    scheduled_rates,
    task_weights,
)
from tinyssl.learn.methods.monitor import embedding_std

LEAST_TOKENS = 16
"""With fewer, a quarter of a quarter is no token"""
INITIAL_STD = 0.02


@dataclass(frozen=True, config=STRICT)
class MultiPretextConfig(PlainViewOptions):
    """Multi-pretext learning: masked and rolled tokens, a decoder that is thrown away.

    Views are milder than those of methods that compare views: a crop and a flip, no colours (ours).
    """

    crop_min: Share = 0.6
    """Smallest crop, as a share of the image's area; crops are resized to the full size"""
    reading: Literal["a", "b"] = "a"
    """Which tokens are corrupted. a: the backbone's last ones, and the decoder restores them; b:
    those that enter stage 3 of a TinyNeXt, so that the backbone has to cope (the paper can be read
    both ways)"""
    target: Literal["latent", "colour", "patch"] = "latent"
    """What a masked token is restored to. latent: the clean token, layer-normalised, without
    gradient; colour: the mean colour of its patch; patch: all pixels of its patch, normalised
    (ours; the last as in arXiv 2111.06377)"""
    mask: bool = True
    """Whether tokens are masked"""
    roll: bool = True
    """Whether tokens are rolled"""
    scheduler: bool = True
    """Whether the losses decide how many tokens are corrupted; else 0.375 of them, twice"""
    balance: bool = True
    """Whether both tasks' losses are weighted to count alike (ours after the paper's words; once
    the roll is solved it takes the weight off the restoring too); else the plain sum"""
    disentangle: NonNegative = 0.1
    """Weight of the loss behind the gradient reversal (ours); 0: without"""
    untouched_class: bool = False
    """Whether the roll's head also has to know tokens that are not rolled (ours)"""
    memory: Probability = 0.99
    """Share of the old running means of both losses that a step keeps (ours)"""
    layers: Count = 2
    """Layers of the decoder (paper)"""
    head_width: Count = 24
    """Features of a head of its attention: 8 heads at the paper's 192 features"""
    mlp_ratio: Annotated[float, Field(gt=0)] = 4.0
    """Hidden features of its MLPs, over its width (ours)"""


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, strength: Tensor) -> Tensor:
        ctx.save_for_backward(strength)
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (strength,) = ctx.saved_tensors
        return -strength * gradient, None


def reverse_gradient(features: Tensor, strength: Tensor) -> Tensor:
    """The features themselves, whose gradient comes back times -strength (arXiv 1409.7495)."""
    result: Tensor = _Reversal.apply(features, strength)  # type: ignore[no-untyped-call]
    return result


def reversal_strength(progress: Tensor) -> Tensor:
    """From 0 to nearly 1: 2 / (1 + exp(-10 p)) - 1 (arXiv 1409.7495, section 4.1)."""
    return 2 / (1 + torch.exp(-10 * progress)) - 1


def masked_error(found: Tensor, target: Tensor, masked: Tensor) -> Tensor:
    """Mean squared error over the features of the masked tokens alone, in float32.

    Args:
        found: (b, n, d).
        target: (b, n, d).
        masked: (b, n) bool, at least one true.
    """
    with torch.autocast(found.device.type, enabled=False):
        return F.mse_loss(found[masked].float(), target[masked].float())


class TokenDecoder(nn.Module):
    """Learned positions and pre-norm transformer layers, (b, n, d) to the same shape."""

    def __init__(self, tokens: int, width: int, config: MultiPretextConfig) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(tokens, width))
        nn.init.trunc_normal_(self.positions, std=INITIAL_STD)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width,
                width // config.head_width,
                int(config.mlp_ratio * width),
                dropout=0.0,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(config.layers)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.positions
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens


def _zeroed(inputs: int, outputs: int) -> nn.Linear:
    """Gives equal scores at the start: its cross-entropy is the logarithm of `outputs`."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class MultiPretext(Method):
    """A decoder restores masked tokens and tells the shift of rolled ones.

    Watch `shift_alone` beside `shift`: the share of right shifts of a linear classifier that sees
    a single rolled token and nothing else. Where both are equal the task taught the backbone
    nothing. `token_std` and `spread` near 0 say that all images get the same tokens.
    """

    Config = MultiPretextConfig
    progress: Tensor
    """Scalar float32: share of the steps done"""
    running: Tensor
    """(2,) float64: running means of the reconstruction's and the roll's loss"""

    def __init__(
        self, backbone: Backbone, config: MultiPretextConfig, context: MethodContext
    ) -> None:
        super().__init__(backbone, config, context)
        self.width, self.grid, early = _sizes(backbone, config, context.image_size)
        self.patch = context.image_size // self.grid
        self.fineness = early[1] // self.grid
        """Tokens that are corrupted, for each of the decoder's along a side"""
        if config.mask:
            self.mask = nn.Parameter(torch.zeros(early[0]))
            nn.init.trunc_normal_(self.mask, std=INITIAL_STD)
            self.restore = nn.Linear(self.width, self._target_width())
        if config.roll:
            self.tell = _zeroed(self.width, ROLLS + config.untouched_class)
            self.tell_alone = _zeroed(early[0], ROLLS)
        if config.mask and config.roll and config.disentangle:
            hidden = nn.Linear(self.width, self.width // 3)
            self.critic = nn.Sequential(hidden, nn.ReLU(), _zeroed(hidden.out_features, ROLLS))
        self.decoder = TokenDecoder(self.grid**2, self.width, config)
        self.register_buffer("progress", torch.zeros(()))
        self.register_buffer("running", torch.ones(2, dtype=torch.float64))

    def _target_width(self) -> int:
        pixels = {"colour": 1, "patch": self.patch**2}
        return 3 * pixels[self.config.target] if self.config.target in pixels else self.width

    def stages(self) -> tuple[ViewStage, ...]:
        return (ViewStage(0.0, self.own_views(1)),)

    def rates(self) -> CorruptionRates:
        """Of the next step."""
        if self.config.scheduler:
            found = scheduled_rates(*self.running.tolist())
        else:
            found = CorruptionRates(FIXED_RATE, FIXED_RATE)
        return CorruptionRates(found.mask * self.config.mask, found.roll * self.config.roll)

    def loss(self, batch: Batch) -> Losses:
        (images,) = batch.views
        rates = self.rates()
        plan = draw_corruption(len(images), self.grid**2, rates, images.device)
        before, after, clean = self._tokens(images, plan)
        decoded = self.decoder(after)
        parts: dict[str, Tensor] = {}
        if self.config.mask:
            target = self._target(images, clean)
            parts["restore"] = masked_error(self.restore(decoded), target, plan.masked)
        if self.config.roll:
            parts["roll"] = self._roll_loss(decoded, plan)
        total = self._weighted(parts)
        if hasattr(self, "critic"):
            parts["critic"] = self._critic_loss(decoded, plan)
            total = total + self.config.disentangle * parts["critic"]
        if self.config.roll:
            alone, shift_alone = self._alone(before, plan)
            total = total + alone - alone.detach()  # trains the classifier, changes no loss
            parts["shift_alone"] = shift_alone
            parts["shift"] = _right(self.tell(decoded.detach())[plan.rolled], plan)
        metrics = {name: part.detach() for name, part in parts.items()}
        metrics |= {
            "mask_rate": total.new_tensor(rates.mask),
            "roll_rate": total.new_tensor(rates.roll),
            "token_std": clean.detach().float().std(dim=0).mean(),
            "spread": embedding_std(clean.mean(dim=1)),
        }
        return Losses(total, metrics)

    def _tokens(self, images: Tensor, plan: Corruption) -> tuple[Tensor, Tensor, Tensor]:
        """Corrupted tokens, what the decoder gets, and the clean last tokens."""
        mask = self.mask if self.config.mask else None
        if self.config.reading == "a":
            clean = _tokens_of(_last(self.backbone.forward_features(images)))
            corrupted = plan.apply(clean, mask)
            return corrupted, corrupted, clean
        assert isinstance(self.backbone, TinyNeXt)
        maps = self.backbone.early(images)
        fine = plan.enlarged(self.grid, self.fineness)
        corrupted = fine.apply(_tokens_of(maps), mask)
        after = self.backbone.late(_maps_of(corrupted))
        with torch.no_grad():
            clean = self.backbone.late(maps)
        return self._pooled(corrupted), _tokens_of(after), _tokens_of(clean)

    def _pooled(self, tokens: Tensor) -> Tensor:
        """The mean of the tokens of each cell of the decoder's grid."""
        return _tokens_of(F.avg_pool2d(_maps_of(tokens), self.fineness))

    def _target(self, images: Tensor, clean: Tensor) -> Tensor:
        """(b, n, target width), without gradient."""
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            if self.config.target == "latent":
                return F.layer_norm(clean.detach().float(), (self.width,))
            if self.config.target == "colour":
                return _tokens_of(F.avg_pool2d(images.float(), self.patch))
            patches = _tokens_of(F.pixel_unshuffle(images.float(), self.patch))
            return F.layer_norm(patches, patches.shape[-1:])

    def _roll_loss(self, decoded: Tensor, plan: Corruption) -> Tensor:
        """Cross-entropy of the shift of each rolled token; with `untouched_class` also of as many
        tokens that were left alone, whose answer is the last class.
        """
        scores = self.tell(decoded[plan.rolled])
        answers = plan.shift[plan.rolled] - 1
        if self.config.untouched_class:
            others = decoded[~(plan.rolled | plan.masked)]
            few = torch.randperm(len(others), device=others.device)[: len(answers)]
            scores = torch.cat([scores, self.tell(others[few])])
            answers = torch.cat([answers, answers.new_full((len(few),), ROLLS)])
        return F.cross_entropy(scores.float(), answers)

    def _critic_loss(self, decoded: Tensor, plan: Corruption) -> Tensor:
        """Masked tokens must not tell how the others are rolled (paper; the wiring is ours): the
        critic guesses the usual shift of the sample from each of them, and the decoder learns the
        opposite.
        """
        answers = (plan.usual_shift() - 1)[:, None].expand(plan.masked.shape)[plan.masked]
        hidden = reverse_gradient(decoded[plan.masked], reversal_strength(self.progress))
        return F.cross_entropy(self.critic(hidden).float(), answers)

    def _alone(self, corrupted: Tensor, plan: Corruption) -> tuple[Tensor, Tensor]:
        """Loss and share of right answers of the classifier that sees one rolled token."""
        scores = self.tell_alone(corrupted.detach()[plan.rolled])
        return F.cross_entropy(scores.float(), plan.shift[plan.rolled] - 1), _right(scores, plan)

    def _weighted(self, parts: dict[str, Tensor]) -> Tensor:
        """The sum of the tasks' losses by their weights; takes them into the running means."""
        losses = torch.stack(list(parts.values()))
        if len(parts) == 1:
            return losses.sum()
        weighted = task_weights(self.running).to(losses) * losses
        self._remember(losses.detach())
        return (weighted if self.config.balance else losses).sum()

    def _remember(self, losses: Tensor) -> None:
        """Running means of both losses, over all processes."""
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(losses)
            losses = losses / dist.get_world_size()
        self.running.lerp_(losses.to(self.running), 1 - self.config.memory)

    def after_step(self, progress: float) -> None:
        self.progress.fill_(progress)


def _last(maps: dict[int, Tensor]) -> Tensor:
    return maps[max(maps)]


def _tokens_of(maps: Tensor) -> Tensor:
    """(b, c, h, w) to (b, h * w, c)."""
    return maps.flatten(2).transpose(1, 2)


def _maps_of(tokens: Tensor) -> Tensor:
    """(b, n, c) to (b, c, sqrt n, sqrt n)."""
    batch, count, width = tokens.shape
    side = math.isqrt(count)
    return tokens.transpose(1, 2).reshape(batch, width, side, side)


def _right(scores: Tensor, plan: Corruption) -> Tensor:
    """Share of rolled tokens whose shift has the largest score."""
    found = scores[:, :ROLLS].argmax(dim=1) + 1
    return (found == plan.shift[plan.rolled]).float().mean()


def _sizes(
    backbone: Backbone, config: MultiPretextConfig, side: int
) -> tuple[int, int, tuple[int, int]]:
    """Width and grid of the last tokens, and of those that are corrupted.

    Raises:
        UsageError: Samples, backbone or options that do not suit the method.
    """
    if not (config.mask or config.roll):
        raise UsageError("multi_pretext has no task", hint="leave mask or roll on")
    if not side:
        raise UsageError("multi_pretext takes images", hint="use simclr for other samples")
    if config.reading == "b" and not isinstance(backbone, TinyNeXt):
        raise UsageError(
            "reading b corrupts what enters stage 3 of a TinyNeXt; this backbone has no such stage",
            hint="use --backbone tinynext_t_32px, or reading=a",
        )
    training, like = backbone.training, next(backbone.parameters())
    with torch.no_grad():  # a trial in eval mode, so that no statistics move
        images = like.new_zeros(1, 3, side, side)
        last = _last(backbone.eval().forward_features(images))
        early = backbone.early(images) if config.reading == "b" else last  # type: ignore[operator]
    backbone.train(training)
    _check_grid(last, early, side)
    width = last.shape[1]
    if width % config.head_width:
        raise UsageError(
            f"tokens of {width} features do not divide into heads of {config.head_width}",
            hint=f"give --method-options head_width=N, N a divisor of {width}",
        )
    return width, last.shape[-1], (early.shape[1], early.shape[-1])


def _check_grid(last: Tensor, early: Tensor, side: int) -> None:
    grid = last.shape[-1]
    if grid**2 < LEAST_TOKENS or side % grid or early.shape[-1] % grid:
        raise UsageError(
            f"images of {side} px become {grid**2} tokens; multi_pretext needs "
            f"{LEAST_TOKENS} or more, as whole patches",
            hint="use --backbone tinynext_t_32px, --stem-stride 1 or a larger --image-size, a "
            "multiple of 32",
        )


METHODS = {"multi_pretext": MultiPretext}

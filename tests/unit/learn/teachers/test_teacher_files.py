"""Teachers by name, from checkpoints, from our own runs and from ONNX files."""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.unit.learn.teachers.test_vit import random_weights
from tinyssl.core.config import PretrainConfig
from tinyssl.core.errors import ModelError, ToolMissing, UsageError
from tinyssl.core.records import Workspace
from tinyssl.data.spec import FeatureSpec
from tinyssl.learn.backbones import BackboneInfo, build_backbone, save_backbone
from tinyssl.learn.teachers import TEACHERS, TeacherSpec, build_teacher, fast, teacher_spec_of
from tinyssl.learn.teachers.backbone_teacher import uses_labels
from tinyssl.learn.teachers.efficientnet import LITE0, EfficientNetLite
from tinyssl.learn.teachers.onnx_teacher import OnnxTeacher, interpret
from tinyssl.learn.teachers.vit import DINO_VITS16, ViT


def lite0_checkpoint(path: Path) -> Path:
    weights = EfficientNetLite(LITE0.width, LITE0.depth).state_dict()
    (save_file if path.suffix == ".safetensors" else torch.save)(weights, path)
    return path


def test_spec_of_a_config() -> None:
    config = PretrainConfig(
        method="seed", teacher="x.pth", teacher_arch="dino_vits16", teacher_size=96
    )
    assert teacher_spec_of(config) == TeacherSpec("x.pth", "dino_vits16", 96, None)
    with pytest.raises(UsageError, match="--method seed learns from a teacher") as caught:
        teacher_spec_of(PretrainConfig(method="seed"))
    assert "tinyssl teachers" in caught.value.hint


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="no teacher 'dino_vit16'") as caught:
        build_teacher(TeacherSpec("dino_vit16"))
    assert "did you mean dino_vits16?" in caught.value.hint


def test_arch_belongs_to_a_file() -> None:
    with pytest.raises(UsageError, match="does not go with --teacher efficientnet_lite0"):
        build_teacher(TeacherSpec("efficientnet_lite0", arch="dino_vits16"))


@pytest.mark.parametrize("name", ["gone.pth", "gone.safetensors", "gone.onnx"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"gone\.\w+: no such file"):
        build_teacher(TeacherSpec(str(tmp_path / name), "efficientnet_lite0"))


def test_the_whole_dino_vits16_from_a_file(tmp_path: Path) -> None:
    """All but the download: random weights in the published layout, at 32 pixels."""
    torch.manual_seed(0)
    path = tmp_path / "dino_deitsmall16_pretrain.pth"
    torch.save(random_weights(ViT(DINO_VITS16)).state_dict(), path)
    teacher = build_teacher(TeacherSpec(str(path), "dino_vits16", 32))
    output = teacher(torch.rand(2, 3, 32, 32))
    assert output.summary.shape == (2, 384)
    assert output.tokens.shape == (2, 384, 2, 2)
    assert teacher.info.name == path.name
    assert not teacher.info.supervised
    assert "local file in the layout of dino_vits16" in teacher.info.source
    known = TEACHERS["dino_vits16"]
    network_parameters = sum(p.numel() for p in ViT(DINO_VITS16).parameters())
    assert known.parameters == network_parameters
    assert (known.summary_dim, known.token_dim) == (384, 384)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_checkpoint_with_its_architecture(tmp_path: Path, suffix: str) -> None:
    path = lite0_checkpoint(tmp_path / f"weights{suffix}")
    teacher = build_teacher(TeacherSpec(str(path), "efficientnet_lite0", 32))
    assert teacher.info.name == f"weights{suffix}"
    assert teacher.info.supervised  # as the architecture's own weights
    said = build_teacher(TeacherSpec(str(path), "efficientnet_lite0", 32, supervised=False))
    assert not said.info.supervised
    assert said.info.source.endswith("trained without labels, the user says")


def test_checkpoint_needs_its_architecture(tmp_path: Path) -> None:
    path = lite0_checkpoint(tmp_path / "weights.safetensors")
    with pytest.raises(UsageError, match="does not say what network") as caught:
        build_teacher(TeacherSpec(str(path)))
    assert "--teacher-arch" in caught.value.hint
    with pytest.raises(UsageError, match="no teacher architecture 'resnet'"):
        build_teacher(TeacherSpec(str(path), "resnet"))
    with pytest.raises(ModelError, match="missing: cls_token"):
        build_teacher(TeacherSpec(str(path), "dino_vits16", 32))


class Bomb:
    """Would run a command when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code from a pickle ran",))


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil.pth"
    torch.save({"cls_token": Bomb()}, path)
    with pytest.raises(ModelError, match="without running code"):
        build_teacher(TeacherSpec(str(path), "dino_vits16", 32))
    assert "ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {"cls_token": torch.zeros(1)}}, "something else than named tensors"),
        ([torch.zeros(1)], "something else than named tensors"),
        (None, "without running code|something else"),
    ],
)
def test_files_that_hold_something_else(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "x.pth"
    if content is None:
        path.write_bytes(b"nothing of the kind")
    else:
        torch.save(content, path)
    with pytest.raises(ModelError, match=message):
        build_teacher(TeacherSpec(str(path), "dino_vits16", 32))


def test_damaged_safetensors(tmp_path: Path) -> None:
    path = lite0_checkpoint(tmp_path / "weights.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"weights\.safetensors"):
        build_teacher(TeacherSpec(str(path), "efficientnet_lite0", 32))


# our own backbones


def our_run(folder: Path, config: dict[str, Any]) -> Path:
    workspace = Workspace(folder)
    with workspace.start("pretrain", config) as run:
        path = run.file("backbone", "backbone.safetensors")
        backbone = random_weights(build_backbone("mobilenet_v2_tiny", 1))
        save_backbone(path, backbone, BackboneInfo("mobilenet_v2_tiny", 1, FeatureSpec.image(24)))  # type: ignore[arg-type]  # a Backbone
    return path


@pytest.mark.parametrize(
    ("config", "supervised"),
    [
        ({"method": "simclr", "teacher": None}, False),
        ({"method": "supervised", "teacher": None}, True),
        ({"method": "ca_dssl", "teacher": {"name": "dino_vits16", "supervised": False}}, False),
        ({"method": "ca_dssl", "teacher": {"name": "lite2", "supervised": True}}, True),
        ({"method": "simclr"}, False),
    ],
)  # fmt: skip
def test_our_backbone_knows_from_its_record_whether_labels_were_used(
    tmp_path: Path, config: dict[str, Any], supervised: bool
) -> None:
    path = our_run(tmp_path, config)
    teacher = build_teacher(TeacherSpec(str(path)))
    assert teacher.info.supervised is supervised
    assert teacher.info.image_size == 24
    assert f"method {config['method']}" in teacher.info.source
    images = torch.rand(2, 3, 24, 24)
    output = teacher(images)
    assert output.summary.shape == (2, 64)
    assert output.tokens.shape == (2, 32, 2, 2)
    assert uses_labels(config) is supervised


def test_our_backbone_gives_its_own_features(tmp_path: Path) -> None:
    path = our_run(tmp_path, {"method": "simclr"})
    backbone = random_weights(build_backbone("mobilenet_v2_tiny", 1))
    images = torch.rand(2, 3, 24, 24)
    with torch.no_grad():
        expected = backbone(images)
    torch.testing.assert_close(build_teacher(TeacherSpec(str(path)))(images).summary, expected)


def test_our_backbone_copied_by_a_probe_run(tmp_path: Path) -> None:
    source = our_run(tmp_path, {"method": "simclr"})
    with Workspace(tmp_path).start("probe", {"run": str(source.parent)}) as run:
        path = run.file("backbone", "backbone.safetensors")
        path.write_bytes(source.read_bytes())
    assert not build_teacher(TeacherSpec(str(path))).info.supervised


def test_our_backbone_without_a_record_is_taken_as_supervised(tmp_path: Path) -> None:
    path = tmp_path / "found.safetensors"
    path.write_bytes(our_run(tmp_path, {"method": "simclr"}).read_bytes())
    info = build_teacher(TeacherSpec(str(path))).info
    assert info.supervised
    assert "no record" in info.source


def test_what_is_known_is_not_overruled(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="efficientnet_lite2 was trained with labels"):
        build_teacher(TeacherSpec("efficientnet_lite2", supervised=False))
    path = our_run(tmp_path, {"method": "simclr"})
    with pytest.raises(UsageError, match="was trained without labels"):
        build_teacher(TeacherSpec(str(path), supervised=True))
    assert not build_teacher(TeacherSpec(str(path), supervised=False)).info.supervised
    lost = tmp_path / "found.safetensors"
    lost.write_bytes(path.read_bytes())
    assert not build_teacher(TeacherSpec(str(lost), supervised=False)).info.supervised


# ONNX


def export(
    module: nn.Module, path: Path, shape: tuple[int, ...], outputs: int, **axes: Any
) -> Path:
    pytest.importorskip("onnx", reason="pip install 'tinyssl[teachers]'")
    names = [f"out{index}" for index in range(outputs)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (torch.rand(shape),), str(path), input_names=["x"], output_names=names,
            opset_version=17, dynamo=False, **axes,
        )  # fmt: skip
    return path


class Two(nn.Module):
    """Summary and map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 7, 4, 4)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.conv(images)
        return maps.mean(dim=(2, 3)), maps


FREE = {"x": {0: "b"}, "out0": {0: "b"}, "out1": {0: "b"}}


@pytest.fixture
def onnxruntime() -> None:
    pytest.importorskip("onnxruntime", reason="pip install 'tinyssl[teachers]'")


@pytest.mark.usefixtures("onnxruntime")
@pytest.mark.parametrize("axes", [{}, {"dynamic_axes": FREE}], ids=["batch of 4", "any batch"])
def test_onnx_gives_what_the_network_gives(tmp_path: Path, axes: dict[str, Any]) -> None:
    network = Two()
    path = export(network, tmp_path / "two.onnx", (4, 3, 16, 16), 2, **axes)
    teacher = build_teacher(TeacherSpec(str(path)))
    assert isinstance(teacher, OnnxTeacher)
    assert (teacher.info.image_size, teacher.info.summary_dim, teacher.info.token_dim) == (16, 7, 7)
    assert teacher.info.supervised  # nobody knows
    assert fast(teacher) is teacher
    images = torch.rand(5, 3, 16, 16)  # more than one fixed batch, and a part of one
    with torch.no_grad():
        summary, maps = network(images)
    output = teacher(images)
    torch.testing.assert_close(output.summary, summary, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(output.tokens, maps, atol=1e-5, rtol=1e-4)


@pytest.mark.usefixtures("onnxruntime")
def test_onnx_of_any_size_needs_one(tmp_path: Path) -> None:
    axes = {"dynamic_axes": {"x": {0: "b", 2: "h", 3: "w"}, "out0": {0: "b"}}}
    path = export(Two(), tmp_path / "any.onnx", (2, 3, 16, 16), 2, **axes)
    with pytest.raises(UsageError, match="images of any size") as caught:
        build_teacher(TeacherSpec(str(path)))
    assert "--teacher-size" in caught.value.hint
    teacher = build_teacher(TeacherSpec(str(path), image_size=32, supervised=False))
    assert teacher(torch.rand(1, 3, 32, 32)).tokens.shape == (1, 7, 8, 8)
    assert not teacher.info.supervised


@pytest.mark.usefixtures("onnxruntime")
def test_onnx_of_another_size(tmp_path: Path) -> None:
    path = export(Two(), tmp_path / "two.onnx", (1, 3, 16, 16), 2)
    with pytest.raises(UsageError, match="takes images of 16 pixels, not 32"):
        build_teacher(TeacherSpec(str(path), image_size=32))


@pytest.mark.usefixtures("onnxruntime")
@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (nn.Conv2d(1, 2, 3), (1, 1, 8, 8), "square RGB"),
        (nn.Conv2d(3, 2, 3), (1, 3, 8, 9), "square RGB"),
        (nn.Linear(4, 2), (1, 4), "a teacher takes images"),
    ],
    ids=["grey", "not square", "vectors"],
)
def test_onnx_that_takes_no_images(
    tmp_path: Path, module: nn.Module, shape: tuple[int, ...], message: str
) -> None:
    path = export(module, tmp_path / "x.onnx", shape, 1)
    with pytest.raises(ModelError, match=message):
        build_teacher(TeacherSpec(str(path)))


@pytest.mark.usefixtures("onnxruntime")
def test_damaged_onnx(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="no readable ONNX model"):
        build_teacher(TeacherSpec(str(tmp_path / "x.onnx")))


def test_onnx_without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ToolMissing, match="onnxruntime") as caught:
        build_teacher(TeacherSpec(str(tmp_path / "x.onnx")))
    assert "tinyssl[teachers]" in caught.value.hint


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    random = np.random.default_rng(0)
    return [random.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(
    ("shapes", "summary", "tokens"),
    [
        ([(2, 5)], lambda o: o[0], lambda o: o[0][:, :, None, None]),
        ([(2, 5, 3, 3)], lambda o: o[0].mean(axis=(2, 3)), lambda o: o[0]),
        ([(2, 5), (2, 4, 3, 3)], lambda o: o[0], lambda o: o[1]),
        ([(2, 4, 3, 3), (2, 5)], lambda o: o[1], lambda o: o[0]),
        ([(2, 9, 5)], lambda o: o[0].mean(axis=1), lambda o: np.moveaxis(o[0], 1, 2)),
        ([(2, 10, 5)], lambda o: o[0][:, 0], lambda o: np.moveaxis(o[0][:, 1:], 1, 2)),
        ([(2, 10, 5), (2, 6)], lambda o: o[1], lambda o: np.moveaxis(o[0][:, 1:], 1, 2)),
    ],
)
def test_which_output_is_which(
    shapes: list[tuple[int, ...]], summary: Callable[..., Any], tokens: Callable[..., Any]
) -> None:
    outputs = arrays(*shapes)
    found = interpret(outputs, Path("x.onnx"))
    np.testing.assert_allclose(found.summary.numpy(), summary(outputs), atol=1e-6)
    expected = tokens(outputs)
    np.testing.assert_array_equal(found.tokens.numpy().reshape(expected.shape), expected)
    assert found.tokens.shape[2] == found.tokens.shape[3]


@pytest.mark.parametrize(
    "shapes",
    [[], [(2,)], [(2, 5), (2, 5)], [(2, 8, 5)], [(2, 5, 3, 4)], [(2, 5), (2, 9, 5), (2, 5, 3, 3)]],
    ids=json.dumps,
)
def test_outputs_that_cannot_be_told_apart(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="a teacher gives"):
        interpret(arrays(*shapes), Path("x.onnx"))

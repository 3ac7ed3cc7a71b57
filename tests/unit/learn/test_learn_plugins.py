"""Methods, backbones and teachers from files and packages, through the real stages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from tests.packages import install
from tinyssl.cli.app import cli
from tinyssl.core import plugin_trust
from tinyssl.core.config import DataConfig, PretrainConfig, ProbeConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.plugins import PluginChanged
from tinyssl.core.progress import Silent
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.core.settings import read_file
from tinyssl.learn.backbones import build_backbone, load_backbone
from tinyssl.learn.methods import method_config
from tinyssl.learn.teachers import TeacherSpec, build_teacher
from tinyssl.stages.pretrain import pretrain
from tinyssl.stages.probe import probe
from tinyssl.stages.table.cells import make_cells
from tinyssl.stages.table.spec import read_table

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "plugins"
DIGITS = DataConfig(image_size=8)

METHOD = """
from pydantic.dataclasses import dataclass
from tinyssl.core.config_types import STRICT
from tinyssl.learn.methods import Method
from tinyssl.learn.methods.simclr import SimCLR, SimCLRConfig

class Loud(SimCLR):
    pass

class Abstract(Method):
    Config = SimCLRConfig

class NoConfig(SimCLR):
    Config = dict

class Fails(SimCLR):
    def __init__(self, backbone, config, context):
        raise ValueError("no room")

class Other:
    pass
"""
TEACHER = """
import torch
from tinyssl.learn.teachers import Teacher, TeacherInfo, TeacherOutput

class Pixels(Teacher):
    def __init__(self, image_size):
        super().__init__()
        size = image_size or 16
        self.info = TeacherInfo("pixels", size, 3, 3, "0" * 64, False, "made of nothing")
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, images):
        return TeacherOutput(images.mean(dim=(2, 3)), images)

def nothing(image_size):
    return 3
"""


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own: it keeps which plug-ins were named."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("TINYSSL_CACHE", str(folder))
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(METHOD)
    return path


def quick(**changes: Any) -> PretrainConfig:
    chosen: dict[str, Any] = {
        "method": f"{EXAMPLES}/vicreg.py:VICReg",
        "backbone": f"{EXAMPLES}/resnet.py:resnet_small",
        "epochs": 1,
        "batch_size": 256,
        "knn_every": 0,
        "device": "cpu",
        "stop_on_collapse": False,
    }
    return PretrainConfig(**(chosen | changes))


def train(config: PretrainConfig, root: Path) -> RunRecord:
    return pretrain(config, DIGITS, Workspace(root), Silent())


def test_the_losses_of_vicreg() -> None:
    """By hand: equations 1 and 4 of arXiv 2105.04906."""
    from tinyssl.core.plugins import load_file

    vicreg, _ = load_file(EXAMPLES / "vicreg.py", "method")
    z = torch.tensor([[0.0, 0.0], [0.2, 2.0]])
    assert vicreg.variance_loss(z, 0.0).item() == pytest.approx((1 - 0.02**0.5) / 2)
    assert vicreg.covariance_loss(z).item() == pytest.approx(2 * 0.2**2 / 2)


def test_the_examples_train_and_are_probed(tmp_path: Path) -> None:
    run = train(quick(method_options={"covariance": 0.5}), tmp_path)
    assert run.config["method_config"]["covariance"] == 0.5
    assert run.config["plugins"]["method"]["source"].endswith("vicreg.py:VICReg")
    assert len(run.config["plugins"]["backbone"]["sha256"]) == 64
    assert run.config["labels_used"] is False
    config = ProbeConfig(epochs=1, seeds=1, baseline=False)
    found = probe(config, None, Workspace(tmp_path), Silent())
    assert found.results["accuracy"] > 0.5  # ten classes
    backbone, info = load_backbone(found.path("backbone"))
    assert type(backbone).__name__ == "ResNet"
    assert info.plugin_sha256 == run.config["plugins"]["backbone"]["sha256"]


def test_options_of_a_plugin_are_checked() -> None:
    name = f"{EXAMPLES}/vicreg.py:VICReg"
    assert method_config(name, {"width": "64"}).width == 64
    with pytest.raises(UsageError, match=r"no option of .*vicreg\.py:VICReg 'covarance'") as caught:
        method_config(name, {"covarance": 1})
    assert "did you mean covariance" in caught.value.hint
    with pytest.raises(UsageError, match="width=0"):
        method_config(name, {"width": 0})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Other", "it is not a subclass of tinyssl.learn.methods.Method"),
        ("Abstract", "it does not define loss, stages"),
        ("NoConfig", "it has no `Config` that is a pydantic dataclass"),
    ],
)
def test_a_class_that_is_no_method(file: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        method_config(f"{file}:{name}", {})
    assert caught.value.message == f"{file}:{name} is no method: {message}"


def test_a_constructor_that_fails_is_told_with_its_line(file: Path, tmp_path: Path) -> None:
    config = quick(method=f"{file}:Fails", backbone="mobilenet_v2_tiny")
    with pytest.raises(UsageError, match=r"mine\.py:Fails failed: line 18: ValueError: no room"):
        train(config, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def make(spec): ...", r"does not take \(spec, stem_stride\)"),
        ("make = 3", "is not a function"),
        ("def make(spec, stem_stride):\n    return 3", "made a int, not a Backbone"),
        ("def make(spec, stem_stride):\n    return spec.nothing", "line 2: AttributeError"),
    ],
)
def test_a_function_that_makes_no_backbone(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        build_backbone(f"{path}:make")


def test_a_resumed_run_finds_its_plugins_and_says_what_changed(tmp_path: Path) -> None:
    for name in ("vicreg.py", "resnet.py"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    config = quick(
        method=f"{tmp_path}/vicreg.py:VICReg",
        backbone=f"{tmp_path}/resnet.py:resnet_small",
        epochs=2,
        checkpoint_seconds=0,
    )
    with pytest.raises(KeyboardInterrupt):
        pretrain(config, DIGITS, Workspace(tmp_path), Silent(), [lambda _: Stop()])
    with (tmp_path / "vicreg.py").open("a") as file:
        file.write("# a remark\n")
    (run,) = Workspace(tmp_path).all("pretrain")
    told = Told()
    resumed = pretrain(PretrainConfig(resume=run.folder), DIGITS, Workspace(tmp_path), told)
    assert resumed.status == "complete"
    (text,) = [text for text in told.texts if "changed since" in text]
    assert text.startswith(f"{tmp_path}/vicreg.py:VICReg changed since {run.folder.name} began")


class Stop:
    """Ends a training as Ctrl-C does, after its first epoch."""

    def on_step(self, figures: Any) -> None: ...

    def on_epoch(self, figures: Any) -> None:
        raise KeyboardInterrupt

    def close(self) -> None: ...


class Told(Silent):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def warn(self, text: str) -> None:
        self.texts.append(text)


def test_weights_whose_plugin_changed_or_is_gone(tmp_path: Path) -> None:
    path = Path(shutil.copy(EXAMPLES / "resnet.py", tmp_path / "resnet.py"))
    run = train(quick(method="random", backbone=f"{path}:resnet_small"), tmp_path)
    with path.open("a") as file:
        file.write("# a remark\n")
    with pytest.warns(PluginChanged, match=r"resnet\.py:resnet_small changed since"):
        load_backbone(run.path("backbone"))
    path.unlink()
    with pytest.raises(UsageError, match=r"resnet\.py cannot be read: No such file"):
        load_backbone(run.path("backbone"))


def test_a_file_that_only_a_run_names_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    path = Path(shutil.copy(EXAMPLES / "resnet.py", tmp_path / "resnet.py"))
    run = train(quick(method="random", backbone=f"{path}:resnet_small"), tmp_path)
    assert str(path) in (cache / "plugins.jsonl").read_text()
    forget(monkeypatch, cache)
    with path.open("a") as file:
        file.write("raise RuntimeError('it ran')\n")
    with pytest.raises(UsageError, match="which you never named on this computer") as caught:
        load_backbone(run.path("backbone"))
    assert f"TINYSSL_PLUGINS={path}" in caught.value.hint
    path.unlink()
    (tmp_path / "moved").mkdir()
    moved = shutil.copy(EXAMPLES / "resnet.py", tmp_path / "moved" / "resnet.py")
    monkeypatch.setenv("TINYSSL_PLUGINS", str(moved))
    assert load_backbone(run.path("backbone"))[1].backbone == f"{moved}:resnet_small"
    monkeypatch.delenv("TINYSSL_PLUGINS")


def forget(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """As on another computer."""
    (cache / "plugins.jsonl").unlink()
    monkeypatch.setattr(plugin_trust, "_named", set())


def test_a_run_to_resume_names_no_plugin_for_you(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    path = Path(shutil.copy(EXAMPLES / "vicreg.py", tmp_path / "vicreg.py"))
    config = quick(method=f"{path}:VICReg", backbone="mobilenet_v2_tiny")
    with pytest.raises(KeyboardInterrupt):
        pretrain(config, DIGITS, Workspace(tmp_path), Silent(), [lambda _: Stop()])
    forget(monkeypatch, cache)
    (run,) = Workspace(tmp_path).all("pretrain")
    with pytest.raises(UsageError, match=r"names the plug-in .*vicreg\.py"):
        train(PretrainConfig(resume=run.folder), tmp_path)


def test_a_teacher_of_a_plugin(tmp_path: Path) -> None:
    path = tmp_path / "teach.py"
    path.write_text(TEACHER)
    teacher = build_teacher(TeacherSpec(f"{path}:Pixels", image_size=8))
    assert teacher.info.image_size == 8
    assert not any(p.requires_grad for p in teacher.parameters())
    path.write_text(TEACHER + "# a remark\n")
    other = build_teacher(TeacherSpec(f"{path}:Pixels"))
    assert other.info.sha256 != teacher.info.sha256  # its code decides the targets
    assert build_teacher(TeacherSpec(f"{path}:Pixels", supervised=True)).info.supervised
    with pytest.raises(UsageError, match="made a int, not a Teacher"):
        build_teacher(TeacherSpec(f"{path}:nothing"))
    with pytest.raises(UsageError, match="--teacher-arch dino_vits16 does not go with"):
        build_teacher(TeacherSpec(f"{path}:Pixels", arch="dino_vits16"))
    config = quick(
        method="seed", backbone="mobilenet_v2_tiny", teacher=f"{path}:Pixels", teacher_mode="online"
    )
    run = train(config, tmp_path)
    assert run.config["teacher"]["given"] == f"{path}:Pixels"
    assert run.config["teacher"]["sha256"] == other.info.sha256


def test_a_package_brings_method_backbone_and_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path / "site",
        monkeypatch,
        {
            "acme_vicreg.py": (EXAMPLES / "vicreg.py").read_text(),
            "acme_resnet.py": (EXAMPLES / "resnet.py").read_text(),
            "acme_teach.py": TEACHER,
        },
        {
            "tinyssl.methods": {"acme_vicreg": "acme_vicreg:VICReg"},
            "tinyssl.backbones": {"acme_resnet": "acme_resnet:resnet_small"},
            "tinyssl.teachers": {"acme_pixels": "acme_teach:Pixels"},
        },
    )
    run = train(quick(method="acme_vicreg", backbone="acme_resnet"), tmp_path)
    assert run.config["plugins"]["method"]["source"] == "acme 1.2 (acme_vicreg:VICReg)"
    assert load_backbone(run.path("backbone"))[1].backbone == "acme_resnet"
    assert build_teacher(TeacherSpec("acme_pixels")).info.name == "pixels"
    with pytest.raises(UsageError, match="no teacher 'acme_pixel'") as caught:
        build_teacher(TeacherSpec("acme_pixel"))
    assert "did you mean acme_pixels" in caught.value.hint


def test_a_config_file_names_a_plugin_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "tinyssl.toml"
    path.write_text('[pretrain]\nmethod = "vicreg.py:VICReg"\nbackbone = "ds_cnn"\n')
    layer = read_file(path).layers["pretrain"]
    assert layer["method"].value == f"{tmp_path}/vicreg.py:VICReg"
    assert layer["backbone"].value == "ds_cnn"


def test_a_loss_that_fails_is_the_plugin_s_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (EXAMPLES / "vicreg.py").read_text()
    assert text.count("invariance = F.mse_loss(a, b)") == 1
    path = tmp_path / "mine.py"
    path.write_text(text.replace("invariance = F.mse_loss(a, b)", "invariance = a @ b"))
    line = path.read_text().splitlines().index("        invariance = a @ b") + 1
    monkeypatch.chdir(tmp_path)
    command = ["pretrain", "--method", "mine.py:VICReg", "--image-size", "8", "--epochs", "1"]
    command += ["--backbone", "mobilenet_v2_tiny"]
    done = CliRunner().invoke(cli, command, prog_name="tinyssl")
    assert done.exit_code == 1
    assert f"the plug-in failed at {path}:{line}: RuntimeError" in done.stderr.replace("\n", " ")
    assert "bug in tinyssl" not in done.stderr


def test_lists_name_the_plugins_of_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path / "site",
        monkeypatch,
        {},
        {
            "tinyssl.methods": {"acme_vicreg": "acme_gone:VICReg"},
            "tinyssl.teachers": {"acme_pixels": "acme_gone:Pixels"},
            "tinyssl.boards": {"acme_one": "acme_gone:ONE"},
        },
    )
    path = f"{tmp_path / 'site'}:{EXAMPLES.parents[1]}"
    environment = os.environ | {"PYTHONPATH": path, "COLUMNS": "300"}

    def shown(*words: str) -> str:
        command = [sys.executable, "-m", "tinyssl", *words]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    assert "acme_vicreg (from acme 1.2)" in shown("pretrain", "--help")
    assert "acme_pixels: from acme 1.2" in shown("teachers")
    assert "acme_one: acme 1.2: the board 'acme_one' cannot be imported" in shown("boards")


def test_a_table_measures_again_when_the_plugin_changed(tmp_path: Path) -> None:
    path = Path(shutil.copy(EXAMPLES / "vicreg.py", tmp_path / "vicreg.py"))
    table = tmp_path / "table.toml"
    table.write_text(
        "seeds = [0]\n[data]\nimage_size = 8\n[pretrain]\nepochs = 1\n"
        '[[row]]\nname = "ours"\nmethod = "vicreg.py:VICReg"\nbackbone = "mobilenet_v2_tiny"\n'
    )
    (before,) = make_cells(read_table(table))
    assert before.pretrain.method == f"{path}:VICReg"
    assert make_cells(read_table(table))[0].key == before.key
    with path.open("a") as file:
        file.write("# a remark\n")
    assert make_cells(read_table(table))[0].key != before.key


def test_a_process_of_its_own_finds_the_plugin(tmp_path: Path) -> None:
    """The command line, from another folder; its error has no traceback of ours."""
    for name in ("vicreg.py", "resnet.py"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    command = [sys.executable, "-m", "tinyssl", "pretrain", "--workspace", "w", "--epochs", "1"]
    command += ["--image-size", "8", "--batch-size", "256", "--no-stop-on-collapse"]
    command += ["--knn-every", "0", "--backbone", "resnet.py:resnet_small"]
    command += ["--method", "vicreg.py:VICReg"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "vicreg.py").write_text("import nowhere\n")
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "line 1: ModuleNotFoundError: No module named 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr

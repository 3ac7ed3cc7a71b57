"""Precedence of the sources, and errors in the user's own words."""

from pathlib import Path

import pytest

from tinyssl.core.config import STAGES, BuildConfig, PretrainConfig, ProbeConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.settings import (
    RUN_STAGES,
    FieldKind,
    Setting,
    fields_of,
    kind_of,
    parse_text,
    read_environment,
    read_file,
    resolve,
)


def layer(value: object, origin: str) -> dict[str, Setting]:
    return {"flash_budget": Setting(value, origin)}


FLAG, VARIABLE = layer(1, "--flash-budget"), layer(2, "TINYSSL_BUILD_FLASH_BUDGET")
FILE, BOARD = layer(3, "[build] flash_budget"), layer(4, "board x: flash_budget")


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ([FLAG, VARIABLE, FILE, BOARD], 1),
        ([{}, VARIABLE, FILE, BOARD], 2),
        ([{}, {}, FILE, BOARD], 3),
        ([{}, {}, {}, BOARD], 4),
        ([{}, {}, {}, {}], None),
    ],
    ids=["flag", "environment", "file", "board", "default"],
)
def test_stronger_source_wins(layers: list[dict[str, Setting]], wanted: int | None) -> None:
    assert resolve(BuildConfig, layers).flash_budget == wanted


def test_mappings_are_merged_key_by_key() -> None:
    flag = {"method_options": Setting({"temperature": 0.1}, "--method-options")}
    file = {"method_options": Setting({"temperature": 0.5, "dim": 64}, "[pretrain]")}
    assert resolve(PretrainConfig, [flag, file]).method_options == {"temperature": 0.1, "dim": 64}


def test_every_bad_value_is_named_as_the_user_wrote_it() -> None:
    layers = [
        {"epochs": Setting("0", "--epochs")},
        {"device": Setting("tpu", "TINYSSL_PRETRAIN_DEVICE")},
        {"lr": Setting("fast", "/x/tinyssl.toml: [pretrain] lr")},
    ]
    with pytest.raises(UsageError) as caught:
        resolve(PretrainConfig, layers)
    assert "--epochs 0: should be greater than or equal to 1" in caught.value.message
    assert "TINYSSL_PRETRAIN_DEVICE tpu: should be 'auto', 'cpu'" in caught.value.message
    assert "/x/tinyssl.toml: [pretrain] lr fast: " in caught.value.message
    assert "tinyssl pretrain --help" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldKind("choice", choices=(1, 2)), "2", 2),
        (FieldKind("choice", choices=("a", "b")), "c", "c"),
        (FieldKind("list"), "0.1, 0.3,", ["0.1", "0.3"]),
        (FieldKind("mapping"), "a=1,b=x,c=true", {"a": 1, "b": "x", "c": True}),
        (FieldKind("path", optional=True), "none", None),
        (FieldKind("path", optional=True), "", None),
        (FieldKind("text"), "none", "none"),
    ],
)
def test_text_is_read_as_the_field_needs_it(kind: FieldKind, text: str, value: object) -> None:
    assert parse_text(kind, text) == value


def test_mapping_without_equals_sign_is_refused() -> None:
    with pytest.raises(UsageError, match="'temperature' is not KEY=VALUE"):
        parse_text(FieldKind("mapping"), "temperature")


def test_every_field_of_every_stage_has_a_kind_and_a_help_text() -> None:
    for stage in STAGES:
        for name, info in fields_of(stage).items():
            assert kind_of(info.annotation).name, (stage, name)
            assert info.description, (stage, name)


def test_environment_is_read_by_stage_and_field() -> None:
    layers = read_environment({"TINYSSL_PROBE_LRS": "0.1,1", "TINYSSL_CACHE": "/x", "PATH": "/bin"})
    assert resolve(ProbeConfig, [layers["probe"]]).lrs == [0.1, 1.0]
    assert layers["probe"]["lrs"].origin == "TINYSSL_PROBE_LRS"
    assert not layers["data"]


def test_unknown_variable_with_our_prefix_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        read_environment({"TINYSSL_PRETRAIN_EPOCS": "3"})
    assert "TINYSSL_PRETRAIN_EPOCS" in caught.value.message
    assert "did you mean TINYSSL_PRETRAIN_EPOCHS?" in caught.value.hint


def write(folder: Path, text: str) -> Path:
    path = folder / "tinyssl.toml"
    path.write_text(text)
    return path


def test_file_gives_layers_steps_and_paths_relative_to_itself(tmp_path: Path) -> None:
    path = write(tmp_path, '[data]\ndata_path = "images"\n[convert]\n[pretrain]\nepochs = 3\n')
    file = read_file(path)
    assert file.layers["data"]["data_path"].value == tmp_path / "images"
    assert resolve(PretrainConfig, [file.layers["pretrain"]]).epochs == 3
    assert file.planned == ("pretrain", "convert")  # in the pipeline's order; data is no step


def test_steps_of_the_file_win_over_its_sections(tmp_path: Path) -> None:
    path = write(tmp_path, 'steps = ["build", "flash"]\n[pretrain]\n')
    assert read_file(path).planned == ("build", "flash")


def test_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    file = read_file(tmp_path / "tinyssl.toml")
    assert file.planned == ()
    assert not file.layers


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[pretran]\n", r"unknown section \[pretran\]", "did you mean pretrain?"),
        ("[pretrain]\nepoch = 3\n", "no key 'epoch'", "did you mean epochs?"),
        ("pretrain = 3\n", "pretrain is not a table", r"write [pretrain]"),
        ('steps = ["biuld"]\n', "steps holds 'biuld'", "did you mean build?"),
        ('steps = "build"\n', "steps holds 'build'", "a list of"),
        ("[pretrain\n", "line 1", "docs/CLI.md"),
    ],
)
def test_mistakes_in_the_file_are_explained(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_file(write(tmp_path, text))
    assert hint in caught.value.hint


def test_steps_are_stages() -> None:
    assert set(RUN_STAGES) == set(STAGES) - {"data", "catalog", "federate", "serve"}

"""What commands print: JSON, help, and nothing that a program or a log would choke on."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from tinyssl.cli.app import COMMANDS
from tinyssl.core.config import STAGES, DataConfig
from tinyssl.core.paths import boards_folder
from tinyssl.core.records import RunRecord, Workspace
from tinyssl.targets.boards import all_boards

Invoke = Callable[..., Result]

QUICK = {  # how each command ends at once in an empty workspace, and with which code
    "teachers": ([], (0,)),
    "doctor": ([], (0, 1)), "data": ([], (0,)), "boards": ([], (0,)), "ports": ([], (0,)),
    "pretrain": (["--epochs", "0"], (2,)), "probe": ([], (2,)), "convert": ([], (2,)),
    "verify": ([], (2,)), "build": ([], (2,)), "flash": ([], (2,)), "bench": ([], (2,)),
    "report": ([], (2,)), "run": ([], (2,)), "compare": ([], (2,)), "evaluate": ([], (2,)),
    "watch": ([], (2,)), "fit": ([], (2,)), "predict": ([], (2,)),
    "zoo": ([], (0,)), "table": ([], (2,)),
    "tune": ([], (2,)), "learn": ([], (2,)), "catalog": ([], (0,)),
    "serve": (["--host", "0.0.0.0"], (2,)), "fleet": ([], (0,)),
    "federate": (["--task", "sines"], (2,)),
}  # fmt: skip


def test_every_command_is_tried() -> None:
    assert set(QUICK) == set(COMMANDS)


@pytest.mark.parametrize("command", list(COMMANDS))
@pytest.mark.parametrize("place", ["before", "after"])
def test_json_is_one_object_on_stdout(command: str, place: str, invoke: Invoke) -> None:
    args, codes = QUICK[command]
    words = ["--json", command, *args] if place == "before" else [command, *args, "--json"]
    shown = invoke(*words)
    assert shown.exit_code in codes, shown.stderr
    content = json.loads(shown.stdout)
    assert list(content)[:3] == ["schema", "command", "ok"]
    assert content["schema"] == 1
    assert content["command"] == command
    assert content["ok"] is (shown.exit_code == 0)
    if shown.exit_code > 1:
        assert content["error"]["code"] == shown.exit_code
        assert content["error"]["hint"]
    assert shown.stderr == ""


def fields_for(command: str) -> list[str]:
    stages = [command] if command in STAGES else []
    if command in ("pretrain", "probe"):
        stages.append("data")
    return [name for stage in stages for name in inspect.signature(STAGES[stage]).parameters]


@pytest.mark.parametrize("command", list(STAGES))
def test_help_shows_every_field(command: str, invoke: Invoke) -> None:
    text = invoke(command, "--help").stdout
    assert fields_for(command)
    for name in fields_for(command):
        assert f"--{name.replace('_', '-')}" in text


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_of_the_group_and_of_the_command_agree(command: str, invoke: Invoke) -> None:
    assert COMMANDS[command] in invoke("--help").stdout
    first = invoke(command, "--help").stdout
    assert COMMANDS[command].split()[0] in first  # both start with the same verb


def test_options_reach_the_config_by_every_source(invoke: Invoke, workspace: Path) -> None:
    (workspace / "tinyssl.toml").write_text("[data]\nimage_size = 8\nsplit_seed = 3\n")
    assert json.loads(invoke("data", "--json").stdout)["size"] == "8x8x3"
    variables = {"TINYSSL_DATA_IMAGE_SIZE": "16"}
    assert json.loads(invoke("data", "--json", **variables).stdout)["size"] == "16x16x3"
    flagged = invoke("data", "--json", "--image-size", "24", **variables)
    assert json.loads(flagged.stdout)["size"] == "24x24x3"


def test_config_file_may_be_anywhere(invoke: Invoke, workspace: Path) -> None:
    (workspace / "other").mkdir()
    (workspace / "other" / "small.toml").write_text("[data]\nimage_size = 8\n")
    shown = invoke("data", "--json", "--config", "other/small.toml")
    assert json.loads(shown.stdout)["size"] == "8x8x3"
    (workspace / "other" / "tinyssl.toml").write_text("[data]\nimage_size = 16\n")
    shown = invoke("data", "--json", TINYSSL_WORKSPACE="other")
    assert json.loads(shown.stdout)["size"] == "16x16x3"


def test_data_counts_add_up_and_the_sheet_is_a_picture(invoke: Invoke, workspace: Path) -> None:
    shown = invoke("data", "--json", "--save-sheet", "sheets/a.png")
    content = json.loads(shown.stdout)
    assert sum(content["splits"].values()) == content["images"] == 1797
    for split, count in content["splits"].items():
        assert sum(content["per_class"][split]) == count
    with Image.open(workspace / "sheets" / "a.png") as sheet:
        assert sheet.width > 16 * 32
        assert len(np.unique(np.asarray(sheet))) > 10  # not empty


def test_boards_lists_every_file_and_shows_one_by_alias(invoke: Invoke) -> None:
    listed = json.loads(invoke("boards", "--json").stdout)["boards"]
    assert [board["id"] for board in listed] == [board.id for board in all_boards()]
    shown = json.loads(invoke("boards", "show", "qemu", "--json").stdout)["board"]
    assert shown["id"] == "mps2_an500"
    assert "0x20000000" in invoke("boards", "show", "qemu").stdout


def test_version_is_the_package_s(invoke: Invoke) -> None:
    assert invoke("--version").stdout == "tinyssl 0.1.0\n"


def test_no_colour_codes_outside_a_terminal(invoke: Invoke) -> None:
    for args in (["boards"], ["--help"], ["build", "--help"], ["bords"]):
        shown = invoke(*args, NO_COLOR="1")
        assert "\x1b[" not in shown.stdout + shown.stderr


def test_doctor_tells_the_command_that_repairs(
    invoke: Invoke, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workspace))  # a computer without any tool
    shown = invoke("doctor", "--json")
    assert shown.exit_code == 1
    checks = {check["name"]: check for check in json.loads(shown.stdout)["checks"]}
    for name, state, packages in (
        ("host compiler", "fail", "gcc libc6-dev"),
        ("ARM compiler", "fail", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("qemu-system-arm", "fail", "qemu-system-arm"),
        ("RISC-V compiler", "warn", "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"),
        ("qemu-system-riscv32", "warn", "qemu-system-misc"),
        ("ARM C++", "warn", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib"),
    ):
        assert checks[name]["state"] == state
        assert checks[name]["repair"].endswith(packages)
        assert "apt-get install" in checks[name]["repair"]
    assert "clang-14" in checks["programs of the tests"]["repair"]
    assert "apt-get install" in invoke("doctor").stdout


def test_doctor_finds_a_compiler_without_headers(
    invoke: Invoke, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = workspace / "gcc"
    program.write_text('#!/bin/sh\nexec /usr/bin/gcc -nostdinc "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{workspace}:/bin:/usr/bin")
    checks = json.loads(invoke("doctor", "--json").stdout)["checks"]
    (compiler,) = (check for check in checks if check["name"] == "host compiler")
    assert compiler["state"] == "fail"
    assert "stdint.h" in compiler["found"]
    assert compiler["repair"].endswith("libc6-dev")


@pytest.mark.parametrize(
    ("name", "prefix", "repair"),
    [
        ("RISC-V compiler", "riscv64-unknown-elf", "warn: picolibc-riscv64-unknown-elf"),
        ("ARM compiler", "arm-none-eabi", "fail: libnewlib-arm-none-eabi"),
    ],
)
def test_doctor_finds_a_cross_compiler_without_its_library(
    name: str, prefix: str, repair: str, invoke: Invoke, workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The compiler's own package comes without one: its name on the PATH says nothing."""
    for program in ("gcc", "gcc-ar", "gcc-ranlib", "objcopy", "size"):
        path = workspace / f"{prefix}-{program}"
        path.write_text('#!/bin/sh\necho "fatal error: cannot read spec file" >&2\nexit 1\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{workspace}:/bin:/usr/bin")
    checks = json.loads(invoke("doctor", "--json").stdout)["checks"]
    (compiler,) = (check for check in checks if check["name"] == name)
    state, package = repair.split(": ")
    assert compiler["state"] == state
    assert "cannot read spec file" in compiler["found"]
    assert compiler["repair"].endswith(f"--no-install-recommends {package}")


def test_doctor_finds_an_emulator_that_lacks_our_machines(
    invoke: Invoke, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = workspace / "qemu-system-arm"
    program.write_text("#!/bin/sh\necho 'none  empty machine'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{workspace}:/bin:/usr/bin")
    checks = json.loads(invoke("doctor", "--json").stdout)["checks"]
    (qemu,) = (check for check in checks if check["name"] == "qemu-system-arm")
    assert qemu["state"] == "fail"
    assert "mps2-an386, mps2-an500" in qemu["found"]


def test_sheet_that_is_no_picture_is_a_usage_mistake(invoke: Invoke) -> None:
    shown = invoke("data", "--save-sheet", "sheet.xyz")
    assert shown.exit_code == 2
    assert "sheet.png" in shown.stderr


def test_help_names_backbones_and_methods(invoke: Invoke) -> None:
    from tinyssl.learn.backbones import BACKBONES
    from tinyssl.learn.methods import METHODS

    shown = invoke("pretrain", "--help").stdout
    for name in (*BACKBONES, *METHODS):
        assert shown.count(name) >= 1, name
    assert "mobilenet_v2_tiny" in shown


def test_stop_says_how_many_and_nothing_that_contradicts(invoke: Invoke) -> None:
    shown = invoke("ports", "--stop").stdout
    assert "no emulator runs here" in shown
    assert "0 stopped" in shown


def pretrained(workspace: Path, **data: object) -> None:
    with Workspace(workspace).start("pretrain", {"data": data}):
        pass


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), None),
        (("--test-fraction", "0.3"), ("folder", Path("/photos"), 48, 0.3)),
        (("--data-path", "some"), ("folder", Path("some"), 48, 0.2)),
        (("--dataset", "digits"), ("digits", None, 48, 0.2)),
        (("--dataset", "digits", "--image-size", "32"), ("digits", None, 32, 0.2)),
    ],
)
def test_probe_changes_the_data_of_the_pretrain_run(
    flags: tuple[str, ...],
    expected: tuple[object, ...] | None,
    invoke: Invoke,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Labels may come from elsewhere; the image size stays that of the backbone."""
    seen: list[DataConfig | None] = []

    def stage(config: object, data: DataConfig | None, place: Workspace, *rest: object) -> object:
        seen.append(data)
        return place.latest("pretrain")

    pretrained(workspace, dataset="folder", data_path="/photos", image_size=48)
    monkeypatch.setattr("tinyssl.stages.probe.probe", stage)
    assert invoke("probe", *flags).exit_code == 0
    (data,) = seen
    found = data and (data.dataset, data.data_path, data.image_size, data.test_fraction)
    assert found == expected


def test_ports_lists_emulators_that_are_gone(invoke: Invoke, workspace: Path) -> None:
    folder = workspace / "build" / "mps2_an500"
    folder.mkdir(parents=True)
    gone = {"board": "mps2_an500", "kind": "emulator", "port": "/dev/pts/99", "pid": 2**22 + 1}
    (folder / "device.json").write_text(json.dumps(gone))
    (emulator,) = json.loads(invoke("ports", "--json").stdout)["emulators"]
    assert emulator["running"] is False
    assert emulator["port"] == "/dev/pts/99"


def record(workspace: Path, kind: str) -> RunRecord:
    with Workspace(workspace).start(kind, {}) as run:
        run.results(accuracy=0.5)
    return run.record


def test_run_refuses_steps_that_are_not_planned(invoke: Invoke, workspace: Path) -> None:
    (workspace / "tinyssl.toml").write_text("[convert]\n[build]\n")
    shown = invoke("run", "--from", "probe")
    assert shown.exit_code == 2
    assert "--from probe: not a stage of this run (convert, build)" in shown.stderr
    (workspace / "tinyssl.toml").write_text("[data]\n")
    assert "no stage to run" in invoke("run").stderr


def test_broken_record_does_not_hide_the_others(invoke: Invoke, workspace: Path) -> None:
    record(workspace, "probe")
    (workspace / "runs" / "probe-broken").mkdir()
    (workspace / "runs" / "probe-broken" / "record.json").write_text("{")
    assert invoke("boards", "--json").exit_code == 0


def test_boards_of_ones_own_folder(invoke: Callable[..., Result], workspace: Path) -> None:
    (workspace / "mine.json").write_text((boards_folder() / "host.json").read_text())
    shown = invoke("boards", "--json", TINYSSL_BOARDS=str(workspace))
    assert {"mine", "host"} <= {board["id"] for board in json.loads(shown.stdout)["boards"]}

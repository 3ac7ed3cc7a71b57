"""`--target library`: PlatformIO takes its manifest, and the example runs with an Arduino core."""

import configparser
import json
import shutil
import subprocess
import sys
import tarfile

import pytest

from tests.arduino_host import CORE, compile_sketch
from tests.colours import colours
from tests.host_firmware import HostFirmware
from tests.networks import network
from tinyssl.codegen.library import library_name
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import boards_folder, firmware_folder
from tinyssl.core.records import Workspace
from tinyssl.device import open_link
from tinyssl.frontends.tflite import write_model
from tinyssl.project.platformio import environment, pio_run
from tinyssl.stages.build import build

NAME = "tinyssl_tiny"
PACK = """
import sys
from platformio.__main__ import main
from platformio.package.manifest.schema import ManifestSchema

# The one thing that PlatformIO fetches when it checks a manifest: SPDX's list of licences.
licences = {"licenses": [{"licenseId": "Apache-2.0"}]}
ManifestSchema.load_spdx_licenses = staticmethod(lambda: licences)
sys.exit(main())
"""


MAIN = f"""
#include <{NAME}.h>
#include <string.h>

#include "sample.h"

int main(void)
{{
    memcpy({NAME}_input(), sample_input, sizeof sample_input);
    return memcmp({NAME}_infer(), sample_output, sizeof sample_output) != 0;
}}
"""
SETTINGS = """
[platformio]
platforms_dir = .pio/platforms
[env:host]
platform = symlink://platform
board = host
lib_deps = symlink://{library}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory, tiny_tflite):
    workspace = Workspace(tmp_path_factory.mktemp("library"))
    config = BuildConfig(
        model=tiny_tflite,
        board="mps2_an386",
        target="library",
        library_version="1.2.3",
        library_author="Ada Lovelace <ada@example.org>",
    )
    build(config, workspace)
    return workspace.builds / "library"


def test_platformio_packs_it(library, tmp_path):
    command = [sys.executable, "-c", PACK, "pkg", "pack", "-o", tmp_path, library]
    done = subprocess.run(command, env=environment(), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    packed = tmp_path / f"{NAME}-1.2.3.tar.gz"
    with tarfile.open(packed) as archive:
        names = set(archive.getnames())
    assert {
        "library.json",
        "library.properties",
        "LICENSE",
        "README.md",
        f"src/{NAME}.h",
        f"src/{NAME}.c",
        "src/model/model.c",
        "examples/Classify/Classify.ino",
    } <= names
    assert "tinyssl_build.json" not in names  # it names paths of this computer


def test_both_manifests_say_the_same(library):
    manifest = json.loads((library / "library.json").read_text())
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string("[library]\n" + (library / "library.properties").read_text())
    properties = parser["library"]
    assert (manifest["name"], manifest["version"]) == (NAME, "1.2.3")
    assert (properties["name"], properties["version"]) == (NAME, "1.2.3")
    assert manifest["authors"] == [{"name": "Ada Lovelace", "email": "ada@example.org"}]
    assert properties["author"] == "Ada Lovelace <ada@example.org>"
    assert manifest["headers"] == properties["includes"] == f"{NAME}.h"
    assert "avr" not in properties["architectures"].split(",")


def sources(library):
    return [*(library / "src").rglob("*.c"), library / "examples" / "Classify" / "Classify.ino"]


def said_by_example(library, folder):
    """Two lines of the example, run on this computer."""
    firmware = HostFirmware(compile_sketch(folder, sources(library), [library / "src"]))
    link = open_link(firmware.port, 115200)
    said = b""
    while said.count(b"\r\n") < 2:
        more = link.read(10.0)
        assert more, said
        said += more
    link.close()
    assert firmware.stop() == ""
    return said


def test_the_example_runs_and_gives_what_tflm_gives(library, tmp_path):
    said = said_by_example(library, tmp_path)
    assert b"tiny: class " in said
    assert b" us, as TensorFlow Lite Micro\r\n" in said
    assert b"NOT" not in said


@pytest.mark.parametrize(("kind", "ctype"), [("uint8", "uint8_t"), ("float32", "float")])
def test_ends_keep_their_type(kind, ctype, tmp_path):
    model, workspace = tmp_path / "colours.tflite", Workspace(tmp_path / "workspace")
    model.write_bytes(colours(kind))
    build(BuildConfig(model=model, target="library"), workspace)
    folder = workspace.builds / "library"
    header = (folder / "src/tinyssl_colours.h").read_text()
    assert f"const {ctype} *tinyssl_colours_infer(void);" in header
    said = said_by_example(folder, tmp_path)
    assert b" us, as TensorFlow Lite Micro\r\n" in said
    assert b"NOT" not in said


def test_the_example_compiles_for_a_cortex_m4_and_names_no_section(library, tmp_path):
    if shutil.which("arm-none-eabi-g++") is None:
        pytest.skip("needs arm-none-eabi-g++ (apt-get install gcc-arm-none-eabi)")
    flags = ["-mcpu=cortex-m4", "-mthumb", "-O2", "-Wall", "-Wextra", "-Werror", "-DARDUINO=10819"]
    flags += [f"-I{library / 'src'}", f"-I{CORE}"]
    for number, path in enumerate(sources(library)):
        compiler = ["arm-none-eabi-gcc", "-std=gnu11"]
        if path.suffix == ".ino":
            compiler = ["arm-none-eabi-g++", "-std=gnu++17", "-x", "c++", "-include", "Arduino.h"]
        target = tmp_path / f"{number}.o"
        subprocess.run([*compiler, *flags, "-c", path, "-o", target], check=True)
        headers = subprocess.run(
            ["arm-none-eabi-objdump", "-h", target], check=True, capture_output=True, text=True
        ).stdout
        assert ".tinyssl" not in headers  # the linker scripts of Arduino's cores do not know them


CHECK = """
#include <{name}.h>
#include <string.h>

#include "{library}/examples/Classify/sample.h"

int check_{name}(void);
int check_{name}(void)
{{
    memcpy({name}_input(), sample_input, sizeof sample_input);
    return memcmp({name}_infer(), sample_output, sizeof sample_output) != 0;
}}
"""
BOTH = """
int check_tinyssl_tiny(void);
int check_other(void);
int main(void)
{
    return check_tinyssl_tiny() + check_other() + check_tinyssl_tiny();
}
"""


def archive(library, folder):
    """Its C as an archive, and the names that a linker sees in it."""
    folder.mkdir()
    made = folder / "library.a"
    subprocess.run(["gcc", "-O1", "-c", *(library / "src").rglob("*.c")], cwd=folder, check=True)
    subprocess.run(["ar", "rc", made, *folder.glob("*.o")], check=True)
    command = ["nm", "-g", "--defined-only", "-f", "posix", made]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return made, {line.split()[0] for line in listed.splitlines() if " " in line}


def test_two_libraries_in_one_program_keep_to_their_own_models(library, tmp_path):
    """Linked as archives, where the linker would say nothing of a name that both define."""
    model, other = tmp_path / "other.tflite", tmp_path / "other"
    model.write_bytes(write_model(network()))
    config = BuildConfig(
        model=model, board="mps2_an386", target="library", library_name="other", out=other
    )
    build(config, Workspace(tmp_path / "workspace"))
    main, program = tmp_path / "main.c", tmp_path / "both"
    main.write_text(BOTH)
    words = [main]
    for name, folder in ((NAME, library), ("other", other)):
        check = tmp_path / f"{name}.c"
        check.write_text(CHECK.format(name=name, library=folder))
        made, symbols = archive(folder, tmp_path / f"{name}-objects")
        assert len(symbols) > 5
        assert [symbol for symbol in symbols if not symbol.startswith(f"{name}_")] == []
        words += [check, made, f"-I{folder / 'src'}"]
    subprocess.run(["gcc", *words, "-lm", "-o", program], check=True)
    assert subprocess.run([program], check=False).returncode == 0


@pytest.mark.parametrize("name", ["model", "weights", "abi", "[--]", '*"\\??=\n\x1b猫'])
def test_no_name_of_a_model_breaks_its_library(tmp_path, tiny_tflite, name):
    """Names of files inside the library, and such as leave nothing for an identifier."""
    model = tmp_path / f"{name}.tflite"
    shutil.copy(tiny_tflite, model)
    config = BuildConfig(model=model, board="host", target="library", out=tmp_path / "made")
    build(config, Workspace(tmp_path / "workspace"))
    files = sorted((tmp_path / "made" / "src").rglob("*.c"))
    options = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path / 'made' / 'src'}"]
    subprocess.run(["gcc", *options, "-fsyntax-only", *files], check=True)
    json.loads((tmp_path / "made" / "library.json").read_text())


@pytest.mark.emulator  # a whole build by PlatformIO
def test_platformio_compiles_a_project_that_names_it(library, tmp_path):
    """On the platform for this computer, with the library as any project gets it."""
    shutil.copytree(firmware_folder() / "platform", tmp_path / "platform")
    (tmp_path / "boards").mkdir()
    shutil.copy(boards_folder() / "host.json", tmp_path / "boards")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.c").write_text(MAIN)
    shutil.copy(library / "examples" / "Classify" / "sample.h", tmp_path / "src")
    (tmp_path / "platformio.ini").write_text(SETTINGS.format(library=library))
    log = pio_run(tmp_path)
    assert f"|-- {NAME} @ 1.2.3" in log
    done = subprocess.run([tmp_path / ".pio/build/host/firmware.elf"], check=False)
    assert done.returncode == 0


def test_the_licence_is_that_of_tinyssl(library):
    root = CORE.parents[1]
    assert (library / "LICENSE").read_text() == (root / "LICENSE").read_text()


@pytest.mark.parametrize(
    ("model", "name"),
    [("kws", "tinyssl_kws"), ("My model-2 (v3)", "tinyssl_my_model_2_v3"), ("", "tinyssl_model")],
)
def test_the_name_is_an_identifier(model, name):
    assert library_name(model) == name


def test_the_other_engine_has_no_such_folder(tmp_path, tiny_tflite):
    config = BuildConfig(model=tiny_tflite, target="library", engine="tflm", check=False)
    with pytest.raises(UsageError, match="--target library is the C of the engine aot"):
        build(config, Workspace(tmp_path))


@pytest.mark.parametrize("text", ["x\nurl=http://evil", "x\r", "x\x1b[2J", "x\u2028y", "x" * 301])
@pytest.mark.parametrize("field", ["library_author", "library_url", "esp_nn"])
def test_what_stands_in_a_line_of_a_file_is_one_line(field, text):
    with pytest.raises(ValueError, match=field):
        BuildConfig(**{field: text})

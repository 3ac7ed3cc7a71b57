"""The import rules of docs/ARCHITECTURE.md, read from the document so that neither can drift."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tinyssl"
FIRMWARE = ROOT / "firmware"
DOCUMENT = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
ENTRY = ("__init__", "__main__")  # the package's own contents page, and `python -m tinyssl`


@cache
def tree_of(path: Path) -> ast.Module:
    """Of a Python file."""
    return ast.parse(path.read_text())


@cache
def rows() -> dict[str, int]:
    """Part -> number of its row."""
    found = re.findall(r"^(\d+)\. (`.+(?:\n   .+)*)$", DOCUMENT, re.MULTILINE)
    return {part: int(row) for row, text in found for part in re.findall(r"`(\w+)`", text)}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if part_of(path) not in ENTRY)


def imports(tree: ast.AST, *, typing_too: bool = True) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of every import, those inside functions too."""
    for node in ast.iter_child_nodes(tree):
        guarded = (
            not typing_too
            and isinstance(node, ast.If)
            and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            if node.module == "tinyssl":
                yield from ((f"tinyssl.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield str(node.module), node.lineno
        elif not guarded:
            yield from imports(node, typing_too=typing_too)


def import_graph() -> dict[str, set[str]]:
    """Module -> modules of the package that it imports, inside functions too."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for module, path in names.items():
        nodes = [
            node
            for node in ast.walk(tree_of(path))
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        wanted: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            else:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= {name if name in names else str(node.module) for name in inner}
        graph[module] = (wanted & names.keys()) - {module}
    return graph


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of two or more modules that reach each other, each sorted."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            new = graph[todo.pop()] - seen
            seen |= new
            todo += new
        return seen

    reach = {module: reachable(module) for module in graph}
    groups = {
        tuple(sorted(other for other in reach[module] if module in reach[other]))
        for module in graph
        if module in reach[module]
    }
    return [list(group) for group in sorted(groups)]


def test_no_modules_import_each_other() -> None:
    graph = import_graph()
    assert len(graph) > 300
    assert cycles(graph) == []


def test_a_cycle_is_found_whole() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"e"}, "e": {"f"}, "f": {"d"}}
    assert cycles(graph) == [["b", "c"], ["d", "e", "f"]]


def test_document_has_every_part() -> None:
    assert {part_of(path) for path in modules()} == set(rows())


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rows_import_only_rows_above(path: Path) -> None:
    row, own = rows(), part_of(path)
    wrong = []
    for name, line in imports(tree_of(path)):
        target = name.split(".")[1] if name.startswith("tinyssl.") else None
        if target in row and target != own and row[target] > row[own]:
            wrong.append(f"{path}:{line}: row {row[own]} imports {name} of row {row[target]}")
    assert not wrong


OPERATOR_FOLDERS = ("ops", "ops/training")
OPERATORS = {
    path.stem for folder in OPERATOR_FOLDERS for path in (PACKAGE / folder).glob("*.py")
} - {"__init__"}
ISA_MODULES = {
    path.stem
    for path in (PACKAGE / "targets").glob("*.py")
    if path.stem.startswith(("dsp", "mve", "rv32"))
}


def outside(*places: str) -> list[Path]:
    """Modules of tinyssl that lie in none of these files and folders."""
    inside = [PACKAGE / place for place in places]
    return [path for path in modules() if not any(path.is_relative_to(place) for place in inside)]


def named(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of what an import may name: `from a import b` is a and a.b."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module), node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def test_only_operators_targets_and_rewrites_name_an_operator() -> None:
    assert len(OPERATORS) >= 10
    folders = [folder.replace("/", ".") for folder in OPERATOR_FOLDERS]
    names = {f"tinyssl.{folder}.{name}" for folder in folders for name in OPERATORS}
    wrong = [
        f"{path}:{line}: {name}"
        for path in outside("ops", "targets", "graph/passes")
        for name, line in named(path)
        if name in names
    ]
    assert not wrong


def test_only_targets_name_an_instruction_set() -> None:
    assert len(ISA_MODULES) >= 3
    names = {f"tinyssl.targets.{name}" for name in ISA_MODULES}
    wrong = []
    for path in outside("targets"):
        wrong += [f"{path}:{line}: {name}" for name, line in named(path) if name in names]
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "Isa"
            ):
                wrong.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
    assert not wrong


def test_every_module_of_ops_is_an_operator_named_as_its_kind() -> None:
    from tinyssl.ops import OPS

    own = [spec.kind for spec in OPS.values() if spec.op.__module__.startswith("tinyssl.ops.")]
    words = [re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.removeprefix("CUSTOM ")) for kind in own]
    assert {word.lower() for word in words} == OPERATORS


def allowed(sentence: str) -> list[str]:
    """Names in backticks of the sentence of the document that starts so, up to its end."""
    start = DOCUMENT.index(sentence)
    end = re.compile(r"[:.](\s)").search(DOCUMENT, start)
    assert end is not None
    return re.findall(r"`([\w/.]+)`", DOCUMENT[start : end.end()])


@pytest.mark.parametrize(
    ("packages", "sentence"),
    [
        (("torch", "kornia", "safetensors", "litert_torch"), "torch is imported only in"),
        (("flwr", "ray"), "flwr and ray are imported only in"),
        (("click", "rich_click", "rich"), "click and rich are imported only in"),
    ],
)
def test_heavy_packages_stay_where_the_document_says(
    packages: tuple[str, ...], sentence: str
) -> None:
    places = allowed(sentence)
    assert places
    wrong = []
    for path in modules():
        inside = path.relative_to(PACKAGE).as_posix()
        if any(inside == place or inside.startswith(f"{place}/") for place in places):
            continue
        for name, line in imports(tree_of(path), typing_too=False):
            if name.split(".")[0] in packages:
                wrong.append(f"{path}:{line}: {name}")
    assert not wrong


BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in 'torch sklearn kornia safetensors litert_torch flwr ray'.split():
            raise ImportError(name + ' is not allowed here')

sys.meta_path.insert(0, Blocker())
import tinyssl.bench, tinyssl.codegen.tflm, tinyssl.device, tinyssl.project, tinyssl.report
import tinyssl.stages.bench, tinyssl.stages.build, tinyssl.stages.evaluate_int8
import tinyssl.stages.fleet, tinyssl.stages.flash, tinyssl.stages.report, tinyssl.stages.tune
import tinyssl.stages.verify, tinyssl.stages.verify_board, tinyssl.verify
import tinyssl.cli.app as app
import importlib
for name in app.COMMANDS:
    importlib.import_module('tinyssl.cli.' + name)
"""


def test_all_but_training_imports_without_torch_and_sklearn() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_help_is_quick_because_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; sys.argv = ['tinyssl', '--help']\n"
        "from tinyssl.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "print(sorted(set(sys.modules) & "
        "{'torch', 'numpy', 'pydantic', 'ai_edge_litert', 'litert_torch', 'platformio'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


INCLUDE = re.compile(r'^\s*#\s*include\s+([<"][^>"]+[>"])', re.MULTILINE)
INTRINSICS = {"mve.h": {"<arm_mve.h>"}, "dsp.h": {"<arm_acle.h>"}}
"""Kernel header -> the compiler's header that it may include"""
ALLOCATION = re.compile(r"\b(malloc|calloc|realloc|free|alloca)\s*\(")


def c_files(folder: str) -> list[Path]:
    return sorted([*(FIRMWARE / folder).glob("*.c"), *(FIRMWARE / folder).glob("*.h")])


def code_of(path: Path) -> str:
    """Text of a C file without its comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


def test_kernels_include_only_few_headers_and_their_own() -> None:
    system = {"<stdint.h>", "<string.h>", "<stddef.h>"}
    own = {f'"{path.name}"' for path in c_files("kernels")}
    files = c_files("kernels")
    assert files
    for path in files:
        mathematics = {"<math.h>"} if path.name.endswith("_f32.c") else set()
        allowed = system | own | mathematics | INTRINSICS.get(path.name, set())
        assert set(INCLUDE.findall(code_of(path))) <= allowed, path


def test_no_allocation_and_no_stdio_outside_the_host_port() -> None:
    files = [*FIRMWARE.rglob("*.c"), *FIRMWARE.rglob("*.h")]
    for path in files:
        if path.name == "host.c":
            continue
        assert "<stdio.h>" not in INCLUDE.findall(code_of(path)), path
        assert not ALLOCATION.search(code_of(path)), path


@pytest.mark.parametrize("folder", ["kernels", "protocol"])
def test_no_globals_outside_app_engine_and_port(folder: str, tmp_path: Path) -> None:
    """Asks the compiler: an object file without .data and .bss symbols has no variables."""
    if not shutil.which("cc") or not shutil.which("nm"):
        pytest.skip("needs cc and nm (apt-get install gcc)")
    found = symbols((folder,), tmp_path)
    assert found
    for unit, lines in found.items():
        assert [line for line in lines if re.search(r" [bBdDC] ", line)] == [], unit


def c_unit(name: str) -> str:
    """A C file and its header are one unit."""
    return name.rsplit(".", 1)[0]


def symbols(folders: tuple[str, ...], objects: Path) -> dict[str, list[str]]:
    """Unit -> what `nm` lists of its object."""
    (objects / "tinyssl_build.h").write_text(BUILD_HEADER)
    sources = [path for name in folders for path in c_files(name) if path.suffix == ".c"]
    search = [f"-I{inner}" for inner in (objects, FIRMWARE, *FIRMWARE.iterdir())]
    # Constants that hold addresses lie in writable memory where code may be moved.
    options = ["-std=c11", "-fno-pic", "-c", *search]
    subprocess.run(["cc", *options, *sources], cwd=objects, check=True)
    made = [f"{path.stem}.o" for path in sources]
    done = subprocess.run(["nm", "-A", *made], cwd=objects, check=True, capture_output=True)
    found: dict[str, list[str]] = {path.stem: [] for path in sources}
    for line in done.stdout.decode().splitlines():
        unit, _, symbol = line.partition(".o:")
        found[unit].append(symbol)
    return found


def c_links(folders: tuple[str, ...], objects: Path) -> dict[str, set[str]]:
    """Unit -> the units whose functions it calls, as the linker would find them."""
    made: dict[str, set[str]] = {}
    needed: dict[str, set[str]] = {}
    for unit, lines in symbols(folders, objects).items():
        listed = [line.split()[-2:] for line in lines]
        made[unit] = {name for kind, name in listed if kind in "TDRB"}
        needed[unit] = {name for kind, name in listed if kind == "U"}
    return {
        unit: {other for other, names in made.items() if other != unit and names & wanted}
        for unit, wanted in needed.items()
    }


BUILD_HEADER = """
#define TINYSSL_VERSION ""
#define TINYSSL_BOARD ""
#define TINYSSL_BUILD_ID ""
#define TINYSSL_TICK_UNIT ""
#define TINYSSL_CLOCK_HZ 1u
#define TINYSSL_INPUT_BYTES 1u
#define TINYSSL_INPUTS_BYTES 1u
#define TINYSSL_INPUT_COUNT 1u
#define TINYSSL_TENSOR_COUNT 2u
#define TINYSSL_OUTPUT_BYTES 1u
#define TINYSSL_OP_COUNT 1u
"""


def circles(graph: dict[str, set[str]]) -> list[str]:
    """What can be reached from itself."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        left = [start]
        while left:
            new = graph.get(left.pop(), set()) - found
            found |= new
            left += new
        return found

    return sorted(unit for unit in graph if unit in reached(unit))


def test_no_two_c_units_include_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in (*FIRMWARE.rglob("*.c"), *FIRMWARE.rglob("*.h"), *FIRMWARE.rglob("*.cpp")):
        unit = c_unit(path.name)
        named = {c_unit(name[1:-1].split("/")[-1]) for name in INCLUDE.findall(code_of(path))}
        graph.setdefault(unit, set()).update(named - {unit})
    assert circles(graph) == []


@pytest.mark.parametrize("folders", [("app", "protocol"), ("kernels",)], ids="-".join)
def test_no_two_c_units_call_each_other(folders: tuple[str, ...], tmp_path: Path) -> None:
    if not shutil.which("cc") or not shutil.which("nm"):
        pytest.skip("needs cc and nm (apt-get install gcc)")
    graph = c_links(folders, tmp_path)
    assert any(graph.values())
    assert circles(graph) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]

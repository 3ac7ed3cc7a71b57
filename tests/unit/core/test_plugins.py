"""What a name stands for: shipped, an entry point, or FILE.py:NAME; and what goes wrong."""

import hashlib
import sys
from pathlib import Path

import pytest

from tests.packages import install
from tinyssl.core import plugins
from tinyssl.core.errors import UsageError
from tinyssl.core.plugins import PluginGroup, Registry, absolute, listed

GROUP = PluginGroup("animal", "tinyssl.animals")
SHIPPED = {"cat": str, "dog": str}


def problem(value: object) -> str:
    return "" if callable(value) else "is not callable"


ANIMALS = Registry[object](GROUP, SHIPPED, problem)
PLUGIN = """
import dataclasses

@dataclasses.dataclass
class Horse:
    legs: int = 4

def _hidden(): ...

COUNT = 3
"""


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my animals.py"
    path.write_text(PLUGIN)
    return path


def test_a_shipped_name_has_no_origin() -> None:
    found = ANIMALS.find("cat")
    assert (found.value, found.origin) == (str, None)


def test_an_unknown_name_suggests_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {}, {"tinyssl.animals": {"horse": "acme_x:Horse"}})
    with pytest.raises(UsageError, match="no animal 'hrse'") as caught:
        ANIMALS.find("hrse")
    assert caught.value.hint == "did you mean horse? known: cat, dog, horse"


def test_a_file_with_its_hash(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    found = ANIMALS.find(f"{file.name}:Horse")
    assert found.name == f"{file}:Horse"
    assert found.origin is not None
    assert found.origin.sha256 == hashlib.sha256(PLUGIN.encode()).hexdigest()
    assert found.origin.source == found.name
    assert ANIMALS.find(f"{file}:Horse").value is found.value  # imported once


def test_a_file_that_changed_is_imported_again(file: Path) -> None:
    before = ANIMALS.find(f"{file}:Horse")
    file.write_text(PLUGIN.replace("4", "5"))
    after = ANIMALS.find(f"{file}:Horse")
    assert before.value().legs == 4  # type: ignore[operator]
    assert after.value().legs == 5  # type: ignore[operator]


def test_nothing_beside_the_file_is_imported(tmp_path: Path) -> None:
    (tmp_path / "helper_beside.py").write_text("raise RuntimeError('imported')")
    path = tmp_path / "mine.py"
    path.write_text("import helper_beside\n")
    with pytest.raises(UsageError, match="No module named 'helper_beside'"):
        ANIMALS.find(f"{path}:Horse")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n\ndef f(:\n", "line 3: SyntaxError: invalid syntax"),
        ("x = 1\nraise ValueError('no good')\n", "line 2: ValueError: no good"),
        ("def f():\n    return 1 / 0\n\nf()\n", "line 2: ZeroDivisionError: division by zero"),
        ("import no_such_thing\n", "line 1: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
    ],
)
def test_a_file_that_does_not_import(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    before = set(sys.modules)
    with pytest.raises(UsageError) as caught:
        ANIMALS.find(f"{path}:Horse")
    assert caught.value.message == f"{path} cannot be imported: {message}"
    assert set(sys.modules) == before


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the animal's file .*gone\.py cannot be read: No such"):
        ANIMALS.find(f"{tmp_path}/gone.py:Horse")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    path.write_bytes(b"#" * (plugins.LARGEST + 1))
    with pytest.raises(UsageError, match="more than 1,048,576 bytes"):
        ANIMALS.find(f"{path}:Horse")


def test_a_name_that_the_file_lacks(file: Path) -> None:
    with pytest.raises(UsageError, match="has no 'Hors'") as caught:
        ANIMALS.find(f"{file}:Hors")
    assert caught.value.hint == f"did you mean Horse? write {file}:Horse"


def test_a_file_without_a_name_offers_what_fits(file: Path) -> None:
    with pytest.raises(UsageError, match="names a file and no animal in it") as caught:
        ANIMALS.find(str(file))
    assert caught.value.hint == f"write {file}:Horse"


def test_a_thing_of_the_wrong_kind(file: Path) -> None:
    with pytest.raises(UsageError, match=r"COUNT is no animal: it is not callable"):
        ANIMALS.find(f"{file}:COUNT")


def test_an_entry_point_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        tmp_path,
        monkeypatch,
        {"acme_animals.py": PLUGIN, "acme_broken.py": "raise ValueError('no good')\n"},
        {
            "tinyssl.animals": {
                "horse": "acme_animals:Horse",
                "mule": "acme_broken:Mule",
                "ox": "acme_animals:Ox",
                "number": "acme_animals:COUNT",
            }
        },
    )
    found = ANIMALS.find("horse")
    assert found.origin is not None
    assert found.origin.source == "acme 1.2 (acme_animals:Horse)"
    assert found.origin.sha256 == hashlib.sha256(PLUGIN.encode()).hexdigest()
    assert "horse (from acme 1.2)" in listed(GROUP)
    assert ANIMALS.find("cat").origin is None  # the broken ones do not matter
    assert "acme_broken" not in sys.modules
    with pytest.raises(UsageError, match=r"acme 1\.2: .*'mule' cannot be imported: .*no good"):
        ANIMALS.find("mule")
    with pytest.raises(UsageError, match="'ox' cannot be imported: AttributeError"):
        ANIMALS.find("ox")
    with pytest.raises(UsageError, match="is no animal: it is not callable"):
        ANIMALS.find("number")


def test_two_owners_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"tinyssl.animals": {"cat": "acme_animals:Horse", "ox": "acme_animals:Horse"}}
    install(tmp_path / "a", monkeypatch, {"acme_animals.py": PLUGIN}, points)
    with pytest.raises(UsageError, match=r"'cat' is defined by tinyssl and by acme 1\.2"):
        ANIMALS.find("cat")
    install(tmp_path / "b", monkeypatch, {}, points, name="bolt")
    with pytest.raises(UsageError, match=r"'ox' is defined by bolt 1\.2 and by acme 1\.2"):
        ANIMALS.find("ox")


def test_what_lies_in_the_working_folder_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m tinyssl` puts the working folder on the path."""
    install(tmp_path, monkeypatch, {"acme_animals.py": PLUGIN}, {"tinyssl.animals": {"ox": "a:Ox"}})
    assert "ox" in listed(GROUP)
    monkeypatch.chdir(tmp_path)
    assert "ox" not in listed(GROUP)


def test_names_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("a.py:B") == f"{tmp_path}/a.py:B"
    assert absolute("a.py:B", Path("/elsewhere")) == "/elsewhere/a.py:B"
    assert absolute("/x/a.py:B", Path("/elsewhere")) == "/x/a.py:B"
    assert absolute("simclr") == "simclr"
    assert absolute(None) is None


@pytest.mark.parametrize(
    "group",
    [
        plugins.METHODS,
        plugins.BACKBONES,
        plugins.TEACHERS,
        plugins.DATASETS,
        plugins.TASKS,
        plugins.FAMILIES,
    ],
)
def test_shipped_names_are_known_without_an_import(group: PluginGroup) -> None:
    assert group.shipped_names() == sorted(plugins.collect(group))


def test_an_error_inside_a_plugin_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def horse():\n    return {}['legs']\n")
    found = ANIMALS.find(f"{path}:horse")
    with (
        pytest.raises(UsageError, match=r"mine\.py:horse failed: line 2: KeyError: 'legs'"),
        plugins.blamed(found),
    ):
        found.value()  # type: ignore[operator]
    with pytest.raises(KeyError), plugins.blamed(ANIMALS.find("cat")):
        raise KeyError("ours")

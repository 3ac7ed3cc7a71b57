"""What documents name exists: paths, and the pages that they lead to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
HOMES = ("tinyssl", "firmware", "codegen", "boards", "tools", "tests", "docs", "examples", "zoo")
PATH = re.compile(rf"`((?:{'|'.join(HOMES)})/[\w./-]*)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_in_documents_exist(document: Path) -> None:
    """Every path in backticks that begins at one of our folders."""
    named = PATH.findall(document.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_newcomers_table_names_paths() -> None:
    assert len(PATH.findall((ROOT / "docs" / "ARCHITECTURE.md").read_text())) > 20

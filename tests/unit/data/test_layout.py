"""What the folders of a data set mean: splits, classes, wrappers, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyssl.core.errors import DataError
from tinyssl.data.layout import FolderLayout, find_layout
from tinyssl.data.split_names import assign_roles, find_splits, split_word
from tinyssl.data.walk import Listing

TRAIN = ("train/cat", "train/dog")
TEST = ("test/cat", "test/dog")
VAL = ("val/cat", "val/dog")


def layout(
    *folders: str, count: int = 2, repeats: tuple[tuple[Path, Path], ...] = ()
) -> FolderLayout:
    """Of `count` pictures in each folder; "." is the top."""
    paths = [Path(folder, f"{number}.png") for folder in folders for number in range(count)]
    ordered = tuple(sorted(paths, key=lambda path: path.parts))
    return find_layout(Listing(Path("photos"), ordered, (), repeats))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *((name, ("train", "")) for name in ("train", "Training", "TRAIN_SET", "train2017", "trn")),
        *((name, ("val", "")) for name in ("val", "Valid", "validation", "dev", "val-images")),
        *((name, ("test", "")) for name in ("test", "Testing", "test set", "TestData", "holdout")),
        *((name, ("eval", "")) for name in ("eval", "Evaluation")),
        ("seg_train", ("train", "seg")),
        ("dogs-test-2", ("test", "dogs")),
        *((name, ("", "")) for name in ("trained", "invalid", "contest", "train_test", "cat", "1")),
    ],
)
def test_names_of_splits(name, word):
    assert split_word(name) == word


def test_a_name_with_another_word_is_a_split_only_in_company() -> None:
    assert find_splits({"train_station", "test_tube"}) == {}
    assert find_splits({"seg_train", "seg_test"}) == {"seg_train": "train", "seg_test": "test"}


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        ("train val", {"train": "train", "val": "test"}),
        ("train test", {"train": "train", "test": "test"}),
        ("train dev test", {"train": "train", "dev": "val", "test": "test"}),
        ("train eval", {"train": "train", "eval": "test"}),
        ("train eval test", {"train": "train", "eval": "val", "test": "test"}),
        ("train val eval", {"train": "train", "val": "val", "eval": "test"}),
    ],
)
def test_roles(names, roles):
    assert assign_roles(find_splits(set(names.split()))) == roles


@pytest.mark.parametrize("names", ["train Train", "train val valid", "train test val eval"])
def test_two_folders_for_one_split(names):
    with pytest.raises(DataError, match="both names of one split") as caught:
        assign_roles(find_splits(set(names.split())))
    assert "merge" in caught.value.hint


@pytest.mark.parametrize(
    ("folders", "base"),
    [
        ((*TRAIN, *VAL), ()),
        (("photos/train/cat", "photos/train/dog", "photos/val/cat", "photos/val/dog"), ("photos",)),
        (("Train/cat", "Train/dog", "VALID/cat", "VALID/dog"), ()),
        (("train/train/cat", "train/train/dog", "test/test/cat", "test/test/dog"), ()),
        (("train/images/cat", "train/images/dog", "val/images/cat", "val/images/dog"), ()),
    ],
)
def test_splits_with_classes(folders, base):
    found = layout(*folders)
    assert found.classes == ("cat", "dog")
    assert found.base == base
    assert sorted(set(found.role_of)) == ["test", "train"]
    for name, role in zip(found.class_of, found.role_of, strict=True):
        assert name in ("cat", "dog")
        assert found.role_of.count(role) == 4
    assert "val drawn from" in str(found)


def test_three_splits() -> None:
    found = layout(*TRAIN, *VAL, *TEST)
    assert found.roles == {"train": "train", "val": "val", "test": "test"}
    assert found.as_json()["splits"] == {"train": "train", "val": "val", "test": "test"}
    assert [found.role_of.count(role) for role in ("train", "val", "test")] == [4, 4, 4]


def test_splits_inside_classes() -> None:
    found = layout("cat/train", "cat/test", "dog/train", "dog/test")
    assert found.classes == ("cat", "dog")
    assert found.class_of == ("cat",) * 4 + ("dog",) * 4
    assert found.role_of == ("test", "test", "train", "train") * 2
    assert found.inner


def test_splits_without_classes() -> None:
    found = layout("train", "val", "test")
    assert (found.classes, found.kind) == ((), "splits, unlabelled")
    assert set(found.role_of) == {"train", "val", "test"}


@pytest.mark.parametrize("only", ["train", "photos", "test"])
def test_one_folder_that_holds_everything_means_nothing(only):
    found = layout(f"{only}/cat", f"{only}/dog")
    assert (found.classes, found.base, found.roles) == (("cat", "dog"), (only,), {})
    assert f"in {only}/" in str(found)


def test_one_split_with_pictures_is_no_class() -> None:
    found = layout("train")
    assert (found.classes, found.warnings) == ((), ())


@pytest.mark.parametrize("folders", [("cat",), ("photos/cat",), ("a/b/c/cat",)])
def test_one_class_is_none(folders):
    found = layout(*folders)
    assert found.classes == ()
    assert found.warnings == ("folders are not taken as classes: there is only one (cat)",)


def test_a_class_that_a_split_lacks_is_said() -> None:
    found = layout(*TRAIN, "test/cat", *VAL)
    assert found.warnings == ("test/ has no pictures of dog/",)


@pytest.mark.parametrize(
    ("folders", "message", "hint"),
    [
        ((*TRAIN, "fox"), "train/ is named like a split, fox/ beside it is not", "move fox/"),
        (("train", "bus", "car"), "bus/, car/ beside it are not", "class_train/"),
        ((*TRAIN, *TEST, "unlabeled"), "are named like splits, unlabeled/", "move unlabeled/"),
        ((*TRAIN, *TEST, "."), "2 pictures lie beside the split folders", "move them"),
        (("val/cat", "test/cat"), "none to train on", "train/"),
        ((*TRAIN, "test"), "2 of 6 pictures lie in no class folder, test/0.png", "class folders"),
        ((*TRAIN, "train", *TEST), "lie in no class folder, train/0.png", "class folders"),
        ((*TRAIN, "test/cat", "test/fox"), "test/ has fox/, which train/ lacks", "training pic"),
        ((*TRAIN, "test/Cat", "test/dog"), "test/ has Cat/", "give cat and Cat the same name"),
        ((*TRAIN, "val/cat", "valid/dog"), "val/ and valid/ are both names", "merge"),
        (("cat/train", "cat/test", "dog"), "cat/ is sorted into splits", "every class folder"),
        (("cat/train", "cat/test", "."), "not the pictures beside it", "every class folder"),
    ],
)
def test_what_cannot_be_told_is_refused(folders, message, hint):
    with pytest.raises(DataError) as caught:
        layout(*folders)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_names_that_look_the_same_are_said() -> None:
    found = layout("Cat", "cat", "dog")
    assert len(found.classes) == 3
    assert "Cat/, cat/ are read as different classes" in found.warnings[0]
    assert "different classes" in layout("e\u0301", "\u00e9").warnings[0]


def test_hostile_names_are_escaped() -> None:
    found = layout("train/a", "train/b\x1b[2J\n", "test/a")
    assert "b\\x1b[2J\\n/" in found.warnings[0]
    assert layout("\udce9t\n/cat", "\udce9t\n/dog").as_json()["base"] == r"\xe9t\n"


@pytest.mark.parametrize("depth", ["", "photos/", "train/"])
def test_a_link_into_another_class_is_refused(depth):
    folders = [f"{depth}cat", f"{depth}dog", *(["test/cat"] if depth == "train/" else [])]
    twice = (Path(depth, "dog/x.png"), Path(depth, "cat/0.png"))
    with pytest.raises(DataError, match=r"dog/x.png is a link to .*cat/0.png: the same picture"):
        layout(*folders, repeats=(twice,))
    same = (Path(depth, "dog/x.png"), Path(depth, "dog/0.png"))
    assert layout(*folders, repeats=(same,)).classes == ("cat", "dog")

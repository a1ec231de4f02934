import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.layout import arrange
from bench.errors import UserError


def of(names, labels, classes):
    return {name: classes[label] for name, label in zip(names, labels, strict=True)}


def test_given_train_and_test():
    names = [
        f"{split}/{c}/{i}.png" for split, n in (("train", 5), ("test", 3)) for c in ("cat", "dog") for i in range(n)
    ]
    layout = arrange(names, "x")
    assert layout.classes == ("cat", "dog")
    assert sorted(layout.train) == sorted(name for name in names if name.startswith("train"))
    assert sorted(layout.reference) == sorted(name for name in names if name.startswith("test"))
    labelled = of(layout.train, layout.train_labels, layout.classes)
    assert all(name.split("/")[1] == c for name, c in labelled.items())
    assert list(layout.train) != sorted(layout.train), "rows come shuffled"
    assert layout.split == "as given: train/ (10) train, test/ (6) reference"


def test_val_is_the_reference_where_there_is_no_test_and_spare_where_there_is():
    both = [f"Train/{i}.png" for i in range(4)] + [f"val/{i}.png" for i in range(3)]
    layout = arrange(both, "x")
    assert set(layout.reference) == {"val/0.png", "val/1.png", "val/2.png"}
    assert (layout.classes, layout.train_labels, layout.reference_labels) == ((), None, None)
    three = arrange([*both, "test/0.png", "test/1.png"], "x")
    assert set(three.reference) == {"test/0.png", "test/1.png"}
    assert three.split.endswith("; 3 pictures elsewhere left out")


def test_class_folders_are_split_two_to_one_in_each_class():
    names = [f"{c}/{i}.jpg" for c, n in (("a", 9), ("b", 30)) for i in range(n)]
    layout = arrange(names, "x")
    assert np.bincount(layout.train_labels).tolist() == [6, 20]
    assert np.bincount(layout.reference_labels).tolist() == [3, 10]
    assert "stratified by class, seed 0" in layout.split


def test_deeper_pictures_count_for_their_class():
    layout = arrange(["a/1.png", "a/x/2.png", "a/x/y/3.png", "b/1.png", "b/2.png", "b/3.png"], "x")
    assert layout.classes == ("a", "b")
    assert sum(map(len, (layout.train, layout.reference))) == 6


def test_flat_is_unlabelled():
    layout = arrange([f"{i:03d}.png" for i in range(90)], "x")
    assert (layout.classes, layout.train_labels, layout.reference_labels) == ((), None, None)
    assert (len(layout.train), len(layout.reference)) == (60, 30)


@pytest.mark.parametrize("wrap", ["", "set/", "deep/er/"])
def test_enclosing_folders_are_ignored(wrap):
    inner = [f"{split}/{c}/{i}.png" for split in ("train", "test") for c in ("cat", "dog") for i in range(2)]
    layout = arrange([wrap + name for name in inner], "x")
    assert layout.classes == ("cat", "dog")
    assert len(layout.train) == len(layout.reference) == 4


def test_one_class_folder_is_one_class():
    assert arrange([f"frog/{i}.png" for i in range(6)], "x").classes == ("frog",)


def test_train_alone_is_split_by_seed():
    layout = arrange([f"train/{c}/{i}.png" for c in "ab" for i in range(3)], "x")
    assert layout.classes == ("a", "b")
    assert (len(layout.train), len(layout.reference)) == (4, 2)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "0 pictures found"),
        (["a/1.png"], "1 pictures found"),
        (["a/1.png", "a/2.png", "b/1.png", "cover.png"], "'cover.png' lies beside class folders"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png"], "class 'b' is in only one of train/ and test/"),
        (["train/a/1.png", "train/a/2.png", "test/1.png"], "class 'a' is in only one"),
        (["a/1.png", "b/1.png"], "2 pictures in 2 classes"),
    ],
)
def test_what_cannot_be_arranged(names, reason):
    with pytest.raises(UserError, match="dataset 'folder:x': ") as caught:
        arrange(names, "folder:x")
    assert reason in str(caught.value)


@given(st.sets(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), min_size=8))
def test_every_picture_is_in_exactly_one_split_whatever_the_listing_order(pictures):
    names = [f"{c}/{i}.png" for c, i in pictures]
    layout = arrange(names, "x")
    assert sorted(layout.train + layout.reference) == sorted(names)
    again = arrange(names[::-1], "x")
    assert (again.train, again.reference) == (layout.train, layout.reference)

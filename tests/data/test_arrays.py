"""Own images out of memory: what may be given, how it is kept, and what comes back by its name."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset

import bench.data
from bench.data import arrays
from bench.data.given import own_images
from bench.data.split import permutation, stratified
from bench.errors import UserError


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def kept(*given, name=""):
    found = own_images(*given)
    dataset = found.named(name)
    found.keep(dataset)
    return dataset


@pytest.mark.parametrize(
    ("shape", "laid_out"),
    [
        ((30, 16, 16), (30, 16, 16)),
        ((30, 1, 16, 16), (30, 16, 16)),
        ((30, 16, 16, 1), (30, 16, 16)),
        ((30, 3, 16, 16), (30, 16, 16, 3)),
        ((30, 16, 16, 3), (30, 16, 16, 3)),
        ((30, 3, 20, 16), (30, 20, 16, 3)),
    ],
)
def test_every_layout_is_understood(shape, laid_out):
    images = pixels(*shape)
    found = own_images(images)
    assert found.images.shape == laid_out
    assert own_images(torch.from_numpy(images)).digest == found.digest
    assert own_images(images.copy()).digest == found.digest
    changed = images.copy()
    changed.flat[-1] ^= 1
    assert own_images(changed).digest != found.digest


def test_pixels_come_back_as_they_were_split_in_two():
    images, labels = pixels(60, 16, 16), np.arange(60) % 3
    loaded = bench.data.load(kept(images, labels, name="mine"))
    train, rest = stratified(labels, 2 / 3)
    assert loaded.resolution == 16
    assert torch.equal(loaded.images[:, 0], torch.from_numpy(images[train]))
    assert torch.equal(loaded.reference_images[:, 0], torch.from_numpy(images[rest]))
    assert loaded.labels.tolist() == labels[train].tolist()
    assert loaded.classes == ("0", "1", "2")
    assert loaded.split == "two thirds train (39) / one third reference (21), stratified by class, seed 0"
    assert loaded.name.startswith("arrays:mine-")


def test_without_labels_two_thirds_train():
    images = pixels(31, 3, 28, 28)
    loaded = bench.data.load(kept(images))
    assert torch.equal(loaded.images, torch.from_numpy(images[permutation(31)[:21]]))
    assert (loaded.labels, loaded.classes, len(loaded.reference_images)) == (None, (), 10)


def test_other_sizes_are_cut_to_a_square_and_shrunk():
    images = np.zeros((12, 40, 80), np.uint8)
    images[:, :, 20:60] = 200  # the central square
    loaded = bench.data.load(kept(images))
    assert loaded.images.shape == (8, 1, 32, 32)
    assert loaded.images.unique().tolist() == [200]
    assert bench.data.load(kept(images), 16).resolution == 16


def test_the_same_images_have_the_same_name_whatever_they_are_called():
    first, second = kept(pixels(9, 8, 8)), kept(pixels(9, 8, 8), name="again")
    assert first.removeprefix("arrays:") == second.removeprefix("arrays:again-")
    labelled = own_images(pixels(9, 8, 8), np.zeros(9, int))
    assert labelled.named() != first
    assert own_images((pixels(9, 8, 8), np.zeros(9, int))).digest == labelled.digest


def test_texts_are_classes():
    found = own_images(pixels(4, 8, 8), ["dog", "cat", "dog", "ant"])
    assert (found.labels.tolist(), found.classes) == ([2, 1, 2, 0], ("ant", "cat", "dog"))


class Own(Dataset):
    def __init__(self, items, classes=None):
        self.items = items
        if classes:
            self.classes = classes

    def __len__(self):
        return len(self.items)

    def __getitem__(self, number):
        return self.items[number]


def test_a_torch_dataset_gives_what_its_arrays_give():
    images, labels = pixels(12, 16, 16, 3), np.arange(12) % 2
    expected = own_images(images, labels)
    as_pictures = Own([(Image.fromarray(image), int(label)) for image, label in zip(images, labels, strict=True)])
    as_floats = Own(
        [(torch.from_numpy(i).permute(2, 0, 1) / 255, torch.tensor(k)) for i, k in zip(images, labels, strict=True)]
    )
    as_bytes = Own([(torch.from_numpy(i).permute(2, 0, 1), k) for i, k in zip(images, labels, strict=True)])
    assert {own_images(each).digest for each in (as_pictures, as_floats, as_bytes)} == {expected.digest}
    assert own_images(Own(list(images))).digest == own_images(images).digest
    named = own_images(Own(as_pictures.items, ["cat", "dog"]))
    assert named.classes == ("cat", "dog")


def test_grey_pictures_among_coloured_ones_become_coloured():
    grey, coloured = pixels(8, 8), pixels(8, 8, 3, seed=1)
    found = own_images(Own([Image.fromarray(grey), Image.fromarray(coloured)]))
    assert np.array_equal(found.images[0], np.repeat(grey[..., None], 3, axis=2))
    assert np.array_equal(found.images[1], coloured)


class Endless(IterableDataset):
    def __iter__(self):
        yield 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((pixels(9, 8, 8) / 255.0,), "own images of float64 (9, 8, 8): expected uint8, 0 to 255; convert them: (255 *"),
        ((pixels(9, 8, 8).astype(int),), "own images of int64"),
        ((pixels(9, 8),), "own images (9, 8): expected (N, C, H, W), (N, H, W, C) or (N, H, W)"),
        ((pixels(9, 8, 8, 4),), "own images (9, 8, 8, 4): expected (N, C, H, W) or (N, H, W, C) with 1 or 3 channels"),
        ((pixels(1, 8, 8),), "own images (1, 8, 8): expected at least 2"),
        ((pixels(3, 0, 8),), "own images (3, 0, 8): expected at least 2, of 1 to 4,096 pixels a side"),
        ((pixels(9, 8, 8), [1, 2]), "labels (2,) for 9 images: expected one for each, (9,)"),
        ((pixels(9, 8, 8), np.ones(9)), "labels of float64: expected whole numbers or texts"),
        ((7,), "own images int: expected an array of images, or a torch Dataset with a length"),
        (("digits",), "own images str: expected"),
        (({"a": 1},), "own images dict: expected"),
        ((Endless(),), "own images Endless: expected an array of images, or a torch Dataset with a length"),
        ((Own([]),), "own dataset of 0 images: expected at least 2"),
        ((Own([torch.full((1, 8, 8), -1.0)] * 2),), "own dataset, item 0: numbers from -1 to -1; expected 0 to 1"),
        ((Own([torch.full((1, 8, 8), float("nan"))] * 2),), "own dataset, item 0: numbers from nan to nan"),
        ((Own(["x", "y"]),), "own dataset, item 0: str; expected an image, or (image, label)"),
        ((Own([pixels(8, 8), pixels(9, 9)]),), "own dataset with images of 2 sizes, (8, 8) to (9, 9): expected one"),
        ((Own([pixels(8, 8, 2)] * 2),), "own dataset, item 0: own images (8, 8, 2): expected"),
    ],
)
def test_what_cannot_be_images_is_said_in_a_line(given, expected):
    with pytest.raises(UserError) as caught:
        own_images(*given)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(UserError, match=r"dataset name 'a b': expected letters"):
        own_images(pixels(4, 8, 8)).named("a b")


def test_names_that_lead_nowhere_are_refused(tmp_path):
    for path in ("nothing", "../up", "a/b", "x-0123456789ab"):
        with pytest.raises(UserError, match="these images are not in the cache"):
            bench.data.load(f"arrays:{path}")
    with pytest.raises(UserError, match="a path is missing"):
        bench.data.load("arrays:")


def test_what_was_damaged_in_the_cache_is_noticed():
    name = kept(pixels(9, 8, 8), np.arange(9) % 2)
    folder = arrays._folder(name)
    images = np.load(folder / "images.npy")
    images[0, 0, 0] ^= 1
    np.save(folder / "images.npy", images)
    with pytest.raises(UserError, match="was changed; remove it, and give the images again"):
        bench.data.load(name)
    (folder / "images.npy").write_bytes(b"nothing")
    with pytest.raises(UserError, match="is damaged"):
        bench.data.load(name)


def test_labels_without_two_of_a_class_are_refused():
    name = kept(pixels(4, 8, 8), np.arange(4))
    with pytest.raises(UserError, match="4 images in 4 classes; expected 2 of a class"):
        bench.data.load(name)


def test_a_cache_that_cannot_be_written_in_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"own images cannot be kept in .*: make room there, or set GANBENCH_CACHE"):
        kept(pixels(4, 8, 8))


def test_keeping_leaves_nothing_but_the_images(tmp_path):
    name = kept(pixels(4, 8, 8), name="it")
    kept(pixels(4, 8, 8), name="it")
    folder = tmp_path / "cache" / "arrays"
    assert [path.name for path in folder.iterdir()] == [name.removeprefix("arrays:")]
    assert json.loads((folder / name.removeprefix("arrays:") / "classes.json").read_text()) == []
    (row,) = [row for row in bench.data.describe() if row["name"] == "arrays:PATH"]
    assert row["found"] == name.removeprefix("arrays:")


def test_another_process_finds_them_by_name():
    name = kept(pixels(9, 8, 8), name="far")
    code = f"import bench.data; print(bench.data.load({name!r}, 16).content_hash)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == bench.data.load(name, 16).content_hash

import io
import os
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

import bench.data
from bench.data import folder
from bench.data.pictures import decode
from bench.errors import UserError


def png(seed: int, mode="RGB", size=(20, 24)) -> bytes:
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def tree(n=3, classes=("cat", "dog"), splits=("train/", "test/"), mode="RGB") -> dict[str, bytes]:
    names = [f"{split}{c}/{i}.png" for split in splits for c in classes for i in range(n)]
    return {name: png(seed, mode) for seed, name in enumerate(names)}


@pytest.fixture(params=["folder", "zip"])
def make(request, tmp_path):
    """Put files into a folder or an archive; returns the dataset's name."""

    def put(files: dict[str, bytes]) -> str:
        if request.param == "zip":
            with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            return f"zip:{tmp_path / 'set.zip'}"
        for name, content in files.items():
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return f"folder:{tmp_path / 'set'}"

    return put


def message(name, **kwargs) -> str:
    with pytest.raises(UserError) as caught:
        bench.data.load(name, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"dataset {name!r}: ")
    return text


@pytest.mark.parametrize(("classes", "classifier"), [(folder.CIFAR10, "cifar10"), (folder.CIFAR10[:9], None)])
def test_the_classes_of_cifar10_have_its_classifier(make, classes, classifier):
    assert bench.data.load(make(tree(1, classes)), 16).classifier == classifier


def test_pictures_labels_and_split(make):
    files = tree()
    data = bench.data.load(make(files), 16)
    assert data.images.shape == (6, 3, 16, 16)
    assert data.reference_images.shape == (6, 3, 16, 16)
    assert data.classes == ("cat", "dog")
    assert data.split == "as given: train/ (6) train, test/ (6) reference"
    expected = {decode(content, 16)[0].tobytes(): name for name, content in files.items()}
    for images, labels, split in (
        (data.images, data.labels, "train"),
        (data.reference_images, data.reference_labels, "test"),
    ):
        names = [expected[image.numpy().tobytes()] for image in images]
        assert [name.split("/")[:2] for name in names] == [[split, data.classes[label]] for label in labels]


def test_folder_and_archive_of_the_same_files_have_the_same_content(tmp_path):
    files = tree(splits=("",), n=6)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in reversed(files.items()):
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / name).write_bytes(content)
            archive.writestr(f"wrapper/{name}", content)
    hashes = {
        bench.data.load(f"{kind}:{tmp_path / 'set'}{end}").content_hash
        for kind, end in (("folder", ""), ("zip", ".zip"))
    }
    assert len(hashes) == 1


def test_one_class(make):
    name = make(tree())
    whole, one = bench.data.load(name, 16), bench.data.load(f"{name}:dog", 16)
    assert one.classes == ("dog",)
    assert one.images.equal(whole.images[whole.labels == 1])
    assert "no class 'cow'" in message(f"{name}:cow")


def test_flat_and_unlabelled(make):
    name = make({f"{i}.png": png(i) for i in range(9)})
    data = bench.data.load(name, 16)
    assert (len(data.images), len(data.reference_images)) == (6, 3)
    assert (data.labels, data.reference_labels, data.classes) == (None, None, ())
    assert "has no labels" in message(f"{name}:cat")


def test_grey_pictures_have_one_channel(make):
    assert bench.data.load(make(tree(mode="L")), 28).images.shape == (6, 1, 28, 28)


def test_other_files_are_ignored(make):
    files = {**tree(), "README.txt": b"hello", "train/cat/.hidden.png": b"x", "train/notes.md": b"x"}
    assert len(bench.data.load(make(files)).images) == 6


def test_broken_pictures_are_refused_by_name_or_skipped_on_request(make):
    files = tree(n=5)
    files["train/dog/broken.png"] = png(99)[:-200]
    files["test/cat/letter.jpg"] = b"Dear all,"
    name = make(files)
    text = message(name)
    assert "2 of 22 pictures cannot be read" in text
    assert "train/dog/broken.png (" in text
    assert "test/cat/letter.jpg (not a picture of a known format)" in text
    assert "--skip-broken" in text
    data = bench.data.load(name, skip_broken=True)
    assert (len(data.images), len(data.reference_images)) == (10, 10)
    assert data.labels.bincount().tolist() == [5, 5]
    assert "2 unreadable pictures skipped: train/dog/broken.png (" in data.split


def test_many_broken_pictures_are_counted(make):
    files = {**tree(), **{f"train/cat/bad{i:02d}.png": b"x" for i in range(25)}}
    text = message(make(files))
    assert text.count("known format") == 20
    assert "and 5 more" in text


def test_only_broken_pictures(make):
    name = make({f"{i}.png": b"x" for i in range(4)})
    assert "4 of 4 pictures cannot be read" in message(name, skip_broken=True)


def test_a_split_with_only_broken_pictures(make):
    files = {name: content if name.startswith("train") else b"x" for name, content in tree().items()}
    assert "falls into one split" in message(make(files), skip_broken=True)


def test_without_pictures(make):
    assert "0 pictures found" in message(make({"notes.txt": b"hello"}))


def test_a_name_with_a_line_break_stays_on_one_line(make):
    assert r"'cat\nnip.png' (not a picture" in message(make({"cat\nnip.png": b"x", "b.png": b"y"}))


def test_linked_folders_are_followed_once(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for i in range(6):
        (tmp_path / "elsewhere" / f"{i}.png").write_bytes(png(i))
    (tmp_path / "set").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "set" / "frog")
    os.symlink(tmp_path / "set", tmp_path / "elsewhere" / "loop")
    data = bench.data.load(f"folder:{tmp_path / 'set'}", 16)
    assert data.classes == ("frog",)
    assert len(data.images) + len(data.reference_images) == 6


def test_a_picture_beyond_the_limit_is_not_read(make, monkeypatch):
    monkeypatch.setattr(folder, "MAX_FILE_BYTES", 4000)
    assert "larger than 0 MiB" in message(make({**tree(), "train/cat/huge.png": bytes(5000)}))


def test_folder_and_zip_are_not_confused(tmp_path):
    assert "use folder:PATH" in message(f"zip:{tmp_path}")
    (tmp_path / "x.zip").write_bytes(b"")
    assert "use zip:PATH" in message(f"folder:{tmp_path / 'x.zip'}")
    assert "not a readable zip archive" in message(f"zip:{tmp_path / 'x.zip'}")


@pytest.mark.parametrize("member", ["../evil/1.png", "a/../../1.png", "/etc/1.png", "a\\..\\1.png"])
def test_members_that_point_outside_are_refused_and_nothing_is_written(tmp_path, member):
    path = tmp_path / "below" / "set.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/0.png", png(0))
        archive.writestr(member, png(1))
    assert "points outside the archive" in message(f"zip:{path}")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["below", "set.zip"]


def test_a_cut_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in tree().items():
            archive.writestr(name, content)
    content = (tmp_path / "set.zip").read_bytes()
    (tmp_path / "set.zip").write_bytes(content[: len(content) // 2])
    assert "not a readable zip archive" in message(f"zip:{tmp_path / 'set.zip'}")


def test_a_garbled_member_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_STORED) as archive:
        for name, content in tree().items():
            archive.writestr(name, content)
    content = bytearray((tmp_path / "set.zip").read_bytes())
    content[content.index(b"train/dog/1.png") + 600] ^= 0xFF
    (tmp_path / "set.zip").write_bytes(bytes(content))
    text = message(f"zip:{tmp_path / 'set.zip'}")
    assert "1 of 12 pictures" in text
    assert "train/dog/1.png (Bad CRC-32" in text


def test_an_encrypted_member_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_STORED) as archive:
        for name, content in tree().items():
            archive.writestr(name, content)
    content = bytearray((tmp_path / "set.zip").read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the encryption bit in both headers of the first member
        at = content.index(signature) + offset
        content[at : at + 2] = struct.pack("<H", struct.unpack("<H", content[at : at + 2])[0] | 1)
    (tmp_path / "set.zip").write_bytes(bytes(content))
    assert "encrypted" in message(f"zip:{tmp_path / 'set.zip'}")

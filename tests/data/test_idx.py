import gzip
import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench.data
from bench.data import idx
from bench.data.download import torchvision_datasets
from bench.errors import UserError

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def encode(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def arrays(seed=0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 256, (70, 28, 28), np.uint8), (np.arange(70) % 10).astype(np.uint8)
    return [images[:50], labels[:50], images[50:], labels[50:]]


def write(folder, contents, suffix=".gz", spell=lambda name: name):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(NAMES, contents, strict=True):
        content = encode(array) if isinstance(array, np.ndarray) else array
        (folder / (spell(name) + suffix)).write_bytes(gzip.compress(content) if suffix else content)


@pytest.fixture(autouse=True)
def no_system_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "_DEBIAN", tmp_path / "usr-share")


def message(*args, **kwargs) -> str:
    with pytest.raises(UserError) as caught:
        bench.data.load(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("below", ["mnist", ".", "MNIST/raw"])
def test_files_are_found_in_each_folder(tmp_path, suffix, below):
    contents = arrays()
    write(tmp_path / below, contents, suffix)
    data = bench.data.load("mnist", 28, tmp_path)
    assert np.array_equal(data.images[:, 0].numpy(), contents[0])
    assert np.array_equal(data.labels.numpy(), contents[1])
    assert np.array_equal(data.reference_images[:, 0].numpy(), contents[2])
    assert np.array_equal(data.reference_labels.numpy(), contents[3])
    assert data.split == "published split: 50 train / 20 test as reference"
    assert data.classes == tuple("0123456789")
    assert str(tmp_path / below) in data.source


def test_kaggle_spelling(tmp_path):
    write(tmp_path / "fashion-mnist", arrays(), "", lambda name: name.replace("-idx", ".idx"))
    data = bench.data.load("fashion-mnist", 28, tmp_path)
    assert data.classes[9] == "Ankle boot"
    assert len(data.images) == 50


def test_named_folder_comes_before_the_others(tmp_path):
    contents = {"fashion-mnist": arrays(1), "FashionMNIST/raw": arrays(2)}
    for below, content in contents.items():
        write(tmp_path / below, content)
    write(tmp_path / "usr-share" / "fashion-mnist", arrays(3))
    first = bench.data.load("fashion-mnist", 28, tmp_path)
    assert np.array_equal(first.images[:, 0].numpy(), contents["fashion-mnist"][0])
    system = bench.data.load("fashion-mnist", 28, tmp_path / "elsewhere")
    assert np.array_equal(system.images[:, 0].numpy(), arrays(3)[0])


def test_default_resolution_has_a_border(tmp_path):
    write(tmp_path, arrays())
    data = bench.data.load("mnist", root=tmp_path)
    assert data.images.shape == (50, 1, 32, 32)
    assert np.array_equal(data.images[:, 0, 2:30, 2:30].numpy(), arrays()[0])


def test_one_class(tmp_path):
    write(tmp_path / "fashion-mnist", arrays())
    one = bench.data.load("fashion-mnist:T-shirt/top", 28, tmp_path)
    assert np.array_equal(one.images[:, 0].numpy(), arrays()[0][::10])


def test_the_other_set_under_this_name_is_refused(tmp_path):
    contents = arrays()
    contents[3][:10] = (9, 2, 1, 1, 6, 1, 4, 6, 5, 7)
    write(tmp_path, contents)
    assert "are fashion-mnist" in message("mnist", root=tmp_path)
    assert len(bench.data.load("fashion-mnist", root=tmp_path).images) == 50


def test_without_files_and_network_one_line_says_what_to_put_where(tmp_path, offline):
    write(tmp_path / "mnist", arrays())
    (tmp_path / "mnist" / f"{NAMES[2]}.gz").unlink()
    text = message("mnist", root=tmp_path)
    assert "cannot be downloaded" in text
    assert "no network in tests" in text
    assert f"put {NAMES[0]}" in text
    assert str(tmp_path / "mnist") in text


def test_what_torchvision_downloads_is_read(tmp_path, monkeypatch, served):
    """torchvision's own download code, on files of a local server under their true (patched) checksums."""
    folder, address = served
    write(folder, arrays())
    sums = [(f"{name}.gz", hashlib.md5((folder / f"{name}.gz").read_bytes()).hexdigest()) for name in NAMES]
    monkeypatch.setattr(torchvision_datasets().MNIST, "mirrors", [address])
    monkeypatch.setattr(torchvision_datasets().MNIST, "resources", sums)
    data = bench.data.load("mnist", 28, tmp_path / "root")
    assert np.array_equal(data.images[:, 0].numpy(), arrays()[0])
    assert (tmp_path / "root" / "MNIST" / "raw" / NAMES[0]).is_file()


def test_a_download_with_a_wrong_checksum_is_refused(tmp_path, monkeypatch, served):
    folder, address = served
    write(folder, arrays())
    monkeypatch.setattr(torchvision_datasets().MNIST, "mirrors", [address])
    assert "corrupted" in message("mnist", 28, tmp_path / "root")


@pytest.mark.parametrize(
    ("which", "content", "reason"),
    [
        (0, b"", "starts with nothing"),
        (0, b"PK\3\4" + bytes(100), "starts with 504b0304"),
        (0, struct.pack(">BBBB", 0, 0, 13, 3) + bytes(100), "starts with 00000d03"),
        (0, struct.pack(">BBBBI", 0, 0, 8, 3, 50), "ends inside its header"),
        (0, encode(np.zeros((50, 28, 28), np.uint8))[:-1], "39,200 bytes, holds 39,199"),
        (0, encode(np.zeros((50, 28, 28), np.uint8)) + b"x", "holds more"),
        (0, struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**31, 2**31), "more than 1,073,741,824 bytes"),
        (0, np.zeros((50, 32, 32), np.uint8), "expected (N, 28, 28)"),
        (0, np.zeros((0, 28, 28), np.uint8), "expected (N, 28, 28)"),
        (1, np.zeros(49, np.uint8), "shape (49,) beside 50 images"),
        (1, np.full(50, 10, np.uint8), "label 10, expected 0 to 9"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_damaged_files_are_named(tmp_path, which, content, reason, suffix):
    contents = arrays()
    contents[which] = content
    write(tmp_path, contents, suffix)
    text = message("mnist", root=tmp_path)
    assert reason in text
    assert NAMES[which] in text


@given(st.data())
def test_no_damage_to_a_gzip_file_gets_through(tmp_path_factory, data):
    """Cut or garbled anywhere, a file either still holds the same array or is refused by name."""
    array = np.arange(40, dtype=np.uint8).reshape(2, 4, 5)
    whole = gzip.compress(encode(array), mtime=0)
    if data.draw(st.booleans(), "cut"):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        at, to = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
        damaged = whole[:at] + bytes([to]) + whole[at + 1 :]
    path = tmp_path_factory.mktemp("idx") / "some-idx3-ubyte.gz"
    path.write_bytes(damaged)
    try:
        assert np.array_equal(idx.read_idx(path), array)
    except UserError as error:
        assert "some-idx3-ubyte.gz" in str(error)  # noqa: PT017


@pytest.mark.skipif(
    not (idx.Path("/usr/share/datasets/fashion-mnist")).is_dir(), reason="Debian's dataset-fashion-mnist is not here"
)
def test_the_real_fashion_mnist(monkeypatch):
    monkeypatch.setattr(idx, "_DEBIAN", idx.Path("/usr/share/datasets"))
    data = bench.data.load("fashion-mnist", 28)
    assert data.images.shape == (60000, 1, 28, 28)
    assert data.labels.bincount().tolist() == [6000] * 10
    assert data.reference_labels.bincount().tolist() == [1000] * 10
    assert data.images.double().mean() == pytest.approx(0.2860 * 255, abs=0.02)  # the published pixel mean

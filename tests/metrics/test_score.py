"""The scorer: same images, same scores; whatever it is given, a score or a stated reason."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import data
from bench.errors import UserError
from bench.metrics import DIRECTIONS, Scorer, ScoreUnavailable, extractors, get_extractor, kernel_distance, seen
from bench.metrics.reference import mean_image, uniform_noise
from bench.records.scores import SCORES, Score

POINT_SCORES = set(DIRECTIONS) - {"is", "is_std", "ssim_within_class", "texture", "total_variation_ratio"}
PICTURE_SCORES = set(DIRECTIONS) - {"high_quality"}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", resolution=16)


@pytest.fixture(scope="module")
def ring():
    return data.load("ring8")


@pytest.fixture(scope="module")
def scorer(digits):
    return Scorer(digits, n=120)


def complete(scores):
    """The scores, after a check that each is a finite number or has a reason of one line."""
    assert not set(scores.values) & set(scores.reasons)
    assert set(scores.values) | set(scores.reasons) == set(DIRECTIONS)
    assert all(math.isfinite(value) for value in scores.values.values())
    assert all(reason and "\n" not in reason for reason in scores.reasons.values())
    return scores


def test_a_row_of_the_catalogue_and_its_function_are_a_score(digits, scorer, monkeypatch):
    """A function that a row names is called with what it asks for by name; nothing else has to know of it."""
    row = Score("redness", "redness", "higher", 1, 0, by="collapse.redness")
    asked = {}

    def redness(fake, labels, seen, share=0.25):
        asked.update(fake=fake.shape, labels=len(labels), dataset=seen.dataset.name)
        return share

    monkeypatch.setattr("bench.metrics.collapse.redness", redness, raising=False)
    monkeypatch.setitem(SCORES, "redness", row)
    assert scorer.score(digits.images).values["redness"] == 0.25
    assert asked == {"fake": (120, 64), "labels": 120, "dataset": "digits"}


def test_real_pictures_have_every_score(digits, scorer):
    scores = complete(scorer.score(digits.images))
    assert set(scores.values) == PICTURE_SCORES
    assert scores.reasons == {"high_quality": "digits is no mixture of known Gaussians"}
    assert scores.values["modes"] == 10
    assert scores.values["fid"] == scorer.fid(digits.images)


def test_scoring_again_is_bit_identical_and_draws_nothing(digits, scorer):
    before = torch.random.get_rng_state()
    images = digits.images[:120].clone()
    first, second = scorer.score(images), Scorer(digits, n=120).score(images)
    assert first.values == second.values
    assert torch.equal(images, digits.images[:120])
    assert torch.equal(before, torch.random.get_rng_state())


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_the_images_does_not_matter(digits, scorer, random):
    order = torch.tensor(random.sample(range(120), 120))
    assert scorer.score(digits.images[:120][order]).values == scorer.score(digits.images[:120]).values


@pytest.mark.parametrize("batch_size", [1, 7, 120])
def test_batch_size_does_not_matter(digits, scorer, batch_size):
    other = Scorer(digits, n=120, batch_size=batch_size).score(digits.images)
    assert other.values == pytest.approx(scorer.score(digits.images).values, rel=1e-5)


def test_real_pictures_score_as_the_anchor_says_and_noise_too(digits, scorer):
    assert scorer.fid(digits.images) == pytest.approx(scorer.anchors["fid_real"], rel=1e-6)
    assert scorer.fid(uniform_noise(digits.images, 120)) == pytest.approx(scorer.anchors["fid_noise"], rel=1e-6)
    assert scorer.anchors["fid_real"] < 0.2 * scorer.anchors["fid_noise"]


def test_the_noise_anchor_is_the_easier_of_noise_and_an_untrained_generator(digits, scorer):
    asked = []

    def untrained(count):
        asked.append(count)
        return digits.images[:count]

    assert Scorer(digits, n=120, untrained=untrained).anchors["fid_noise"] == scorer.fid(digits.images)
    assert asked == [120]
    worse = torch.full_like(digits.images[:120], 255)
    worse[::2] = 0
    with_worse = Scorer(digits, n=120, untrained=worse).anchors["fid_noise"]
    assert with_worse == min(scorer.fid(worse), scorer.anchors["fid_noise"])


def test_the_ceiling_is_the_largest_fid_of_what_is_no_generator(digits, scorer):
    """Pinned: the real digit furthest off, made 120 times; noise, the mean image and most other digits lie below."""
    real = digits.reference_images[:120]
    furthest = int((scorer.reference.features - scorer.reference.features.mean(0)).norm(dim=1).argmax())
    found = [scorer.fid(image.expand(120, -1, -1, -1)) for image in (real[furthest], real[0], mean_image(real)[0])]
    assert found == [pytest.approx(value, abs=0.01) for value in (15.63, 8.92, 8.78)]
    assert scorer.anchors["fid_ceiling"] == pytest.approx(found[0], rel=1e-6)
    white = torch.full_like(real, 255)
    higher = Scorer(digits, n=120, untrained=white)
    assert higher.anchors["fid_ceiling"] == higher.fid(white) == pytest.approx(23.73, abs=0.01)
    assert higher.anchors["fid_noise"] == scorer.anchors["fid_noise"]


def test_too_few_images_for_fid_say_so_and_have_the_other_scores(digits):
    few = Scorer(digits, n=64)
    scores = complete(few.score(digits.images))
    assert scores.reasons["fid"] == "FID needs more images than feature dimensions: real features are n = 64 for d = 64"
    assert set(scores.values) == PICTURE_SCORES - {"fid"}
    with pytest.raises(ScoreUnavailable, match="n = 64 for d = 64"):
        _ = few.anchors
    least = complete(Scorer(digits, n=2).score(digits.images))
    assert {"precision", "recall", "density", "coverage", "fid"} <= set(least.reasons)
    with pytest.raises(UserError, match="n = 1 images to score: expected at least 2"):
        Scorer(digits, n=1)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_pictures_of_one_colour_have_a_score_or_a_reason(digits, scorer, value):
    scores = complete(scorer.score(torch.full_like(digits.images[:120], value)))
    assert set(scores.reasons) == {"high_quality", "total_variation_ratio"}
    assert scores.values["is"] == pytest.approx(1.0)
    assert scores.values["vendi"] == pytest.approx(1.0)
    assert scores.values["duplicates"] == scores.values["modes"] == 1
    assert scores.values["recall"] == 0
    assert scores.values["ssim_within_class"] == pytest.approx(1.0, abs=1e-3)  # in float32
    assert scores.values["fid"] > 10 * scorer.anchors["fid_real"]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 120), st.integers(0, 2**32 - 1), st.sampled_from([2, 16, 256]))
def test_any_pictures_have_a_score_or_a_reason(digits, scorer, different, seed, levels):
    stream = torch.Generator().manual_seed(seed)
    colours = torch.randint(0, levels, (different, 1, 16, 16), generator=stream) * (255 // (levels - 1))
    images = colours.to(torch.uint8)[torch.arange(120) % different]
    assert set(complete(scorer.score(images)).values) == PICTURE_SCORES


def test_real_pictures_without_variance(digits):
    flat = torch.full_like(digits.images[:200], 9)
    dataset = dataclasses.replace(digits, name="flat", images=flat, reference_images=flat)
    extractor = get_extractor("domain", digits)
    for images in (flat, digits.images[:200]):
        scores = complete(Scorer(dataset, extractor, n=100).score(images))
        assert "no variation between pixels" in scores.reasons["total_variation_ratio"]
    assert Scorer(dataset, extractor, n=100).fid(flat) == pytest.approx(0.0, abs=1e-6)


def test_one_class_has_no_classes_to_score():
    scorer = Scorer(data.load("digits:3", resolution=16), n=30)
    scores = complete(scorer.score(scorer.dataset.images))
    assert scores.reasons["is"] == scores.reasons["is_std"] == "digits:3 has one class only"
    for name in ("modes", "modes_kl", "ssim_within_class"):
        assert scores.reasons[name] == "digits:3 has fewer than two classes"
    assert {"kid", "precision", "vendi", "texture"} <= set(scores.values)


def test_unlabelled_pictures_are_scored_without_classes(digits):
    dataset = dataclasses.replace(digits, labels=None, reference_labels=None, classes=(), classifier=None)
    scorer = Scorer(dataset, n=100)
    scores = complete(scorer.score(digits.images))
    assert scorer.protocol["extractor"] == "random-conv"
    assert set(scores.reasons) == {"is", "is_std", "modes", "modes_kl", "ssim_within_class", "high_quality"}
    assert scores.reasons["is"] == "extractor random-conv classifies nothing"


def test_points_have_the_scores_of_points(ring):
    scores = complete(Scorer(ring, n=300).score(ring.images))
    assert set(scores.values) == POINT_SCORES
    assert scores.reasons["ssim_within_class"] == scores.reasons["total_variation_ratio"] == "points are no pictures"
    assert scores.values["modes"] == 8
    # A share of exp(-9/2) of a Gaussian in the plane lies beyond 3 standard deviations.
    assert scores.values["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.015)


def test_points_by_the_published_protocol(ring):
    """Two of eight modes, three quarters of the points in one of them, a tenth of all beyond 3 SD."""
    modes = ring.modes
    points = torch.from_numpy(modes.centres[[0] * 75 + [4] * 25])
    points[:10, 0] -= 3.5 * modes.sd
    values = Scorer(ring, n=100).score(modes.from_units(points)).values
    assert values["modes"] == 2
    assert values["high_quality"] == pytest.approx(0.9)
    assert values["modes_kl"] == pytest.approx(0.75 * math.log(0.75 * 8) + 0.25 * math.log(0.25 * 8))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_points_that_are_not_numbers_have_a_reason(ring, bad):
    points = ring.images[:300].clone()
    points[17, 1] = bad
    scorer = Scorer(ring, n=300)
    scores = complete(scorer.score(points))
    assert scores.values == {}
    assert set(scores.reasons.values()) == {"the images hold NaN or infinity"}
    with pytest.raises(ScoreUnavailable, match="NaN or infinity"):
        scorer.fid(points)


def test_points_in_one_place_have_a_score_or_a_reason(ring):
    scorer = Scorer(ring, n=100)
    for place in (0.0, 0.5, 1.0):
        assert set(complete(scorer.score(torch.full((100, 2, 1, 1), place))).values) == POINT_SCORES


def test_images_of_another_kind_are_refused(digits, scorer):
    with pytest.raises(UserError, match="119 images: the protocol compares 120"):
        scorer.score(digits.images[:119])
    with pytest.raises(UserError, match=r"torch\.float32 images .* expected torch\.uint8"):
        scorer.score(digits.images.float() / 255)
    with pytest.raises(UserError, match=r"\(n, 1, 16, 16\) as in digits"):
        scorer.fid(digits.images[:, :, :8])
    with pytest.raises(UserError, match="ndarray given as images"):
        scorer.score(digits.images.numpy())


def test_the_record_says_what_the_scores_depend_on(digits, scorer):
    protocol = scorer.protocol
    extractor = get_extractor("domain", digits)
    assert protocol["extractor"] == extractor.name == "domain:digits"
    assert protocol["extractor_hash"] == extractor.hash
    assert protocol["extractor_accuracy"] == extractor.accuracy
    assert protocol["n_real"] == protocol["n_fake"] == protocol["kid_subset_size"] == 120
    assert (protocol["kid_subsets"], protocol["inception_splits"]) == (1, 10)
    assert protocol["dimensions"] == 64
    assert protocol["dataset_hash"] == digits.content_hash
    assert protocol["split"] == digits.split
    assert protocol["resolution"] == 16
    assert 0.95 < protocol["reference_accuracy"] <= 1


def test_many_images_are_compared_in_the_papers_subsets(monkeypatch, digits):
    assert seen.kernel_subsets(5000) == (1, 5000)
    assert seen.kernel_subsets(5001) == (100, 1000)
    monkeypatch.setattr(seen, "WHOLE_KERNEL", 300)
    monkeypatch.setattr(seen, "KERNEL_SUBSETS", (100, 100))
    many = Scorer(digits, n=400)
    assert (many.protocol["kid_subsets"], many.protocol["kid_subset_size"]) == (100, 100)
    fakes = digits.images[-400:]
    whole = kernel_distance(many.reference.features, many.extractor(fakes)[0])
    # The subsets' estimates differ from the whole's by their sampling, not by a bias.
    assert many.score(fakes).values["kid"] == pytest.approx(whole, abs=3e-4)


def test_real_statistics_are_kept_by_content(digits, tmp_path, monkeypatch):
    fresh = Scorer(digits, n=120, cache_dir=tmp_path).score(digits.images)
    (kept,) = tmp_path.glob("real-*.safetensors")
    assert digits.content_hash[:20] in kept.name
    monkeypatch.setattr("bench.metrics.reference.measure", None)
    again = Scorer(digits, n=120, cache_dir=tmp_path)
    assert again.score(digits.images) == fresh
    other = dataclasses.replace(digits, content_hash="0" * 64)
    with pytest.raises(TypeError):  # what is not kept would have to be measured
        _ = Scorer(other, n=120, cache_dir=tmp_path).reference


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "other"])
def test_a_damaged_file_is_measured_again(digits, tmp_path, damage):
    fresh = Scorer(digits, n=120, cache_dir=tmp_path).score(digits.images)
    (kept,) = tmp_path.glob("real-*.safetensors")
    content = bytearray(kept.read_bytes())
    if damage == "bit":
        content[-1000] ^= 64
    damaged = {"cut": content[:-100], "bit": content, "empty": b"", "other": b"no tensors at all"}[damage]
    kept.write_bytes(damaged)
    assert Scorer(digits, n=120, cache_dir=tmp_path).score(digits.images) == fresh
    assert kept.read_bytes() != damaged


def test_extractors_are_never_mixed(digits, tmp_path):
    for name in ("domain", "random-conv"):
        with_cache = Scorer(digits, name, n=120, cache_dir=tmp_path)
        assert with_cache.score(digits.images) == Scorer(digits, name, n=120).score(digits.images)
    assert len(list(tmp_path.glob("real-*.safetensors"))) == 2
    names = {Scorer(digits, name).protocol["extractor"] for name in ("domain", "random-conv")}
    assert names == {"domain:digits", "random-conv"}


def test_stacked_digits_have_a_thousand_modes():
    dataset = data.load("stacked")
    scorer = Scorer(dataset, n=400)
    values = complete(scorer.score(dataset.images)).values
    # Of 1,000 equally likely modes 400 draws meet 1000 (1 - 0.999^400) = 330 on average, with a deviation below 8.
    assert values["modes"] == pytest.approx(330, abs=25)
    assert values["density"] == pytest.approx(1, abs=0.2)
    assert values["coverage"] > 0.9
    one = complete(scorer.score(dataset.images[:1].expand(400, -1, -1, -1))).values
    assert (one["modes"], one["coverage"]) == (1, pytest.approx(0, abs=0.02))
    assert one["modes_kl"] == pytest.approx(math.log(1000), abs=0.3)


def test_few_pictures_are_scored_as_the_whole_set(tmp_path):
    """The same images, features and anchors whatever was trained on, also where that alone could not be scored."""
    images = data.load("mnist5k", 16).images[500:700]
    many, few, tiny = (Scorer(data.load(name, 16), n=200) for name in ("mnist5k", "mnist5k@500", "mnist5k@20"))
    for scorer in (few, tiny):
        scorer.check()
        assert scorer.score(images).values == many.score(images).values
        assert scorer.anchors == many.anchors
        assert scorer.protocol["extractor_hash"] == many.protocol["extractor_hash"]
        assert scorer.protocol["dataset_hash"] == scorer.trained_on.content_hash != many.protocol["dataset_hash"]
    assert tiny.protocol["dataset"] == "mnist5k@20"


def test_a_classifier_of_few_pictures_is_that_of_the_whole_set(tmp_path, monkeypatch):
    """Where none is shipped one is trained on all pictures, once, and shared by sets of any count."""
    asked = []
    monkeypatch.setattr(extractors, "trained_extractor", lambda dataset, folder: asked.append(dataset))
    whole = dataclasses.replace(data.load("digits", 16), classifier=None)
    get_extractor("domain", whole, tmp_path)
    few = dataclasses.replace(data.load("digits@100", 16), classifier=None, whole=whole)
    Scorer(few, n=100, cache_dir=tmp_path)
    assert [len(each.images) for each in asked] == [898, 898]

"""Scores rank pictures as they must, on every dataset, and what each of them cannot see is written down and true.

The damage is fixed here, the same for all datasets. A ranking reads "better > worse"; "=" joins what a score is not
relied on to tell apart, ";" separates two rankings. They must hold on every dataset, but for the exceptions, which are
findings.
"""

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
import torch

import bench.torchvision_fix  # noqa: F401
from bench import data
from bench.data.stacked import stack
from bench.errors import UserError
from bench.metrics import DIRECTIONS, Scorer

# isort: split
from torchvision.transforms.functional import gaussian_blur

N = 300
IMAGES = ("mnist5k", "digits", "shapes", "fashion-mnist", "stacked")
POINTS = ("ring8", "grid25")

DAMAGE = {
    "fid": "real > blurred > noisy > shuffled > noise",
    "kid": "real > blurred > noisy > shuffled > noise",
    "is": "real = blurred > noisy > shuffled = noise",
    "precision": "real = blurred = noisy > shuffled = noise",
    "recall": "real > blurred > noisy > shuffled = noise",
    "density": "real = blurred = noisy > shuffled = noise",
    "coverage": "real = blurred = noisy > shuffled = noise",
    "modes_kl": "real = blurred = noisy > shuffled = noise",
    "vendi": "real > blurred; real = blurred = noisy > shuffled = noise",
    "texture": "real > blurred = noisy > shuffled = noise",
    "total_variation_ratio": "real > blurred > noisy = shuffled = noise",
}
CLASSES = dict.fromkeys(
    ("fid", "kid", "is", "recall", "coverage", "modes", "modes_kl", "vendi"), "all classes > half > one class"
)
PICTURES = {
    "fid": "all pictures > five a class > one a class",
    "recall": "all pictures > five a class = one a class",
    "coverage": "all pictures > five a class > one a class",
    "vendi": "all pictures > five a class > one a class",
    "ssim_within_class": "all pictures > five a class > one a class",
    "duplicates": "all pictures > five a class = one a class",
}
JITTER = {
    **dict.fromkeys(
        ("fid", "kid", "precision", "density", "coverage", "high_quality"), "real > 3 SD > quarter spacing > noise"
    ),
    "recall": "real = 3 SD > quarter spacing > noise",
    "modes": "real = 3 SD > quarter spacing > noise",
    "vendi": "real = 3 SD > quarter spacing > noise",
}
# What is so far from all that a classifier knows fills its bounded features; which of two is further is chance.
NOTHING_KNOWN = dict.fromkeys(("fid", "kid"), "real > blurred > noisy > shuffled = noise")
DAMAGE_EXCEPTIONS = {"digits": NOTHING_KNOWN, "fashion-mnist": NOTHING_KNOWN}
CLASSES_EXCEPTIONS = {
    "fashion-mnist": {
        # One picture in ten is mistaken for another class by the classifier, and one mistaken picture covers a mode.
        "modes": "all classes > half = one class",
        # T-shirts are so varied that the balls around them reach other clothes.
        "recall": "all classes > half = one class",
    }
}


@cache
def dataset(name):
    try:
        return data.load(name, resolution=None if name in POINTS else 32)
    except UserError as reason:
        pytest.skip(str(reason))


@cache
def scorer(name, n=N):
    return Scorer(dataset(name), n=n)


@cache
def damaged(name):
    """Scores of real pictures and of ever more damaged ones."""
    real = dataset(name).images[:N]
    stream = torch.Generator().manual_seed(0)
    noisy = real + 40 * torch.randn(real.shape, generator=stream)
    flat = real.flatten(2)
    order = torch.rand(N, 1, flat.shape[2], generator=stream).argsort(dim=2).expand_as(flat)
    versions = {
        "real": real,
        "blurred": gaussian_blur(real, 7, sigma=1.0),
        "noisy": noisy.round().clamp(0, 255).to(torch.uint8),
        "shuffled": flat.gather(2, order).reshape(real.shape),
        "noise": torch.randint(0, 256, real.shape, generator=stream, dtype=torch.uint8),
    }
    return {level: scorer(name).score(images).values for level, images in versions.items()}


@cache
def jittered(name):
    """Scores of real points, of ever more jittered ones, and of uniform noise."""
    modes = dataset(name).modes
    points = modes.to_units(dataset(name).images[:N])
    stream = torch.Generator().manual_seed(0)
    spacing = float(torch.pdist(torch.from_numpy(modes.centres)).min())

    def moved(sd):
        return modes.from_units(points + sd * torch.randn(points.shape, generator=stream, dtype=torch.float64))

    versions = {
        "real": moved(0.0),
        "3 SD": moved(3 * modes.sd),
        "quarter spacing": moved(spacing / 4),
        "noise": torch.rand(dataset(name).images[:N].shape, generator=stream),
    }
    return {level: scorer(name).score(images).values for level, images in versions.items()}


@cache
def fewer_classes(name):
    """Scores of equally many real pictures of all classes, of half of them, and of one."""
    source = dataset("mnist5k" if name == "stacked" else name)
    count = len(source.classes)
    subsets = [source.labels < kept for kept in (count, count // 2, 1)]
    n = N if name == "stacked" else min(N, int(subsets[2].sum()))
    versions = []
    for rows in subsets:
        images = source.images[rows]
        if name == "stacked":
            images = torch.from_numpy(np.array(stack(images.numpy(), source.labels[rows].numpy(), n, seed=0)[0]))
        versions.append(scorer(name, n).score(images[:n]).values)
    return dict(zip(("all classes", "half", "one class"), versions, strict=True))


@cache
def fewer_pictures(name):
    """Scores of different real pictures, and of five or one of each class again and again."""
    real = dataset(name).images[:N]
    labels = dataset(name).labels[:N]
    versions = {"all pictures": real}
    for level, kept in {"five a class": 5, "one a class": 1}.items():
        rows = torch.empty(N, dtype=torch.int64)
        for label in labels.unique():
            members = (labels == label).nonzero()[:, 0]
            rows[members] = members[torch.arange(len(members)) % kept]
        versions[level] = real[rows]
    return {level: scorer(name).score(images).values for level, images in versions.items()}


def ranked(values, score, rankings):
    """Whether every level left of a ">" has the better score than every level in the group right of it."""
    sign = 1 if DIRECTIONS[score] == "higher" else -1
    return all(
        sign * values[better][score] > sign * values[worse][score]
        for ranking in rankings.split("; ")
        for left, right in pairwise(group.split(" = ") for group in ranking.split(" > "))
        for better, worse in product(left, right)
    )


def told(values, score):
    return {level: found[score] for level, found in values.items()}


def cases(rankings, names, exceptions=()):
    """One case per dataset and score, with the ranking it must show."""
    exceptions = dict(exceptions)
    return [
        pytest.param(name, score, exceptions.get(name, {}).get(score, ranking), id=f"{name}-{score}")
        for name in names
        for score, ranking in rankings.items()
        if not (name in POINTS and score == "is")  # points have no classifier
    ]


def test_a_ranking_is_read_by_the_direction_of_its_score():
    values = {"a": {"fid": 1.0, "is": 1.0}, "b": {"fid": 2.0, "is": 2.0}, "c": {"fid": 2.0, "is": 0.5}}
    assert ranked(values, "fid", "a > b")
    assert not ranked(values, "is", "a > b")
    assert not ranked(values, "fid", "b > c")
    assert not ranked(values, "is", "a = b > c > a")
    assert ranked(values, "is", "a = b > c")
    assert ranked(values, "is", "b > a; a > c")
    assert not ranked(values, "is", "b > a; c > a")


@pytest.mark.parametrize(("name", "score", "ranking"), cases(DAMAGE, IMAGES, DAMAGE_EXCEPTIONS))
def test_damage_is_seen(name, score, ranking):
    assert ranked(damaged(name), score, ranking), told(damaged(name), score)


@pytest.mark.parametrize(("name", "score", "ranking"), cases(JITTER, POINTS))
def test_jitter_is_seen(name, score, ranking):
    assert ranked(jittered(name), score, ranking), told(jittered(name), score)


@pytest.mark.parametrize(("name", "score", "ranking"), cases(CLASSES, IMAGES + POINTS, CLASSES_EXCEPTIONS))
def test_missing_classes_are_seen(name, score, ranking):
    assert ranked(fewer_classes(name), score, ranking), told(fewer_classes(name), score)


@pytest.mark.parametrize(("name", "score", "ranking"), cases(PICTURES, IMAGES[:-1]))
def test_repeated_pictures_are_seen(name, score, ranking):
    assert ranked(fewer_pictures(name), score, ranking), told(fewer_pictures(name), score)


@pytest.mark.parametrize("name", IMAGES)
def test_similarity_within_a_class_is_no_score_of_fidelity(name):
    found = told(damaged(name), "ssim_within_class")
    assert found["noise"] < found["real"]


def test_precision_and_density_take_blur_for_quality():
    assert damaged("mnist5k")["blurred"]["density"] > damaged("mnist5k")["real"]["density"]
    assert damaged("stacked")["blurred"]["precision"] >= damaged("stacked")["real"]["precision"]


def test_every_score_is_ranked_somewhere():
    ranked_somewhere = {*DAMAGE, *CLASSES, *PICTURES, *JITTER}
    # The spread of the Inception score over its splits belongs to its mean and ranks nothing.
    assert set(DIRECTIONS) - ranked_somewhere == {"is_std"}

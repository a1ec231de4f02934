"""Penalties, in exact numbers."""

import pytest
import torch
from torch import nn

import hacks
from bench.gan.conformance import game
from bench.gan.loop import step
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.flip_shift import flip_and_shift
from hacks.orthogonal_regularisation import overlap
from hacks.recipe import Step
from hacks.slopes import slopes


def on(name, **parameters):
    return hacks.apply(Recipe(), {name: True}, {name: parameters})


def linear(*weights):
    """D(x) = w · x."""
    slope = nn.Parameter(torch.tensor(weights))
    return slope, lambda images: images.flatten(1) @ slope


def test_slopes_of_one_logit_for_several_images_are_rows_of_all_of_them():
    """D(a, b) = a² + 3b over pairs of one-pixel images."""
    images = torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None, None]
    made = slopes(lambda x: x[0::2, 0, 0, 0] ** 2 + 3 * x[1::2, 0, 0, 0], images, (-1.0, 1.0))
    assert made.tolist() == [[2, 3], [6, 3]]


@pytest.mark.parametrize(("pixel_range", "unit"), [((-1.0, 1.0), 1.0), ((0.0, 1.0), 0.5)])
def test_r2_penalty_of_a_linear_d(pixel_range, unit):
    (penalty,) = on("r2_penalty").penalties
    slope, discriminator = linear(3.0, 4.0)
    value = penalty(D=discriminator, fake=torch.rand(6, 2, 1, 1), pixel_range=pixel_range)
    assert value.item() == pytest.approx(5 * 25 * unit**2)
    value.backward()
    assert slope.grad.tolist() == pytest.approx([30 * unit**2, 40 * unit**2])


def test_r1_and_r2_judge_their_own_sides():
    def bent(images):
        return images.flatten(1).square().sum(1)  # slope 2x

    real, fake, limits = torch.full((4, 2, 1, 1), 1.0), torch.full((4, 2, 1, 1), 3.0), (-1.0, 1.0)
    (of_real,), (of_fake,) = on("r1_penalty").penalties, on("r2_penalty").penalties
    assert of_real(D=bent, real=real, pixel_range=limits).item() == pytest.approx(5 * 2 * 2**2)
    assert of_fake(D=bent, fake=fake, pixel_range=limits).item() == pytest.approx(5 * 2 * 6**2)


@pytest.mark.parametrize(("pixel_range", "unit"), [((-1.0, 1.0), 1.0), ((0.0, 1.0), 0.5)])
def test_dragan_penalty_of_a_linear_d(pixel_range, unit):
    (penalty,) = on("dragan").penalties
    slope, discriminator = linear(3.0, 4.0)
    value = penalty(D=discriminator, real=torch.rand(6, 2, 1, 1), streams=Streams(0), pixel_range=pixel_range)
    assert value.item() == pytest.approx(10 * (5 * unit - 1) ** 2, rel=1e-6)
    value.backward()
    assert slope.grad.tolist() == pytest.approx([20 * (5 * unit - 1) * unit * w / 5 for w in (3, 4)], rel=1e-5)


def test_dragan_looks_up_to_half_a_standard_deviation_away():
    (penalty,) = on("dragan").penalties
    seen = []
    real = torch.cat([torch.zeros(2000, 1, 1, 2), torch.full((2000, 1, 1, 2), 4.0)])  # standard deviation 2

    def discriminator(images):
        seen.append(images.detach())
        return images.flatten(1).sum(1)

    penalty(D=discriminator, real=real, streams=Streams(0), pixel_range=(0.0, 1.0))
    away = seen[0] - real
    assert (away.min() >= 0, away.max() <= 1) == (True, True)
    # a · u, both uniform: mean 1/4, and two pixels of an image share a: covariance 1/12 · 1/4.
    assert away.mean().item() == pytest.approx(0.25, abs=0.01)
    assert away.flatten(1).T.cov()[0, 1].item() == pytest.approx(1 / 48, rel=0.15)


def lecam_at(number, total, weight=0.3, decay=0.99):
    """The member, and a step of a run."""
    (member,) = on("lecam", weight=weight, decay=decay).penalties
    return member, Step(number, total, Streams(0))


def test_lecam_is_the_distance_to_the_other_sides_mean():
    member, now = lecam_at(1000, 100_000)
    state = {"real": torch.tensor(2.0), "fake": torch.tensor(-1.0)}
    real, fake = torch.tensor([3.0, 1.0]), torch.tensor([0.0, -4.0])
    paid = member.penalties(real, fake, now, state)
    assert paid.item() == pytest.approx(0.3 * ((4**2 + 2**2) / 2 + (2**2 + 6**2) / 2))
    member.d_after(real + 2, fake, now, state)
    assert (state["real"].item(), state["fake"].item()) == pytest.approx((0.99 * 2 + 0.01 * 4, -0.99 - 0.02))
    # A side that an update leaves out is not paid for and moves nothing.
    assert member.penalties(real[:0], fake, now, {"real": torch.tensor(2.0), "fake": None}).item() == pytest.approx(6)
    member.d_after(real[:0], fake[:0], now, state)
    assert state["fake"].item() == pytest.approx(-1.01)


@pytest.mark.parametrize(("total", "first"), [(0, 1000), (500, 50), (100_000, 1000)])
def test_lecam_begins_after_a_thousand_steps_or_a_tenth(total, first):
    real, fake = torch.tensor([3.0]), torch.tensor([-3.0])
    for number, begun in ((first - 1, False), (first, True)):
        member, now = lecam_at(number, total)
        state = {"real": torch.tensor(1.0), "fake": torch.tensor(0.0)}
        assert (member.penalties(real, fake, now, state).item() > 0) == begun
        member.d_after(real, fake, now, state)
        assert state["real"].item() == pytest.approx(1.02 if begun else 3.0)  # before, the last batch's mean


def test_flips_and_shifts():
    picture = torch.arange(64.0).reshape(1, 1, 8, 8)
    made = flip_and_shift(picture.expand(400, 1, 8, 8), Streams(0)("test"), flip=True)
    rows = picture[0, 0]
    padded = torch.cat([rows[1:2], rows, rows[6:7]])  # reflected at the border
    padded = torch.cat([padded[:, 1:2], padded, padded[:, 6:7]], dim=1)
    windows = [padded[down : down + 8, right : right + 8] for down in range(3) for right in range(3)]
    possible = [*windows, *(window.flip(1) for window in windows)]
    found = [0] * len(possible)
    for image in made[:, 0]:
        (match,) = [number for number, each in enumerate(possible) if torch.equal(image, each)]
        found[match] += 1
    assert min(found) > 5
    assert sum(found[:9]) == pytest.approx(200, abs=40)
    still = flip_and_shift(picture.expand(4, 1, 8, 8), Streams(0)("test"), flip=False, share=0.0)
    assert torch.equal(still, picture.expand(4, 1, 8, 8))
    points = torch.rand(5, 1, 1, 1)
    assert torch.equal(flip_and_shift(points, Streams(0)("test"), flip=True), points)


def test_flips_and_shifts_let_gradients_through_and_keep_channels():
    images = torch.rand(3, 2, 16, 16, requires_grad=True)
    made = flip_and_shift(images, Streams(1)("test"), flip=True)
    assert made.shape == images.shape
    made.sum().backward()
    assert images.grad.sum().item() == pytest.approx(images.numel())
    brightness = images.detach().clone()
    brightness[:, 1] = brightness[:, 0] + 1
    moved = flip_and_shift(brightness, Streams(1)("test"), flip=True)
    torch.testing.assert_close(moved[:, 1], moved[:, 0] + 1)


def left_pixel(images):
    return images[:, 0, 0, 0]


def test_consistency_of_a_d_that_looks_at_one_side():
    """Images that are x on the left and −x on the right: a flip changes D's answer by 2x, a shift by nothing."""
    (real_only,), (both,) = on("consistency").penalties, on("balanced_consistency", weight=2.0).penalties
    halves = torch.cat([torch.ones(1, 1, 16, 8), -torch.ones(1, 1, 16, 8)], dim=3).expand(4000, 1, 16, 16)
    paid = real_only(D=left_pixel, real=3 * halves, streams=Streams(0)).item()
    assert paid == pytest.approx(10 * 6**2 / 2, rel=0.05)
    paid = both(D=left_pixel, real=3 * halves, fake=halves, streams=Streams(0)).item()
    assert paid == pytest.approx(2 * (6**2 + 2**2) / 2, rel=0.05)
    (shift_only,) = on("consistency", flip=False).penalties
    assert shift_only(D=left_pixel, real=halves, streams=Streams(0)).item() == 0


def test_consistency_passes_both_through_d_at_once():
    """With batch statistics of its own each, a changed copy would look different where it is not."""
    (penalty,) = on("consistency", flip=False).penalties
    norm = nn.BatchNorm2d(1)
    flat = torch.rand(6, 1, 1, 1).expand(6, 1, 16, 16)
    assert penalty(D=lambda x: norm(x).flatten(1).mean(1), real=flat, streams=Streams(0)).item() < 1e-10


class Doubles(nn.Module):
    """G(z): one pixel of twice the sum of z."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))

    def forward(self, z):
        return (self.factor * z.sum(1))[:, None, None, None]


@pytest.mark.parametrize(("pixel_range", "unit"), [((-1.0, 1.0), 1.0), ((0.0, 1.0), 0.5)])
def test_latent_consistency_of_a_linear_g(pixel_range, unit):
    """Σε over 4 numbers has the variance 4 · 0.05², which G multiplies by 4 and D by 9 more."""
    (member,) = on("latent_consistency").penalties
    generator, z, seen = Doubles(), torch.rand(20_000, 4), []

    def through(images):
        seen.append(images)
        return images

    weight = nn.Parameter(torch.tensor(3.0))
    d_paid = member.penalties(z=z, G=generator, D=lambda x: weight * x[:, 0, 0, 0], seen=through, streams=Streams(0))
    assert d_paid.item() == pytest.approx(20 * 9 * 4 * 4 * 0.05**2, rel=0.05)
    d_paid.backward()
    assert (weight.grad.item() > 0, generator.factor.grad) == (True, None)
    torch.testing.assert_close(seen[0][:20_000], generator(z).detach())
    g_paid = member.g_penalties(z=z, G=generator, streams=Streams(0), pixel_range=pixel_range)
    assert g_paid.item() == pytest.approx(-0.5 * 4 * 4 * 0.05**2 / unit**2, rel=0.05)
    g_paid.backward()
    assert generator.factor.grad.item() < 0  # it pays G to be steeper


def test_orthogonal_regularisation_leaves_lengths_free():
    layer = nn.Linear(2, 3, bias=False)
    layer.weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 5.0]])
    # Products of different rows: 11, 10, 20, each twice.
    assert overlap(nn.Sequential(layer)).item() == pytest.approx(2 * (11**2 + 10**2 + 20**2))
    layer.weight.data = torch.tensor([[7.0, 0.0], [0.0, 3.0], [0.0, 0.0]])
    assert overlap(nn.Sequential(layer)).item() == 0
    transposed = nn.ConvTranspose2d(1, 2, 1, bias=False)  # its weight is (inputs, outputs, 1, 1)
    transposed.weight.data = torch.tensor([[2.0, 3.0]])[:, :, None, None]
    assert overlap(nn.Sequential(transposed, nn.BatchNorm2d(2))).item() == pytest.approx(2 * 6**2)


@pytest.mark.parametrize(("nets", "slots"), [("g", {"g_penalties"}), ("d", {"penalties"}), ("both", None)])
def test_orthogonal_regularisation_is_paid_by_the_nets_it_is_of(nets, slots):
    filled = hacks.get("orthogonal_regularisation").slots(nets=nets)
    assert set(filled) == (slots or {"penalties", "g_penalties"})
    plain, paid = (step(game(recipe)) for recipe in (Recipe(), on("orthogonal_regularisation", weight=1.0, nets=nets)))
    played = game(Recipe())
    with torch.no_grad():
        of_d = overlap(played.discriminator).item()
    assert (paid[0] - plain[0]).item() == pytest.approx(0.0 if nets == "g" else of_d, rel=1e-4)
    assert ((paid[1] - plain[1]).item() > 0.01) == (nets != "d")


def test_feature_matching_is_the_distance_of_means():
    (penalty,) = on("feature_matching", weight=2.0).g_penalties
    real = torch.tensor([[1.0, 5.0], [3.0, 5.0]], requires_grad=True)
    fake = torch.tensor([[4.0, 0.0], [6.0, 2.0]], requires_grad=True)
    value = penalty(real, fake)
    assert value.item() == pytest.approx(2 * (3**2 + 4**2) ** 0.5)
    value.backward()
    assert real.grad is None
    torch.testing.assert_close(fake.grad, torch.tensor([[0.6, -0.8], [0.6, -0.8]]))
    assert penalty(real.detach(), real).item() == 0


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("wasserstein_gp", "weight", -1.0),
        ("dragan", "weight", -1.0),
        ("r2_penalty", "gamma", float("nan")),
        ("lecam", "decay", 1.0),
        ("consistency", "weight", -0.1),
        ("balanced_consistency", "weight", float("inf")),
        ("latent_consistency", "std", 0.0),
        ("orthogonal_regularisation", "nets", "neither"),
        ("feature_matching", "weight", -1.0),
        ("historical_averaging", "weight", -1.0),
        ("experience_replay", "size", 0),
        ("experience_replay", "rate", 1.5),
        ("past_discriminators", "every", 0),
        ("top_k", "least", 2.0),
        ("mixup", "alpha", 0.0),
        ("latent_optimisation", "damping", 0.0),
        ("skip_discriminator", "threshold", -0.5),
    ],
)
def test_numbers_that_make_no_sense_are_refused(name, parameter, value):
    with pytest.raises(HackError, match=f"{name}.{parameter}="):
        on(name, **{parameter: value})

"""What is done to the images that D sees: augmentations, blur, noise; pixel by pixel."""

import math

import pytest
import torch
from torch.nn import functional as F

import hacks
from bench.gan.conformance import game
from bench.gan.loop import advance
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.adaptive_augment import AdaptiveAugment
from hacks.blur_fade import gaussian
from hacks.diff_augment import Augmentation, shifted, uncovered
from hacks.recipe import Step

RANGES = [(-1.0, 1.0), (0.0, 1.0)]
COLOR, TRANSLATION, CUTOUT = (Augmentation(*each) for each in ((True, 0, 0), (False, 0.125, 0), (False, 0, 0.5)))


def on(name, **parameters):
    return hacks.apply(Recipe(), {name: True}, {name: parameters})


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def stream(seed=0):
    return Streams(seed)("augment")


def at(progress, total=1000):
    return Step(round(progress * total), total, Streams(0))


# Translation.


def test_a_shift_by_hand():
    image = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])
    down, right = torch.tensor([1.0]), torch.tensor([-1.0])
    assert shifted(image, down, right).tolist() == [[[[0.0, 0.0, 0.0], [2.0, 3.0, 0.0]]]]


@pytest.mark.parametrize("size", [16, 28, 32])
def test_translation_is_a_whole_shift_of_each_image_by_up_to_an_eighth(size):
    images = noise(400, 2, size, size) * 2 - 1
    made = TRANSLATION.changed(images, (-1.0, 1.0), stream())
    most, counts = size // 8, {}
    for image, found in zip(images, made, strict=True):
        padded = F.pad(image, [most] * 4)
        shifts = [
            (down, right)
            for down in range(-most, most + 1)
            for right in range(-most, most + 1)
            if torch.equal(padded[:, most - down : most - down + size, most - right : most - right + size], found)
        ]
        (shift,) = shifts
        counts[shift] = counts.get(shift, 0) + 1
    possible = (2 * most + 1) ** 2
    assert len(counts) > 0.95 * possible * (1 - math.exp(-400 / possible))
    downs = [sum(n for (down, _), n in counts.items() if down == each) for each in range(-most, most + 1)]
    assert min(downs) > 400 / (2 * most + 1) * 0.6


def test_what_a_shift_uncovers_is_mid_grey():
    made = TRANSLATION.changed(torch.ones(200, 1, 16, 16), (0.0, 1.0), stream())
    assert made.unique().tolist() == [0.5, 1.0]


# Cutout.


@pytest.mark.parametrize(("size", "side"), [(16, 8), (28, 14), (6, 3)])
def test_a_cutout_is_a_square_of_half_the_size_that_may_hang_over_the_border(size, side):
    images = torch.zeros(2000, 3, size, size)
    made = CUTOUT.changed(images + 1, (-1.0, 1.0), stream())
    hole = made == 0
    assert torch.equal(hole, hole[:, :1].expand_as(hole))
    areas = hole[:, 0].sum((1, 2))
    heights, widths = (hole[:, 0].any(2 - axis).sum(1) for axis in (0, 1))
    assert torch.equal(areas, heights * widths)
    assert (areas.max().item(), heights.min().item()) == (side**2, side - side // 2)
    # The centre is uniform over the image, so the height's mean is that of what is left of the square inside.
    centres = torch.arange(size + 1 - side % 2)
    inside = [(min(c - side // 2 + side, size) - max(c - side // 2, 0)) for c in centres.tolist()]
    assert heights.float().mean().item() == pytest.approx(sum(inside) / len(inside), rel=0.03)


def test_a_cutout_in_the_middle_by_hand():
    half, made = torch.tensor([0.5]), torch.tensor([True])
    mask = uncovered(torch.zeros(1, 1, 4, 4), 0.5, half, half, made)
    assert mask.flatten().tolist() == [1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1]
    assert uncovered(torch.zeros(1, 1, 4, 4), 0.5, half, half, ~made).min() == 1


# Colour.


@pytest.mark.parametrize("pixel_range", RANGES)
def test_brightness_of_an_even_image_moves_by_up_to_a_quarter_of_the_range(pixel_range):
    low, high = pixel_range
    moved = COLOR.changed(torch.full((4000, 3, 2, 2), 0.25), pixel_range, stream()) - 0.25
    assert moved.flatten(1).std(1).max() < 1e-6  # neither saturation nor contrast has anything to change
    shift = moved[:, 0, 0, 0] / (high - low)
    assert (shift.min().item(), shift.max().item()) == pytest.approx((-0.25, 0.25), abs=0.002)
    assert shift.std().item() == pytest.approx(0.5 / math.sqrt(12), rel=0.03)


def test_contrast_of_grey_images_is_a_factor_between_half_and_one_and_a_half():
    images = torch.tensor([-0.5, 0.5]).repeat(4000, 1)[:, None, None]
    made = COLOR.changed(images, (-1.0, 1.0), stream())
    factor = made[:, 0, 0, 1] - made[:, 0, 0, 0]
    assert (factor.min().item(), factor.max().item()) == pytest.approx((0.5, 1.5), abs=0.002)


def test_saturation_is_a_factor_between_none_and_twice():
    images = torch.tensor([-0.3, 0.0, 0.3])[None, :, None, None].repeat(20_000, 1, 1, 1)
    # The image's mean is its channels' mean, so contrast scales the same distance: a product of two factors.
    made = COLOR.changed(images, (-1.0, 1.0), stream())
    factor = (made[:, 2] - made[:, 0]).flatten() / 0.6
    assert 0 <= factor.min() < 0.01
    assert 2.8 < factor.max() <= 3.0
    assert factor.mean().item() == pytest.approx(1.0, abs=0.02)
    assert factor.var().item() == pytest.approx((1 + 1 / 3) * (1 + 1 / 12) - 1, rel=0.05)


# All of them.


def test_the_pixel_range_makes_no_difference():
    images, whole = noise(8, 3, 16, 16), Augmentation(True, 0.125, 0.5)
    unit, centred = whole.changed(images, (0.0, 1.0), stream()), whole.changed(images * 2 - 1, (-1.0, 1.0), stream())
    torch.testing.assert_close(unit * 2 - 1, centred)


def test_draws_are_of_the_stream_and_of_each_image():
    (member,) = on("diff_augment").d_inputs
    images = noise(1, 3, 16, 16).repeat(8, 1, 1, 1)
    one, same, other = (member(images, Streams(seed), (0.0, 1.0)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert len({tuple(image.flatten().tolist()) for image in one}) == 8
    streams = Streams(0)
    assert not torch.equal(member(images, streams, (0.0, 1.0)), member(images, streams, (0.0, 1.0)))


def test_the_gradient_passes():
    images = (noise(4, 3, 16, 16) * 2 - 1).requires_grad_()
    Augmentation(True, 0.125, 0.5).changed(images, (-1.0, 1.0), stream()).square().sum().backward()
    assert torch.isfinite(images.grad).all()
    assert (images.grad.flatten(1).norm(dim=1) > 1).all()
    # A shift and a cutout alone pass on ones where the pixel is still seen.
    images.grad = None
    Augmentation(False, 0.125, 0.5).changed(images, (-1.0, 1.0), stream()).sum().backward()
    assert images.grad.unique().tolist() == [0.0, 1.0]


def test_nothing_asked_is_nothing_changed():
    images = noise(4, 1, 16, 16) * 2 - 1
    assert torch.equal(Augmentation(False, 0, 0).changed(images, (-1.0, 1.0), stream()), images)
    never = Augmentation(True, 0.125, 0.5).changed(images, (-1.0, 1.0), stream(), torch.zeros(()))
    torch.testing.assert_close(never, images)


def test_it_is_done_to_real_and_fake_and_in_both_steps():
    seen = []
    recipe = on("diff_augment").add("d_inputs", lambda images: (seen.append(images), images)[1])
    advance(game(recipe), 1)
    assert [images.requires_grad for images in seen] == [False, False, True]  # D's real and fake, G's


# Adaptive augmentation.


@pytest.mark.parametrize("chance", [0.25, 0.8])
def test_changes_are_made_with_their_chance(chance):
    images = torch.ones(5000, 1, 8, 8)
    for kind in (TRANSLATION, CUTOUT, COLOR):
        made = kind.changed(images, (-1.0, 1.0), stream(), torch.tensor(chance))
        changed = (made != 1).flatten(1).any(1).float().mean().item()
        # A ninth of the shifts by at most one pixel is none; contrast does nothing to an even image.
        expected = {TRANSLATION: 1 - (1 - chance * 2 / 3) ** 2}.get(kind, chance)
        assert changed == pytest.approx(expected, abs=0.02)


def steered(logits, total, updates, span=1, per_step=1, ramp=0.2):
    """p after so many updates of D on real images with such logits."""
    member = AdaptiveAugment(Augmentation(True, 0.125, 0.5), 0.6, ramp)
    state = member.start(4, torch.device("cpu"))
    for number in range(updates):
        where = Step(number // per_step * span, total, Streams(0), span=span)
        member.d_after(torch.zeros(4 * span, 1, 2, 2), torch.tensor(logits), where, state)
    return state["p"].item()


CONFIDENT = [1.0, 2.0, 3.0, 0.5]


def test_p_rises_in_a_fifth_of_the_run_where_d_is_too_sure():
    assert steered(CONFIDENT, 1000, 100) == pytest.approx(0.5)
    assert steered(CONFIDENT, 1000, 200) == pytest.approx(1.0)
    assert steered(CONFIDENT, 1000, 400) == 1.0
    assert steered(CONFIDENT, 1000, 103) == pytest.approx(0.5)  # four updates at a time
    assert steered([-1.0], 1000, 100) == 0.0


def test_p_has_the_same_speed_with_larger_batches_and_more_updates():
    assert steered(CONFIDENT, 1000, 24, span=4) == pytest.approx(96 / 200)
    assert steered(CONFIDENT, 1000, 200, per_step=2) == pytest.approx(0.5)


def test_a_run_without_an_end_has_the_sources_speed():
    assert steered(CONFIDENT, 0, 1000) == pytest.approx(1000 * 4 / 500_000, rel=1e-4)
    assert steered(CONFIDENT, 0, 1000, span=4) == pytest.approx(1000 * 16 / 500_000, rel=1e-4)


def test_p_falls_again_where_d_is_unsure():
    member = AdaptiveAugment(COLOR, 0.6, 0.2)
    state = member.start(4, torch.device("cpu"))
    for number in range(200):
        logits = torch.tensor(CONFIDENT if number < 100 else [1.0, -1.0])
        member.d_after(torch.zeros(4, 1, 2, 2), logits, Step(number, 1000, Streams(0)), state)
        assert state["p"].item() == pytest.approx((min(number + 1, 199 - number) // 4) * 4 / 200, abs=0.021)
    assert state["p"].item() == 0


def test_at_its_target_p_stays():
    member = AdaptiveAugment(COLOR, 0.5, 0.2)  # of 4 logits 3 positive: exactly one half, in binary
    state = member.start(4, torch.device("cpu")) | {"p": torch.tensor(0.25)}
    for number in range(40):
        member.d_after(torch.zeros(4, 1, 2, 2), torch.tensor([1.0, 1.0, 1.0, -1.0]), at(number / 1000), state)
    assert state["p"].item() == 0.25


def test_without_real_images_nothing_is_counted():
    member = AdaptiveAugment(COLOR, 0.6, 0.2)
    state = member.start(4, torch.device("cpu"))
    member.d_after(torch.zeros(4, 1, 2, 2), torch.zeros(0), at(0), state)
    assert state["updates"] == 0


# Blur.


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_blur_of_a_point_is_a_gaussian_as_wide_as_the_image_is_large(size):
    (member,) = on("blur_fade").d_inputs
    point = torch.zeros(1, 1, size, size)
    point[..., size // 2, size // 2] = 1
    made = member(point, at(0))[0, 0]
    width, place = 1.2 * size / 32, torch.arange(size) - size // 2
    line = torch.exp(-(place**2) / (2 * width**2))
    expected = line[:, None] * line / line.sum() ** 2
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-7)


def test_the_blur_is_gone_after_its_share_of_the_run():
    (member,) = on("blur_fade", width=2.0, until=0.5).d_inputs
    images = noise(2, 3, 32, 32)
    half = gaussian(32, 1.0, images.device)
    torch.testing.assert_close(member(images, at(0.25)), half @ images @ half.T)
    torch.testing.assert_close(member(images, at(0.4999, 10_000)), images)
    assert member(images, at(0.5)) is images
    assert member(images, at(1.0)) is images


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_an_even_image_stays_as_it_is(value):
    (member,) = on("blur_fade").d_inputs
    torch.testing.assert_close(member(torch.full((1, 1, 28, 28), value), at(0)), torch.full((1, 1, 28, 28), value))


def test_the_gradient_of_a_blur_is_its_transpose():
    (member,) = on("blur_fade").d_inputs
    images, other = noise(1, 1, 16, 16).requires_grad_(), noise(1, 1, 16, 16, seed=1)
    (member(images, at(0)) * other).sum().backward()
    blur = gaussian(16, 0.6, images.device)
    torch.testing.assert_close(images.grad, blur.T @ other @ blur)


# Noise that decays.


def test_instance_noise_falls_linearly_to_its_last_share():
    (member,) = on("instance_noise", std=0.2, decay_to=0.25).d_inputs
    (constant,) = on("instance_noise", std=0.2).d_inputs
    images = torch.zeros(20, 1, 64, 64)
    for progress, share in ((0, 1.0), (0.5, 0.625), (1.0, 0.25)):
        made = member(images, Streams(0), (-1.0, 1.0), at(progress))
        assert made.std().item() == pytest.approx(0.4 * share, rel=0.01)
        torch.testing.assert_close(made, share * constant(images, Streams(0), (-1.0, 1.0), at(progress)))
    last = on("instance_noise", decay_to=0).d_inputs[0]
    assert torch.equal(last(images, Streams(0), (-1.0, 1.0), at(1.0)), images)


def test_instance_noise_that_stays_is_what_it_was_bit_for_bit():
    (member,) = on("instance_noise").d_inputs
    images, generator = noise(4, 1, 8, 8), Streams(3)("instance_noise")
    expected = images + 0.1 * (1.0 - 0.0) * torch.randn(images.shape, generator=generator)
    assert torch.equal(member(images, Streams(3), (0.0, 1.0), at(0.7)), expected)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("diff_augment", {"translation": 0.6}),
        ("diff_augment", {"cutout": -0.1}),
        ("diff_augment", {"color": 1}),
        ("adaptive_augment", {"target": 1.5}),
        ("adaptive_augment", {"ramp": 0.0}),
        ("blur_fade", {"width": 0.0}),
        ("blur_fade", {"until": 1.5}),
        ("instance_noise", {"decay_to": 2.0}),
    ],
)
def test_what_cannot_be_is_refused(name, wrong):
    with pytest.raises(HackError, match=f"^{name}\\.{next(iter(wrong))}=.*: expected .*; see `ganbench hacks {name}`$"):
        on(name, **wrong)

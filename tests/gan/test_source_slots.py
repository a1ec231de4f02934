"""The slots that teaching codes need: fakes on running statistics, the mean over all images, the order of the data."""

import copy

import pytest
import torch
from torch.nn import functional as F

import hacks
from bench.gan.backbone import Backbone, Dense, Normed, dcgan
from bench.gan.conformance import BATCH, game
from bench.gan.loop import Game, advance, objectives, step
from bench.gan.network import build_discriminator, build_generator, layer_counts
from hacks import Recipe

NORMED = hacks.apply(Recipe(), {"batch_norm": True})


def watched(recipe, slot, *names):
    """What a member of that slot sees under these names, appended at every call."""
    seen = []
    source = f"lambda {', '.join(names)}: seen.append(({', '.join(names)},))"
    return recipe.add(slot, eval(source, {"seen": seen})), seen


def test_running_fakes_are_those_of_the_generator_that_is_scored():
    played = game(NORMED.fill(running_fakes=True))
    step(played)
    scored = copy.deepcopy(played.generator)
    before = {name: value.clone() for name, value in scored.named_buffers()}
    made = played.make(torch.ones(BATCH, 100), running=True)
    assert not made.images.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in played.generator.named_buffers())
    assert played.generator.training
    assert torch.equal(made.images, scored.eval()(torch.ones(BATCH, 100)))
    assert not torch.equal(made.images, played.make(torch.ones(BATCH, 100)).images)


def test_running_fakes_leave_g_images_of_its_own_of_the_same_latents():
    recipe, of_d = watched(NORMED.fill(running_fakes=True), "d_after", "z", "fake")
    recipe, of_g = watched(recipe, "g_after", "z", "fake")
    played = game(recipe)
    twin = game(NORMED)
    step(played)
    (d_z, d_fake), (g_z, g_fake) = of_d[0], of_g[0]
    assert torch.equal(d_z, g_z)
    assert not torch.equal(d_fake, g_fake)
    torch.testing.assert_close(g_fake, twin.generator(g_z))
    # One update of the running statistics a step, not two.
    steps = [each for name, each in played.generator.named_buffers() if name.endswith("num_batches_tracked")]
    assert {int(each) for each in steps} == {1}
    fresh, of_g = watched(recipe.fill(fresh_latents=True), "g_after", "z")
    step(game(fresh))
    assert not torch.equal(of_g[0][0], d_z)


def test_running_fakes_change_nothing_without_layers_that_tell_the_two_modes_apart():
    games = [game(Recipe(running_fakes=running)) for running in (False, True)]
    assert torch.equal(*(advance(each, 3) for each in games))


def test_the_mean_over_all_images():
    real, fake = torch.tensor([0.3, -1.0, 2.0]), torch.tensor([0.7])
    for recipe in (Recipe(), hacks.apply(Recipe(), {"hinge_loss": True})):
        pays = []
        for mean_of_all in (False, True):
            played = game(recipe.fill(mean_of_all=mean_of_all))
            d_pays, g_pays = objectives(played, played.view(played.streams, None))
            pays.append((d_pays, g_pays(real, fake)))
        (apart, g_apart), (together, g_together) = pays
        empty = real[:0]
        by_hand = (3 * apart(real, empty) + apart(empty, fake)) / 4
        torch.testing.assert_close(together(real, fake), by_hand)
        torch.testing.assert_close(together(real, empty), apart(real, empty))  # an update on one side alone
        assert torch.equal(g_apart, g_together)


def test_the_mean_over_all_images_is_the_loss_of_one_batch_of_both():
    real, fake = torch.tensor([0.3, -1.0, 2.0]), torch.tensor([0.7])
    played = game(Recipe(mean_of_all=True))
    d_pays, _ = objectives(played, played.view(played.streams, None))
    by_batch = F.binary_cross_entropy_with_logits(torch.cat([real, fake]), torch.tensor([1.0, 1, 1, 0]))
    torch.testing.assert_close(d_pays(real, fake), by_batch)


def test_a_pair_is_two_equal_shares():
    losses = []
    for mean_of_all in (False, True):
        played = game(hacks.apply(Recipe(mean_of_all=mean_of_all), {"relativistic_average": True}))
        losses.append(objectives(played, played.view(played.streams, None))[0](torch.ones(4), torch.zeros(4)))
    torch.testing.assert_close(losses[1], losses[0] / 2)


def numbered(n, **slots):
    """A game on images that say their own number."""
    images = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1).expand(n, 1, 16, 16).contiguous()
    return Game(Recipe(**slots), dcgan(16, 1, 2), images, seed=3, batch=4)


def batches(played, count):
    return [(played.next_real()[0][:, 0, 0, 0] * 255).round().int().tolist() for _ in range(count)]


def test_data_in_order():
    assert batches(numbered(11, data_order="in_order"), 3) == [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3]]
    assert batches(numbered(8, data_order="in_order"), 3) == [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3]]
    assert batches(numbered(3, data_order="in_order"), 2) == [[0, 1, 2, 0], [0, 1, 2, 0]]


def test_data_drawn():
    drawn = [each for batch in batches(numbered(8, data_order="drawn"), 200) for each in batch]
    assert set(drawn) == set(range(8))
    assert len(set(drawn[:8])) < 8  # an epoch would have them all
    chances = torch.bincount(torch.tensor(drawn)) / len(drawn)
    assert chances.tolist() == pytest.approx([1 / 8] * 8, abs=0.04)


@pytest.mark.parametrize("order", ["shuffled", "in_order", "drawn"])
def test_every_order_resumes_exactly(order):
    straight = batches(numbered(11, data_order=order), 7)
    first, second = numbered(11, data_order=order), numbered(11, data_order=order)
    begun = batches(first, 3)
    second.load_state_dict(first.state_dict())
    assert begun + batches(second, 4) == straight


def test_a_norm_after_an_activation():
    backbone = Backbone("normed", 3, 1, (Dense(6), Normed(), Dense(3, (3, 1, 1), hidden=False)), (Dense(1),))
    made = build_generator(backbone, NORMED, 0)
    kinds = [type(layer).__name__ for layer in made.modules() if not list(layer.children())]
    dense = ["Flatten", "Linear", "ShapeImage"]
    assert kinds == [*dense, "ReLU", "BatchNorm2d", "ReLU", *dense, "Sigmoid"]
    assert layer_counts(made) == [606, 12, 21]
    plain = build_generator(backbone, Recipe(), 0)
    assert layer_counts(plain) == [606, 21]
    assert build_discriminator(backbone, NORMED, 0)(made(torch.zeros(2, 100))).shape == (2,)

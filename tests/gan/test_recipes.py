"""The catalogue: the sources' own parameter counts, and hacks as toggles on every recipe."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import hacks
from bench.errors import UserError
from bench.gan import recipes
from bench.gan.backbone import Backbone, Up, dcgan
from bench.gan.loop import Game, advance
from bench.gan.network import build_discriminator, build_generator, layer_counts, parameter_count
from bench.records.quantities import QUANTITIES
from bench.records.scores import SCORES
from hacks import Recipe

CORE = hacks.names(core=True)
NAMES = recipes.names()
TINY = 2
"""Width of the networks where their size does not matter."""

LAYERS = {
    "chollet-frogs": (
        [1_081_344, 819_456, 1_048_832, 1_638_656, 1_638_656, 37_635],
        [3_584, 262_272, 262_272, 262_272, 513],
    ),
    # Counted by hand: five by five kernels, biases everywhere, norms in G alone.
    "ai-for-beginners": (
        [100 * 8192 + 8192, 2 * 128, 25 * 128 * 128 + 128, 2 * 128, 25 * 128 * 64 + 64, 2 * 64, 25 * 64 * 3 + 3],
        [25 * 3 * 32 + 32, 25 * 32 * 64 + 64, 25 * 64 * 128 + 128, 8192 * 256 + 256, 256 + 1],
    ),
    # Counted by hand, G from the paper's figure, D as its mirror: no biases before a norm, two numbers a channel in it.
    "dcgan-paper": (
        [100 * 16_384, 2 * 1024, 25 * 1024 * 512, 2 * 512, 25 * 512 * 256, 2 * 256, 25 * 256 * 128, 2 * 128, 9_603],
        [25 * 3 * 128 + 128, 25 * 128 * 256, 2 * 256, 25 * 256 * 512, 2 * 512, 25 * 512 * 1024, 2 * 1024, 16_385],
    ),
    "dog-gan": ([1_025_024, 8_396_800, 32_768, 204_864, 4_803], [4_864, 204_928, 25_691_136, 1_025]),
    # The source gives the layers; the counts are worked out from them by hand, weights + biases, norms fourfold.
    "gans-in-action": (
        [100 * 12_544 + 12_544, 9 * 256 * 128 + 128, 4 * 128, 9 * 128 * 64 + 64, 4 * 64, 9 * 64 + 1],
        [25 * 64 + 64, 25 * 64 * 128 + 128, 4 * 128, 25 * 128 * 128 + 128, 4 * 128, 2048 + 1],
    ),
    "gans-in-action-code": (
        [100 * 6_272 + 6_272, 4 * 6_272, 9 * 128 * 64 + 64, 9 * 64 + 1],
        [25 * 64 + 64, 25 * 64 * 128 + 128, 25 * 128 * 128 + 128, 2048 * 1024 + 1024, 1024 + 1],
    ),
}
BOOKS = ["gans-in-action", "gans-in-action-code"]
TOTALS = {"chollet-frogs": (6_264_579, 790_913), "dog-gan": (9_664_259, 25_901_953)}


def networks(card, recipe=None):
    chosen, backbone = recipe or card.base, card.backbone()
    return build_generator(backbone, chosen, 0), build_discriminator(backbone, chosen, 0)


def small_game(name, recipe=None, batch=4):
    card = recipes.get(name)
    shape, stream = (12, card.channels, card.resolution, card.resolution), torch.Generator().manual_seed(1)
    data = torch.randint(0, 256, shape, dtype=torch.uint8, generator=stream)
    return Game(recipe or card.base, card.backbone(width=TINY), data, seed=3, batch=batch)


def test_the_catalogue():
    assert ", ".join(NAMES) == (
        "dcgan, ai-for-beginners, ai-for-beginners-artefacts, ai-for-beginners-collapse, "
        "ai-for-beginners-imbalance, chollet-frogs, dcgan-paper, dog-gan, gans-in-action, gans-in-action-code, "
        "mlm-dcgan"
    )
    with pytest.raises(UserError, match=r"recipe 'doggan' \(did you mean dog-gan\?\): expected one of dcgan, ai-"):
        recipes.get("doggan")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_listed_is_what_is_built(name):
    card = recipes.get(name)
    assert tuple(parameter_count(network, card.keras) for network in networks(card)) == card.counted


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_the_sources_number_of_parameters(name):
    card = recipes.get(name)
    assert tuple(layer_counts(network, card.keras) for network in networks(card)) == LAYERS[name]
    assert card.counted == tuple(map(sum, LAYERS[name]))


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_the_sources(name):
    assert recipes.get(name).counted == TOTALS[name]


def test_running_statistics_are_counted_as_keras_does():
    generator, _ = networks(recipes.get("dog-gan"))
    assert parameter_count(generator) == 9_664_259 - 16_384


def test_layers_that_the_eleven_practices_print():
    card = recipes.get("mlm-dcgan")
    generator, discriminator = networks(card)
    assert layer_counts(discriminator)[0] == 1_792
    norm = generator.up3.norm
    assert (norm.num_features, parameter_count(norm), parameter_count(norm, running_statistics=True)) == (64, 128, 256)
    lone = Backbone("lone", 64, 2, (Up(64, hidden=False, norm=False, padding="same"),), ())
    made = build_generator(lone, card.base.fill(latent_dim=3), 0)
    assert (made.up1.conv.kernel_size, made.up1.conv.stride) == ((4, 4), (2, 2))
    assert layer_counts(made) == [3_136]


def test_the_reference_is_the_naive_dcgan():
    card = recipes.get("dcgan")
    assert card.base == Recipe()
    assert card.backbone(28, 1, 16) == dcgan(28, 1, 16)


def test_sizes_between_the_frogs_layers():
    card = recipes.get("chollet-frogs")
    _, discriminator = networks(card)
    images, sizes = torch.zeros(1, 3, 32, 32), []
    for block in list(discriminator)[:4]:
        images = block(images)
        sizes.append(images.shape[-1])
    assert sizes == [30, 14, 6, 2]
    kinds = [type(layer).__name__ for layer in discriminator.modules()]
    assert kinds.count("DropUnits") == 1
    assert kinds.index("DropUnits") > kinds.index("LeakyReLU")


def sizes(network, given):
    found = [given.shape[-1]]
    for block in network:
        given = block(given)
        if given.ndim == 4 and given.shape[-1] not in (1, found[-1]):
            found.append(given.shape[-1])
    return found


@pytest.mark.parametrize("name", BOOKS)
def test_the_two_networks_of_the_book(name):
    card = recipes.get(name)
    generator, discriminator = networks(card)
    assert sizes(generator, torch.zeros(2, 100))[1:] == [7, 14, 28]
    assert sizes(discriminator, torch.zeros(2, 1, 28, 28)) == [28, 12, 4]
    norms = [[layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)] for net in networks(card)]
    assert [len(each) for each in norms] == ([2, 2] if name == "gans-in-action" else [1, 0])
    other = {"gans-in-action": "gans-in-action-code", "gans-in-action-code": "that is gans-in-action."}[name]
    assert other in card.notes[0]
    kinds = [type(layer).__name__ for layer in generator.modules() if not list(layer.children())]
    after_activation = ["Linear", "ShapeImage", "LeakyReLU", "BatchNorm2d", "LeakyReLU", "Flatten", "ShapeImage"]
    assert (kinds[1:8] == after_activation) == (name == "gans-in-action-code")


def test_training_of_the_sources():
    """Two updates of D where real and fake come apart, else the mean over both; fresh latents; fakes as predicted."""
    for name in ("chollet-frogs", "dog-gan", *BOOKS, "mlm-dcgan"):
        card, recipe = recipes.get(name), recipes.get(name).base
        assert recipe.fresh_latents
        assert recipe.running_fakes
        assert card.level("two_discriminator_updates") == (not recipe.mean_of_all)
        mixed = card.with_levels({"two_discriminator_updates": False, "fresh_latents": False})
        assert (mixed.batching, mixed.fresh_latents) == (Recipe().batching, False)
    orders = {name: recipes.get(name).base.data_order for name in NAMES}
    assert [name for name, order in orders.items() if order == "in_order"] == ["chollet-frogs"]
    plain = recipes.get("chollet-frogs").with_levels({"rmsprop": False, "gradient_clipping": False})
    assert (plain.d_optimizer, plain.g_optimizer) == (Recipe().d_optimizer, Recipe().g_optimizer)
    assert plain.d_before == plain.g_before == ()
    assert recipes.get("mlm-dcgan").base.targets[1].exact


def test_settings_of_the_sources():
    frogs, book, dogs = (recipes.get(name).base for name in ("chollet-frogs", "gans-in-action", "dog-gan"))
    assert (frogs.d_lr, frogs.g_lr, frogs.latent_dim, frogs.pixel_range) == (8e-4, 4e-4, 32, (0, 1))
    assert frogs.output()(torch.tensor(-100.0)) == -1
    assert (book.d_lr, book.beta1, book.g_kernel, book.d_kernel) == (1e-3, 0.9, 3, 5)
    assert (dogs.latent_dim, dogs.d_lr, dogs.beta1) == (1000, 5e-4, 0.9)
    generator, _ = networks(recipes.get("gans-in-action"))
    norms = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [(norm.eps, norm.momentum) for norm in norms] == [(1e-3, 0.01)] * 2
    assert [layer.negative_slope for layer in generator.modules() if isinstance(layer, nn.LeakyReLU)] == [0.3] * 2
    everything = recipes.get("mlm-dcgan")
    assert {claim.hack for claim in everything.claims} == {*everything.levels} - {"divisible_kernel", "fresh_latents"}
    assert len(everything.levels) == 12
    core_tricks = {hack for hack in CORE if hack not in ("placebo", "split_batches")}
    assert set(everything.levels) == core_tricks | {"two_discriminator_updates", "fresh_latents"}


@pytest.mark.parametrize("name", NAMES)
def test_trains_without_divergence(name):
    rows = advance(small_game(name), 3)
    assert rows.shape == (3, 6)
    assert torch.isfinite(rows).all()


@pytest.mark.parametrize("name", NAMES)
def test_resume_is_exact(name):
    straight = advance(small_game(name), 3)
    first, second = small_game(name), small_game(name)
    rows = advance(first, 1)
    second.load_state_dict(first.state_dict())
    assert torch.equal(torch.cat([rows, advance(second, 3)]), straight)


@pytest.mark.parametrize("name", NAMES)
def test_a_level_that_the_recipe_has_already_changes_nothing(name):
    card = recipes.get(name)
    assert card.with_levels({hack: card.level(hack) for hack in hacks.names() if hack != "placebo"}) == card.base
    for hack in set(hacks.names()) - {"placebo"}:
        assert card.with_levels({hack: card.level(hack)}) == card.base, hack


@pytest.mark.parametrize("name", NAMES)
def test_switched_off_is_gone_and_switched_on_is_back(name):
    card = recipes.get(name)
    for hack in CORE:
        toggled = card.with_levels({hack: not card.level(hack)})
        assert toggled != card.base, hack
        own = hacks.apply(toggled, {hack: card.level(hack)}, card.merged({}))
        assert own == card.base or not card.level(hack), hack
        gone = hacks.apply(card.base, {hack: False}, card.merged({}))
        for slot, value in hacks.get(hack).slots(**card.parameters.get(hack, {})).items():
            assert getattr(gone, slot) != value, (hack, slot)


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(NAMES), order=st.permutations(CORE), on=st.sets(st.sampled_from(CORE)))
def test_hacks_commute_on_every_recipe(name, order, on):
    card = recipes.get(name)
    together = card.with_levels({hack: hack in on for hack in CORE})
    assert card.with_levels({hack: hack in on for hack in order}) == together
    one_by_one = card.base
    for hack in order:
        one_by_one = hacks.apply(one_by_one, {hack: hack in on}, card.merged({}))
    assert one_by_one == together


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), on=st.sets(st.sampled_from(CORE)))
def test_any_levels_build_on_every_recipe(name, on):
    card = recipes.get(name)
    recipe, backbone = card.with_levels({hack: hack in on for hack in CORE}), card.backbone(width=TINY)
    images = build_generator(backbone, recipe, 0)(torch.zeros(2, recipe.latent_dim))
    assert images.shape == (2, card.channels, card.resolution, card.resolution)
    assert build_discriminator(backbone, recipe, 0)(images).shape == (2,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strided", [True, False])
def test_every_resolution_that_is_offered_can_be_built(name, strided):
    card = recipes.get(name)
    for resolution in card.resolutions:
        for kernel in (True, False):
            recipe = card.with_levels({"strided_conv": strided, "divisible_kernel": kernel})
            backbone = card.backbone(resolution, 1, TINY)
            images = build_generator(backbone, recipe, 0)(torch.zeros(2, recipe.latent_dim))
            assert images.shape == (2, 1, resolution, resolution)
            assert build_discriminator(backbone, recipe, 0)(images).shape == (2,)


def test_a_resolution_that_cannot_be_reached_is_refused():
    with pytest.raises(UserError, match="resolution 28 for recipe dog-gan: expected one of 16, 32, 64"):
        recipes.get("dog-gan").backbone(28)


@pytest.mark.parametrize("name", NAMES)
def test_claims_name_hacks_at_the_level_that_the_recipe_has_not(name):
    card = recipes.get(name)
    assert all(claim.level != card.level(claim.hack) for claim in card.claims)
    assert len({claim.level for claim in card.claims}) <= 1
    assert {claim.hack for claim in card.claims} <= set(hacks.names())


def test_recipes_that_go_wrong_have_their_lessons_network_and_its_remedies():
    lesson = recipes.get("ai-for-beginners")
    troubles = [recipes.get(name) for name in NAMES if recipes.get(name).trouble]
    assert {card.source for card in troubles} == {lesson.source}
    assert {card.backbone(32, 3, 8) for card in troubles} == {lesson.backbone(32, 3, 8)}
    tried = {claim.hack for card in troubles for claim in card.claims}
    assert tried == {
        *("two_learning_rates", "skip_discriminator", "lower_learning_rate"),
        *("progressive_growing", "multi_scale_gradients"),
    }
    for card in troubles:
        assert all(claim.shown_by for claim in card.claims)
        for claim in card.claims:
            assert card.with_levels({claim.hack: True}) != card.base


def test_what_a_claim_is_shown_by_is_recorded():
    for name in NAMES:
        for claim in recipes.get(name).claims:
            assert {quantity for quantity, _ in claim.shown_by} <= {*QUANTITIES, *SCORES}
            assert {way for _, way in claim.shown_by} <= {"up", "down"}

"""Residual blocks, attention, several images at once, several resolutions: each against its definition."""

import pytest
import torch
from torch.nn import functional as F

import hacks
from bench.gan import recipes
from bench.gan.backbone import dcgan, mlp
from bench.gan.conformance import game
from bench.gan.loop import Game, advance, step
from bench.gan.network import build_discriminator, build_generator
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.minibatch_discrimination import Nearness
from hacks.minibatch_stddev import GroupDeviation
from hacks.packing import Packs
from hacks.progressive_growing import WHOLE
from hacks.recipe import Batches, ConditionedLayer, Step
from hacks.registry import conflicts
from hacks.self_attention import Attention


def on(*names, **parameters):
    return hacks.apply(Recipe(), dict.fromkeys(names, True), {names[0]: parameters})


def networks(recipe, resolution=32, channels=1, width=4):
    backbone = dcgan(resolution, channels, width)
    return build_generator(backbone, recipe, 0), build_discriminator(backbone, recipe, 0)


def images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_residual_block_adds_what_came_in():
    g, d = networks(on("residual_blocks"))
    x = images(3, 16, 4, 4)
    larger = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), g.up1.skip[1].weight)
    torch.testing.assert_close(g.up1(x, None), g.up1.block(x) + larger)
    y = images(3, 1, 32, 32)
    torch.testing.assert_close(
        d.down1(y, None), d.down1.block(y) + F.conv2d(F.avg_pool2d(y, 2), d.down1.skip[1].weight)
    )
    assert [type(block).__name__ for block in g] == ["Chain", "Residual", "Residual", "Chain", "Sigmoid"]
    assert [type(block).__name__ for block in d] == ["Residual"] * 3 + ["Chain", "Flatten"]


def test_a_residual_block_of_one_size_adds_it_as_it_is():
    g = build_generator(mlp(2, width=8), on("residual_blocks"), 0)
    x = images(3, 8, 1, 1)
    torch.testing.assert_close(g.dense2(x, None), g.dense2.block(x) + x)
    assert g(images(3, 100)).shape == (3, 2, 1, 1)


def test_attention_is_a_weighted_mean_over_all_positions():
    layer, x = Attention(16), images(2, 16, 3, 5)
    assert torch.equal(layer(x), x)  # its scale begins at 0
    layer.scale.data.fill_(0.5)
    query, key, value = (F.conv2d(x, each.weight).flatten(2) for each in (layer.query, layer.key, layer.value))
    assert (query.shape[1], key.shape[1], value.shape[1]) == (2, 2, 8)
    attended = torch.zeros_like(value)
    for i in range(15):
        scores = (query[:, :, i : i + 1] * key).sum(1)
        attended[:, :, i] = (value * scores.softmax(1)[:, None]).sum(2)
    expected = x + 0.5 * F.conv2d(attended.view(2, 8, 3, 5), layer.out.weight)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("resolution", [16, 28, 32, 64])
def test_one_attention_layer_in_each_network_at_a_quarter_of_the_side(resolution):
    shapes = [(100,), (1, resolution, resolution)]
    for network, shape in zip(networks(on("self_attention"), resolution), shapes, strict=True):
        sizes = []
        (layer,) = (each for each in network.modules() if isinstance(each, Attention))
        layer.register_forward_hook(lambda _, given, made, sizes=sizes: sizes.append(made.shape[-1]))
        network(images(2, *shape))
        assert sizes == [resolution // 4]
    plain, attentive = (networks(each, resolution)[0] for each in (Recipe(), on("self_attention")))
    z = images(2, 100)
    torch.testing.assert_close(attentive(z), plain(z))


def test_minibatch_discrimination():
    layer, x = Nearness(12, 7, 5), images(4, 3, 2, 2)
    made = layer(x)
    assert made.shape == (4, 12 + 7, 1, 1)
    points = (x.flatten(1) @ layer.tensor.weight.T).view(4, 7, 5)
    for i in range(4):
        near = [sum((-(points[i, b] - points[j, b]).abs().sum()).exp() for j in range(4)) for b in range(7)]
        torch.testing.assert_close(made[i, 12:, 0, 0], torch.stack(near))
    assert torch.equal(made[:, :12, 0, 0], x.flatten(1))
    # A collapsed batch is as near as can be: one for each image.
    torch.testing.assert_close(layer(x[:1].expand(4, -1, -1, -1))[:, 12:], torch.full((4, 7, 1, 1), 4.0))
    _, d = networks(on("minibatch_discrimination"))
    assert d.tail1.tensor.weight.shape == (500, 16 * 4 * 4)
    assert d.dense1.dense.in_features == 16 * 4 * 4 + 100
    assert hacks.get("minibatch_discrimination").needs == ("split_batches",)


def test_minibatch_stddev():
    x = images(8, 3, 2, 2)
    made = GroupDeviation(4)(x)
    assert torch.equal(made[:, :3], x)
    for start in (0, 4):
        expected = x[start : start + 4].std(0, correction=0).mean()
        torch.testing.assert_close(made[start : start + 4, 3], expected.expand(4, 2, 2))
    rest = GroupDeviation(4)(x[:6])[:, 3]
    torch.testing.assert_close(rest[4:], x[4:6].std(0, correction=0).mean().expand(2, 2, 2))
    assert GroupDeviation(4)(x[:1])[0, 3].unique().tolist() == pytest.approx([1e-4])  # √1e-8: one has no spread
    _, d = networks(on("minibatch_stddev"))
    assert d.dense1.dense.in_features == 17 * 4 * 4


def test_real_and_fake_images_share_no_group_in_a_mixed_batch():
    _, d = networks(on("minibatch_stddev"), 16)
    real, fake = images(8, 1, 16, 16), images(8, 1, 16, 16, seed=1)
    torch.testing.assert_close(d(torch.cat([real, fake])), torch.cat([d(real), d(fake)]))


@pytest.mark.parametrize("channels", [1, 3])
def test_packing_is_the_plain_d_on_stacked_channels(channels):
    _, packed = networks(on("packing"), 16, channels)
    plain = build_discriminator(dcgan(16, 2 * channels, 4), Recipe(), 0)
    x = images(6, channels, 16, 16)
    stacked = torch.stack([torch.cat([x[2 * i], x[2 * i + 1]]) for i in range(3)])
    torch.testing.assert_close(packed(x), plain(stacked))
    assert torch.equal(Packs(2)(x), stacked)


@pytest.mark.parametrize("split", [False, True])
def test_packs_are_all_real_or_all_fake_and_have_one_target_each(split):
    seen = {}
    names = {"packing": True, "batch_norm": split, "split_batches": split}

    def watch(targets, real_logits, fake_logits, real, fake):
        seen.update(targets=targets, logits=(real_logits, fake_logits), images=(real, fake))
        return real.sum() * 0

    played = game(hacks.apply(Recipe(), names).add("penalties", watch))
    _, plain = networks(hacks.apply(Recipe(), names), 16, 1, 2)
    plain.load_state_dict(played.discriminator.state_dict())
    step(played)
    assert [len(each) for each in (*seen["targets"], *seen["logits"])] == [4] * 4
    if not split:  # without batch statistics each side is what D gives for it alone
        for logits, side in zip(seen["logits"], seen["images"], strict=True):
            torch.testing.assert_close(logits, plain(side))


def test_packing_refuses_a_batch_that_leaves_a_rest():
    with pytest.raises(HackError, match="packing: a batch of 8 is no multiple of 3 images; give another --batch"):
        game(on("packing", images=3))


def test_packs_and_pictures_at_every_resolution():
    _, d = networks(on("packing", "multi_scale_gradients"))
    assert [block.conv.in_channels for block in list(d)[1:4]] == [2, 4 + 2, 8 + 2]
    assert torch.isfinite(advance(game(on("packing", "multi_scale_gradients")), 3)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_d_sees_the_resized_pictures(channels):
    _, d = networks(on("multi_scale_gradients"), 32, channels)
    seen = {}
    for name, block in d.named_children():
        block.register_forward_pre_hook(lambda _, given, name=name: seen.update({name: given[0]}))
    x = images(2, channels, 32, 32)
    d(x)
    for name, size in (("down2", 16), ("down3", 8), ("dense1", 4)):
        mean = x.unflatten(3, (size, -1)).unflatten(2, (size, -1)).mean((3, 5))
        torch.testing.assert_close(seen[name][:, -channels:], mean)


def test_gs_picture_is_the_sum_of_those_of_each_resolution():
    g, _ = networks(on("multi_scale_gradients"), 16)
    plain = g.network
    z = images(2, 100)
    h4 = plain.dense1(z)
    h8 = plain.up1(h4)
    coarse = F.interpolate(g.to_image[0](h4), scale_factor=4, mode="nearest")
    middle = F.interpolate(g.to_image[1](h8), scale_factor=2, mode="nearest")
    torch.testing.assert_close(g(z), torch.sigmoid(coarse + middle + plain.up2(h8)))


def growing(resolution=32, **parameters):
    return networks(on("progressive_growing", **parameters), resolution)


def test_whole_networks_are_the_plain_ones():
    recipe = on("progressive_growing")
    z, x = images(2, 100), images(2, 1, 32, 32)
    for network, given in zip(growing(), (z, x), strict=True):
        network.grow(1.0)
        assert torch.equal(network(given), network.network(given))
    g, d = networks(Recipe())
    grown_g, grown_d = networks(recipe)
    for plain, grown, given in ((g, grown_g, z), (d, grown_d, x)):
        grown.grow(1.0)
        plain.load_state_dict(grown.network.state_dict())
        assert torch.equal(grown(given), plain(given))


def with_gradient(network, given):
    network.zero_grad()
    network(given).sum().backward()
    return {name.rsplit(".", 1)[0] for name, each in network.named_parameters() if each.grad is not None}


def test_at_first_only_the_lowest_resolution_has_a_gradient():
    g, d = growing()
    assert with_gradient(g, images(2, 100)) == {"network.dense1.dense", "to_image.0"}
    assert with_gradient(d, images(2, 1, 32, 32)) == {"network.dense1.dense", "from_image.0.0"}
    made = g(images(2, 100))
    assert made.shape == (2, 1, 32, 32)
    assert torch.equal(made, F.interpolate(made[..., ::8, ::8], scale_factor=8, mode="nearest"))


def test_between_two_resolutions_both_are_mixed():
    g, d = growing()
    g.grown.fill_(WHOLE + WHOLE // 4)  # 8 pixels, and a quarter of 16
    d.grown.fill_(WHOLE + WHOLE // 4)
    z, x = images(2, 100), images(2, 1, 32, 32)
    h8 = g.network.up1(g.network.dense1(z))
    old, new = torch.sigmoid(g.to_image[1](h8)), torch.sigmoid(g.to_image[2](g.network.up2(h8)))
    mixed = 0.75 * F.interpolate(old, scale_factor=2, mode="nearest") + 0.25 * new
    torch.testing.assert_close(g(z), F.interpolate(mixed, scale_factor=2, mode="nearest"))
    old = d.from_image[1](F.avg_pool2d(x, 4))
    new = d.network.down2(d.from_image[2](F.avg_pool2d(x, 2)))
    mixed = d.network.dense1(d.network.down3(0.75 * old + 0.25 * new)).flatten()
    torch.testing.assert_close(d(x), mixed)
    assert "to_image.0" not in with_gradient(g, z)
    # The last resolution joins by the network's own last layer.
    g.grown.fill_(2 * WHOLE + WHOLE // 2)
    h16 = g.network.up2(h8)
    coarse = F.interpolate(torch.sigmoid(g.to_image[2](h16)), scale_factor=2, mode="nearest")
    torch.testing.assert_close(g(z), 0.5 * coarse + 0.5 * torch.sigmoid(g.network.up3(h16)))


@pytest.mark.parametrize(
    ("progress", "grown"), [(0, 0), (1 / 12, 0), (1 / 8, 0.5), (1 / 6, 1), (0.25, 1), (0.49, 2.88), (0.5, 3), (1, 3)]
)
def test_each_resolution_fades_in_as_long_as_it_stays(progress, grown):
    """Three doublings in half of a run: sixths of that half, in turn without and with a fade."""
    (growth,) = on("progressive_growing").latent_changes
    g, d = growing()
    z = images(2, 100)
    assert growth.latent_changes(z, Step(round(progress * 2400), 2400, Streams(0)), g, d) is z
    assert (int(g.grown), int(d.grown)) == (pytest.approx(grown * WHOLE, abs=1),) * 2


def test_real_images_are_faded_as_gs_are():
    (growth,) = on("progressive_growing").d_batches
    g, _ = growing()
    real, fake = images(2, 1, 32, 32), images(2, 1, 32, 32, seed=1)
    g.grown.fill_(WHOLE // 4)
    coarse, fine = (F.interpolate(F.avg_pool2d(real, by), scale_factor=by, mode="nearest") for by in (8, 4))
    made = growth.d_batches(Batches(real, fake), g)
    torch.testing.assert_close(made.real, 0.75 * coarse + 0.25 * fine)
    assert made.fake is fake
    g.grow(1.0)
    assert growth.d_batches(Batches(real, fake), g).real is real


def test_a_growing_game_ends_whole_and_its_average_too():
    played = game(on("progressive_growing", "ema", until=0.6))  # of 5 steps
    sizes = []
    for _ in range(5):
        step(played)
        sizes.append(int(played.generator.grown) / WHOLE)
    # Two doublings in 3 steps: quarters of 0.75 steps, in turn without and with a fade.
    assert sizes == pytest.approx([0, 1 / 3, 1 + 0.0, 2, 2], abs=1e-6)
    assert [int(each.grown) for each in (played.averaged, played.sampler(), played.discriminator)] == [2 * WHOLE] * 3


def test_growth_needs_an_end_and_resolutions_that_match():
    recipe, pictures = on("progressive_growing"), torch.zeros(8, 1, 16, 16, dtype=torch.uint8)
    with pytest.raises(HackError, match="progressive_growing: a run without an end gives no pace; give it a number"):
        Game(recipe, dcgan(16, 1, 2), pictures, seed=0, batch=4)
    frogs = recipes.get("chollet-frogs").backbone(32, 3, 2)
    with pytest.raises(
        HackError, match=r"progressive_growing: G has \[16\] pixels on its way, D \[.*take recipe dcgan"
    ):
        Game(recipe, frogs, torch.zeros(8, 3, 32, 32, dtype=torch.uint8), seed=0, batch=4, steps=5)


def test_who_wraps_whole_networks_excludes_the_others():
    names = ["virtual_batch_norm", "progressive_growing", "multi_scale_gradients"]
    assert len(conflicts(names)) == 3


def test_layers_see_what_the_network_was_given():
    """When shapes are found out too: images for D, and as many as its front makes one of."""
    seen = []

    class Watches(ConditionedLayer):
        def forward(self, images, given):
            seen.append((len(images), given.input.shape))
            return images

    networks(on("packing").add("d_layers", Watches), 16)
    assert set(seen) == {(64, torch.Size([128, 1, 16, 16]))}

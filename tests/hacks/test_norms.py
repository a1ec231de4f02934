"""Normalisations: each against its definition in a few lines of plain PyTorch."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import hacks
from bench.gan.backbone import dcgan, mlp
from bench.gan.conformance import game
from bench.gan.loop import advance, step
from bench.gan.network import build_discriminator, build_generator
from bench.metrics.mechanism import probe
from hacks import HackError, Recipe
from hacks.recipe import Given
from hacks.registry import conflicts
from hacks.virtual_batch_norm import VirtualBatchNorm

NORMS = ["batch_norm", "instance_norm", "layer_norm", "group_norm", "virtual_batch_norm"]


def on(name, **parameters):
    return hacks.apply(Recipe(), {name: True}, {name: parameters})


def images(*shape, seed=0):
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) + 1


def norms_of(network):
    return [dict(block.named_children()).get("norm") for block in network]


def test_norms_exclude_each_other():
    pairs = [(a, b) for i, a in enumerate(NORMS) for b in NORMS[i + 1 :]]
    assert conflicts(NORMS) == pairs
    assert all(conflicts([name, of_g]) for name in NORMS for of_g in ("pixel_norm", "self_modulation", "projection"))
    assert conflicts(["pixel_norm", "self_modulation"])
    assert not conflicts(["pixel_norm", "layer_norm"], {"layer_norm": {"nets": "d"}})
    assert not conflicts(["layer_norm", "projection"], {"projection": {"generator": "latent"}})


@pytest.mark.parametrize("name", NORMS[1:])
def test_a_norm_stands_where_batch_norm_does_in_place_of_the_bias(name):
    recipe, like = on(name), on("batch_norm")
    for build in (build_generator, build_discriminator):
        found, expected = (
            [each is not None for each in norms_of(build(dcgan(32, 1, 4), r, 0))] for r in (recipe, like)
        )
        assert found == expected
    g = build_generator(dcgan(32, 1, 4), recipe, 0)
    assert (g.dense1.dense.bias, g.up1.conv.bias) == (None, None)
    assert g.up3.conv.bias is not None
    with pytest.raises(HackError, match=rf"{name}.epsilon=0: expected a number, above 0; see"):
        on(name, epsilon=0)


def test_instance_norm():
    x, layer = images(5, 4, 3, 3), on("instance_norm").g_norm(4, (4, 3, 3))
    nn.init.constant_(layer.weight, 2.0)
    nn.init.constant_(layer.bias, 0.5)
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    torch.testing.assert_close(layer(x), 2 * (x - mean) / (variance + 1e-5).sqrt() + 0.5)
    torch.testing.assert_close(layer.eval()(x[:1]), layer.train()(x)[:1])


def test_instance_norm_leaves_single_pixels_their_bias():
    g = build_generator(mlp(2, width=8), on("instance_norm"), 0)
    assert norms_of(g)[:-1] == [None] * 4
    assert g.dense1.dense.bias is not None


def test_layer_norm():
    x, layer = images(5, 4, 3, 3), on("layer_norm").d_norm(4)
    torch.testing.assert_close(layer(x), F.layer_norm(x, (4, 3, 3)))
    layer.weight.data.copy_(torch.arange(4.0))  # a scale for each channel
    torch.testing.assert_close(layer(x), F.layer_norm(x, (4, 3, 3)) * torch.arange(4.0)[:, None, None])


@pytest.mark.parametrize(("channels", "group", "groups"), [(64, 16, 4), (48, 16, 3), (8, 16, 1), (10, 3, 2), (1, 2, 1)])
def test_group_norm(channels, group, groups):
    x, layer = images(5, channels, 3, 3), on("group_norm", group=group).g_norm(channels)
    apart = x.view(5, groups, -1)
    expected = (apart - apart.mean(2, keepdim=True)) / (apart.var(2, keepdim=True, correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(layer(x), expected.view_as(x))


def test_pixel_norm_follows_the_activation_of_g():
    g = build_generator(dcgan(16, 1, 4), on("pixel_norm"), 0)
    assert [type(layer).__name__ for layer in g.up1] == ["Upsample", "Conv2d", "ReLU", "UnitPixels"]
    assert (norms_of(g), g.up1.conv.bias is None) == ([None] * 4, False)
    x = images(5, 4, 3, 3)
    made = g.up1[-1](x)
    torch.testing.assert_close(made, x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt())
    torch.testing.assert_close(made.square().sum(1), torch.full((5, 3, 3), 4.0))


def test_self_modulation_is_batch_norm_scaled_and_shifted_by_z():
    layer = on("self_modulation").g_norm(4, 7)
    x, z = images(5, 4, 3, 3), images(5, 7, seed=1)
    hidden = F.relu(F.linear(z, layer.hidden.weight, layer.hidden.bias))
    assert hidden.shape == (5, 32)
    scale = 1 + F.linear(hidden, layer.scale.weight, layer.scale.bias)
    shift = F.linear(hidden, layer.shift.weight, layer.shift.bias)
    expected = F.batch_norm(x, None, None, training=True) * scale[..., None, None] + shift[..., None, None]
    torch.testing.assert_close(layer(x, Given(z, None)), expected)


def test_self_modulation_samples_by_running_statistics():
    played = game(on("self_modulation"))
    advance(played, 3)
    z, sampler = torch.randn(6, 100), played.sampler()
    torch.testing.assert_close(sampler(z)[:2], sampler(z[:2]))
    assert not torch.allclose(played.generator(z)[:2], played.generator(z[:2]))


def virtual(x, mean, square, n, weight=1.0, bias=0.0):
    """One image (1, C, H, W) as one more member of a reference batch of n."""
    both = (n * mean + x.mean((2, 3))) / (n + 1)
    squares = (n * square + x.square().mean((2, 3))) / (n + 1)
    return weight * (x - both[..., None, None]) / (squares - both**2 + 1e-5).sqrt()[..., None, None] + bias


def test_virtual_batch_norm():
    layer, reference, x = VirtualBatchNorm(4, 1e-5), images(6, 4, 3, 3), images(5, 4, 3, 3, seed=1)
    nn.init.constant_(layer.weight, 2.0)
    nn.init.constant_(layer.bias, 0.5)
    layer.referring = True
    torch.testing.assert_close(layer(reference), 2 * F.batch_norm(reference, None, None, training=True) + 0.5)
    layer.referring = False
    mean, square = reference.mean((0, 2, 3)), reference.square().mean((0, 2, 3))
    expected = torch.cat([virtual(each[None], mean, square, 6, 2.0, 0.5) for each in x])
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-4)


def test_the_reference_goes_first_through_each_network_and_stays():
    """By hand through the first two layers of G: dense, norm, ReLU."""
    played = game(on("virtual_batch_norm", reference=5))
    g, d = played.generator, played.discriminator
    assert (g.reference.shape, d.reference.shape) == ((5, 100), (5, 1, 16, 16))
    known = (played.images / 255).flatten(1).tolist()
    assert all(image in known for image in d.reference.flatten(1).tolist())
    assert [
        played.labels[known.index(image)] for image in d.reference.flatten(1).tolist()
    ] == d.reference_labels.tolist()
    z, dense = torch.rand(3, 100), g.dense1.dense.weight
    inside = []
    g.dense1.norm.register_forward_hook(lambda _, given, made: inside.append(made))
    g(z)
    of_reference, of_z = ((each @ dense.T).view(-1, 4, 4, 4) for each in (g.reference, z))
    mean, square = of_reference.mean((0, 2, 3)), of_reference.square().mean((0, 2, 3))
    torch.testing.assert_close(inside[1], torch.cat([virtual(x[None], mean, square, 5) for x in of_z]))
    before = g.reference.clone(), d.reference.clone()
    advance(played, 3)
    assert torch.equal(g.reference, before[0])
    assert torch.equal(d.reference, before[1])


def test_no_image_depends_on_its_batch():
    played = game(on("virtual_batch_norm"))
    step(played)
    x, z = torch.rand(6, 1, 16, 16), torch.rand(6, 100)
    for network, given in ((played.discriminator, x), (played.generator, z), (played.sampler(), z)):
        torch.testing.assert_close(network(given)[:2], network(given[:2]), rtol=1e-4, atol=1e-5)


def test_what_a_probe_sees_counts_the_pass_of_the_reference_too():
    played = game(on("virtual_batch_norm"))
    z, x = torch.rand(8, 100), torch.rand(8, 1, 16, 16)
    found = probe(played.generator, played.discriminator, x, z)
    assert found["mixed_batch_gap"] == pytest.approx(0, abs=1e-5)
    assert 0 < found["d_zero_gradient_share"] < 1


def test_an_average_of_g_has_the_same_reference():
    played = game(hacks.apply(Recipe(), {"virtual_batch_norm": True, "ema": True}))
    assert torch.equal(played.averaged.reference, played.generator.reference)
    advance(played, 3)
    assert torch.equal(played.averaged.reference, played.generator.reference)
    assert played.generator.reference.std() > 0


def test_features_of_d_are_those_of_the_batch_alone():
    seen = []
    watched = on("virtual_batch_norm").add("penalties", lambda real_features: seen.append(real_features) or 0)
    played = game(watched)
    step(played)
    assert len(seen[0]) == played.batch

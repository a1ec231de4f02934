"""What each slot of the networks does, with layers that are nobody's: the builder has them for tricks to come."""

import pytest
import torch
from torch import nn

from bench.gan.backbone import dcgan
from bench.gan.conformance import RESOLUTION, game
from bench.gan.denormals import flushed_denormals
from bench.gan.loop import advance, step
from bench.gan.network import build_discriminator, build_generator
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.recipe import ConditionedLayer, RandomLayer


class Doubles(nn.Module):
    def forward(self, images):
        return torch.cat([images, images], dim=1)


class Packs(nn.Module):
    """Two images as one of twice the channels."""

    def forward(self, images):
        return images.reshape(len(images) // 2, -1, *images.shape[2:])


class Noise(RandomLayer):
    stream_name = "noise"

    def forward(self, images):
        return images + torch.randn(images.shape, generator=self.stream, device=images.device)


class Scale(ConditionedLayer):
    """Scales features by a number for each class, set on its own."""

    def __init__(self, classes):
        super().__init__()
        self.scales = nn.Parameter(torch.empty(classes))

    def initialise(self, stream):
        self.scales.data.copy_(torch.arange(1, len(self.scales) + 1))

    def forward(self, images, given):
        return images * self.scales[given.labels].view(-1, *[1] * (images.ndim - 1))


class Residual(ConditionedLayer):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, images, given):
        return self.block(images, given) * 2


def networks(recipe, classes=None):
    backbone = dcgan(RESOLUTION, 1, 2)
    return build_generator(backbone, recipe, 0, classes), build_discriminator(backbone, recipe, 0, classes)


def test_layers_at_the_front_and_at_the_tail_of_d():
    _, d = networks(Recipe().add("d_front", Doubles).add("d_tail", Doubles))
    assert d.down1.conv.in_channels == 2
    assert d.dense1.dense.in_features == 2 * 4 * 4 * 4
    assert d(torch.zeros(3, 1, 16, 16)).shape == (3,)
    packed = game(Recipe().add("d_front", Packs))
    assert packed.discriminator(torch.zeros(6, 1, 16, 16)).shape == (3,)
    assert torch.isfinite(advance(packed, 3)).all()


def test_a_layer_in_front_of_g():
    g, _ = networks(Recipe().add("g_front", Doubles))
    assert g.dense1.dense.in_features == 200
    assert g(torch.zeros(3, 100)).shape == (3, 1, 16, 16)


def test_layers_after_hidden_blocks_know_their_place():
    places = []

    def noise(index, count, shape, channels, resolution, latent_dim):
        places.append((index, count, shape, channels, resolution, latent_dim))
        return Noise() if index == 1 else None

    recipe = Recipe().add("g_layers", noise)
    g, _ = networks(recipe)
    assert places == [(0, 2, (4, 4, 4), 4, 16, 100), (1, 2, (2, 8, 8), 2, 16, 100)]
    assert [name for name, layer in g.named_modules() if isinstance(layer, Noise)] == ["up1.layer1"]
    played = game(recipe)
    step(played)
    assert "noise" in played.streams.state_dict()
    for stream in ("data", "latent"):
        plain = game(Recipe())
        step(plain)
        assert torch.equal(played.streams(stream).get_state(), plain.streams(stream).get_state())


def test_dropout_in_g_has_its_place():
    g, d = networks(Recipe(g_dropout=Noise))
    assert [[*dict(block.named_children())][-1:] for block in g] == [["dropout"], ["dropout"], ["conv"], []]
    assert not any(isinstance(layer, Noise) for layer in d.modules())


def test_blocks_networks_and_heads_can_be_wrapped():
    plain_g, plain_d = networks(Recipe())
    g, d = networks(Recipe(g_block=Residual, d_block=Residual, d_head=Residual))
    assert [type(block).__name__ for block in g][:3] == ["Residual", "Residual", "Chain"]
    assert [type(block).__name__ for block in d][:3] == ["Residual"] * 3
    watched = Recipe(d_block=Residual, d_head=Residual).add("g_penalties", lambda fake_features: fake_features.sum())
    played = game(watched)
    assert torch.isfinite(advance(played, 2)).all()

    class Times(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, images):
            return 3 * self.network(images)

    g, d = networks(Recipe(g_bound=Times, d_bound=Times))
    z, x = torch.ones(2, 100), torch.ones(2, 1, 16, 16)
    torch.testing.assert_close(g(z), 3 * plain_g(z))
    torch.testing.assert_close(d(x), 3 * plain_d(x))
    # Wrapped before it is initialised, its layers have other places and so other weights.
    g, _ = networks(Recipe(g_network=Times))
    assert not torch.equal(g.network.dense1.dense.weight, plain_g.dense1.dense.weight)


def test_a_norm_that_is_none_leaves_its_layer_the_bias():
    class OnlyLarge:
        drops_bias = True

        def __call__(self, channels, shape):
            return nn.InstanceNorm2d(channels, affine=True) if shape[1] > 4 else None

    g, _ = networks(Recipe(g_norm=OnlyLarge()))
    assert (g.dense1.dense.bias is None, g.up1.conv.bias is None) == (False, True)


def test_layers_that_see_the_class():
    recipe = Recipe().add("g_layers", lambda classes, index: Scale(classes) if index == 0 else None)
    recipe = recipe.add("d_tail", Scale)
    g, d = networks(recipe, classes=3)
    assert d.tail1.scales.tolist() == [1, 2, 3]
    z = torch.ones(3, 100)
    made = g(z, torch.tensor([0, 1, 2]))
    assert not torch.equal(made[0], made[1])
    torch.testing.assert_close(made[1:], g(z[1:], torch.tensor([1, 2])))
    # The labels of the batch at hand, as often as the input has them.
    x = torch.ones(6, 1, 16, 16)
    d.labels = torch.tensor([0, 1, 2])
    torch.testing.assert_close(d(x), d(x, torch.tensor([0, 1, 2, 0, 1, 2])))
    first, second, third = d(x)[:3].tolist()
    assert third - second == pytest.approx(second - first, rel=1e-3) != 0  # by one for each class
    with pytest.raises(HackError, match="Scale asks for classes: these data have no labels"):
        networks(Recipe().add("d_tail", Scale))


def test_samples_of_a_g_that_knows_classes_have_them_as_often_as_the_data():
    """z is drawn first, so that being told classes shifts no latent."""
    recipe = Recipe().add("g_layers", lambda classes, index: Scale(classes) if index == 0 else None)
    played = game(recipe)
    with flushed_denormals():
        step(played)
    stream = Streams(1)("samples")
    images = played.samples(300, stream)
    again = Streams(1)("samples")
    z = recipe.draw(300, again)
    labels = played.draw_labels(300, again)
    share = (labels[:, None] == torch.arange(3)).float().mean(0)
    expected = (played.labels[:, None] == torch.arange(3)).float().mean(0)
    torch.testing.assert_close(share, expected, atol=0.1, rtol=0)
    with torch.no_grad():
        by_hand = (played.sampler()(z, labels) * 255).round().to(torch.uint8)
    assert (images.int() - by_hand.int()).abs().max() <= 1
    assert game(Recipe()).draw_labels(3, stream) is None


def test_a_layer_that_nobody_can_initialise_is_named():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

        def forward(self, images):
            return images * self.gain

    with pytest.raises(HackError, match=r"layer Bare: expected `initialise\(stream\)` to set its parameters"):
        networks(Recipe().add("d_tail", Bare))

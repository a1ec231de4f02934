"""Resampling, initialisation, bounds and noise in layers: each with exact numbers."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import hacks
from bench.gan.backbone import dcgan
from bench.gan.conformance import game
from bench.gan.loop import advance
from bench.gan.network import build_discriminator, build_generator
from bench.gan.streams import Streams
from bench.runner.generator import Generator
from hacks import HackError, Recipe
from hacks.equalised_learning_rate import fan_in
from hacks.registry import conflicts

DOWN, UP = ["strided_conv", "average_pooling", "blur_pool"], ["strided_conv", "bilinear_upsampling", "pixel_shuffle"]


def on(name, **parameters):
    return hacks.apply(Recipe(), {name: True}, {name: parameters})


def weights(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]


def test_ways_of_resampling_exclude_each_other_where_they_meet():
    for names in (DOWN, UP):
        assert len(conflicts(names)) == 3
    assert not conflicts([*DOWN[1:2], *UP[1:2]])
    assert not conflicts(["strided_conv", "blur_pool"], {"strided_conv": {"nets": "g"}})


@pytest.mark.parametrize("name", DOWN[1:])
def test_the_pool_follows_the_activation(name):
    d = build_discriminator(dcgan(28, 1, 4), hacks.apply(Recipe(), {name: True, "batch_norm": True}), 0)
    assert [type(layer).__name__ for layer in d.down2][:3] == ["Conv2d", "BatchNorm2d", "ReLU"]
    assert d.down1[0].stride == (1, 1)
    assert [d[:n](torch.zeros(2, 1, 28, 28)).shape[-1] for n in (1, 2)] == [14, 7]


def test_average_pooling():
    pool = on("average_pooling").downsampling(1, 1, 4, True).after
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert pool(x).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    x.requires_grad_(True)
    assert torch.autograd.grad(pool(x).sum(), x)[0].unique().tolist() == [0.25]


@pytest.mark.parametrize("size", [(4, 4), (8, 6), (7, 5)])
def test_blur_pool_is_a_strided_kernel_of_1_2_1_with_mirrored_borders(size):
    blur = on("blur_pool").downsampling(3, 3, 4, True).after
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(line, line).expand(3, 1, 3, 3)
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=3)
    torch.testing.assert_close(blur(x), expected[..., : size[0] // 2, : size[1] // 2])


def test_bilinear_upsampling():
    before, conv, _ = on("bilinear_upsampling").upsampling(1, 2, 4, True)
    # Each new pixel is nearer to one old pixel: 3/4 of it, 1/4 of its neighbour; the border repeats.
    assert before(torch.tensor([[[[0.0, 4.0]]]]))[0, 0, 0].tolist() == [0, 1, 3, 4]
    assert conv(before(torch.zeros(1, 1, 3, 3))).shape == (1, 2, 6, 6)
    assert on("bilinear_upsampling").upsampling(1, 1, 5, True, factor=3).before(torch.zeros(1, 1, 2, 2)).shape[-1] == 6


def test_pixel_shuffle_makes_2_by_2_pixels_of_4_channels():
    _, conv, _ = on("pixel_shuffle").upsampling(3, 2, 4, True)
    assert (conv.weight.shape, conv.bias.shape) == ((8, 3, 5, 5), (8,))
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    plain = F.conv2d(x, conv.weight, conv.bias, padding=2)
    made = conv(x)
    assert made.shape == (2, 2, 8, 8)
    for channel in range(2):
        for row in range(2):
            for column in range(2):
                phase = plain[:, 4 * channel + 2 * row + column]
                torch.testing.assert_close(made[:, channel, row::2, column::2], phase)
    g = build_generator(dcgan(16, 1, 4), hacks.apply(Recipe(), {"pixel_shuffle": True, "batch_norm": True}), 0)
    assert g.up1.norm.num_features == 4
    assert g.up1.conv.bias is None


def test_orthogonal_init():
    recipe = hacks.apply(Recipe(), {"orthogonal_init": True, "batch_norm": True}, {"orthogonal_init": {"gain": 0.5}})
    for build in (build_generator, build_discriminator):
        network = build(dcgan(16, 1, 4), recipe, 0)
        for layer in weights(network):
            matrix = layer.weight.flatten(1)
            square = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
            torch.testing.assert_close(square, 0.25 * torch.eye(len(square)), atol=1e-5, rtol=0)
            assert layer.bias is None or not layer.bias.any()
        scales = [layer.weight for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
        assert scales
        assert all((scale == 1).all() for scale in scales)
    with pytest.raises(HackError, match=r"orthogonal_init.gain=0: expected a number, above 0; see"):
        on("orthogonal_init", gain=0)


def test_equalised_weights_are_normal_and_scaled_at_run_time():
    d = build_discriminator(dcgan(32, 1, 16), on("equalised_learning_rate"), 0)
    conv = d.down2.conv
    raw = conv.parametrizations.weight.original
    assert (raw.mean().item(), raw.std().item()) == pytest.approx((0, 1), abs=0.02)
    torch.testing.assert_close(conv.weight, raw * (2 / (16 * 25)) ** 0.5)
    dense = d.dense1.dense
    torch.testing.assert_close(dense.weight, dense.parametrizations.weight.original * (2 / 1024) ** 0.5)
    assert not conv.bias.any()
    # The gradient is scaled as well: by the chain rule.
    d(torch.rand(4, 1, 32, 32)).sum().backward()
    names = [name for name, _ in d.named_parameters()]
    assert "down2.conv.parametrizations.weight.original" in names
    assert raw.grad.abs().max() > 0


def test_hes_constant_keeps_the_variance_of_what_a_rectifier_leaves():
    """A stride of 2 leaves a quarter of a transposed kernel to each pixel."""
    assert fan_in(nn.ConvTranspose2d(8, 4, 4, stride=2)) == 8 * 16 / 4
    assert fan_in(nn.Conv2d(8, 4, 4, stride=2)) == 8 * 16
    g = build_generator(
        dcgan(16, 1, 64), hacks.apply(Recipe(), {"equalised_learning_rate": True, "strided_conv": True}), 0
    )
    made = g.up1.conv(torch.randn(8, 128, 4, 4, generator=torch.Generator().manual_seed(0)).relu())
    assert made[..., 2:-2, 2:-2].square().mean().item() == pytest.approx(1, rel=0.1)


def test_spectral_norm_takes_the_constant_of_equalised_weights_out_again():
    recipe = hacks.apply(Recipe(), {"equalised_learning_rate": True, "spectral_norm": True})
    d = build_discriminator(dcgan(16, 1, 4), recipe, 0)
    for _ in range(50):
        d(torch.zeros(1, 1, 16, 16))
    norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in weights(d)]
    assert norms == pytest.approx([1] * 3, rel=1e-3)
    assert torch.isfinite(advance(game(recipe), 3)).all()


@pytest.mark.parametrize(("nets", "bound"), [("d", (True, False)), ("g", (False, True)), ("both", (True, True))])
def test_spectral_norm_of_either_network(nets, bound):
    recipe = on("spectral_norm", nets=nets)
    networks = build_discriminator(dcgan(16, 1, 4), recipe, 0), build_generator(dcgan(16, 1, 4), recipe, 0)
    assert tuple(all(hasattr(layer, "parametrizations") for layer in weights(each)) for each in networks) == bound
    assert on("spectral_norm") == on("spectral_norm", nets="d")
    g = networks[1]
    for _ in range(60 if bound[1] else 0):
        g(torch.zeros(1, 100))
    if bound[1]:
        assert [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in weights(g)] == pytest.approx(
            [1] * 3, rel=2e-3
        )


def test_noise_follows_every_hidden_block_of_g_at_its_share_of_the_layers_spread():
    recipe = on("generator_noise", std=0.2)
    g, d = build_generator(dcgan(32, 1, 4), recipe, 0), build_discriminator(dcgan(32, 1, 4), recipe, 0)
    noisy = [[type(layer).__name__ for layer in block.children()][-1:] == ["UnitNoise"] for block in g]
    assert noisy == [True, True, True, False, False]
    assert not any(type(layer).__name__ == "UnitNoise" for layer in d.modules())
    layer = g.up1[-1]
    layer.stream = Streams(0)("generator_noise")
    x = 5 + 3 * torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    for each in (layer, layer.eval()):
        added = each(x) - x
        assert (added.mean().item(), added.std().item()) == pytest.approx((0, 0.2 * 3), abs=0.01)
    still = on("generator_noise", at_test=False).g_layers[0]().eval()
    assert torch.equal(still(x), x)


def test_dropout_in_g_drops_at_sampling_too():
    recipe = on("generator_dropout", rate=0.25)
    g = build_generator(dcgan(16, 1, 4), recipe, 0)
    assert [type(block[-1]).__name__ for block in list(g)[:3]] == ["DropUnitsOfG", "DropUnitsOfG", "Conv2d"]
    layer = g.up1.dropout
    layer.stream = Streams(0)("generator_dropout")
    for each in (layer, layer.eval()):
        made = each(torch.ones(100_000))
        assert made.unique().tolist() == pytest.approx([0, 1 / 0.75])
        assert (made == 0).float().mean().item() == pytest.approx(0.25, abs=0.005)
    still = on("generator_dropout", at_test=False).g_dropout().eval()
    assert torch.equal(still(torch.ones(7)), torch.ones(7))
    with pytest.raises(HackError, match=r"generator_dropout.rate=1.0: expected a number, above 0, below 1; see"):
        on("generator_dropout", rate=1.0)


@pytest.mark.parametrize("name", ["generator_noise", "generator_dropout"])
def test_sampling_with_noise_is_repeatable_and_leaves_training_alone(name):
    played, alone = game(on(name)), game(on(name))
    rows = [advance(played, 2)]
    first, second = (played.samples(4, Streams(1)("samples")) for _ in range(2))
    assert torch.equal(first, second)
    z = torch.ones(2, 100)
    one, two = played.sampler()(z)
    assert not torch.equal(one, two)
    assert torch.equal(torch.cat([*rows, advance(played, 4)]), advance(alone, 4))


def test_a_trained_generator_with_noise_makes_the_same_images_of_the_same_seed():
    recipe = on("generator_dropout")
    network = build_generator(dcgan(16, 1, 2), recipe, 0).eval()
    first, second, other = (Generator(network, recipe, None)(3, seed) for seed in (5, 5, 6))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)

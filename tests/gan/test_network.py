"""Networks from backbone and recipe: shapes, parameters, initialisation."""

import pytest
import torch
from torch import nn

import hacks
from bench.errors import UserError
from bench.gan.backbone import RESOLUTIONS, dcgan, mlp
from bench.gan.fast.layout import ImageLinear, ShapeImage, as_pytorch_has_it
from bench.gan.network import build_discriminator, build_generator, parameter_count
from bench.gan.streams import Streams, stream_seed
from hacks import Recipe

FULL = hacks.apply(Recipe(), dict.fromkeys(hacks.names(core=True), True))


@pytest.mark.parametrize("recipe", [Recipe(), FULL], ids=["bare", "full"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_dcgan_shapes_and_ranges(resolution, channels, recipe):
    backbone = dcgan(resolution, channels, width=4)
    z = recipe.latent(5, recipe.latent_dim, Streams(0)("latent"))
    images = build_generator(backbone, recipe, seed=0)(z)
    assert images.shape == (5, channels, resolution, resolution)
    low, high = recipe.pixel_range
    assert low <= images.min()
    assert images.max() <= high
    assert build_discriminator(backbone, recipe, seed=0)(images).shape == (5,)


@pytest.mark.parametrize("recipe", [Recipe(), FULL], ids=["bare", "full"])
def test_points_have_networks_too(recipe):
    backbone = mlp(2, width=16)
    points = build_generator(backbone, recipe, seed=0)(recipe.latent(5, recipe.latent_dim, Streams(0)("latent")))
    assert points.shape == (5, 2, 1, 1)
    assert build_discriminator(backbone, recipe, seed=0)(points).shape == (5,)


def test_parameter_counts_worked_by_hand():
    # 32 px, 1 channel, width 16, every hack on: kernel 4, biases only where no norm follows.
    g = build_generator(dcgan(32, 1, 16), FULL, seed=0)
    assert parameter_count(g) == (100 * 1024 + 2 * 64) + (64 * 32 * 16 + 2 * 32) + (32 * 16 * 16 + 2 * 16) + (
        16 * 16 + 1
    )
    d = build_discriminator(dcgan(32, 1, 16), FULL, seed=0)
    assert parameter_count(d) == (16 * 16 + 16) + (16 * 32 * 16 + 2 * 32) + (32 * 64 * 16 + 2 * 64) + (1024 + 1)
    # Every hack off: kernel 5, every layer has a bias, no norm.
    g = build_generator(dcgan(32, 1, 16), Recipe(), seed=0)
    assert parameter_count(g) == (101 * 1024) + (64 * 32 * 25 + 32) + (32 * 16 * 25 + 16) + (16 * 25 + 1)


def test_batch_norm_is_not_on_gs_output_nor_ds_input_layer():
    g, d = build_generator(dcgan(32, 3, 4), FULL, 0), build_discriminator(dcgan(32, 3, 4), FULL, 0)
    normed = [[any(isinstance(m, nn.BatchNorm2d) for m in block.modules()) for block in net] for net in (g, d)]
    assert normed == [[True, True, True, False, False], [False, True, True, False, False]]


def test_the_order_within_a_block():
    d = build_discriminator(dcgan(16, 1, 4), hacks.apply(Recipe(), {"batch_norm": True}), 0)
    assert [type(m).__name__ for m in d.down2] == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]
    g = build_generator(dcgan(16, 1, 4), hacks.apply(Recipe(), {"batch_norm": True}), 0)
    assert [type(m).__name__ for m in g.up1] == ["Upsample", "Conv2d", "BatchNorm2d", "ReLU"]


def test_a_layers_weights_come_from_its_own_stream():
    """Another kernel in one layer, or a norm, leaves the weights of the others as they were."""
    plain = build_discriminator(dcgan(32, 1, 4), Recipe(), seed=7)
    strided = build_discriminator(dcgan(32, 1, 4), hacks.apply(Recipe(), {"strided_conv": True}), seed=7)
    for (name, a), (_, b) in zip(plain.named_parameters(), strided.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    other_seed = build_discriminator(dcgan(32, 1, 4), Recipe(), seed=8)
    assert not torch.equal(plain.down1.conv.weight, other_seed.down1.conv.weight)


def test_streams_are_named_and_reproducible():
    assert stream_seed(0, "data") == stream_seed(0, "data")
    assert len({stream_seed(s, n) for s in range(10) for n in ("data", "latent", "weights/x")}) == 30
    streams = Streams(3)
    first = torch.rand(2, generator=streams("a"))
    saved = streams.state_dict()
    following = torch.rand(2, generator=streams("a"))
    again = Streams(3)
    assert torch.equal(torch.rand(2, generator=again("a")), first)
    assert not torch.equal(torch.rand(2, generator=again("b")), first)
    again.load_state_dict(saved)
    assert torch.equal(torch.rand(2, generator=again("a")), following)


def test_bad_sizes_are_refused():
    with pytest.raises(UserError, match="resolution 48: expected one of 16, 28, 32, 64"):
        dcgan(48, 1)
    with pytest.raises(UserError, match="width 0: expected a positive number"):
        dcgan(32, 1, 0)


@pytest.mark.parametrize("outputs", [1, 3, 20])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_a_dense_layer_on_an_image_is_one_on_its_features(outputs, layout):
    torch.manual_seed(0)
    layer = ImageLinear(2 * 3 * 4, outputs).double()
    images = torch.randn(5, 2, 3, 4, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    made, expected = layer(images), nn.functional.linear(images.flatten(1), layer.weight, layer.bias)
    leaves = [images, *layer.parameters()]
    weights = torch.randn_like(expected)
    ours = torch.autograd.grad((made * weights).sum(), leaves)
    theirs = torch.autograd.grad((expected * weights).sum(), leaves)
    for one, other in zip((made, *ours), (expected, *theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    assert ours[0].is_contiguous(memory_format=torch.channels_last)


def test_a_logit_is_in_float32_under_autocast():
    layer = ImageLinear(2 * 4 * 4, 1)
    images = torch.randn(3, 2, 4, 4).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = layer(images.bfloat16())
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, layer(images.bfloat16().float()))


def test_images_are_channels_last_from_the_first_layer_on():
    features = torch.randn(3, 2 * 4 * 4, requires_grad=True)
    images = ShapeImage((2, 4, 4))(features)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images.flatten(1), features)
    images.sum().backward()
    assert torch.equal(features.grad, torch.ones_like(features))


@pytest.mark.parametrize("recipe", [Recipe(), FULL], ids=["bare", "full"])
def test_the_yardsticks_networks_have_pytorchs_layers_and_compute_the_same(recipe):
    backbone = dcgan(16, 3, width=4)
    latents, images = torch.randn(5, recipe.latent_dim), torch.randn(5, 3, 16, 16)
    for build, given in ((build_generator, latents), (build_discriminator, images)):
        ours, plain = build(backbone, recipe, 0), as_pytorch_has_it(build(backbone, recipe, 0))
        assert any(isinstance(layer, ShapeImage | ImageLinear) for layer in ours.modules())
        assert not any(isinstance(layer, ShapeImage | ImageLinear) for layer in plain.modules())
        torch.testing.assert_close(ours(given), plain(given), rtol=1e-5, atol=1e-6)

"""Tricks that use labels, against their definitions."""

import math

import pytest
import torch
from torch.nn import functional as F

import hacks
from bench.gan.backbone import dcgan
from bench.gan.conformance import CLASSES, game
from bench.gan.loop import advance, step
from bench.gan.network import build_discriminator, build_generator
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.auxiliary_classifier import ClassHead
from hacks.projection import ClassNorm
from hacks.recipe import Given
from hacks.registry import conflicts

LABELS = torch.tensor([0, 2, 1, 2])


def on(*names, **parameters):
    return hacks.apply(Recipe(), dict.fromkeys(names, True), {names[0]: parameters})


def networks(recipe, channels=1):
    backbone = dcgan(16, channels, 4)
    return build_generator(backbone, recipe, 0, CLASSES), build_discriminator(backbone, recipe, 0, CLASSES)


def images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_label_tricks_need_labels_and_exclude_each_other_at_ds_head():
    for name in ("auxiliary_classifier", "projection"):
        assert hacks.get(name).needs_labels
        with pytest.raises(HackError, match="asks for classes: these data have no labels; take others or leave it out"):
            game(on(name), labelled=False)
    assert conflicts(["auxiliary_classifier", "projection"])
    assert not conflicts(["auxiliary_classifier", "projection"], {"projection": {"labels": "one_hot"}})


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_both_players_pay_the_cross_entropy_of_the_classes(weight):
    recipe = on("auxiliary_classifier", weight=weight)
    (d_pays,), (g_pays,) = recipe.penalties, recipe.g_penalties
    _, d = networks(recipe)
    (head,) = (layer for layer in d.modules() if isinstance(layer, ClassHead))
    assert head.classifier.weight.shape == (CLASSES, 8 * 4 * 4)
    real, fake = images(4, 8, 4, 4), images(4, 8, 4, 4, seed=1)

    def entropy(features):
        logits = features.flatten(1) @ head.classifier.weight.T + head.classifier.bias
        return -weight * logits.log_softmax(1)[range(4), LABELS].mean()

    paid = d_pays.penalties(d, real, fake, LABELS)
    torch.testing.assert_close(paid, entropy(real) + entropy(fake))
    torch.testing.assert_close(g_pays.g_penalties(d, fake, LABELS), entropy(fake))


def test_the_classifier_leaves_the_logit_alone_and_is_trained_by_d():
    plain, d = networks(Recipe())[1], networks(on("auxiliary_classifier"))[1]
    state = {name.replace("dense1.", "dense1.block."): value for name, value in plain.state_dict().items()}
    assert set(d.state_dict()) - set(state) == {"dense1.classifier.weight", "dense1.classifier.bias"}
    d.load_state_dict(state, strict=False)
    x = images(4, 1, 16, 16)
    assert torch.equal(d(x), plain(x))
    played = game(on("auxiliary_classifier"))
    classifier = played.discriminator.dense1.classifier.weight
    before = classifier.clone()
    step(played)
    assert not torch.equal(classifier, before)
    assert any(classifier is each for each in played.d_parameters)


def test_ds_loss_is_that_without_plus_what_classes_cost():
    """Before anything is learned that is near ln 3 for each side, with three classes."""
    without, once, twice = (step(game(on("auxiliary_classifier", weight=w)))[0].item() for w in (0.0, 1.0, 2.0))
    assert once - without == pytest.approx(twice - once, rel=1e-5)
    assert once - without == pytest.approx(2 * math.log(3), rel=0.2)


@pytest.mark.parametrize(("labels", "width"), [("embedding", 8), ("one_hot", CLASSES)])
def test_g_is_told_the_class_beside_z(labels, width):
    g, _ = networks(on("auxiliary_classifier", labels=labels))
    z = images(4, 100)
    beside = g.front1(z, Given(z, LABELS))
    assert torch.equal(beside[:, :100], z)
    told = F.one_hot(LABELS, CLASSES).float() if labels == "one_hot" else g.front1.embedding.weight[LABELS]
    assert torch.equal(beside[:, 100:], told)
    assert g.dense1.dense.in_features == 100 + width
    same = z[:1].expand(4, -1)
    made = g(same, LABELS)
    assert torch.allclose(made[1], made[3], atol=1e-6)
    assert not torch.allclose(made[0], made[1], atol=1e-6)


def test_embeddings_begin_as_latents_do_whatever_the_initialisation():
    recipe = hacks.apply(Recipe(), {"auxiliary_classifier": True, "normal_init": True})
    g = build_generator(dcgan(16, 1, 2), recipe, 0, classes=400)
    assert g.front1.embedding.weight.std().item() == pytest.approx(1, abs=0.05)


def test_ds_logit_gains_the_product_of_its_features_with_the_classs_vector():
    recipe = on("projection")
    plain, d = networks(Recipe())[1], networks(recipe)[1]
    state = {name.replace("dense1.", "dense1.block."): value for name, value in plain.state_dict().items()}
    d.load_state_dict(state, strict=False)
    x = images(4, 1, 16, 16)
    features = plain[:2](x).flatten(1)
    products = torch.stack([features[i] @ d.dense1.vectors.weight[LABELS[i]] for i in range(4)])
    torch.testing.assert_close(d(x, LABELS), plain(x) + products)
    # Real and fake images together have the labels of the batch twice.
    d.labels = LABELS
    torch.testing.assert_close(d(torch.cat([x, x])), d(x, LABELS).repeat(2))


def test_class_conditional_batch_norm():
    g, d = networks(on("projection"))
    assert isinstance(g.up1.norm, ClassNorm)
    assert not any(isinstance(layer, ClassNorm) for layer in d.modules())
    layer, x = g.up1.norm, images(4, 4, 3, 3)
    assert (layer.scale.unique().tolist(), layer.shift.unique().tolist()) == ([1], [0])
    layer.scale.data.copy_(images(CLASSES, 4, seed=1))
    layer.shift.data.copy_(images(CLASSES, 4, seed=2))
    normed = F.batch_norm(x, None, None, training=True)
    expected = torch.stack(
        [normed[i] * layer.scale[c][:, None, None] + layer.shift[c][:, None, None] for i, c in enumerate(LABELS)]
    )
    torch.testing.assert_close(layer(x, Given(None, LABELS)), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_hot_planes_beside_ds_images(channels):
    _, d = networks(on("projection", labels="one_hot"), channels)
    plain = build_discriminator(dcgan(16, channels + CLASSES, 4), Recipe(), 0)
    x = images(4, channels, 16, 16)
    planes = torch.zeros(4, CLASSES, 16, 16)
    planes[range(4), LABELS] = 1
    torch.testing.assert_close(d(x, LABELS), plain(torch.cat([x, planes], 1)))


@pytest.mark.parametrize("labels", ["embedding", "one_hot"])
@pytest.mark.parametrize("generator", ["norm", "latent"])
def test_every_way_of_telling_trains_and_samples(labels, generator):
    played = game(on("projection", labels=labels, generator=generator))
    assert torch.isfinite(advance(played, 3)).all()
    assert played.samples(5, Streams(0)("samples")).shape == (5, 1, 16, 16)


@pytest.mark.parametrize("name", ["auxiliary_classifier", "projection"])
def test_a_pack_has_several_labels(name):
    with pytest.raises(HackError, match=f"^{name} and packing: a pack has several labels"):
        game(on(name, "packing"))
    told = game(on("projection", "packing", labels="one_hot"))
    assert told.discriminator.down1.conv.in_channels == 2 * (1 + CLASSES)
    assert torch.isfinite(advance(told, 2)).all()


def test_bad_parameters_are_refused():
    with pytest.raises(HackError, match=r"projection.labels='planes': expected one of embedding, one_hot; see"):
        on("projection", labels="planes")
    with pytest.raises(HackError, match=r"auxiliary_classifier.weight=-1: expected a number, at least 0; see"):
        on("auxiliary_classifier", weight=-1)
    with pytest.raises(HackError, match=r"auxiliary_classifier.width=0: expected a whole number, at least 1, at most"):
        on("auxiliary_classifier", width=0)

"""The recipes of Keras's tutorials against Keras itself: ten steps from equal weights, with the same random numbers.

Keras is an optional extra (`pip install -e .[keras]`). The networks are written from the sources' descriptions, with
Keras's layers, loss and optimisers, on TensorFlow: on PyTorch Keras aligns transposed convolutions otherwise. Three
things are as in Keras of the sources' time and not as in today's: a frozen D keeps its BatchNorm on the batch's
statistics, RMSprop adds its epsilon to the root, running variances are those of n − 1.
"""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="Keras is not installed: pip install -e .[keras]")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed: pip install -e .[keras]")
layers, optimizers = keras.layers, keras.optimizers

_SPEC = importlib.util.spec_from_file_location("source_loops", Path(__file__).with_name("test_source_loops.py"))
loops = sys.modules[_SPEC.name] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(loops)
double, WIDTH, STEPS = loops.double, loops.WIDTH, loops.STEPS

CLOSE = 1e-9


class OldRMSprop(optimizers.RMSprop):
    """With epsilon added to the root, as in Keras 2; Keras 3 adds it below the root."""

    def update_step(self, gradient, variable, learning_rate):
        square = self._velocities[self._get_variable_index(variable)]
        self.assign(square, self.rho * square + (1 - self.rho) * gradient**2)
        self.assign_sub(variable, self.learning_rate * gradient / (keras.ops.sqrt(square) + self.epsilon))


def transposed(channels, kernel, stride=2, **more):
    return layers.Conv2DTranspose(channels, kernel, strides=stride, padding="same", **more)


def conv(channels, kernel, stride=1, padding="same", **more):
    return layers.Conv2D(channels, kernel, strides=stride, padding=padding, **more)


def leaky(slope=0.3):
    return layers.LeakyReLU(negative_slope=slope)


def as_described():
    norm = layers.BatchNormalization
    return (
        [
            *(layers.Dense(4 * WIDTH * 49), layers.Reshape((7, 7, 4 * WIDTH))),
            *(transposed(2 * WIDTH, 3), norm(), leaky(), transposed(WIDTH, 3, 1), norm(), leaky()),
            transposed(1, 3, activation="tanh"),
        ],
        [
            *(conv(WIDTH, 5), leaky(), conv(2 * WIDTH, 5, 2, "valid"), norm(), leaky()),
            *(conv(2 * WIDTH, 5, 2, "valid"), norm(), leaky(), layers.Flatten(), layers.Dense(1, activation="sigmoid")),
        ],
    )


def as_printed():
    return (
        [
            *(layers.Dense(2 * WIDTH * 49), leaky(), layers.BatchNormalization(), leaky()),
            *(layers.Reshape((7, 7, 2 * WIDTH)), transposed(WIDTH, 3), leaky(), transposed(1, 3, activation="tanh")),
        ],
        [
            *(
                conv(WIDTH, 5),
                leaky(),
                conv(2 * WIDTH, 5, 2, "valid"),
                leaky(),
                conv(2 * WIDTH, 5, 2, "valid"),
                leaky(),
            ),
            *(layers.Flatten(), layers.Dense(16 * WIDTH), leaky(), layers.Dense(1, activation="sigmoid")),
        ],
    )


def eleven_practices():
    norm = layers.BatchNormalization
    generator = [layers.Dense(8 * WIDTH * 16), layers.Reshape((4, 4, 8 * WIDTH)), norm(), leaky(0.2)]
    for times in (4, 2, 1):
        generator += [transposed(times * WIDTH, 4), norm(), leaky(0.2)]
    discriminator = [conv(WIDTH, 3, 2), leaky(0.2)]
    for times in (2, 4, 8):
        discriminator += [conv(times * WIDTH, 3, 2), norm(), leaky(0.2)]
    return (
        [*generator, transposed(3, 4, activation="tanh")],
        [*discriminator, layers.Flatten(), layers.Dense(1, activation="sigmoid")],
    )


def frogs():
    generator = [layers.Dense(WIDTH * 256), leaky(), layers.Reshape((16, 16, WIDTH)), conv(2 * WIDTH, 5), leaky()]
    generator += [transposed(2 * WIDTH, 4), leaky(), conv(2 * WIDTH, 5), leaky(), conv(2 * WIDTH, 5), leaky()]
    discriminator = [conv(WIDTH, 3, 1, "valid"), leaky()]
    for _ in range(3):
        discriminator += [conv(WIDTH, 4, 2, "valid"), leaky()]
    return (
        [*generator, conv(3, 7, activation="tanh")],
        [*discriminator, layers.Flatten(), layers.Dense(1, activation="sigmoid")],
    )


def dogs():
    def tanh(units):
        return layers.Dense(units, activation="tanh")

    return (
        [
            *(tanh(16 * WIDTH), layers.Dense(128 * WIDTH), layers.BatchNormalization(), layers.Activation("tanh")),
            *(layers.Reshape((8, 8, 2 * WIDTH)), layers.UpSampling2D(4), conv(WIDTH, 5, activation="tanh")),
            *(layers.UpSampling2D(2), conv(3, 5, activation="tanh")),
        ],
        [
            *(conv(WIDTH, 5, activation="tanh"), layers.MaxPooling2D()),
            *(conv(2 * WIDTH, 5, padding="valid", activation="tanh"), layers.MaxPooling2D()),
            *(layers.Flatten(), tanh(16 * WIDTH), layers.Dense(1, activation="sigmoid")),
        ],
    )


def adam(rate, beta_1=0.9):
    """A plain 0.999 would be cut to float32 on its way into TensorFlow, whatever the weights are in."""
    return lambda: optimizers.Adam(rate, beta_1=np.float64(beta_1), beta_2=np.float64(0.999))


def descent():
    return optimizers.SGD(5e-4, momentum=np.float64(0.9), nesterov=True)


RECIPES = {
    "gans-in-action": (as_described, adam(1e-3), adam(1e-3)),
    "gans-in-action-code": (as_printed, adam(1e-3), adam(1e-3)),
    "mlm-dcgan": (eleven_practices, adam(2e-4, 0.5), adam(2e-4, 0.5)),
    "chollet-frogs": (frogs, lambda: OldRMSprop(4e-4, clipvalue=1.0), lambda: OldRMSprop(8e-4, clipvalue=1.0)),
    "dog-gan": (dogs, descent, descent),
}
"""Recipe -> its networks, and the optimisers of G and of D."""
LEFT_OUT = {"chollet-frogs": {"discriminator_dropout": False}}
"""Whose random numbers are Keras's own."""


def compiled(made, shape, optimizer):
    model = keras.Sequential([keras.Input(shape), *made])
    model.compile(optimizer=optimizer, loss="binary_crossentropy")
    return model


def with_weights(model):
    """(layer, shape of the image (C, H, W) that its units come from, and that they become) for each with weights."""
    found = []
    for place, layer in enumerate(model.layers):
        if not layer.weights:
            continue
        before = [each for each in model.layers[:place] if each.weights or isinstance(each, layers.Flatten)][-1:]
        after = next((e for e in model.layers[place + 1 :] if isinstance(e, layers.Reshape | layers.Dense)), None)
        flat = before and isinstance(before[0], layers.Flatten)
        found.append(
            (
                layer,
                channels_first(before[0].input.shape[1:]) if flat else None,
                channels_first(after.target_shape) if isinstance(after, layers.Reshape) and units(layer) else None,
            )
        )
    return found


def units(layer):
    return isinstance(layer, layers.Dense) or len(layer.output.shape) == 2


def channels_first(shape):
    return (shape[2], shape[0], shape[1])


def permuted(layer, weight, before, after):
    """A weight of ours in Keras's order of its entries."""
    if weight.ndim == 4:
        if isinstance(layer, layers.Conv2DTranspose) and layer.strides == (1, 1):  # built as a convolution
            return weight.flip(2, 3).permute(2, 3, 0, 1)
        return weight.permute(2, 3, 1, 0)
    weight = weight.T if weight.ndim == 2 else weight[None]
    if before is not None and len(weight) > 1:
        weight = weight.unflatten(0, before).permute(1, 2, 0, 3).flatten(0, 2)
    if after is not None:
        weight = weight.unflatten(1, after).permute(0, 2, 3, 1).flatten(1)
    return (
        weight
        if isinstance(layer, layers.Dense) and len(weight) > 1
        else weight.flatten(0, -1)
        if len(weight) == 1
        else weight
    )


def give(model, weights):
    left = iter(weights)
    for layer, before, after in with_weights(model):
        own = [permuted(layer, next(left), before, after).numpy() for _ in layer.trainable_weights]
        layer.set_weights([*own, *layer.get_weights()[len(own) :]])


def take(model, weights):
    """Keras's weights in the order and shapes of ours."""
    left, found = iter(weights), []
    for layer, before, after in with_weights(model):
        for made in layer.get_weights()[: len(layer.trainable_weights)]:
            like = next(left)
            places = permuted(layer, torch.arange(like.numel()).view(like.shape), before, after).flatten()
            back = torch.empty(like.numel(), dtype=torch.float64)
            back[places] = torch.from_numpy(np.asarray(made, np.float64).ravel())
            found.append(back.view(like.shape))
    return found


class Trained:
    """The source's step, with Keras's networks in place of those that are written out."""

    def __init__(self, name, source, weights):
        networks, g_optimizer, d_optimizer = RECIPES[name]
        made_g, made_d = networks()
        size = source.data.shape[2]
        self.source, self.fake_is_one = source, name == "chollet-frogs"
        self.g = keras.Sequential([keras.Input((source.latent_dim,)), *made_g])
        self.d = compiled(made_d, (size, size, source.data.shape[1]), d_optimizer())
        self.both = keras.Sequential([self.g, self.d])
        self.both.compile(optimizer=g_optimizer(), loss="binary_crossentropy")
        give(self.g, weights[0])
        give(self.d, self.signed(weights[1]))

    def signed(self, weights):
        """Where a fake is 1, D's last weights have the other sign."""
        return [*weights[:-2], *(-weight for weight in weights[-2:])] if self.fake_is_one else weights

    def step(self, number):
        source = self.source
        real = source.real(number).permute(0, 2, 3, 1).numpy()
        fake = self.g.predict(source.latents().numpy(), verbose=0)
        labels = source.labels(True).numpy(), source.labels(False).numpy()
        if isinstance(source, loops.Apart):
            self.d.train_on_batch(real, labels[0])
            self.d.train_on_batch(fake, labels[1])
        else:
            self.d.train_on_batch(np.concatenate([real, fake]), np.concatenate(labels))
        self.learn_g(source.latents().numpy(), source.labels_for_g().numpy())

    def learn_g(self, z, labels):
        kept = self.d.get_weights()
        norms = [layer for layer in self.g.layers if isinstance(layer, layers.BatchNormalization)]
        before = [norm.moving_variance.numpy() for norm in norms]
        self.both.train_on_batch(z, labels)
        self.d.set_weights(kept)
        for norm, old in zip(norms, before, strict=True):
            rows = len(z) * int(np.prod(norm.output.shape[1:-1]))
            new = 0.99 * old + (norm.moving_variance.numpy() - 0.99 * old) * rows / (rows - 1)
            norm.moving_variance.assign(new)


def in_single(name):
    """TensorFlow keeps the slope of LeakyReLU in float32, whatever the images are in: so do we, here."""
    recipe = loops.recipes.get(name)
    slope = recipe.parameters.get("leaky_relu", {"slope": 0.2})["slope"]
    return {"leaky_relu": {"slope": float(np.float32(slope))}} if recipe.level("leaky_relu") else {}


@pytest.fixture
def wide():
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", RECIPES)
def test_ten_steps_are_kerass(name, double, wide):
    changed = {"leaky_relu": True} if loops.recipes.get(name).level("leaky_relu") else {}
    played = loops.game(name, levels={**LEFT_OUT.get(name, {}), **changed}, parameters=in_single(name))
    first = [[weight.detach().clone() for weight in net] for net in loops.weights(played)]
    source = loops.SOURCES[name](played.images, *first, torch.float64)
    theirs = Trained(name, source, first)
    for number in range(STEPS):
        theirs.step(number)
    loops.advance(played, STEPS)
    ended = loops.weights(played)
    found = [take(theirs.g, first[0]), theirs.signed(take(theirs.d, first[1]))]
    assert loops.distance(ended, found) < CLOSE
    assert loops.distance(found, first) > 1e-3

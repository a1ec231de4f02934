"""The recipes against their sources' training loops, written out plainly with Keras's conventions, for ten steps.

Nothing here is the harness's but the first weights and the random numbers, which come from streams of the same names.

Keras keeps a bias before a norm, which takes it out again: its gradient is nothing but rounding, to which Adam gives a
step's length, and the norm on running statistics lets it through. In float32 these biases are therefore left out; in
double precision they are compared with all else.
"""

import pytest
import torch
from plain_networks import Adam, Nesterov, Net, RMSprop, TorchAdam, cross_entropy, doubled, leaky
from torch.nn import functional as F

from bench.gan import recipes
from bench.gan.loop import Game, advance
from bench.gan.streams import Streams

SEED, STEPS, WIDTH, IMAGES = 3, 10, 4, 23
EXACT, TOLERANCE = 1e-9, 1e-5


class Source:
    latent_dim, batch = 100, 6

    def __init__(self, data, generator, discriminator, drawn, biased=True):
        self.data, self.streams, self.drawn = data, Streams(SEED), drawn
        self.g, self.d = Net(generator, biased), Net(discriminator, biased)

    def uniform(self, stream, *shape):
        return torch.rand(*shape, generator=self.streams(stream), dtype=self.drawn).to(torch.get_default_dtype())

    def latents(self):
        drawn = torch.randn(self.batch, self.latent_dim, generator=self.streams("latent"), dtype=self.drawn)
        return drawn.to(torch.get_default_dtype())

    def real(self, step):
        """Each image drawn for itself, in [-1, 1]."""
        chosen = torch.randint(len(self.data), (self.batch,), generator=self.streams("data"))
        return (self.data[chosen] - 127.5) / 127.5

    def labels(self, real):
        return torch.ones(self.batch) if real else torch.zeros(self.batch)

    def made(self, training):
        return self.g.run(self.generator, self.latents(), training)

    def judged(self, images):
        return self.d.run(self.discriminator, images).flatten()

    def learn_g(self):
        self.g_optimizer.descend(cross_entropy(self.judged(self.made(True)), self.labels_for_g()))

    def labels_for_g(self):
        return torch.ones(self.batch)


class Apart(Source):
    """Two updates of D, of real images and of predicted fakes."""

    def step(self, number):
        real, fake = self.real(number), self.made(False).detach()
        self.d_optimizer.descend(cross_entropy(self.judged(real), self.labels(True)))
        self.d_optimizer.descend(cross_entropy(self.judged(fake), self.labels(False)))
        self.learn_g()


class AsDescribed(Apart):
    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.g_optimizer, self.d_optimizer = Adam(self.g, 1e-3), Adam(self.d, 1e-3)

    def generator(self, net, z):
        x = net.dense(z).view(-1, 4 * WIDTH, 7, 7)
        x = leaky(net.norm(net.transposed(x, 2, normed=True)))
        x = leaky(net.norm(net.transposed(x, 1, mirrored=True, normed=True)))
        return net.transposed(x, 2).tanh()

    def discriminator(self, net, x):
        x = leaky(net.conv(x))
        x = leaky(net.norm(net.conv(x, 2, "valid", normed=True)))
        x = leaky(net.norm(net.conv(x, 2, "valid", normed=True)))
        return net.dense(x)


class AsPrinted(AsDescribed):
    def generator(self, net, z):
        x = leaky(net.norm(leaky(net.dense(z)))).view(-1, 2 * WIDTH, 7, 7)
        return net.transposed(leaky(net.transposed(x, 2)), 2).tanh()

    def discriminator(self, net, x):
        x = leaky(net.conv(x))
        x = leaky(net.conv(x, 2, "valid"))
        x = leaky(net.conv(x, 2, "valid"))
        return net.dense(leaky(net.dense(x)))


class ElevenPractices(Apart):
    batch = 20

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.g_optimizer, self.d_optimizer = Adam(self.g, 2e-4, 0.5), Adam(self.d, 2e-4, 0.5)

    def generator(self, net, z):
        x = leaky(net.norm(net.dense(z, normed=True).view(-1, 8 * WIDTH, 4, 4)), 0.2)
        for _ in range(3):
            x = leaky(net.norm(net.transposed(x, 2, normed=True)), 0.2)
        return net.transposed(x, 2).tanh()

    def discriminator(self, net, x):
        x = leaky(net.conv(x, 2), 0.2)
        for _ in range(3):
            x = leaky(net.norm(net.conv(x, 2, normed=True)), 0.2)
        return net.dense(x)

    def labels(self, real):
        drawn = self.uniform("label_smoothing", self.batch)
        labels = 1 - 0.3 + 0.5 * drawn if real else 0.3 * drawn
        flipped = torch.randperm(self.batch, generator=self.streams("label_flips")) < int(0.05 * self.batch)
        assert flipped.sum() == 1
        return torch.where(flipped, 1 - labels, labels)


class Frogs(Source):
    """One update of D on predicted fakes and real images; a fake has label 1, noise on every label."""

    latent_dim = 32

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        for weight in self.d.weights[-2:]:  # D says here how much it takes an image for a fake
            weight.data.neg_()
        self.g_optimizer, self.d_optimizer = RMSprop(self.g, 4e-4, 1.0), RMSprop(self.d, 8e-4, 1.0)
        self.start = 0

    def real(self, step):
        """The next ones in order, in [0, 1]."""
        chosen = self.data[self.start : self.start + self.batch]
        self.start += self.batch
        if self.start > len(self.data) - self.batch:
            self.start = 0
        return chosen / 255

    def generator(self, net, z):
        x = leaky(net.dense(z)).view(-1, WIDTH, 16, 16)
        x = leaky(net.conv(x))
        x = leaky(net.transposed(x, 2))
        x = leaky(net.conv(leaky(net.conv(x))))
        return net.conv(x).tanh()

    def discriminator(self, net, x):
        x = leaky(net.conv(x, 1, "valid"))
        for _ in range(3):
            x = leaky(net.conv(x, 2, "valid"))
        drawn = self.uniform("dropout", *x.shape)
        if len(x) > self.batch:  # drawn for real images first
            drawn = drawn.roll(self.batch, 0)
        return net.dense(torch.where(drawn < 0.4, 0.0, x / 0.6))

    def labels(self, real):
        return (0.0 if real else 1.0) + 0.05 * self.uniform("label_noise", self.batch)

    def labels_for_g(self):
        return torch.zeros(self.batch)

    def step(self, number):
        fake, real = self.made(False).detach(), self.real(number)
        real_labels, fake_labels = self.labels(True), self.labels(False)
        logits = self.judged(torch.cat([fake, real]))
        self.d_optimizer.descend(cross_entropy(logits, torch.cat([fake_labels, real_labels])))
        self.learn_g()


class Shuffled(Source):
    """Real images in [-1, 1], every epoch in another order."""

    left = ()

    def real(self, step):
        if len(self.left) < self.batch:
            self.left = torch.randperm(len(self.data), generator=self.streams("data")).tolist()
        chosen, self.left = self.left[: self.batch], self.left[self.batch :]
        return (self.data[chosen] - 127.5) / 127.5


class Lesson(Shuffled):
    """One update of D on the mean over real images and the fakes that G then learns from."""

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.g_optimizer, self.d_optimizer = TorchAdam(self.g, 2e-4, 0.5), TorchAdam(self.d, 2e-4, 0.5)
        self.g.epsilon = 1e-5

    def generator(self, net, z):
        x = leaky(net.norm(net.dense(z, normed=True).view(-1, 4 * WIDTH, 8, 8)), 0.2)
        for _ in range(2):
            x = leaky(net.norm(net.conv(doubled(x), normed=True)), 0.2)
        return net.conv(doubled(x)).tanh()

    def discriminator(self, net, x):
        for _ in range(3):
            x = F.max_pool2d(leaky(net.conv(x), 0.2), 2)
        return net.dense(leaky(net.dense(x), 0.2))

    def step(self, number):
        real, fake = self.real(number), self.made(True)
        logits = self.judged(torch.cat([real, fake.detach()]))
        self.d_optimizer.descend(cross_entropy(logits, torch.cat([self.labels(True), self.labels(False)])))
        self.g_optimizer.descend(cross_entropy(self.judged(fake), self.labels_for_g()))


class Dogs(Shuffled):
    """One update of D on real images and predicted fakes."""

    latent_dim = 1000

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.g_optimizer, self.d_optimizer = Nesterov(self.g, 5e-4), Nesterov(self.d, 5e-4)

    def latents(self):
        return 2 * self.uniform("latent", self.batch, self.latent_dim) - 1

    def generator(self, net, z):
        x = net.dense(z).tanh()
        x = net.norm(net.dense(x, normed=True)).tanh().view(-1, 2 * WIDTH, 8, 8)
        x = net.conv(doubled(x, 4)).tanh()
        return net.conv(doubled(x)).tanh()

    def discriminator(self, net, x):
        x = F.max_pool2d(net.conv(x).tanh(), 2)
        x = F.max_pool2d(net.conv(x, 1, "valid").tanh(), 2)
        return net.dense(net.dense(x).tanh())

    def step(self, number):
        real, fake = self.real(number), self.made(False).detach()
        logits = self.judged(torch.cat([real, fake]))
        self.d_optimizer.descend(cross_entropy(logits, torch.cat([self.labels(True), self.labels(False)])))
        self.learn_g()


SOURCES = {
    "ai-for-beginners": Lesson,
    "chollet-frogs": Frogs,
    "dog-gan": Dogs,
    "gans-in-action": AsDescribed,
    "gans-in-action-code": AsPrinted,
    "mlm-dcgan": ElevenPractices,
}


def game(name, **changed):
    """The harness's game of a recipe, with some levels and parameters changed, at its resolution and a small width."""
    card, shape = recipes.get(name), (IMAGES, recipes.get(name).channels, *[recipes.get(name).resolution] * 2)
    data = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    return Game(
        card.with_levels(**{"levels": {}} | changed),
        card.backbone(width=WIDTH),
        data,
        seed=SEED,
        batch=SOURCES[name].batch,
    )


def trained(source):
    """The weights of G and of D after the source's steps, as the harness has them."""
    for number in range(STEPS):
        source.step(number)
    if isinstance(source, Frogs):
        for weight in source.d.weights[-2:]:
            weight.data.neg_()
    return [source.g.weights, source.d.weights]


def weights(played):
    return [list(net.parameters()) for net in (played.generator, played.discriminator)]


def distance(found, wanted):
    """Of the kernel, bias, scale or shift that is farthest away, relative to its size, taken for 0.01 at least."""
    pairs = [pair for net in zip(found, wanted, strict=True) for pair in zip(*net, strict=True)]
    return max(((a - b).norm() / max(b.norm(), 0.01 * b.numel() ** 0.5)).item() for a, b in pairs)


@pytest.fixture
def double(monkeypatch):
    """Everything in double precision, what the harness takes for float32 among it."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", SOURCES)
def test_ten_steps_are_the_sources(name, double):
    played = game(name)
    source = SOURCES[name](played.images, *weights(played), torch.float64)
    first = [[weight.detach().clone() for weight in net] for net in weights(played)]
    advance(played, STEPS)
    ended = weights(played)
    assert distance(ended, trained(source)) < EXACT
    assert distance(ended, first) > 1e-3
    assert {weight.dtype for net in ended for weight in net} == {torch.float64}


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "mlm-dcgan"])
def test_ten_steps_in_float32_are_the_sources(name):
    """The eleven practices' first weights of 0.02 make, with so few channels, gradients that are rounding too."""
    normed = recipes.get(name).level("batch_norm")
    levels = {"batch_norm": True} if normed else {}
    played = game(name, levels=levels, parameters={"batch_norm": {"drops_bias": True}})
    torch.set_default_dtype(torch.float64)
    try:
        exact = trained(SOURCES[name](played.images, *weights(played), torch.float32, biased=not normed))
    finally:
        torch.set_default_dtype(torch.float32)
    advance(played, STEPS)
    assert distance(weights(played), exact) < TOLERANCE

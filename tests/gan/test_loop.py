"""The loop against an independent one, and what it promises: exact repeats, exact resume, exact off."""

import copy
import gc

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import hacks
from bench.gan.backbone import dcgan, mlp
from bench.gan.denormals import denormals_are_flushed
from bench.gan.loop import CURVES, Game, advance, step
from bench.gan.sampling import sample, to_range
from bench.gan.streams import reseeded, stream_seed
from hacks import PLACEBO, Recipe

KNOWN = {
    *("strided_conv", "leaky_relu", "batch_norm", "normal_init", "adam_beta1", "tanh_scaling"),
    *("gaussian_latent", "split_batches", "label_smoothing", "label_flips", "divisible_kernel"),
}
"""The hacks that the independent loop below knows."""
CELLS = {
    "bare": set(),
    "full": KNOWN,
    "mixed 1": {"strided_conv", "batch_norm", "tanh_scaling", "label_flips"},
    "mixed 2": {"leaky_relu", "batch_norm", "normal_init", "split_batches", "label_smoothing", "divisible_kernel"},
    "mixed 3": {"strided_conv", "adam_beta1", "gaussian_latent", "label_smoothing", "label_flips", "divisible_kernel"},
}
WIDTH, BATCH, SEED = 4, 8, 11


def images(n=40, size=16):
    return torch.randint(0, 256, (n, 1, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def game(on, precision="float32", data=None, backbone=None):
    recipe = hacks.apply(Recipe(), dict.fromkeys(on, True))
    data = images() if data is None else data
    return Game(recipe, backbone or dcgan(16, 1, WIDTH), data, seed=SEED, batch=BATCH, precision=precision)


class Plain:
    """A GAN of 16 × 16 pixels written from the definitions of the hacks alone: no recipe, no backbone, no loop."""

    def __init__(self, on):
        self.on = on
        self.kernel = 4 if {"divisible_kernel", "strided_conv"} <= on else 5
        self.g = nn.ModuleList([self.layer("generator/dense1.dense", nn.Linear, 100, 128, norm=True)])
        self.g.append(self.up("generator/up1.conv", 8, 4, norm=True))
        self.g.append(self.up("generator/up2.conv", 4, 1, norm=False))
        self.d = nn.ModuleList([self.down("discriminator/down1.conv", 1, 4, norm=False)])
        self.d.append(self.down("discriminator/down2.conv", 4, 8, norm=True))
        self.d.append(self.layer("discriminator/dense1.dense", nn.Linear, 128, 1, norm=False))
        self.g_norms = nn.ModuleList([self.norm("generator/dense1.norm", 8), self.norm("generator/up1.norm", 4)])
        self.d_norm = self.norm("discriminator/down2.norm", 8)
        betas = (0.5 if "adam_beta1" in on else 0.9, 0.999)
        self.g_adam = torch.optim.Adam([*self.g.parameters(), *self.g_norms.parameters()], lr=2e-4, betas=betas)
        self.d_adam = torch.optim.Adam([*self.d.parameters(), *self.d_norm.parameters()], lr=2e-4, betas=betas)
        self.streams = {}

    def stream(self, name):
        if name not in self.streams:
            self.streams[name] = torch.Generator().manual_seed(stream_seed(SEED, name))
        return self.streams[name]

    def layer(self, path, kind, *sizes, norm, **options):
        seed = stream_seed(SEED, f"weights/{path}")
        torch.manual_seed(seed)
        made = kind(*sizes, bias=not (norm and "batch_norm" in self.on), **options)
        if "normal_init" in self.on:
            made.weight.data.normal_(0, 0.02, generator=torch.Generator().manual_seed(seed))
            if made.bias is not None:
                made.bias.data.zero_()
        return made

    def norm(self, path, channels):
        if "batch_norm" not in self.on:
            return nn.Identity()
        made = nn.BatchNorm2d(channels)
        if "normal_init" in self.on:
            seed = stream_seed(SEED, f"weights/{path}")
            made.weight.data.normal_(1, 0.02, generator=torch.Generator().manual_seed(seed))
        return made

    def up(self, path, inputs, outputs, norm):
        if "strided_conv" in self.on:
            options = {"padding": 1} if self.kernel == 4 else {"padding": 2, "output_padding": 1}
            return self.layer(path, nn.ConvTranspose2d, inputs, outputs, self.kernel, stride=2, norm=norm, **options)
        return self.layer(path, nn.Conv2d, inputs, outputs, 5, padding=2, norm=norm)

    def down(self, path, inputs, outputs, norm):
        if "strided_conv" in self.on:
            padding = 1 if self.kernel == 4 else 2
            return self.layer(path, nn.Conv2d, inputs, outputs, self.kernel, stride=2, padding=padding, norm=norm)
        return self.layer(path, nn.Conv2d, inputs, outputs, 5, padding=2, norm=norm)

    def activation(self, x):
        return F.leaky_relu(x, 0.2) if "leaky_relu" in self.on else F.relu(x)

    def generate(self, z):
        x = self.activation(self.g_norms[0](self.g[0](z).view(-1, 8, 4, 4)))
        for i in (1, 2):
            if "strided_conv" not in self.on:
                x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
            x = self.g[i](x)
            if i == 1:
                x = self.activation(self.g_norms[1](x))
        return x.tanh() if "tanh_scaling" in self.on else x.sigmoid()

    def judge(self, x):
        for i in (0, 1):
            x = self.d[i](x)
            x = self.activation(self.d_norm(x) if i == 1 else x)
            if "strided_conv" not in self.on:
                x = F.max_pool2d(x, 2)
        return self.d[2](x.flatten(1)).squeeze(1)

    def targets(self):
        real, fake = torch.ones(BATCH), torch.zeros(BATCH)
        if "label_smoothing" in self.on:
            stream = self.stream("label_smoothing")
            real = 0.7 + 0.5 * torch.rand(BATCH, generator=stream)
            fake = 0.3 * torch.rand(BATCH, generator=stream)
        if "label_flips" in self.on:
            stream = self.stream("label_flips")
            real = torch.where(torch.rand(BATCH, generator=stream) < 0.05, 1 - real, real)
            fake = torch.where(torch.rand(BATCH, generator=stream) < 0.05, 1 - fake, fake)
        return real, fake

    def losses(self, data, steps):
        left = []
        for _ in range(steps):
            if len(left) < BATCH:
                left = torch.randperm(len(data), generator=self.stream("data")).tolist()
            chosen, left = left[:BATCH], left[BATCH:]
            real = data[chosen] / 255
            real = real * 2 - 1 if "tanh_scaling" in self.on else real
            latent = torch.randn if "gaussian_latent" in self.on else torch.rand
            z = latent(BATCH, 100, generator=self.stream("latent"))
            fake = self.generate(z if "gaussian_latent" in self.on else 2 * z - 1)
            if "split_batches" in self.on:
                real_logits, fake_logits = self.judge(real), self.judge(fake.detach())
            else:
                real_logits, fake_logits = self.judge(torch.cat([real, fake.detach()])).chunk(2)
            real_target, fake_target = self.targets()
            # −t log σ(x) − (1 − t) log(1 − σ(x)), in the form that cannot overflow.
            d_loss = (F.softplus(real_logits) - real_target * real_logits).mean()
            d_loss = d_loss + (F.softplus(fake_logits) - fake_target * fake_logits).mean()
            self.d_adam.zero_grad()
            d_loss.backward()
            self.d_adam.step()
            g_loss = -F.logsigmoid(self.judge(fake)).mean()
            self.g_adam.zero_grad()
            g_loss.backward()
            self.g_adam.step()
            yield d_loss.item(), g_loss.item()


@pytest.mark.parametrize("cell", CELLS)
def test_agrees_with_an_independent_loop(cell):
    ours = advance(game(CELLS[cell]), 20)[:, :2]
    theirs = torch.tensor(list(Plain(CELLS[cell]).losses(images(), 20)))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_bf16_stays_near_float32_step_by_step(cell):
    """Each step from the same state: precision moves the losses by under 2e-2."""
    exact = game(CELLS[cell])
    for _ in range(5):
        rough = game(CELLS[cell], precision="bf16")
        rough.load_state_dict(copy.deepcopy(exact.state_dict()))
        torch.testing.assert_close(step(rough)[:2], step(exact)[:2], rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_off_among_all_others_is_bit_identical_to_absent(name):
    levels = dict.fromkeys(KNOWN - {name}, True)
    absent = hacks.apply(Recipe(), levels)
    off = hacks.apply(Recipe(), {**levels, name: False})
    rows = [advance(Game(r, dcgan(16, 1, WIDTH), images(), seed=SEED, batch=BATCH), 2) for r in (absent, off)]
    assert torch.equal(*rows)


@pytest.mark.parametrize("on", [set(), KNOWN], ids=["bare", "full"])
def test_the_placebo_is_another_seed_and_nothing_else(on):
    """The same other seed for every cell, so that its effect is the luck's alone."""
    another = reseeded(SEED, "placebo")
    assert another != SEED
    recipe = hacks.apply(Recipe(), dict.fromkeys(on, True))
    with_it = hacks.apply(recipe, {PLACEBO: True})
    reseeding, own, other = (
        Game(each, dcgan(16, 1, WIDTH), images(), seed=seed, batch=BATCH)
        for each, seed in ((with_it, SEED), (recipe, SEED), (recipe, another))
    )
    assert torch.equal(reseeding.generator.dense1.dense.weight, other.generator.dense1.dense.weight)
    rows = advance(reseeding, 5)
    assert torch.equal(rows, advance(other, 5))
    assert not torch.equal(rows[0], advance(own, 1)[0])


@pytest.mark.parametrize("name", ["label_flips", "label_smoothing"])
def test_a_hack_with_a_stream_of_its_own_shifts_no_other_stream(name):
    one, other = game({name}), game(set())
    step(one), step(other)
    for stream in ("data", "latent"):
        assert torch.equal(one.streams(stream).get_state(), other.streams(stream).get_state())


@pytest.mark.parametrize("cell", ["bare", "full"])
def test_same_game_twice_is_bit_identical(cell):
    assert torch.equal(advance(game(CELLS[cell]), 6), advance(game(CELLS[cell]), 6))


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("cell", CELLS)
def test_resume_is_exact(cell, precision, tmp_path):
    straight = advance(game(CELLS[cell], precision), 12)
    first = game(CELLS[cell], precision)
    rows = advance(first, 7)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = game(CELLS[cell], precision)
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(torch.cat([rows, advance(second, 12)]), straight)


def test_sampling_changes_nothing_of_the_training():
    watched, alone = game(KNOWN), game(KNOWN)
    rows = []
    for number in range(1, 7):
        rows.append(advance(watched, number))
        watched.samples(9, torch.Generator().manual_seed(number))
    assert torch.equal(torch.cat(rows), advance(alone, 6))
    assert watched.generator.training


@pytest.mark.parametrize("cell", ["bare", "full"])
def test_samples_are_uint8_rounded_as_real_images_are(cell):
    played = game(CELLS[cell])
    z = played.recipe.draw(9, torch.Generator().manual_seed(0))
    made = sample(played.sampler(), played.recipe, z, chunk=4)
    assert (made.dtype, made.shape) == (torch.uint8, (9, 1, 16, 16))
    low, high = played.recipe.pixel_range
    by_hand = ((played.sampler()(z).detach() - low) / (high - low) * 255).round()
    assert (made.float() - by_hand).abs().max() <= 1  # a chunk's rounding may differ by one level
    # A real image survives the way into the pixel range and back.
    real = images()
    back = ((to_range(real, played.recipe.pixel_range) - low) / (high - low) * 255).round().to(torch.uint8)
    assert torch.equal(back, real)


def test_training_stops_at_the_first_row_that_is_not_finite():
    broken = game(set())
    advance(broken, 3)
    with torch.no_grad():
        broken.generator.dense1.dense.weight.fill_(float("nan"))
    rows = advance(broken, 10)
    assert len(rows) == 1
    assert not torch.isfinite(rows[0]).all()
    assert sample(broken.sampler(), broken.recipe, torch.zeros(2, 100)).eq(0).all()


def test_data_smaller_than_a_batch_is_gone_through_several_times():
    small = game(set(), data=images(3))
    batch, labels = small.next_real()
    assert labels is None
    assert batch.shape == (BATCH, 1, 16, 16)
    assert len({tuple(x.flatten().tolist()) for x in batch}) == 3


def test_every_image_is_seen_once_per_epoch():
    played = game(set(), data=images(40))
    seen = torch.cat([played.next_real()[0] for _ in range(5)])
    assert len({tuple(x.flatten().tolist()) for x in seen}) == 40


def test_points_train():
    points = torch.rand(64, 2, 1, 1, generator=torch.Generator().manual_seed(0))
    rows = advance(game(KNOWN, data=points, backbone=mlp(2, width=16)), 5)
    assert rows.shape == (5, len(CURVES))
    assert torch.isfinite(rows).all()


def test_denormal_numbers_count_as_zero_while_it_trains_and_only_then(monkeypatch):
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor has no such mode")
    trained, seen = game(set()), []
    draw = trained.next_real
    monkeypatch.setattr(trained, "next_real", lambda: (seen.append(denormals_are_flushed()), draw())[1])
    for before in (True, False):
        torch.set_flush_denormal(before)
        advance(trained, trained.step_number + 2)
        assert denormals_are_flushed() is before  # left as it was found
    assert seen == [True] * 4


def test_a_step_leaves_nothing_for_the_collector():
    """Images and graphs of a step are gone with it, not whenever Python looks for what holds itself."""
    played = game(KNOWN)
    advance(played, 5)  # what a first step makes once is through
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)  # what only the collector would have freed is kept, to be looked at
    try:
        advance(played, 10)
        gc.collect()
        left = [type(each).__name__ for each in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not {"Step", "Tensor"} & set(left), left

"""What remembers, what balances the players, and what changes latents and mixtures, in exact numbers."""

import io
import math
from dataclasses import dataclass
from itertools import chain

import pytest
import torch
from torch import nn

import hacks
from bench.gan.conformance import BATCH, game
from bench.gan.loop import advance, step
from bench.gan.streams import Streams
from hacks import Recipe
from hacks.recipe import Batches, RandomLayer, Step, Targets
from hacks.registry import conflicts


def on(*names, **parameters):
    """A recipe with these hacks; parameters are those of the first."""
    return hacks.apply(Recipe(), dict.fromkeys(names, True), {names[0]: parameters})


def numbered(first, n):
    """One-pixel images of these numbers."""
    return torch.arange(first, first + n, dtype=torch.float32)[:, None, None, None]


def replayed(batches, size, rate=0.5, n=8):
    """What D sees of batches of fakes that count on, and the pool afterwards."""
    (member,) = on("experience_replay", size=size, rate=rate).d_batches
    streams, state, seen = Streams(0), member.start(), []
    for number in range(batches):
        real, fake = -numbered(0, n), numbered(n * number, n)
        made = member(Batches(real, fake), streams, state)
        assert made.real is real
        seen.append(made.fake.flatten().tolist())
    return seen, state["pool"].flatten().tolist()


def test_a_pool_that_is_not_full_only_takes_in():
    seen, pool = replayed(3, size=20)
    assert seen == [list(range(8)), list(range(8, 16)), list(range(16, 24))]
    assert pool == list(range(20))


def test_swapped_fakes_change_places_with_those_of_the_pool():
    seen, pool = replayed(300, size=16)
    swapped = [sum(fake < 8 * number for fake in batch) for number, batch in enumerate(seen)]
    assert swapped[:2] == [0, 0]
    assert sum(swapped[2:]) / (298 * 8) == pytest.approx(0.5, abs=0.04)
    # Nothing is lost or doubled: what D has seen since it was full, and the pool, are all fakes there were.
    assert sorted([*chain(*seen[2:]), *pool]) == list(range(300 * 8))


@pytest.mark.parametrize(("size", "rate", "share"), [(5, 0.5, 0.5), (2, 0.5, 0.25), (50, 1.0, 1.0), (50, 0.0, 0.0)])
def test_a_batch_larger_than_the_pool_is_swapped_as_far_as_the_pool_goes(size, rate, share):
    seen, pool = replayed(400, size=size, rate=rate)
    filled = -(-size // 8)
    swapped = [sum(fake < 8 * number for fake in batch) for number, batch in enumerate(seen)][filled:]
    assert sum(swapped) / len(swapped) / 8 == pytest.approx(share, abs=0.03)
    assert len(set(pool)) == size


def test_past_discriminators_judge_g_at_their_rate():
    recipe = on("past_discriminators", every=3, kept=2, rate=1.0)
    played = game(recipe)
    weights = []
    for _ in range(10):
        step(played)
        weights.append(played.d_parameters[0].detach().clone())
    (state,) = played.members.state_dict()
    assert [len(state["stored"]), state["due"]] == [2, 12]
    name = next(iter(played.discriminator.state_dict()))
    # Stored after the steps 3, 6 and 9; the last two are kept.
    assert torch.equal(state["stored"][0][name], weights[5])
    assert torch.equal(state["stored"][1][name], weights[8])
    (member,) = recipe.g_opponents
    chosen = [member.g_opponents(played.discriminator, played.streams, state) for _ in range(40)]
    found = [next(past.parameters()) for past in chosen]
    assert not any(each.requires_grad for each in found)
    shares = [sum(torch.equal(each, weights[number]) for each in found) / 40 for number in (5, 8)]
    assert sum(shares) == 1
    assert min(shares) > 0.25
    assert torch.equal(played.d_parameters[0], weights[-1])  # D itself is left as it is


def test_past_discriminators_take_nothing_before_there_are_any():
    (member,) = on("past_discriminators").g_opponents
    state, streams = member.start(), Streams(0)
    network = nn.Linear(1, 1)
    assert member.g_opponents(network, streams, state) is network
    state["stored"] = [{name: value + 1 for name, value in network.state_dict().items()}]
    past = [member.g_opponents(network, streams, state) is not network for _ in range(2000)]
    assert sum(past) / 2000 == pytest.approx(0.1, abs=0.02)


def test_a_past_discriminator_draws_from_the_streams_of_the_run():
    @dataclass(frozen=True)
    class Draws:
        def __call__(self):
            return Drawing()

    class Drawing(RandomLayer):
        stream_name = "drawn"

        def forward(self, images):
            return images + torch.rand((), generator=self.stream)

    recipe = on("past_discriminators", every=1, rate=1.0).add("d_layers", Draws())
    played = game(recipe)
    step(played)
    (member,) = recipe.g_opponents
    past = member.g_opponents(played.discriminator, played.streams, played.members.state_dict()[0])
    drawing = [layer for layer in past.modules() if isinstance(layer, Drawing)]
    assert drawing
    assert all(layer.stream is played.streams("drawn") for layer in drawing)


def test_historical_averaging_is_the_distance_to_the_mean_of_the_past():
    (member,) = on("historical_averaging", weight=3.0).penalties
    nets = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    for network, value in zip(nets, (1.0, 10.0), strict=True):
        network.weight.data.fill_(value)
    generator, discriminator = nets
    state = member.start(G=generator, D=discriminator)
    assert member.penalties(discriminator, state).item() == 0
    for value in (4.0, 7.0):
        generator.weight.data.fill_(value)
        member.g_after(generator, state)
    assert state["means"]["g"][0].item() == pytest.approx((1 + 4 + 7) / 3)
    generator.weight.data.fill_(6.0)
    paid = member.g_penalties(generator, state)
    assert paid.item() == pytest.approx(3 * (6 - 4) ** 2)
    paid.backward()
    assert generator.weight.grad.item() == pytest.approx(3 * 2 * (6 - 4))
    discriminator.weight.data.fill_(12.0)
    assert member.penalties(discriminator, state).item() == pytest.approx(3 * 2**2)
    member.d_after(discriminator, state)
    assert state["means"]["d"][0].item() == pytest.approx(11)


def test_top_k_keeps_the_best_and_ever_fewer():
    (member,) = on("top_k").g_logits
    assert [member.kept(64, epochs) for epochs in (0, 1, 10, 68, 69, 500)] == [64, 63, 58, 32, 32, 32]
    assert member.kept(1, 500) == 1
    state = {"epochs_per_step": 0.5}
    logits = torch.tensor([0.1, -2.0, 3.0, 1.0])
    for number, expected in ((0, [3.0, 1.0, 0.1, -2.0]), (1000, [3.0, 1.0])):
        kept = member(logits, Step(number, 2000, Streams(0)), state)
        assert kept.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "expected"), [({}, 8 / 24), ({"d_steps": 2}, 16 / 24), ({"batch_factor": 2}, 8 / 24)]
)
def test_top_k_counts_epochs_of_the_data_that_d_has_seen(changes, expected):
    played = game(on("top_k").fill(**changes))
    assert played.members.state_dict()[0]["epochs_per_step"] == pytest.approx(expected)


def test_g_gets_no_gradient_from_the_images_that_are_left_out():
    (member,) = on("top_k", decay=0.5, least=0.5).g_logits
    logits = torch.tensor([0.1, -2.0, 3.0, 1.0], requires_grad=True)
    Recipe().loss.g(member(logits, Step(9, 9, Streams(0)), {"epochs_per_step": 1.0})).backward()
    assert (logits.grad != 0).tolist() == [False, False, True, True]


def test_d_waits_while_its_last_loss_is_below_the_threshold():
    (member,) = on("skip_discriminator", threshold=1.0).d_before
    state, both = member.start(), torch.zeros(2)
    losses = [0.5, 0.9, 1.2, 0.8, 1.0, 1.1]
    steps = [member.d_before(torch.tensor(loss), both, both, state) for loss in losses]
    # Each goes by the loss before it; the first step of all is made.
    assert steps == [True, False, False, True, False, True]
    assert on("skip_discriminator").d_before[0].threshold == pytest.approx(0.7 * math.log(4), abs=0.001)


def test_d_waits_by_the_sum_of_both_sides_where_they_are_apart():
    (member,) = on("skip_discriminator", threshold=1.0).d_before
    state, some, none = member.start(), torch.zeros(2), torch.zeros(0)
    steps = [
        member.d_before(torch.tensor(loss), *sides, state)
        for loss, sides in [
            *((0.7, (some, none)), (0.7, (none, some))),
            *((0.2, (some, none)), (0.7, (none, some))),
            *((0.7, (some, none)), (0.7, (none, some))),
        ]
    ]
    assert steps == [True, True, True, False, False, True]


def test_a_d_that_waits_stays_and_g_goes_on():
    played = game(on("skip_discriminator", threshold=100.0))
    step(played)
    before = [parameter.detach().clone() for parameter in (*played.d_parameters, *played.g_parameters)]
    advance(played, 3)
    moved = [not torch.equal(*each) for each in zip(before, (*played.d_parameters, *played.g_parameters), strict=True)]
    assert not any(moved[: len(played.d_parameters)])
    assert all(moved[len(played.d_parameters) :])


def test_two_updates_are_one_on_real_and_one_on_fake_images():
    played = game(on("two_discriminator_updates"))
    seen = []
    real, fake = torch.ones(3, 1), torch.zeros(3, 1)

    def discriminator(images):
        seen.append(images)
        return images.flatten() + len(seen)

    updates = played.recipe.batching(discriminator, real, fake)
    assert [each.tolist() for each in next(updates)] == [[2] * 3, []]
    assert len(seen) == 1  # the fakes wait for D's update
    assert [each.tolist() for each in next(updates)] == [[], [2] * 3]
    advance(played, 2)
    assert int(played.d_optimizer.state_dict()["state"][0]["step"]) == 4
    assert conflicts(["split_batches", "two_discriminator_updates"])


def mixed(real, fake, alpha=0.2):
    (member,) = on("mixup", alpha=alpha).d_batches
    state = member.start()
    return member, state, member.d_batches(Batches(real, fake), Streams(0), state)


def test_mixup_mixes_images_and_targets_in_the_same_shares():
    n = 5000
    member, state, made = mixed(torch.full((n, 1, 2, 2), 3.0), torch.full((n, 1, 2, 2), -1.0))
    targets = member.targets(Targets(torch.full((n,), 0.9), torch.full((n,), 0.1)), state)
    shares = torch.cat([(images[:, 0, 0, 0] + 1) / 4 for images in made])  # of the real image in each mixture
    assert torch.equal(made.real, made.real[:, :1, :1, :1].expand_as(made.real))
    torch.testing.assert_close(torch.cat(list(targets)), 0.1 + 0.8 * shares)
    assert shares[:n].min() >= 0.5 >= shares[n:].max()
    # Beta(0.2, 0.2): mean 1/2, variance 1 / (4 · (2 · 0.2 + 1)).
    assert shares.mean().item() == pytest.approx(0.5, abs=0.01)
    assert shares.var().item() == pytest.approx(1 / 5.6, rel=0.03)


def test_mixup_with_updates_on_one_side_and_with_logits_of_several_images():
    member, state, _ = mixed(torch.ones(4, 1, 1, 1), torch.zeros(4, 1, 1, 1))
    state["share"] = torch.tensor([1.0, 0.5, 0.75, 0.75])
    one, none = torch.ones(4), torch.ones(0)
    assert member.targets(Targets(one, none), state).real.tolist() == [1, 0.5, 0.75, 0.75]
    alone = member.targets(Targets(none, 0 * one), state)
    assert (len(alone.real), alone.fake.tolist()) == (0, [0, 0.5, 0.25, 0.25])
    assert member.targets(Targets(one[:2], 0 * one[:2]), state).real.tolist() == [0.75, 0.75]


def test_mixup_comes_after_other_changes_of_targets_and_trains_with_two_updates():
    recipe = on("mixup", "label_smoothing", "label_flips", "two_discriminator_updates", "experience_replay")
    assert [type(member).__name__ for member in recipe.targets] == ["LabelSmoothing", "LabelFlips", "Mixup"]
    assert [type(member).__name__ for member in recipe.d_batches] == ["ExperienceReplay", "Mixup"]
    assert torch.isfinite(advance(game(recipe), 3)).all()


def test_latents_on_a_sphere():
    latent = on("spherical_latent").latent
    z = latent(20_000, 3, Streams(0)("latent"))
    assert z.norm(dim=1).tolist() == pytest.approx([3**0.5] * 20_000, rel=1e-5)
    # Uniform: on a sphere in three dimensions each coordinate is (Archimedes).
    assert z[:, 0].abs().mean().item() == pytest.approx(3**0.5 / 2, rel=0.02)
    way = latent.between(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]]), 1 / 3)
    assert way[0].tolist() == pytest.approx([2 * math.cos(math.pi / 6), 2 * math.sin(math.pi / 6)])
    assert conflicts(["gaussian_latent", "spherical_latent"])


def moved(z, recipe, network, streams=None):
    (member,) = recipe.latent_changes
    return member(z, G=lambda z: z, D=network, seen=lambda images: images, streams=streams or Streams(0), recipe=recipe)


def test_latents_move_up_ds_slope():
    """D(G(z)) = w · z: z + α·w / (β + ‖w‖²)."""
    slope = torch.tensor([3.0, 4.0], requires_grad=True)
    recipe = on("latent_optimisation", "gaussian_latent", share=1.0)
    z = torch.tensor([[1.0, 2.0], [-3.0, 0.5]])
    made = moved(z, recipe, lambda x: x @ slope)
    torch.testing.assert_close(made, z + 0.9 * slope.detach() / (0.1 + 25))
    assert not made.requires_grad
    # With latents of G's own its gradient goes through the move.
    through = moved(z, recipe.fill(fresh_latents=True), lambda x: x @ slope)
    torch.testing.assert_close(through.detach(), made)
    through.sum().backward()
    (w, v), size = (3.0, 4.0), 25.1
    expected = [2 * 0.9 * (1 / size - 2 * each * (w + v) / size**2) for each in (w, v)]
    assert slope.grad.tolist() == pytest.approx(expected, rel=1e-4)


def test_latents_stay_where_draws_lie_and_a_share_of_them_where_they_are():
    def steep(z):
        return 0.1 * z.sum(1)

    z = torch.full((4000, 4), 0.9)
    uniform = moved(z, on("latent_optimisation", share=0.8), steep)
    assert uniform.max() == 1  # the cube's face, which 0.9 + 0.9 · 0.1 / 0.14 would leave
    assert (uniform[:, 0] != 0.9).float().mean().item() == pytest.approx(0.8, abs=0.02)
    sphere = moved(z, on("latent_optimisation", "spherical_latent"), lambda z: z[:, 0])
    assert sphere.norm(dim=1).max().item() == pytest.approx(2)


@pytest.mark.parametrize("fresh", [False, True])
def test_latent_optimisation_in_a_game(fresh):
    played = game(on("latent_optimisation").fill(fresh_latents=fresh))
    rows = advance(played, 3)
    assert torch.isfinite(rows).all()
    assert len(played.samples(BATCH, Streams(0)("samples"))) == BATCH


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("experience_replay", {"size": 12}),
        ("past_discriminators", {"every": 1, "kept": 3, "rate": 0.8}),
        ("skip_discriminator", {"threshold": 1.405}),
        ("top_k", {"decay": 0.5, "least": 0.25}),
    ],
)
def test_what_is_remembered_for_long_is_kept_with_the_training(name, parameters):
    """As conformance asks it of all, with numbers by which they act within these few steps."""
    straight, first, second = (game(on(name, **parameters)) for _ in range(3))
    rows = advance(straight, 8)
    assert not torch.equal(rows, advance(game(Recipe()), 8))
    before, stored = advance(first, 4), io.BytesIO()
    torch.save(first.state_dict(), stored)
    stored.seek(0)
    second.load_state_dict(torch.load(stored, weights_only=True))
    assert torch.equal(torch.cat([before, advance(second, 8)]), rows)

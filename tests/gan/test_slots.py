"""What each slot of the loop does, with tricks that are nobody's: the loop has them for tricks to come."""

import inspect
import math
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from bench.gan.backbone import dcgan
from bench.gan.conformance import BATCH, game
from bench.gan.loop import Game, advance, step
from hacks import HackError, Recipe
from hacks.recipe import TUPLE_SLOTS, Batches, Logits
from hacks.slots import OFFERED

ACTING = [slot for slot in OFFERED if slot in TUPLE_SLOTS and slot != "start"]


def asking(names, do):
    """A member that asks for these names, as if it were written so."""

    def member(**asked):
        return do(asked)

    kinds = inspect.Parameter.KEYWORD_ONLY
    member.__signature__ = inspect.Signature([inspect.Parameter(name, kinds) for name in names])
    return member


@dataclass(frozen=True)
class Passes:
    """What a member of each slot gives where it changes nothing."""

    slot: str

    def __call__(self, asked):
        kept = {"latent_changes": "z", "d_batches": "batches", "d_inputs": "images", "targets": "targets"}
        kept |= {"g_opponents": "D", "g_logits": "fake_logits"}
        if self.slot in kept:
            return asked[kept[self.slot]]
        return torch.zeros(()) if self.slot.endswith("penalties") else None


@pytest.mark.parametrize("slot", ACTING)
def test_every_slot_gives_all_that_it_offers(slot):
    seen = []
    names = [name for name in OFFERED[slot] if name != "state"]
    member = asking(names, lambda asked: (seen.append(asked), Passes(slot)(asked))[1])
    rows = advance(game(Recipe().add(slot, member)), 2)
    assert {name for name in names if seen[0][name] is None} == set()
    # It asked for features and for D's answers to real images in G's step, and changed nothing by it.
    assert torch.equal(rows, advance(game(Recipe()), 2))
    assert (seen[0]["step"].number, seen[-1]["step"].number) == (0, 1)


def test_where_a_run_stands():
    seen = []
    member = asking(["step"], lambda asked: seen.append(asked["step"]))
    played = game(Recipe().add("g_after", member))
    advance(played, 7)  # of the 5 that it said it would have
    assert [each.number for each in seen] == list(range(7))
    assert [each.progress for each in seen] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1, 1])
    assert seen[0].streams is played.streams
    endless = Game(Recipe().add("g_after", member), dcgan(16, 1, 2), played.images, seed=0, batch=4)
    step(endless)
    assert (seen[-1].progress, seen[-1].labels) == (0.0, None)


def test_labels_are_those_of_the_real_batch():
    seen = []
    names = ["labels", "real", "step"]
    played = game(Recipe().add("penalties", asking(names, lambda asked: (seen.append(asked), torch.zeros(()))[1])))
    step(played)
    (found,) = seen
    assert found["step"].labels is found["labels"]
    for image, label in zip(found["real"], found["labels"], strict=True):
        (row,) = (played.images.div(255) == image).flatten(1).all(1).nonzero()[0].tolist()
        assert played.labels[row] == label


def test_who_asks_for_what_is_not_there_is_told_so():
    with pytest.raises(HackError, match=r"member asks for 'reel' \(did you mean real\?\): it can have D, G, "):
        game(Recipe().add("penalties", asking(["reel"], None)))
    with pytest.raises(HackError, match="member asks for 'fake_logits': it can have"):
        game(Recipe().add("d_inputs", asking(["fake_logits"], None)))
    with pytest.raises(HackError, match="member asks for 'state'"):
        game(Recipe().add("d_inputs", asking(["state"], None)))
    with pytest.raises(HackError, match="member asks for labels: these data have no labels; take others or"):
        game(Recipe().add("penalties", asking(["labels"], None)), labelled=False)
    with pytest.raises(HackError, match="int: expected something to call"):
        game(Recipe().add("penalties", 3))


def test_who_can_do_without_labels_is_left_to():
    def penalty(real, labels=None):
        assert labels is None
        return real.sum() * 0

    step(game(Recipe().add("penalties", penalty), labelled=False))


@dataclass(frozen=True)
class Remembers:
    """One class in two slots with one state: D's input is scaled by how often D was updated."""

    def start(self, batch, device):
        return {"updates": torch.zeros((), device=device), "of": batch}

    def d_inputs(self, images, state):
        return images * (1 + state["updates"])

    def d_after(self, state):
        state["updates"] += 1


def test_a_member_has_one_state_in_all_its_slots():
    played = game(Recipe().add("d_inputs", Remembers()).add("d_after", Remembers()))
    rows = advance(played, 3)
    (state,) = played.members.state_dict()
    assert (state["updates"].item(), state["of"]) == (3, BATCH)
    assert not torch.equal(rows, advance(game(Recipe()), 3))


class Slow:
    """A state that is an object."""

    def __init__(self):
        self.kept = []

    def state_dict(self):
        return {"kept": list(self.kept)}

    def load_state_dict(self, state):
        self.kept = list(state["kept"])


@dataclass(frozen=True)
class Lists:
    def start(self):
        return Slow()

    def __call__(self, g_loss, state):
        state.kept.append(float(g_loss))


def test_a_state_may_be_an_object():
    first, second = (game(Recipe().add("g_after", Lists())) for _ in range(2))
    rows = advance(first, 2)
    second.load_state_dict(first.state_dict())
    later = advance(second, 4)
    (state,) = second.members.state_dict()
    assert state["kept"] == pytest.approx([*rows[:, 1].tolist(), *later[:, 1].tolist()])


def test_a_loss_on_each_side_and_one_on_the_pair_are_the_same_sum():
    class Pair:
        def d(self, real_logits, fake_logits, targets):
            alone = Recipe().loss
            return alone.d(real_logits, targets.real) + alone.d(fake_logits, targets.fake)

        def g(self, fake_logits, real_logits):
            assert real_logits.shape == fake_logits.shape
            return Recipe().loss.g(fake_logits)

    assert torch.equal(advance(game(Recipe(loss=Pair())), 3), advance(game(Recipe()), 3))


def test_gs_loss_sees_ds_answers_to_real_images_after_ds_step():
    seen = []

    class Pair:
        d = staticmethod(Recipe().loss.d)

        def g(self, real_logits, fake_logits):
            seen.append(real_logits)
            return (real_logits - fake_logits).mean()

    played = game(Recipe(loss=Pair()))
    watched = []
    real = played.next_real
    played.next_real = lambda: (watched.append(real()), watched[-1])[1]
    step(played)
    torch.testing.assert_close(seen[0], played.discriminator(watched[0][0]))
    assert not seen[0].requires_grad


def test_penalties_of_both_players_are_added():
    plain = step(game(Recipe()))
    dear = asking(["real"], lambda asked: torch.tensor(3.0))
    both = step(game(Recipe().add("penalties", dear).add("g_penalties", dear)))
    torch.testing.assert_close(both - plain, torch.tensor([3.0, 3, 0, 0, 0, 0]))


def test_features_are_what_comes_into_ds_last_layer():
    seen = {}

    def keep(name):
        return asking(
            ["real_features", "fake_features", "real_logits", "fake_logits", "D"],
            lambda asked: (seen.update({name: asked}), torch.zeros(()))[1],
        )

    played = game(Recipe().add("penalties", keep("d")).add("g_penalties", keep("g")))
    weight = played.discriminator.dense1.dense
    before = weight.weight.clone(), weight.bias.clone()
    step(played)
    for name, (w, b) in (("d", before), ("g", (weight.weight, weight.bias))):
        for side in ("real", "fake"):
            features, logits = seen[name][f"{side}_features"], seen[name][f"{side}_logits"]
            assert features.shape == (BATCH, 4, 4, 4)
            torch.testing.assert_close((features.flatten(1) @ w.T + b).flatten(), logits)
    assert seen["d"]["fake_features"].requires_grad


def total(network):
    return float(sum(parameter.detach().sum() for parameter in network.parameters()))


def test_hooks_stand_around_the_optimisers_steps_and_can_prevent_them():
    steps, recipe = [], Recipe()
    for slot, side in (("d_before", "D"), ("d_after", "D"), ("g_before", "G"), ("g_after", "G")):
        member = asking([side], lambda asked, s=slot, n=side: steps.append((s, total(asked[n]))))
        recipe = recipe.add(slot, member)
    step(game(recipe))
    assert [slot for slot, _ in steps] == ["d_before", "d_after", "g_before", "g_after"]
    values = [value for _, value in steps]
    assert values[0] != values[1]
    assert values[2] != values[3]

    never = asking(["D"], lambda _: pytest.fail("no step was made"))
    waits = game(Recipe().add("d_before", lambda d_loss: False).add("d_after", never))
    before = [parameter.clone() for parameter in waits.d_parameters]
    advance(waits, 3)
    assert all(torch.equal(old, new) for old, new in zip(before, waits.d_parameters, strict=True))
    assert waits.d_optimizer.state_dict()["state"] == {}


def test_a_hook_before_the_step_changes_the_gradient_and_the_curve_has_it_as_it_was():
    def cut(D):
        for parameter in D.parameters():
            parameter.grad.clamp_(-1e-9, 1e-9)

    plain, clipped = game(Recipe()), game(Recipe().add("d_before", cut))
    assert step(plain)[4] == step(clipped)[4] > 0
    assert max(float(parameter.grad.abs().max()) for parameter in clipped.d_parameters) <= 1e-9


def test_several_steps_of_d_take_several_batches():
    played, counted = game(Recipe(d_steps=3)), []
    real = played.next_real
    played.next_real = lambda: (counted.append(1), real())[1]
    advance(played, 2)
    assert len(counted) == 6
    steps = {
        name: {int(state["step"]) for state in optimizer.state_dict()["state"].values()}
        for name, optimizer in (("d", played.d_optimizer), ("g", played.g_optimizer))
    }
    assert steps == {"d": {6}, "g": {2}}


def test_larger_batches_are_as_many_times_fewer():
    played = game(Recipe(batch_factor=3))
    rows = advance(played, 7)
    assert played.batch == 3 * BATCH
    assert len(rows) == played.step_number == 7
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[2], rows[3])
    assert int(played.g_optimizer.state_dict()["state"][0]["step"]) == 3
    first, second = (game(Recipe(batch_factor=3)) for _ in range(2))
    before = advance(first, 2)
    second.load_state_dict(first.state_dict())
    assert torch.equal(torch.cat([before, advance(second, 7)]), rows)


def test_fresh_latents_are_gs_own():
    seen = []
    for fresh in (False, True):
        keep = asking(["z"], lambda asked: seen.append(asked["z"]))
        step(game(Recipe(fresh_latents=fresh).add("d_after", keep).add("g_after", keep)))
    of_d, of_g, of_d_again, own = seen
    assert torch.equal(of_d, of_g)
    assert torch.equal(of_d, of_d_again)
    assert not torch.equal(of_d_again, own)


def test_latents_opponents_answers_and_batches_can_be_changed():
    seen = {}

    def opponent(D, d_pays):
        assert d_pays(torch.zeros(2), torch.zeros(2)).item() == pytest.approx(2 * math.log(2))
        return lambda images: D(images) * 0 + 7

    recipe = (
        Recipe()
        .add("latent_changes", lambda z: z / z.norm(dim=1, keepdim=True))
        .add("d_batches", lambda batches: Batches(batches.real, batches.fake.flip(0)))
        .add("g_opponents", opponent)
        .add("g_logits", lambda fake_logits: fake_logits.topk(3).values)
        .add("d_after", asking(["z", "fake", "G", "D"], lambda asked: seen.update(d=asked)))
        .add("g_after", asking(["fake_logits", "g_loss"], lambda asked: seen.update(g=asked)))
    )
    played = game(recipe)
    made = played.generate
    played.generate = lambda *given: (seen.update(made=made(*given)), seen["made"])[1]
    step(played)
    assert seen["d"]["z"].norm(dim=1).tolist() == pytest.approx([1] * BATCH)
    assert torch.equal(seen["d"]["fake"], seen["made"].images.detach().flip(0))
    assert seen["g"]["fake_logits"].tolist() == [7] * 3
    assert seen["g"]["g_loss"] == pytest.approx(nn.functional.softplus(torch.tensor(-7.0)).item())


class OneByOne:
    """An update of D on real images, then one on fakes: what two calls of Keras' train_on_batch do."""

    updates = 2

    def __call__(self, D, real, fake):
        logits = D(real)
        yield Logits(logits, logits[:0])
        logits = D(fake)
        yield Logits(logits[:0], logits)


def test_two_updates_of_d():
    played, plain = (game(Recipe(batching=each)) for each in (OneByOne(), Recipe().batching))
    penalties = []
    both = Recipe(batching=OneByOne()).add("penalties", lambda real: (penalties.append(1), real.sum() * 0)[1])
    row, expected = step(played), step(plain)
    step(game(both))
    assert len(penalties) == 1
    assert int(played.d_optimizer.state_dict()["state"][0]["step"]) == 2
    assert torch.isfinite(row).all()
    # Real images are judged by the same D; fakes by one that has learned from them already.
    assert row[2] == pytest.approx(expected[2].item())
    assert row[3] != expected[3]


def test_a_run_is_the_seed_of_its_recipe():
    by_salt, own = game(Recipe(reseed="salt")), game(Recipe())
    assert by_salt.seed != own.seed == 3
    assert by_salt.streams.seed == by_salt.seed


def test_optimisers_ask_for_what_they_need():
    def descent(parameters, lr):
        return torch.optim.SGD(parameters, lr=lr)

    played = game(Recipe(d_optimizer=descent, d_lr=0.5))
    assert isinstance(played.d_optimizer, torch.optim.SGD)
    assert isinstance(played.g_optimizer, torch.optim.Adam)
    assert torch.isfinite(advance(played, 2)).all()

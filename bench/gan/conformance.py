"""What every hack keeps to, as checks to run on one: ours are all tested with it, and so can be anybody's.

    import hacks
    from bench.gan.conformance import CHECKS, conform
    conform(hacks.load_file("my_trick.py")[0])

Every check takes a hack's name and raises `Misfit`, whose text says what is not as it should be. Those of `ON_DEVICES`
also take the device that they train on.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import torch

import hacks
from bench.gan.backbone import dcgan
from bench.gan.look import looked_at
from bench.gan.loop import Game, advance, step
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks import card as cards
from hacks.parameters import declared
from hacks.recipe import DRAWING_SLOTS

WIDTH, BATCH, SEED, STEPS, CLASSES, RESOLUTION = 2, 8, 3, 5, 3, 16
RESOLUTIONS, CHANNELS, MANY_STEPS = (16, 28, 32, 64), (1, 3), 50


class Misfit(AssertionError):
    """What a hack does not keep to, in one line."""


def conform(name: str) -> None:
    """Every check, of the hack of that name."""
    for check in CHECKS.values():
        check(name)


def _expect(fits: bool, otherwise: str) -> None:
    if not fits:
        raise Misfit(otherwise)


def card_is_complete(name: str) -> None:
    """Title and fields are there, what is measured can be read, and `Needs` names the hacks that code needs."""
    hack = hacks.get(name)
    missing = [field for field in cards.CARD_FIELDS if not cards.fields(hack.card).get(field.lower())]
    _expect(bool(hack.title) and not missing, f"{name}: its card lacks {', '.join(missing) or 'a title'}")
    try:
        hack.describe()
    except HackError as problem:
        raise Misfit(f"{name}: {problem}") from None
    named = cards.needed(hack.card, [each for each in hacks.names() if each != name])
    _expect(named == set(hack.needs), f"{name}: its card needs {sorted(named)}, its code {sorted(hack.needs)}")


def parameters_are_declared(name: str) -> None:
    """Every parameter's default fits its type and range; a number is no text, no truth value and not not-a-number."""
    hack = hacks.get(name)
    for parameter, annotation in hack.parameter_types.items():
        default = hack.parameters[parameter]
        fits = hack.checked(**{parameter: default})[parameter] == default
        _expect(fits, f"{name}.{parameter}: the default {default!r} is not as it is declared")
        if declared(annotation)[0] in (int, float):
            for wrong in (float("nan"), True, "much"):
                try:
                    hack.on(Recipe(), **{parameter: wrong})
                except HackError:
                    continue
                raise Misfit(f"{name}.{parameter}={wrong!r} is not refused")


def off_is_absent(name: str) -> None:
    """Off takes back what on does, whoever does it how often, and on its own does nothing."""
    naive, on = Recipe(), hacks.apply(Recipe(), {name: True})
    _expect(on != naive, f"{name}: on changes nothing")
    _expect(hacks.apply(naive, {name: False}) == naive, f"{name}: off changes the naive recipe")
    _expect(hacks.apply(on, {name: False}) == naive, f"{name}: off leaves something of on")
    _expect(hacks.apply(on, {name: True}) == on, f"{name}: on twice is not on")
    rows = [advance(game(recipe), 2) for recipe in (naive, hacks.apply(on, {name: False}))]
    _expect(torch.equal(*rows), f"{name}: off trains otherwise than absent")


def commutes(name: str) -> None:
    """With every other hack that it does not exclude, the order of switching on makes no difference."""
    for other in hacks.names():
        if other != name and not hacks.conflicts([name, other]):
            one = hacks.apply(hacks.apply(Recipe(), {name: True}), {other: True})
            two = hacks.apply(hacks.apply(Recipe(), {other: True}), {name: True})
            _expect(one == two, f"{name} and {other}: their order makes a difference")


def trains(name: str, device: str = "cpu") -> None:
    """Its losses and gradients are finite for grey and coloured images, in float32 and bf16."""
    for channels in (1, 3):
        for precision in ("float32", "bf16"):
            played = game(switched_on(name), channels=channels, precision=precision, device=device)
            rows = advance(played, STEPS)
            finite = len(rows) == STEPS and bool(torch.isfinite(rows).all())
            _expect(finite, f"{name}: no finite losses with {channels} channels in {precision}")
    made = played.samples(2, Streams(0, device)("samples"))
    _expect(made.shape == (2, channels, RESOLUTION, RESOLUTION), f"{name}: G's images are {tuple(made.shape)}")


def works_everywhere(name: str, device: str = "cpu") -> None:
    """Its first step is finite at every resolution and for grey and coloured images."""
    for resolution in RESOLUTIONS:
        for channels in CHANNELS:
            played = game(switched_on(name), channels=channels, resolution=resolution, device=device)
            finite = bool(torch.isfinite(step(played)).all())
            _expect(finite, f"{name}: no finite losses at {resolution} pixels and {channels} channels")


def fifty_steps(name: str, device: str = "cpu") -> None:
    """On top of the full core recipe, in place of those hacks that it excludes, its losses and weights stay finite."""
    played = game(on_top_of_core(name), steps=MANY_STEPS, device=device)
    made = len(advance(played, MANY_STEPS))
    weights = (*played.generator.parameters(), *played.discriminator.parameters())
    finite = made == MANY_STEPS and all(bool(torch.isfinite(weight).all()) for weight in weights)
    _expect(finite, f"{name}: on top of the core hacks it diverges in step {made}")


def resumes(name: str) -> None:
    """Stored in the middle as plain data, with the states of its members, it goes on bit for bit."""
    for precision in ("float32", "bf16"):
        straight = advance(game(switched_on(name), precision=precision), STEPS)
        first, second = (game(switched_on(name), precision=precision) for _ in range(2))
        rows, stored = advance(first, 2), io.BytesIO()
        torch.save(first.state_dict(), stored)
        stored.seek(0)
        second.load_state_dict(torch.load(stored, weights_only=True))
        same = torch.equal(torch.cat([rows, advance(second, STEPS)]), straight)
        _expect(same, f"{name}: trains otherwise after a stop, in {precision}; is all it remembers in its state?")


def leaves_other_streams_alone(name: str) -> None:
    """It shifts the draws of data and latents only if it is about them."""
    if DRAWING_SLOTS & set(hacks.get(name).slots()):
        return
    games = [game(each) for each in (switched_on(name), switched_off(name))]
    for played in games:
        advance(played, 2)
    for stream in ("data", "latent"):
        same = torch.equal(*(played.streams(stream).get_state() for played in games))
        _expect(same, f"{name}: it shifts the stream {stream!r}; draw from streams({name!r})")


def a_look_changes_nothing(name: str) -> None:
    """Looked at between two steps it trains on as if nobody had looked."""
    watched, alone = game(switched_on(name)), game(switched_on(name))
    rows = [advance(watched, 2)]
    with looked_at(watched, BATCH, Streams(SEED)) as seen:
        generator, discriminator = copy.deepcopy(seen.generator), copy.deepcopy(seen.discriminator)
        for logits in seen.batching(discriminator, seen.real, generator(seen.z).detach()):
            paid = seen.d_loss(*logits), seen.g_loss(*logits)
    _expect(all(each.ndim == 0 for each in paid), f"{name}: a loss is no scalar")
    _expect(torch.equal(torch.cat([*rows, advance(watched, 4)]), advance(alone, 4)), f"{name}: a look changes it")


def says_that_it_needs_labels(name: str) -> None:
    """Where it needs labels its card says so, and it is refused in one line on data without, before the first step."""
    hack = hacks.get(name)
    if hack.needs_labels:
        _expect(cards.needed(hack.card, ["labels"]) == {"labels"}, f"{name}: it asks for labels; name them in `Needs`")
        try:
            game(switched_on(name), labelled=False)
        except HackError as problem:
            _expect("\n" not in str(problem), f"{name}: the refusal of data without labels has several lines")
            return
        raise Misfit(f"{name}: it asks for labels and trains without")


def switched_on(name: str) -> Recipe:
    """The naive recipe with the hack and those that it needs."""
    return hacks.apply(Recipe(), dict.fromkeys((*hacks.get(name).needs, name), True))


def on_top_of_core(name: str) -> Recipe:
    """The recipe of all core hacks and this one, without those that it, or one that it needs, excludes."""
    own = (*hacks.get(name).needs, name)
    core = [each for each in hacks.names(core=True) if each not in own]
    left = [each for each in core if not hacks.conflicts([*own, each])]
    return hacks.apply(Recipe(), dict.fromkeys((*left, *own), True))


def switched_off(name: str) -> Recipe:
    """The naive recipe with the hacks alone that this one needs."""
    return hacks.apply(Recipe(), dict.fromkeys(hacks.get(name).needs, True))


def game(
    recipe: Recipe,
    *,
    channels: int = 1,
    resolution: int = RESOLUTION,
    precision: str = "float32",
    labelled: bool = True,
    steps: int = STEPS,
    device: str = "cpu",
    width: int = WIDTH,
    batch: int = BATCH,
) -> Game:
    """A small game, of 16 × 16 pixels unless told otherwise, on noise of three classes."""
    stream = torch.Generator().manual_seed(1)
    shape = (3 * batch, channels, resolution, resolution)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=stream)
    labels = torch.randint(CLASSES, (len(images),), generator=stream) if labelled else None
    backbone = dcgan(resolution, channels, width)
    settings = {"seed": SEED, "steps": steps, "batch": batch, "precision": precision, "device": device}
    return Game(recipe, backbone, images, labels=labels, classes=CLASSES, **settings)


CHECKS: dict[str, Callable[[str], None]] = {
    check.__name__: check
    for check in (
        card_is_complete,
        parameters_are_declared,
        off_is_absent,
        commutes,
        trains,
        works_everywhere,
        fifty_steps,
        resumes,
        leaves_other_streams_alone,
        a_look_changes_nothing,
        says_that_it_needs_labels,
    )
}
ON_DEVICES: dict[str, Callable[[str, str], None]] = {
    check.__name__: check for check in (trains, works_everywhere, fifty_steps)
}
"""Checks to run on an accelerator too, where nothing is compared bit for bit."""

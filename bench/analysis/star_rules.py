"""From means and variances of a star's arms to verdicts, look after look; for many stars at once.

Arrays are (stars, arms) with the incumbent first, or (stars, hacks). `bench.analysis.local_effects` asks about one
star, scripts/simulate_stars.py about thousands: the rules that are simulated are the rules that are used.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.stats import hypergeom

from bench.analysis.behrens_fisher import upper_tail
from bench.analysis.intervals import METHODS
from bench.analysis.moderation import fit_prior, moderated
from bench.analysis.spending import Spending, spending
from bench.analysis.verdicts import CLAIMS, POINTWISE

WORDS = np.array(["inconclusive", "negligible", *CLAIMS])
INCONCLUSIVE, NEGLIGIBLE, HELPS, HURTS, FRAGILE = range(5)
ONE_LOOK = spending()


@dataclass(frozen=True)
class Arms:
    """What a star's arms say of y; arrays (stars, 1 + hacks), the incumbent first. An arm that did not run has count 0.

    `variance` is between seeds (n - 1); `failed` and `capped` count runs that failed and that ended at the ceiling.
    """

    count: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    failed: np.ndarray
    capped: np.ndarray


@dataclass(frozen=True)
class Contrasts:
    """Differences of a flip and the incumbent, on minus off, in y; arrays (stars, hacks).

    `flip`, `base` are squared standard errors, with `flip_free` and `base_free` degrees of freedom. `beyond`: -1 or
    1 where one side sits at the ceiling, so that the true difference lies further down or up. `hidden`: both do.
    """

    effect: np.ndarray
    flip: np.ndarray
    flip_free: np.ndarray
    base: np.ndarray
    base_free: np.ndarray
    beyond: np.ndarray
    hidden: np.ndarray

    @property
    def distribution(self) -> tuple[np.ndarray, ...]:
        """What `upper_tail` takes beside a difference."""
        return self.flip, self.flip_free, self.base, self.base_free

    @property
    def error(self) -> np.ndarray:
        """Standard error."""
        return np.sqrt(self.flip + self.base)

    @property
    def free(self) -> np.ndarray:
        """Degrees of freedom of the standard error, by Satterthwaite: to tell, not to test by."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.flip + self.base) ** 2 / (self.flip**2 / self.flip_free + self.base**2 / self.base_free)

    def tail(self, distance: np.ndarray | float) -> np.ndarray:
        """P(an estimate is off by more than `distance`, in one direction)."""
        return upper_tail(distance, *self.distribution)


@dataclass(frozen=True)
class Rule:
    """What is asked. `margin` and `enough` are (low, high) in y; `better` is -1 where lower y is better, else 1.

    Beyond `margin` an effect is of interest; within `enough` a trick without a verdict is left alone.
    """

    margin: tuple[float, float]
    enough: tuple[float, float]
    family: str = "confirm"
    better: int = -1


@dataclass(frozen=True)
class Answers:
    """What is known after a look; arrays (stars, hacks). The p values are honest under the looks, not over the hacks.

    `verdict` indexes `WORDS`; `settled` says that no more runs are needed, and `look` which look the answer is from: a
    settled trick keeps the answer that it was settled by.
    """

    p: np.ndarray
    p_adjusted: np.ndarray
    failure_p: np.ndarray
    failure_p_adjusted: np.ndarray
    verdict: np.ndarray
    settled: np.ndarray
    look: np.ndarray


def contrasts(arms: Arms, on: np.ndarray, failing_is_up: bool = True) -> Contrasts:
    """Moderated differences of every flip from the incumbent; `on` (stars, hacks): the flip has the hack, not it.

    `failing_is_up`: the ceiling is at the upper end of y (FID), so that what sits there may truly lie higher.
    """
    free = np.maximum(arms.count - 1, 0).astype(float)
    touched = arms.capped > 0
    variance, free = moderated(arms.variance, free, fit_prior(arms.variance, free, ~touched), touched)
    dead = 2 * arms.capped > arms.count
    # Nothing but its prior is known of the spread of an arm that would reach beyond the ceiling.
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.where(arms.count > 0, variance / arms.count, np.nan)
    sign = np.where(on, 1.0, -1.0)
    flip_dead, base_dead = dead[:, 1:], np.broadcast_to(dead[:, :1], on.shape)
    hidden = flip_dead & base_dead
    upward = sign * (1.0 if failing_is_up else -1.0)
    shape = on.shape
    return Contrasts(
        effect=np.where(hidden, np.nan, sign * (arms.mean[:, 1:] - arms.mean[:, :1])),
        flip=np.where(hidden, np.nan, squared[:, 1:]),
        flip_free=free[:, 1:],
        base=np.broadcast_to(squared[:, :1], shape),
        base_free=np.broadcast_to(free[:, :1], shape),
        beyond=np.where(hidden, 0, upward * (flip_dead.astype(int) - base_dead)).astype(int),
        hidden=hidden,
    )


def failure_p(arms: Arms, on: np.ndarray) -> np.ndarray:
    """One-sided p (stars, hacks) of Fisher's exact test that runs fail more often with the hack than without."""
    base, base_failed = (np.broadcast_to(a[:, :1], on.shape) for a in (arms.count, arms.failed))
    flip, flip_failed = arms.count[:, 1:], arms.failed[:, 1:]
    with_it, failed_with = np.where(on, flip, base), np.where(on, flip_failed, base_failed)
    known = (flip > 0) & (base > 0)
    failed, total = flip_failed + base_failed, flip + base
    p = np.ones(on.shape)
    asked = known & (failed > 0)
    p[asked] = hypergeom.sf(failed_with[asked] - 1, total[asked], failed[asked], with_it[asked])
    return np.where(known, p, np.nan)


def no_answers(shape: tuple[int, int]) -> Answers:
    """Before the first look."""
    nothing, none = np.full(shape, np.nan), np.zeros(shape, dtype=int)
    return Answers(nothing, nothing, nothing, nothing, none, np.zeros(shape, dtype=bool), none)


def judge(
    arms: Arms,
    on: np.ndarray,
    rule: Rule,
    looks: Spending = ONE_LOOK,
    earlier: tuple[Answers, Contrasts] | None = None,
) -> tuple[Answers, Contrasts]:
    """Answers after one more of the planned looks, and the contrasts they rest on.

    A p is that of the smallest at any look so far, over all looks; over the hacks it is adjusted by the family's method
    (Holm in a confirmation), and a claim needs the hack's own p to be small too (`verdicts.POINTWISE`). What was
    settled `earlier` keeps its answer and its contrast; only the adjusted p go on, with what others found since.
    """
    found = contrasts(arms, on, failing_is_up=rule.better < 0)
    before, then = earlier if earlier else (no_answers(on.shape), found)
    # What is settled is not asked again, which is most of the work of later looks.
    found = replace(found, effect=np.where(before.settled, np.nan, found.effect))
    p = np.fmin(before.p, looks.over_looks(2 * found.tail(np.abs(found.effect))))
    failing = np.fmin(before.failure_p, looks.over_looks(failure_p(arms, on)))
    failing = np.where(before.settled, before.failure_p, failing)
    p_adjusted, failing_adjusted = adjusted_rows(p, rule.family), adjusted_rows(failing, rule.family)
    verdict, enough = _words(found, rule, looks, (p, p_adjusted), (failing, failing_adjusted))
    verdict = np.where(before.settled, before.verdict, verdict)
    settled = before.settled | (verdict != INCONCLUSIVE) | enough | found.hidden
    look = np.where(before.settled, before.look, before.look.max() + 1)
    kept = {each.name: (getattr(then, each.name), getattr(found, each.name)) for each in fields(Contrasts)}
    found = Contrasts(**{name: np.where(before.settled, old, new) for name, (old, new) in kept.items()})
    return Answers(p, p_adjusted, failing, failing_adjusted, verdict, settled, look), found


def _words(
    found: Contrasts, rule: Rule, looks: Spending, effect_p: tuple[np.ndarray, ...], failing_p: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Verdicts as indices of `WORDS`, and whether the effect is known to be small enough to leave it at that."""
    level, own = METHODS[rule.family][1], POINTWISE[rule.family]
    small = (rule.margin[0] <= found.effect) & (found.effect <= rule.margin[1])

    def beyond_chance(p: np.ndarray, p_adjusted: np.ndarray) -> np.ndarray:
        return (p <= own) & (p_adjusted <= level)

    def within(ends: tuple[float, float], alpha: float) -> np.ndarray:
        room = np.minimum(found.effect - ends[0], ends[1] - found.effect)
        return (found.tail(np.where(small, room, np.nan)) <= looks.level(alpha) / 2) & (found.beyond == 0)

    claimed = beyond_chance(*effect_p) & ~small & (found.beyond * found.effect >= 0)
    verdict = np.where(within(rule.margin, 0.10), NEGLIGIBLE, INCONCLUSIVE)
    verdict = np.where(claimed, np.where(np.sign(found.effect) == rule.better, HELPS, HURTS), verdict)
    verdict = np.where(beyond_chance(*failing_p), FRAGILE, verdict)
    return verdict, within(rule.enough, 0.05)


def adjusted_rows(p: np.ndarray, family: str) -> np.ndarray:
    """p values adjusted along rows; NaN stays and is no test. Not statsmodels', which collects garbage at each call."""
    tests = np.isfinite(p).sum(axis=1, keepdims=True)
    order = np.argsort(p, axis=1)
    ranked, rank = np.take_along_axis(p, order, axis=1), np.arange(1, p.shape[1] + 1)
    if METHODS[family][0] == "holm":
        steps = np.fmax.accumulate(ranked * (tests - rank + 1), axis=1)
    else:
        steps = np.fmin.accumulate((ranked * tests / rank)[:, ::-1], axis=1)[:, ::-1]
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.minimum(steps, 1.0), axis=1)
    return np.where(np.isfinite(p), out, np.nan)

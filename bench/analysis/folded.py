"""Effects from a folded design with columns to spare: the error is made of contrasts that no hack has.

Odd contrasts (half the differences between mirror images) hold main effects, interactions of three and noise; even ones
(half the sums) the mean, interactions of two and noise. See `bench.plan.folded`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.cells import CellMeans
from bench.analysis.estimates import FAKE, Estimates, declared_needs, products, without
from bench.plan.folded import FEWEST_SPARE, mirror_pairs, spare_columns


@dataclass(frozen=True)
class Halves:
    """Cell means of n mirror pairs: `signs` (n, hacks) of one of the two, `odd` and `even` (n,) halves.

    A cell mean of the first is even + odd, of its mirror image even - odd.
    """

    signs: np.ndarray
    odd: np.ndarray
    even: np.ndarray

    @property
    def spare(self) -> int:
        """Odd contrasts that belong to no hack."""
        return len(self.odd) - int(np.linalg.matrix_rank(self.signs))

    @property
    def ms_odd(self) -> float:
        """Mean square of the fake factors, in units of a cell mean's variance."""
        return _mean_square(self.odd, self.signs)

    def fakes(self) -> np.ndarray:
        """Effects of the fake factors (spare,): on minus off along an orthonormal basis of what no hack has."""
        basis = np.linalg.qr(self.signs, mode="complete")[0][:, self.signs.shape[1] :]
        return 2 * basis.T @ self.odd / np.sqrt(len(self.odd))


def halves(means: CellMeans) -> Halves | None:
    """The cell means as mirror pairs; None unless rows and mirror images are there with equal numbers of runs."""
    pairs = mirror_pairs(means.signs)
    if pairs is None or (means.counts[pairs[:, 0]] != means.counts[pairs[:, 1]]).any():
        return None
    first, second = means.values[pairs[:, 0]], means.values[pairs[:, 1]]
    return Halves(means.signs[pairs[:, 0]], (first - second) / 2, (first + second) / 2)


def folded_effects(
    means: CellMeans, hacks: Sequence[str], needs: Mapping[str, Sequence[str]] | None = None
) -> Estimates | None:
    """Main effects 2β with SE 2 sqrt(MS_odd / N) on n - k degrees of freedom; None where the cells do not allow it.

    MS_odd is the mean square of the fake factors, in units of a cell mean's variance. A hack that needs others gets
    its effect given them, 2 (β + Σ β_pair), whose error has the pair's part from the even contrasts that no declared
    pair has (degrees of freedom by Satterthwaite). Columns that never vary have no effect and a reason.
    """
    varies = np.ptp(means.signs, axis=0) > 0
    inner = CellMeans(means.signs[:, varies], means.values, means.counts, means.index)
    found = halves(inner) if varies.any() else None
    if found is None or found.spare < FEWEST_SPARE or found.spare + inner.signs.shape[1] != len(found.odd):
        return None
    count, pairs, runs = len(hacks), len(found.odd), means.counts.mean()
    signs, weights = np.zeros((2, pairs, count))
    signs[:, varies], weights[:, varies] = found.signs, np.linalg.pinv(found.signs).T
    shape = (weights**2).sum(axis=0)
    effect = np.where(varies, 2 * found.odd @ weights, np.nan)
    # A half-difference of two cell means has half the variance of one.
    variance, leverage = 2 * shape * found.ms_odd, 2 * shape / runs
    free = np.full(count, float(found.spare))
    varying, impossible = declared_needs(needs, hacks, means.signs)
    reason = ["" if vary else f"{hack} is {'on' if sign > 0 else 'off'} in every run: its effect cannot be estimated"
              for hack, vary, sign in zip(hacks, varies, means.signs[0], strict=True)]  # fmt: skip
    for index, words in impossible.items():
        effect[index], reason[index] = np.nan, reason[index] or words
    given = [""] * count
    varying = {index: others for index, others in varying.items() if varies[index]}
    for index, part in _pair_parts(found.even, signs, varying).items():
        names = "+".join(hacks[other] for other in varying[index])
        if part is None:
            reason[index] = without(2 * pairs, hacks[index], names)
            continue
        given[index] = names
        effect[index] += part.effect
        free[index] = _satterthwaite(variance[index], free[index], part.variance, part.free)
        variance[index] += part.variance
        leverage[index] += part.leverage / runs
    known = np.isfinite(effect)
    error = np.where(known, np.sqrt(variance), np.nan)
    return Estimates(
        effect=effect,
        error=error,
        free=np.where(known, free, 0),
        sd=error * np.sqrt(2 * pairs) / 2,
        reason=reason,
        source=FAKE,
        runs_per_unit=float(runs),
        parameters=int(varies.sum()),
        inflation=pairs * shape,
        leverage=leverage,
        given=given,
        bound=[""] * count,
    )


@dataclass(frozen=True)
class _PairPart:
    """What a hack's declared pairs add to its effect: 2 Σ β_pair, its variance, and that of a run with variance 1."""

    effect: float
    variance: float
    free: int
    leverage: float


def _pair_parts(
    even: np.ndarray, signs: np.ndarray, varying: Mapping[int, Sequence[int]]
) -> dict[int, _PairPart | None]:
    """For each hack that needs others, the part of its pairs with them; None where the cells cannot tell it."""
    columns, places = products(signs, varying)
    terms = np.column_stack([np.ones(len(even)), columns])
    inverse, free = np.linalg.pinv(terms), len(even) - int(np.linalg.matrix_rank(terms))
    clear = np.abs(inverse @ terms - np.eye(terms.shape[1])).max(axis=0) < 1e-8
    parts: dict[int, _PairPart | None] = {}
    for index, others in varying.items():
        chosen = [1 + places[min(index, other), max(index, other)] for other in others]
        weights = inverse[chosen].sum(axis=0)
        size = 2 * float((weights**2).sum())
        known = free > 0 and clear[chosen].all()
        parts[index] = (
            _PairPart(2 * float(weights @ even), size * _mean_square(even, terms), free, size) if known else None
        )
    return parts


def whole_pairs(means: CellMeans) -> np.ndarray:
    """Which cells have their mirror image, with as many runs: all, unless without the rest the design is a folded one.

    For outcomes that some runs lack: (cells,) bool.
    """
    rows = {tuple(row): count for row, count in zip(means.signs > 0, means.counts, strict=True)}
    mirrors = [tuple(not level for level in row) for row in means.signs > 0]
    whole = np.array([rows.get(mirror) == count for mirror, count in zip(mirrors, means.counts, strict=True)])
    enough = spare_columns(means.signs[whole]) >= FEWEST_SPARE
    return whole if enough else np.ones(len(whole), dtype=bool)


def why_not_folded(means: CellMeans) -> list[str]:
    """A note where the cells look like a folded design with columns to spare of which runs are missing, else none."""
    rows = {tuple(row): count for row, count in zip(means.signs > 0, means.counts, strict=True)}
    classes = {min(row, tuple(not level for level in row)) for row in rows}
    whole = sum(rows.get(tuple(not level for level in row)) == count for row, count in rows.items())
    lost = len(rows) - whole
    if not lost or whole < lost or len(classes) - means.signs.shape[1] < FEWEST_SPARE:
        return []
    return [f"of {len(rows)} cells, {lost} lack their mirror image or as many runs as it has: the error is the "
            "residual's, which holds the interactions of pairs"]  # fmt: skip


def _mean_square(values: np.ndarray, terms: np.ndarray) -> float:
    """What `terms` leave of halves, per degree of freedom, in units of a cell mean's variance."""
    rest = values - terms @ np.linalg.lstsq(terms, values, rcond=None)[0]
    return float(2 * rest @ rest / (len(values) - np.linalg.matrix_rank(terms)))


def _satterthwaite(first: float, first_free: float, second: float, second_free: float) -> float:
    """Degrees of freedom of the sum of two independent variances."""
    parts = first**2 / first_free + second**2 / second_free
    return float((first + second) ** 2 / parts) if parts > 0 else float(first_free)

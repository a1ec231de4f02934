"""What does a table with few runs of every recipe do to the coverage that `ganbench replay` measures? Prints Markdown.

    python scripts/simulate_table.py --tables 60 --stars 60

Stars of a known law (`simulate_stars.py`) beside stars drawn from tables that hold a few of its runs of each recipe, as
a replay does, with the same looks and rules. A table's own means are its truth, unless a row says otherwise.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from simulate_stars import RECORDED, covered, score, settle
from star_worlds import Scenario, Stars, simulate

from bench.replay.luck import pooled

SCENARIOS = [
    Scenario("as recorded", RECORDED, signs=False),
    Scenario("nothing acts, normal noise, even", uneven=0.0, tails=0),
]


@dataclass(frozen=True)
class Drawing:
    """A way to draw a sweep's runs from a table.

    Attributes:
        name: in the table that is printed.
        runs: of each recipe that the table holds.
        reuse: whether a run is put back after each draw, else once all of its recipe's were drawn.
        shared: whether a seed stands for the same of every recipe's runs, else for one drawn for that recipe.
        of_law: whether the truth is that of the law the table's runs come from, instead of the table's own means.
        pooled: whether luck is that of all recipes, by `bench.replay.luck.pooled`.
    """

    name: str
    runs: int
    reuse: bool = True
    shared: bool = False
    of_law: bool = False
    pooled: bool = False


DRAWINGS = [
    *(Drawing(f"{runs} runs of each, luck pooled", runs, pooled=True) for runs in (3, 6)),
    *(Drawing(f"{runs} runs of each, put back", runs) for runs in (3, 6, 12)),
    Drawing("6, put back, a seed is the same run of every recipe", 6, shared=True),
    Drawing("6, not put back until all were drawn", 6, reuse=False),
    Drawing("6, not put back, truth of the law", 6, reuse=False, of_law=True),
]


def drawn(law: Stars, way: Drawing, stars: int, generator: np.random.Generator) -> Stars:
    """So many stars from a table of each of the law's stars, table by table."""
    tables, arms, seeds = law.y.shape
    # The placebo's flip is the incumbent's own recipe with other luck.
    recipes = np.array([*range(arms - 1), 0])
    shape = (tables * stars, 1 if way.shared else arms, seeds)
    if way.reuse:
        turn = generator.integers(way.runs, size=shape)
    else:
        decks = np.broadcast_to(np.arange(way.runs), (*shape[:2], -(-seeds // way.runs), way.runs))
        turn = generator.permuted(decks, axis=-1).reshape(*shape[:2], -1)[..., :seeds]
    turn = np.broadcast_to(turn, (len(turn), arms, seeds)).copy()
    if way.shared:
        turn[:, -1] = generator.integers(way.runs, size=turn[:, -1].shape)
    table = np.repeat(np.arange(tables), stars)
    place = table[:, None, None], recipes[:, None], turn
    truth = law.truth
    if not way.of_law:
        mean = law.y[:, recipes, : way.runs].mean(axis=2)
        truth = np.where(law.on, 1, -1) * (mean[:, 1:] - mean[:, :1])
    y = _pooled(law, way.runs, stars, generator) if way.pooled else law.y[place]
    return Stars(y, law.diverged[place], law.collapsed[place], law.on[table], truth[table], law.risk[table])


def _pooled(law: Stars, runs: int, stars: int, generator: np.random.Generator) -> np.ndarray:
    """y (tables · stars, arms, seeds), the luck of all recipes of all tables being one law."""
    own = law.y[:, :-1, :runs].reshape(-1, runs)
    spread, pool = pooled(own, np.ones(len(own), dtype=bool))
    mean, spread = (
        np.concatenate([each, each[:, :1]], axis=1).repeat(stars, axis=0)[:, :, None]
        for each in (values.reshape(len(law.y), -1) for values in (own.mean(axis=1), spread))
    )
    shape = (len(law.y) * stars, *law.y.shape[1:])
    return mean + spread * pool[generator.integers(len(pool), size=shape)]


def told(stars: Stars, tables: int) -> list[str]:
    """The cells of a row."""
    ended = settle(stars)
    result = score(ended, stars)
    of_each = covered(ended.found, stars.truth, 0.025).reshape(tables, -1).mean(axis=1)
    shares = [f"{100 * result[key]:.1f} %" for key in ("pointwise", "coverage", "claim", "placebo")]
    return [*shares, f"{100 * of_each.std(ddof=1):.1f}", f"{result['runs']:.0f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=60, help="tables of each row (default 60)")
    parser.add_argument("--stars", type=int, default=60, help="stars drawn from each (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulation (default 0)")
    options = parser.parse_args()
    heads = ("pointwise covers", "over the looks", "any false claim", "placebo claimed", "SD over tables", "runs")
    print(f"| {options.tables} tables, {options.stars} stars of each | drawn from | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 2) + "|")
    for scenario in SCENARIOS:
        live = simulate(scenario, options.tables * options.stars, options.seed)
        print(f"| {scenario.name} | the law itself | {' | '.join(told(live, options.tables))} |", flush=True)
        law = simulate(scenario, options.tables, options.seed + 1)
        for way in DRAWINGS:
            stars = drawn(law, way, options.stars, np.random.default_rng(options.seed))
            print(f"| {scenario.name} | {way.name} | {' | '.join(told(stars, options.tables))} |", flush=True)


if __name__ == "__main__":
    main()

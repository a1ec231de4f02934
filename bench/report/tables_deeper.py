"""Tables that look behind the effects: mechanisms, prerequisites, cost, robustness, pooling, what could be seen."""

import numpy as np
import pandas as pd

from bench.analysis.verdicts import verdict
from bench.plan.power import detectable_shift
from bench.report.blocks import Table, code
from bench.report.cards import CLAIMED, QUANTITIES, Card
from bench.report.figures_effects import order_of_hacks
from bench.report.words import NOTHING, known, number, p_value, percent, percent_range, points, share

_MOVES = {-1: "falls", 1: "rises", 0: "moves"}


def conditional_table(effects: pd.DataFrame, conditional: pd.DataFrame) -> Table | None:
    """A hack's effect among the cells where it can act beside its average over all cells; None without rows."""
    if conditional.empty:
        return None
    average = effects.set_index(["dataset", "hack"])["effect_pct"]
    rows = []
    for _, row in conditional.iterrows():
        place = (row["dataset"], row["hack"])
        rows.append(
            (
                f"{code(row['hack'])} given {code(row['given'])}",
                code(row["dataset"]),
                percent(_value(row, "effect_pct")),
                percent_range(_value(row, "ci_low_pct"), _value(row, "ci_high_pct")),
                p_value(_value(row, "p")),
                f"{int(row['cells'])} cells, {int(row['runs'])} runs",
                percent(float(average[place])) if place in average.index else NOTHING,
                str(row["verdict"]),
            )
        )
    columns = ("trick", "dataset", "effect there", "95 % interval", "p", "with it on", "over all cells", "verdict")
    return Table(columns, tuple(rows), "llrrrrrl")


def mechanisms_table(
    measured: pd.DataFrame, claims: list[tuple[str, str, str, Card]], dataset: str, family: str
) -> Table | None:
    """What each hack is said to do and whether the quantity moved so; `claims` are (hack, quantity, column, card)."""
    own = measured[measured["dataset"] == dataset].set_index(["hack", "quantity"])
    rows, told = [], None
    for hack, quantity, column, card in claims:
        if (hack, column) not in own.index:
            continue
        row = own.loc[(hack, column)]
        off, change = _value(row, "mean_off"), _value(row, "effect")
        if change is None:
            continue
        low, high = (number(_value(row, name), 2) for name in ("ci_low", "ci_high"))
        rows.append(
            (
                code(hack) if hack != told else "",
                card.claim if hack != told else "",
                f"{QUANTITIES.get(quantity, quantity.replace('_', ' '))} {_MOVES[CLAIMED.get((hack, quantity), 0)]}",
                f"{number(off)} → {number(off + change if off is not None else None)}",
                f"{low} to {high}",
                p_value(_value(row, "p_adjusted")),
                mechanism_verdict(row, CLAIMED.get((hack, quantity), 0), family),
            )
        )
        told = hack
    if not rows:
        return None
    columns = ("trick", "it is said that", "then", "off → on", "95 % of the change", "p adjusted", "it does")
    return Table(columns, tuple(rows), "lllrrrl", f"Mechanisms on {code(dataset)}")


def mechanism_verdict(row: pd.Series, direction: int, family: str) -> str:
    """as said, the opposite, moves (where no direction is claimed) or not shown, by the tests that effects use."""
    p, p_adjusted, change = _value(row, "p"), _value(row, "p_adjusted"), _value(row, "effect")
    if p is None or p_adjusted is None or change is None:
        return "not shown"
    # Every change is of interest and none is negligible: only the two tests decide.
    word = verdict(change, p, p_adjusted, -np.inf, np.inf, 0.0, 1.0, 1.0, 0.0, family)
    if word == "inconclusive":
        return "not shown"
    moved = -1 if word == "helps" else 1
    return {0: "moves", moved: "as said"}.get(direction, "the opposite")


def cost_table(costs: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Wall-clock ratio on over off per hack and dataset with its 95 % interval; None where no times were kept."""
    rows = costs[costs["ratio"].notna()]
    if rows.empty:
        return None
    own = rows.set_index(["hack", "dataset"])
    means = rows.groupby("hack", sort=False)["ratio"].mean().sort_values(ascending=False, kind="stable")
    shown = [dataset for dataset in datasets if dataset in set(rows["dataset"])]
    cells = []
    for hack in means.index:
        line = [code(hack)]
        for dataset in shown:
            row = own.loc[(hack, dataset)] if (hack, dataset) in own.index else pd.Series(dtype=float)
            low, high = _value(row, "ci_low"), _value(row, "ci_high")
            span = f"{low:.2f} to {high:.2f}" if known(low) and known(high) else NOTHING
            ratio = _value(row, "ratio")
            line += [f"× {ratio:.2f}" if known(ratio) else NOTHING, span]
        cells.append(tuple(line))
    heads = [head for dataset in shown for head in (f"time on {code(dataset)}", "95 % interval")]
    return Table(("trick", *heads), tuple(cells), "l" + "rr" * len(shown))


def robustness_table(panel: pd.DataFrame, dataset: str) -> Table | None:
    """The effect beside its values by medians, by ranks and without any one cell; None without rows."""
    rows = panel[(panel["dataset"] == dataset) & panel["effect_pct"].notna()]
    if rows.empty:
        return None
    rows = rows.assign(effect_log=np.log1p(rows["effect_pct"].astype(float) / 100))
    rows = rows.set_index("hack", drop=False).loc[order_of_hacks(rows)]
    cells = tuple(
        (
            code(row["hack"]),
            percent(_value(row, "effect_pct")),
            percent(_value(row, "median_pct")),
            percent_range(_value(row, "leave_one_cell_low_pct"), _value(row, "leave_one_cell_high_pct")),
            points(_value(row, "rank_effect")),
            p_value(_value(row, "rank_p")),
            "yes" if bool(row["same_sign"]) else "no",
        )
        for _, row in rows.iterrows()
    )
    columns = (
        "trick",
        "effect on FID",
        "by medians over seeds",
        "without any one cell",
        "on the rank, points",
        "p of ranks",
        "all of one sign",
    )
    return Table(columns, cells, "lrrrrrl", f"Other ways to the same effects on {code(dataset)}")


def pooled_table(pooled: pd.DataFrame) -> Table | None:
    """Random-effects mean, its intervals and the heterogeneity of every hack; None without two datasets."""
    rows = pooled[pooled["ci_low_pct"].notna()] if len(pooled) else pooled
    if rows.empty:
        return None
    rows = rows.set_index("hack", drop=False).loc[order_of_hacks(rows)]
    cells = tuple(
        (
            code(row["hack"]),
            f"{int(row['datasets'])}",
            percent(_value(row, "effect_pct")),
            percent_range(_value(row, "ci_low_pct"), _value(row, "ci_high_pct")),
            percent_range(_value(row, "prediction_low_pct"), _value(row, "prediction_high_pct")),
            share(_value(row, "i2")),
            p_value(_value(row, "heterogeneity_p")),
        )
        for _, row in rows.iterrows()
    )
    columns = ("trick", "datasets", "mean effect", "95 % interval", "one more dataset", "I²", "p of differing")
    return Table(columns, cells, "lrrrrrr")


def detectable(effects: pd.DataFrame, dataset: str) -> float | None:
    """Smallest effect, in per cent more FID, that this dataset's runs show four times in five; None if unknown."""
    rows = effects[(effects["dataset"] == dataset) & effects["se_log"].notna() & (effects["df"] > 1)]
    if rows.empty:
        return None
    error, free = float(rows["se_log"].median()), int(rows["df"].median())
    return 100 * float(np.expm1(detectable_shift(free) * error)) if error > 1e-9 else None


def detectable_table(effects: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Cells, runs, standard error and smallest detectable effect per dataset; None without any standard error."""
    cells = []
    for dataset in datasets:
        rows = effects[effects["dataset"] == dataset]
        smallest = detectable(effects, dataset)
        if smallest is None:
            continue
        first = rows.iloc[0]
        error = number(float(rows["se_log"].median()))
        cells.append((code(dataset), f"{int(first['cells'])}", f"{int(first['runs'])}", error, percent(smallest)))
    columns = (
        "dataset",
        "cells",
        "runs",
        "standard error of an effect on log FID",
        "smallest effect seen 4 in 5 times",
    )
    return Table(columns, tuple(cells), "lrrrr") if cells else None


def aliased_table(pairs: pd.DataFrame, dataset: str, most: int = 8) -> Table | None:
    """The largest sums of aliased pairs on one dataset, with what each is mixed with; None where none is aliased."""
    rows = pairs[(pairs["dataset"] == dataset) & ~pairs["estimable"].astype(bool) & pairs["interaction_log"].notna()]
    if rows.empty:
        return None
    rows = rows.loc[rows["interaction_log"].abs().round(9).sort_values(ascending=False, kind="stable").index].head(most)
    cells = tuple(
        (
            f"{code(row['hack_a'])} × {code(row['hack_b'])}",
            percent(_value(row, "interaction_pct")),
            str(row["aliased_with"]).replace("-", "−") or str(row["note"]),
        )
        for _, row in rows.iterrows()
    )
    caption = f"The {len(cells)} largest sums of aliased pairs on {code(dataset)}"
    return Table(("pair", "sum", "mixed with"), cells, "lrl", caption)


def strongest_pair(pairs: pd.DataFrame) -> tuple[str, str] | None:
    """The pair with the largest interaction, or sum of aliased ones, on average over datasets; None without."""
    mean = pairs.groupby(["hack_a", "hack_b"], sort=False)["interaction_log"].mean().abs().dropna().round(9)
    return None if mean.empty else mean.idxmax()


def combinations_table(means: pd.DataFrame, first: str, second: str) -> Table:
    """The mean FID of every combination of two hacks on each dataset, with the share of runs that failed."""
    groups = [(False, False), (True, False), (False, True), (True, True)]
    rows = means.set_index(["dataset", first, second])
    cells = tuple(
        (code(dataset), *(_mean_fid(rows, (dataset, *levels)) for levels in groups))
        for dataset in means["dataset"].drop_duplicates()
    )
    columns = ("dataset", "neither", f"{code(first)} alone", f"{code(second)} alone", "both")
    return Table(columns, cells, "lrrrr", f"Mean FID with and without {code(first)} and {code(second)}")


def _mean_fid(rows: pd.DataFrame, key: tuple) -> str:
    if key not in rows.index:
        return NOTHING
    row = rows.loc[key]
    return f"{number(float(row['fid']))} ({share(float(row['failed']))} of {int(row['runs'])} failed)"


def _value(row: pd.Series, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or pd.isna(value) else float(value)

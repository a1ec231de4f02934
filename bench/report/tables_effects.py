"""Tables of the effects: estimates with intervals and verdicts, failures, the arms, and what could be seen."""

import pandas as pd

from bench.report.blocks import Table, code
from bench.report.figures_effects import order_of_hacks
from bench.report.words import NOTHING, known, listed, p_value, percent, percent_range, points, share


def effects_table(effects: pd.DataFrame, dataset: str) -> Table | None:
    """Every hack's effect on one dataset with its intervals, p values and verdict, the most helpful first."""
    rows = _of(effects, dataset)
    if rows.empty:
        return None
    cells = []
    for _, row in rows.iterrows():
        cells.append(
            (
                code(row["hack"]),
                _pct(row, "effect_pct"),
                _span(row, "ci_low_pct", "ci_high_pct"),
                _span(row, "ci_low_simultaneous_pct", "ci_high_simultaneous_pct"),
                p_value(_value(row, "p")),
                p_value(_value(row, "p_adjusted")),
                share(_value(row, "probability_of_improvement")),
                str(row["verdict"]),
            )
        )
    columns = (
        "trick",
        "effect on FID",
        "95 % interval",
        "95 %, all tricks at once",
        "p",
        "p adjusted",
        "chance a run with it is better",
        "verdict",
    )
    first = rows.iloc[0]
    caption = f"Effects on {code(dataset)}: {int(first['cells'])} cells, {int(first['runs'])} runs"
    return Table(columns, tuple(cells), "lrrrrrrl", caption)


def overview_table(effects: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Hack × dataset: effect, interval and verdict, the most helpful on average first; None for a single dataset."""
    if len(datasets) < 2 or effects.empty:
        return None
    found = effects.set_index(["hack", "dataset"])
    rows = tuple(
        (code(hack), *(_summary(found.loc[(hack, d)]) if (hack, d) in found.index else NOTHING for d in datasets))
        for hack in order_of_hacks(effects)
    )
    caption = "Average effect on FID with its 95 % interval; bold where that interval is clear of zero"
    return Table(("trick", *(code(dataset) for dataset in datasets)), rows, "l" + "r" * len(datasets), caption)


def _summary(row: pd.Series) -> str:
    effect, low, high = (_value(row, name) for name in ("effect_pct", "ci_low_pct", "ci_high_pct"))
    if not known(effect):
        return NOTHING
    clear = known(low) and known(high) and (high < 0 or low > 0)
    number = f"**{percent(effect)}**" if clear else percent(effect)
    verdict = "" if row["verdict"] == "inconclusive" else f" {row['verdict']}"
    return f"{number} ({percent_range(low, high)}){verdict}" if known(low) else number


def failures_table(effects: pd.DataFrame, dataset: str) -> Table | None:
    """Difference in the risk of failing, on minus off; None where nothing failed."""
    rows = _of(effects, dataset)
    if rows.empty or not rows["failure_difference"].notna().any():
        return None
    rows = rows.sort_values("failure_difference", ascending=False, kind="stable", na_position="last")
    cells = []
    for _, row in rows.iterrows():
        low, high = _value(row, "failure_low"), _value(row, "failure_high")
        interval = f"{points(low)} to {points(high)}" if known(low) and known(high) else NOTHING
        tests = (p_value(_value(row, name)) for name in ("failure_p", "failure_p_adjusted"))
        cells.append((code(row["hack"]), points(_value(row, "failure_difference")), interval, *tests))
    columns = ("trick", "failures, points more with it on", "95 % interval", "p", "p adjusted")
    return Table(columns, tuple(cells), "lrrrr", f"Risk of failing on {code(dataset)}")


def arms_table(effects: pd.DataFrame, dataset: str, sesoi: float) -> Table | None:
    """The averaged effect beside that around the full and the bare recipe; None where no arm ran."""
    rows = _of(effects, dataset)
    if rows.empty or not rows[["loo_pct", "add_pct"]].notna().any(axis=None):
        return None
    cells = []
    for _, row in rows.iterrows():
        average, with_all, alone = (_value(row, name) for name in ("effect_pct", "loo_pct", "add_pct"))
        remark = _against(str(row["verdict"]), with_all, alone, 100 * sesoi)
        cells.append((code(row["hack"]), percent(average), percent(with_all), percent(alone), remark))
    columns = ("trick", "average over the others", "on top of all others", "on the bare recipe", "")
    return Table(columns, tuple(cells), "lrrrl", f"Around the corners on {code(dataset)}")


def _against(verdict: str, with_all: float | None, alone: float | None, sesoi_pct: float) -> str:
    """Where a hack that helps or hurts on average does the contrary at a corner, by more than the sesoi."""
    sign = {"helps": -1, "hurts": 1}.get(verdict)
    places = (("on top of all others", with_all), ("on the bare recipe", alone))
    contrary = [place for place, value in places if sign and known(value) and value * sign < -sesoi_pct]
    return f"{'hurts' if verdict == 'helps' else 'helps'} {listed(contrary)}" if contrary else ""


def needed_table(effects: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Runs that would settle each inconclusive hack, per dataset; None where none is inconclusive."""
    open_rows = effects[(effects["verdict"] == "inconclusive") & (effects["hack"] != "placebo")]
    if open_rows.empty:
        return None
    hacks = [hack for hack in order_of_hacks(effects) if hack in set(open_rows["hack"])]
    lookup = {(row["hack"], row["dataset"]): row.get("runs_needed") for _, row in open_rows.iterrows()}
    cells = tuple(
        (code(hack), *(_runs(lookup.get((hack, dataset)), (hack, dataset) in lookup) for dataset in datasets))
        for hack in hacks
    )
    return Table(("inconclusive trick", *map(code, datasets)), cells, "l" + "r" * len(datasets))


def notes(effects: pd.DataFrame) -> list[str]:
    """What the analysis could not estimate, or did otherwise than usual: each note once, with whom it concerns."""
    said: dict[str, dict[str, list[str]]] = {}
    for _, row in effects.iterrows():
        for note in str(row.get("note") or "").split("; "):
            if note.strip():
                said.setdefault(note.strip(), {}).setdefault(str(row["dataset"]), []).append(str(row["hack"]))
    sizes = effects.groupby("dataset").size()
    return [
        f"{'; '.join(_whom(dataset, hacks, int(sizes[dataset])) for dataset, hacks in where.items())}: {note}."
        for note, where in said.items()
    ]


def _whom(dataset: str, hacks: list[str], of_all: int) -> str:
    return code(dataset) if len(hacks) == of_all else f"{listed(map(code, hacks))} on {code(dataset)}"


def _runs(value: object, is_open: bool) -> str:
    if not is_open:
        return "settled"
    if pd.isna(value):
        return NOTHING
    return f"{int(value):,}" if int(value) < 1_000_000 else "not by more runs"


def _of(effects: pd.DataFrame, dataset: str) -> pd.DataFrame:
    rows = effects[effects["dataset"] == dataset]
    return rows.set_index("hack", drop=False).loc[order_of_hacks(rows)] if len(rows) else rows


def _value(row: pd.Series, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or pd.isna(value) else float(value)


def _pct(row: pd.Series, name: str) -> str:
    return percent(_value(row, name))


def _span(row: pd.Series, low: str, high: str) -> str:
    return percent_range(_value(row, low), _value(row, high))

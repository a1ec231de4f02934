"""How far do verdicts travel? Stars of several sweeps on one page: what each setting says about each other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile
from pathlib import Path

import pandas as pd
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bench import analysis
from bench.analysis.travel import travel
from bench.errors import UserError
from bench.records.files import LOCAL_EFFECTS
from bench.records.outcome import Outcome
from bench.records.plan import PLACEBO
from bench.records.sweep import SweepRecords, read_sweep
from bench.report.blocks import Figure, Section, Table, Text, code
from bench.report.canvas import BETTER, INK, QUIET, RULE, WORSE, drawing, finished, shortened
from bench.report.estimates import effect, order_of_hacks
from bench.report.formatting import NOTHING, counted, known, listed, number, share
from bench.report.render import Report, write_files
from bench.report.scale import Scale
from bench.report.setting import HELD, setting_of

TITLE = "How far do verdicts travel?"
QUESTION = (
    "Tricks were flipped in one recipe, in several settings. What does a verdict from a cheap setting say about a dear "
    "one?"
)
TABLE = "travel.csv"
EFFECTS = ("dataset", *HELD, "hack", "effect_pct", "ci_low_pct", "ci_high_pct", "verdict", "runs")
"""Columns of the table of effects in every setting."""
DIFFERENCES = {
    "dataset": ("{} → {}", "on {}", "between datasets"),
    "steps": ("{} → {} steps", "at {} steps", "over longer training"),
    "width": ("width {} → {}", "at width {}", "in wider networks"),
    "resolution": ("{} → {} pixels", "at {} pixels", "at more pixels"),
    "batch": ("batches of {} → {}", "in batches of {}", "with other batches"),
}
"""What may differ: how a pair of settings is told, what both have in common, and all such pairs; in page order."""
SEVERAL = ("{} → {}", "", "where several things differ")
NEW = {"edgecolor": QUIET, "hatch": "////", "linewidth": 0.6}
SAID = {"helps": "**{}**", "hurts": "**{}**", "negligible": "{} (negligible)", "fragile": "{} (fragile)"}
"""How an effect is shown beside what is said of it."""


@dataclass(frozen=True)
class Setting:
    """One star: where it stands, its runs, and the seeds at its planned looks."""

    name: str
    where: dict[str, object]
    runs: pd.DataFrame
    looks: tuple[int, ...]


def write(folders: Sequence[Path], report_dir: Path) -> Path:
    """Write the page of these sweeps' stars, from the cheapest to the dearest, and return its path.

    Args:
        folders: of sweeps that settled something; each dataset of one is a setting of its own.
        report_dir: where index.html, report.md, figures/ and the tables of pairs and of effects go.

    Raises:
        UserError: a sweep without a star, fewer than two settings, no trick in all of them, or sweeps that ask about
            different scores or smallest effects.
    """
    records = [read_sweep(folder) for folder in folders]
    settings = [setting for each in records for setting in settings_of(each)]
    first = records[0]
    for other in records[1:]:
        if (other.outcome, other.sesoi) != (first.outcome, first.sesoi):
            raise UserError(
                f"sweeps {first.name!r} and {other.name!r} ask about {first.outcome.column} beyond {first.sesoi:g} and "
                f"{other.outcome.column} beyond {other.sesoi:g}: expected the same score and --sesoi"
            )
    hacks = [hack for hack in first.hacks if all(hack in each.asked_about for each in records)]
    if len(settings) < 2 or not hacks:
        raise UserError(
            f"{counted(len(settings), 'setting')} with {counted(len(hacks), 'hack')} in all of them: expected at least "
            "two sweeps or datasets, and one hack"
        )
    pairs = between(settings, hacks, first.sesoi, first.outcome)
    folder = Path(report_dir)
    folder.mkdir(parents=True, exist_ok=True)
    pairs.to_csv(folder / TABLE, index=False, lineterminator="\n")
    tables = {
        each.name: analysis.local_effects(each.runs, hacks, first.sesoi, outcome=first.outcome, looks=each.looks)
        for each in settings
    }
    effects = pd.concat(tables[each.name].assign(**each.where) for each in settings)
    effects[effects["runs"] > 0][list(EFFECTS)].to_csv(folder / LOCAL_EFFECTS, index=False, lineterminator="\n")
    return write_files(compose(settings, tables, first.outcome, pairs), folder)


def settings_of(records: SweepRecords) -> list[Setting]:
    """The stars of a sweep, one on each dataset.

    Raises:
        UserError: it has none.
    """
    found = []
    for dataset in records.datasets:
        runs = records.star[records.star["dataset"] == dataset]
        if runs.empty:
            raise UserError(
                f"sweep {records.name!r} has no star on {dataset}: expected one that ends with settling, such as "
                "`ganbench sweep --stages settle --around ...`"
            )
        name = records.name if len(records.datasets) == 1 else f"{records.name}, {dataset}"
        where = {"dataset": dataset, **setting_of(records, dataset)}
        found.append(Setting(name, where, runs, records.looks))
    return found


def between(settings: Sequence[Setting], hacks: Sequence[str], sesoi: float, outcome: Outcome) -> pd.DataFrame:
    """The table of `travel` with the column `differing`: what of `DIFFERENCES` is not the same in the two settings.

    Of pairs that differ in one thing where there are any, else of all, and of those the ones around the same recipe
    where there are any; in the order of what differs.
    """
    tricks = [hack for hack in hacks if hack != PLACEBO]
    runs, looks = ({each.name: getattr(each, what) for each in settings} for what in ("runs", "looks"))
    pairs = travel(runs, tricks, sesoi, outcome, looks)
    differing = [
        [what for what in DIFFERENCES if one.where[what] != two.where[what]] for one, two in combinations(settings, 2)
    ]
    pairs = pairs.assign(differing=[" ".join(names) for names in differing])
    single = pairs[[len(names) == 1 for names in differing]]
    pairs = pairs if single.empty else single
    if (pairs["differ"] == "").any():
        pairs = pairs[pairs["differ"] == ""]
    order = {what: place for place, what in enumerate(DIFFERENCES)}
    return pairs.sort_values("differing", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def compose(
    settings: Sequence[Setting], tables: dict[str, pd.DataFrame], outcome: Outcome, pairs: pd.DataFrame
) -> Report:
    """Everything on the page; `tables` are the effects in each setting, by its name."""
    labels, scale = _labels(settings, pairs), Scale(outcome)
    tricks = {hack for table in tables.values() for hack in table["hack"]} - {PLACEBO}
    blocks = [figure(pairs, labels), _table(pairs, labels), Text(READING, tone="reading")]
    blocks += _differences(pairs, labels, tables, scale)
    unlike = pairs[pairs["differ"] != ""]
    if len(unlike):
        rows = listed(f"{labels[at]} ({code(unlike.at[at, 'differ'])})" for at in unlike.index)
        blocks.insert(
            0, Text(f"The recipes in the middle differ, so that not only the setting does: {rows}.", "warning")
        )
    return Report(
        sweep=TITLE,
        title=TITLE,
        question=QUESTION,
        facts=(
            ("Settings", f"{len(settings)}"),
            ("Tricks", f"{len(tricks)}"),
            ("Runs", f"{sum(len(setting.runs) for setting in settings):,}"),
        ),
        opening=Section("answer", "In short", (Text(answer(pairs), tone="answer"),)),
        sections=(
            Section("pairs", "From a cheap setting to a dear one", tuple(blocks)),
            Section(
                "effects", "What each trick does in every setting", (_effects(tables, scale), Text(BOLD, "reading"))
            ),
        ),
    )


READING = (
    "**Kept**: the dearer setting says the same of a trick that the cheaper one says helps or hurts; **reversed**: it "
    "says the opposite; the rest it leaves open, calls negligible or fragile. **New**: it says of so many other tricks "
    "that they help or hurt. **Differ**: effects that are not the same in both beyond chance; a verdict may be lost or "
    "new for want of runs alone. The rank correlation is that of all effects, verdict or not; beside it how high noise "
    "would let it be if both settings agreed. Size: how large effects are in the dearer setting, as a multiple of the "
    "cheaper one's."
)

DIFFERING = "Beyond chance: tested as a difference of the two effects, corrected for the tricks of the pair (Holm)."

BOLD = "Bold: a verdict, the trick helps or hurts there beyond chance among all tricks."


def answer(pairs: pd.DataFrame) -> str:
    """Over all pairs, and apart by what differs: how many verdicts are kept, reversed and new."""
    told, new, tricks = (int(pairs[name].sum()) for name in ("told", "new", "tricks"))
    differ = sum(len(_names(names)) for names in pairs["effects_differ"])
    verdicts = f"{counted(new, 'verdict')}{' more' if told else ''} {'stands' if new == 1 else 'stand'}"
    alone = f"{verdicts} in the dearer one alone. " if new else ""
    rest = f"{alone}Of {counted(tricks, 'effect')} {differ} {'differs' if differ == 1 else 'differ'} beyond chance."
    if not told:
        return f"No cheaper setting says of any trick that it helps or hurts: no verdict could travel. {rest}"
    kept, turned = (_count(pairs, name) for name in ("kept", "reversed"))
    parts = [
        f"{DIFFERENCES.get(what, SEVERAL)[-1]} {_count(own, 'kept')} of {int(own['told'].sum())}"
        for what, own in pairs.groupby("differing", sort=False)
        if own["told"].any()
    ]
    apart = f" Kept are {listed(parts)}." if len(parts) > 1 else ""
    return (
        f"Of {counted(told, 'verdict')} from a cheaper setting, over {counted(len(pairs), 'pair')} of settings, the "
        f"dearer one says the same in **{share(kept / told)}** and the opposite in **{share(turned / told)}**; in the "
        f"others it gives no such verdict.{apart} {rest}"
    )


def _names(told: str) -> list[str]:
    """The hacks of a cell of the table of pairs."""
    return told.split(", ") if told else []


def _count(pairs: pd.DataFrame, name: str) -> int:
    """How many verdicts a share of those told stands for, over these pairs."""
    return round(float((pairs[name].fillna(0.0) * pairs["told"]).sum()))


def figure(pairs: pd.DataFrame, labels: Sequence[str]) -> Figure:
    """A row per pair: verdicts kept, reversed, lost, new; the rank correlation, and the highest that noise allows."""
    places = range(len(pairs) - 1, -1, -1)
    with drawing(9.0, 1.5 + 0.32 * len(pairs)) as canvas:
        left, right = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for place, (_, row) in zip(places, pairs.iterrows(), strict=True):
            parts = [row[name] * row["told"] if row["told"] else 0.0 for name in ("kept", "reversed", "lost")]
            left_edge = 0.0
            for part, ink in zip(parts, (BETTER, WORSE, RULE), strict=True):
                left.barh(place, part, 0.62, left=left_edge, color=ink)
                left_edge += part
            if row["new"]:
                left.barh(place, row["new"], 0.62, left=left_edge, facecolor="none", **NEW)
            right.plot([row["rank_correlation_ceiling"]] * 2, [place - 0.31, place + 0.31], color=QUIET, linewidth=2)
            right.scatter(row["rank_correlation"], place, s=44, color=INK, zorder=3)
        left.set_yticks(list(places), [shortened(label, 48) for label in labels], fontsize=9)
        left.set_ylim(-0.7, len(pairs) - 0.3)
        left.set_xlim(0, max(pairs["tricks"].max(), 1))
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set_title("tricks with a verdict")
        handles = [Patch(facecolor=ink) for ink in (BETTER, WORSE, RULE)]
        handles.append(Patch(facecolor="none", **NEW))
        canvas.legend(handles, ("kept", "reversed", "lost", "new"), ncols=4, loc="outside lower left")
        ranks = pairs[["rank_correlation", "rank_correlation_ceiling"]]
        low = -1.0 if (ranks < 0).any(axis=None) else 0.0
        right.set_xlim(low - 0.05, 1.05)
        right.set_xticks([tick for tick in (-1, -0.5, 0, 0.5, 1) if tick >= low])
        right.axvline(0, color=INK, linewidth=0.8)
        right.set_title("rank correlation")
        for axis in (left, right):
            axis.tick_params(axis="y", length=0)
            axis.spines["left"].set_visible(False)
        right.grid(axis="x")
        return finished(
            canvas,
            "travel",
            "Verdicts kept, reversed, lost and new between settings, and rank correlations of effects",
            "One row for a cheaper and a dearer setting. Bars: tricks that the cheaper one says help or hurt, of which "
            "the dearer says the same, the opposite, or neither; then those of which only the dearer says so. Dot: "
            "rank correlation of the tricks' effects in the two; upright line: as high as noise would let it be if "
            "nothing differed.",
        )


def _labels(settings: Sequence[Setting], pairs: pd.DataFrame) -> list[str]:
    """Each pair in words: what differs, and where several differ so what sets them apart; or the names of both."""
    where = {setting.name: setting.where for setting in settings}

    def told(pattern: str, *values: object) -> str:
        return pattern.format(*(f"{value:,}" if isinstance(value, int) else value for value in values))

    ends = [(where[one], where[two]) for one, two in zip(pairs["setting"], pairs["other"], strict=True)]
    words = [
        told(DIFFERENCES[what][0], one[what], two[what]) if what in DIFFERENCES else told(SEVERAL[0], *names)
        for what, (one, two), *names in zip(pairs["differing"], ends, pairs["setting"], pairs["other"], strict=True)
    ]
    labels = []
    for word, (first, _) in zip(words, ends, strict=True):
        alike = [one for other, (one, _) in zip(words, ends, strict=True) if other == word]
        apart = [
            told(pattern, first[what])
            for what, (_, pattern, _) in DIFFERENCES.items()
            if len({one[what] for one in alike}) > 1
        ]
        labels.append(" ".join([word, *apart]))
    return labels


def _table(pairs: pd.DataFrame, labels: Sequence[str]) -> Table:
    rows = tuple(
        (
            label,
            f"{row.told} of {row.tricks}",
            share(row.kept),
            share(row.reversed),
            f"{row.new}",
            f"{len(_names(row.effects_differ))} of {row.tricks}",
            f"{number(row.rank_correlation, 2)} of {number(row.rank_correlation_ceiling, 2)}",
            f"× {number(row.spread_ratio, 2)}" if known(row.spread_ratio) else NOTHING,
        )
        for label, row in zip(labels, pairs.itertuples(), strict=True)
    )
    heads = ("from → to", "tricks with a verdict", "kept", "reversed", "new", "differ", "rank correlation", "size")
    return Table(heads, rows, "lrrrrrrr", "What a cheaper setting says about a dearer one")


def _differences(
    pairs: pd.DataFrame, labels: Sequence[str], tables: dict[str, pd.DataFrame], scale: Scale
) -> list[Table | Text]:
    """Of each pair the effects that differ beyond chance, from the cheap setting to the dear one; nothing of none."""
    rows = []
    for label, row in zip(labels, pairs.itertuples(), strict=True):
        ends = [tables[name].set_index("hack") for name in (row.setting, row.other)]
        told = [
            f"{code(hack)} {' → '.join(effect(table.loc[hack], scale) for table in ends)}"
            for hack in _names(row.effects_differ)
        ]
        rows += [(label, listed(told))] if told else []
    heads = ("from → to", f"change of {scale.label} when the trick is on")
    found = Table(heads, tuple(rows), "ll", "Effects that differ beyond chance")
    return [found, Text(DIFFERING, "reading")] if rows else []


def _effects(tables: dict[str, pd.DataFrame], scale: Scale) -> Table:
    rows = []
    for hack in order_of_hacks(pd.concat(tables.values()), scale):
        own = [table[table["hack"] == hack].iloc[0] for table in tables.values()]
        rows.append((code(hack), *(SAID.get(str(row["verdict"]), "{}").format(effect(row, scale)) for row in own)))
    heads = ("trick", *map(code, _apart(list(tables))))
    return Table(heads, tuple(rows), "l" + "r" * len(tables), f"Change of {scale.label} when the trick is on")


def _apart(names: Sequence[str]) -> list[str]:
    """The names without the words that all begin with: digits and steps-2000 of travel-digits and travel-steps-2000."""
    parts = [name.split("-") for name in names]
    heads = zip(*(own[:-1] for own in parts), strict=False)
    shared = len(list(takewhile(lambda words: len(set(words)) == 1, heads)))
    return ["-".join(own[shared:]) for own in parts]

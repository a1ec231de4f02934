"""The records that the page carries along, for pointing and exploring: plain JSON, rounded, pictures as small WebP.

Everything said in words is said here, by the functions that write the tables; the page's scripts place it, no more.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.records.files import SAMPLES
from bench.records.outcome import outcome_of
from bench.records.run import STATUSES
from bench.records.sweep import SweepRecords
from bench.report.estimates import effect, interval, value
from bench.report.findings import Findings
from bench.report.first_screen import told
from bench.report.formatting import known, p_value
from bench.report.pictures import corner
from bench.report.scale import Scale
from bench.report.sides import sides
from bench.report.verdict_words import in_words

PICTURES = 1_150_000
"""Bytes of pictures of all runs together, at most, as they stand in the page."""
_QUALITIES = ((4, 70), (4, 45), (4, 25), (3, 25), (2, 25))
"""(rows of images, quality of WebP), from the best on: the first that fits is taken."""
_BINS = 24
"""Points of a loss curve."""
_SCORES = ("precision", "recall", "density", "coverage", "modes", "duplicates", "seconds")
_DIGITS = 4


def embedded(findings: Findings) -> dict:
    """What the page's scripts read: `tricks`, `datasets`, `effects`, `models`, `runs`, `pictures`."""
    records = findings.records
    order = records.runs.reset_index(drop=True)
    effects = _effects(findings, order)
    looked_at = [place for own in effects.values() for one in own.values() for place in one["pair"]]
    return {
        "outcome": findings.scale.label,
        "ratios": findings.scale.ratios,
        "lowerIsBetter": records.outcome.direction == "lower",
        "tricks": [{"name": hack, **_card(records.about.hacks.get(hack, {}))} for hack in records.hacks],
        "datasets": list(records.datasets),
        "effects": effects,
        "models": {name: _model(surface) for name, surface in findings.surfaces.items()},
        "best": {
            name: _bits(found.levels, records) for name in records.datasets if (found := findings.incumbent(name))
        },
        "commands": {name: command for name in records.datasets if (command := _command(records, name))},
        "runs": _runs(records, order),
        "pictures": _pictures(records.folder / SAMPLES, list(order["key"]), looked_at),
    }


def as_json(data: dict) -> str:
    """JSON that may stand in an HTML page: no tag can begin in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def rounded(number: object, digits: int = _DIGITS) -> float | int | None:
    """A number to so many significant digits; None for what is no finite number."""
    if number is None or isinstance(number, str) or not math.isfinite(number):
        return None
    short = float(f"{float(number):.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _card(card: dict) -> dict:
    return {name: str(card[name]) for name in ("title", "claim", "on", "off", "source") if card.get(name)}


def _bits(levels: dict[str, bool], records: SweepRecords) -> str:
    return "".join("1" if levels[hack] else "0" for hack in records.hacks)


def _effects(findings: Findings, order: pd.DataFrame) -> dict[str, dict[str, dict]]:
    """Dataset -> trick -> what its panel says, and the runs with and without it."""
    shown, found = told(findings), {}
    average = findings.average.set_index(["dataset", "hack"]) if len(findings.average) else None
    for _, row in shown[shown["effect_log"].notna()].iterrows():
        key = (row["dataset"], row["hack"])
        without, with_it, pair = sides(findings.records, order, *key, bool(row["settled"]))
        beside = bool(row["settled"]) and average is not None and key in average.index
        found.setdefault(key[0], {})[key[1]] = {
            "verdict": row["verdict"],
            "effect": effect(row, findings.scale),
            "interval": interval(row, findings.scale),
            "wide": interval(row, findings.scale, "ci_low_simultaneous_pct", "ci_high_simultaneous_pct"),
            "p": p_value(value(row, "p_adjusted")),
            "words": in_words(row, findings),
            "average": effect(average.loc[key], findings.scale) if beside else None,
            "others": _others(findings, *key),
            "without": without,
            "with": with_it,
            "pair": pair,
        }
    return found


def _others(findings: Findings, dataset: str, hack: str) -> list[list]:
    """[score, effect, whether clear of chance] of every other score that is known."""
    found = findings.other_scores
    if found.empty:
        return []
    own = found[(found["dataset"] == dataset) & (found["hack"] == hack) & found["effect"].notna()]
    scales = {name: Scale(outcome_of(name)) for name in own["score"]}
    return [
        [scales[row["score"]].label, scales[row["score"]].size(float(row["effect"])), bool(row["clear"])]
        for _, row in own.iterrows()
    ]


def _model(surface) -> dict:
    """Coefficients and the lower half of their covariance, row by row."""
    rows = [[rounded(x, 5) for x in surface.covariance[i, : i + 1]] for i in range(len(surface.mean))]
    return {
        "tricks": list(surface.hacks),
        "pairs": [list(pair) for pair in surface.pairs],
        "mean": [rounded(x, 7) for x in surface.mean],
        "covariance": [x for row in rows for x in row],
        "rest": rounded(surface.recipe_variance + surface.run_variance, 7),
        "held": surface.held,
        "tried": surface.tried,
    }


def _runs(records: SweepRecords, runs: pd.DataFrame) -> dict:
    """Columns of the frame of runs; curves as lists, FID at `steps` and the means of the losses in equal bins."""
    levels = runs[list(records.hacks)].to_numpy(bool).astype(int).astype(str)
    names = {"cell": "cell", "arm": "arm", "seed": "seed", "fid": "fid", **{name: name for name in _SCORES}}
    scores = {new: _column(runs[old]) for new, old in names.items() if old in runs and runs[old].notna().any()}
    steps, fids = _fids(records.curves, runs)
    return {
        "dataset": [records.datasets.index(name) for name in runs["dataset"]],
        "status": [*map(str, runs["status"])],
        "levels": ["".join(row) for row in levels],
        **scores,
        "tuned": [_tuned(text) for text in runs["hack_parameters"]] if "hack_parameters" in runs else [],
        "labels": {name: outcome_of(name).label for name in ("fid", *_SCORES) if name in scores},
        "statuses": [status for status in STATUSES if status in set(runs["status"])],
        "steps": steps,
        "fids": fids,
        "losses": {name: _binned(records.curves, runs, name) for name in ("d_loss", "g_loss")},
        "last": rounded(records.curves["step"].max()) if "step" in records.curves else None,
    }


def _column(values: pd.Series) -> list:
    if pd.api.types.is_numeric_dtype(values):
        return [rounded(number) for number in values.astype(float)]
    return [str(text) for text in values]


def _tuned(text: object) -> str:
    """Parameters of hacks that differ from the catalogue's, as options of a command."""
    given = json.loads(text) if isinstance(text, str) and text else {}
    return " ".join(f"{hack}.{name}={size}" for hack, own in given.items() for name, size in own.items())


def _fids(curves: pd.DataFrame, runs: pd.DataFrame) -> tuple[list[int], list[list]]:
    if curves.empty or not {"key", "step", "fid"} <= set(curves):
        return [], []
    table = curves[curves["fid"].notna()].pivot_table(index="key", columns="step", values="fid", aggfunc="last")
    table = table.reindex(runs["key"])
    return [int(step) for step in table.columns], [[rounded(x, 3) for x in row] for row in table.to_numpy()]


def _binned(curves: pd.DataFrame, runs: pd.DataFrame, name: str) -> list[list]:
    if curves.empty or not {"key", "step", name} <= set(curves) or not curves[name].notna().any():
        return []
    own = curves.loc[np.isfinite(curves[name].astype(float)), ["key", "step", name]]
    last = max(float(curves["step"].max()), 1.0)
    place = np.minimum((own["step"] / last * _BINS).astype(int), _BINS - 1)
    table = own.assign(place=place).pivot_table(index="key", columns="place", values=name)
    table = table.reindex(index=runs["key"], columns=range(_BINS))
    return [[rounded(x, 3) for x in row] for row in table.to_numpy()]


def _command(records: SweepRecords, dataset: str) -> str:
    """The command that makes a run of the sweep again, but for its seed and levels; empty without a plan."""
    plan = records.plan
    if plan is None:
        return ""
    asked = {"dataset": dataset, **plan.budget.to_dict(), "extractor": plan.scoring.extractor, "n": plan.scoring.n}
    unasked = {"late": 0, "recipe": "dcgan", "extractor": "domain", "resolution": None}
    given = {name: told for name, told in asked.items() if name not in unasked or told != unasked[name]}
    return " ".join(["ganbench run", *(f"--{name.replace('_', '-')} {_quoted(told)}" for name, told in given.items())])


def _quoted(told: object) -> str:
    text = str(told)
    return (
        text
        if known(told) or all(c.isalnum() or c in "-_.:/" for c in text)
        else "'" + text.replace("'", "'\\''") + "'"
    )


def _pictures(folder: Path, keys: Sequence[str], first: Sequence[int]) -> list[str | None]:
    """Corners of the runs' grids in base64, as large as all of them together may be; empty where none was kept.

    Where all of them are too much even when small, the places in `first` have theirs, then whoever comes.
    """
    there = [key for key in keys if (folder / f"{key}.png").is_file()]
    found: dict[str, bytes] = {}
    for rows, quality in _QUALITIES if there else ():
        made = {key: corner(folder, f"{key}.png", rows, quality) for key in there}
        found = {key: data for key, data in made.items() if data}
        if sum(map(len, found.values())) * 4 / 3 <= PICTURES:
            break
    left, kept = PICTURES, {}
    for key in dict.fromkeys([*(keys[place] for place in first), *keys]):
        size = len(found.get(key, b"")) * 4 / 3
        if key in found and size <= left:
            kept[key], left = base64.b64encode(found[key]).decode(), left - size
    return [kept.get(key) for key in keys] if kept else []

"""Read a sweep folder: the frames and files that everything in the report is made from."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.errors import UserError
from bench.records.files import CURVES, ENVIRONMENT, PLAN, RUNS

NEEDED = ("dataset", "cell", "seed", "status", "fid", "fid_noise", "fid_real")


@dataclass(frozen=True)
class Sweep:
    """A sweep's records. `curves` is empty where none were kept; `plan` and `environment` are {} where missing."""

    folder: Path
    name: str
    plan: dict
    environment: dict
    runs: pd.DataFrame
    curves: pd.DataFrame
    hacks: tuple[str, ...]
    datasets: tuple[str, ...]

    @property
    def sesoi(self) -> float:
        """Smallest effect of interest as a fraction of FID, as the plan declares it (0.05 where it does not)."""
        return float(self.plan.get("sesoi") or 0.05)

    @property
    def family(self) -> str:
        """The family of tests the plan declares: screen, confirm or followup."""
        return str(self.plan.get("family") or "screen")

    def of(self, dataset: str) -> pd.DataFrame:
        """The runs on one dataset."""
        return self.runs[self.runs["dataset"] == dataset]


def read_sweep(folder: Path) -> Sweep:
    """Read `folder`; UserError where there is no runs.parquet, it cannot be read, or its runs mix extractors."""
    folder = Path(folder)
    path = folder / RUNS
    if not path.is_file():
        raise UserError(
            f"no sweep in {str(folder)!r}: expected a folder with runs.parquet; name a folder under results/, "
            "or run the sweep first"
        )
    runs = _frame(path)
    missing = [column for column in NEEDED if column not in runs]
    if missing:
        raise UserError(f"{str(path)!r} lacks the columns {', '.join(missing)}: rewrite it with `ganbench export`")
    plan, environment = read_json(folder / PLAN), read_json(folder / ENVIRONMENT)
    runs = _tidy(runs)
    refuse_mixed_extractors(runs)
    curves_path = folder / CURVES
    curves = _frame(curves_path) if curves_path.is_file() else pd.DataFrame()
    declared = [hack for hack in plan.get("hacks", []) if hack in runs]
    hacks = declared or [column for column in runs if runs[column].dtype == bool]
    # Planned datasets keep the plan's order and appear even before their first run.
    planned = [d if isinstance(d, str) else str(d.get("name", d)) for d in plan.get("datasets", [])]
    datasets = list(dict.fromkeys([*planned, *sorted(runs["dataset"].unique())]))
    name = str(plan.get("name") or folder.resolve().name)
    places = runs["dataset"].map({dataset: place for place, dataset in enumerate(datasets)})
    runs = runs.astype(dict.fromkeys(hacks, bool)).loc[places.sort_values(kind="stable").index].reset_index(drop=True)
    return Sweep(folder, name, plan, environment, runs, curves, tuple(hacks), tuple(datasets))


def refuse_mixed_extractors(runs: pd.DataFrame) -> None:
    """UserError where FIDs that stand side by side come from different feature extractors.

    One dataset must have one extractor; datasets may differ within one family (`domain:mnist`, `domain:shapes`).
    """
    for column in ("extractor", "extractor_hash"):
        if column not in runs:
            continue
        for dataset, group in runs.groupby("dataset", sort=True):
            names = sorted(group[column].dropna().astype(str).unique())
            if len(names) > 1:
                raise UserError(
                    f"the runs on {dataset!r} mix the {column.replace('_', ' ')} values {', '.join(names)}: their "
                    "scores cannot be compared; score all runs with one extractor"
                )
    if "extractor" in runs:
        families = sorted({str(name).split(":")[0] for name in runs["extractor"].dropna()})
        if len(families) > 1:
            raise UserError(
                f"the runs mix the extractors {', '.join(families)}: their scores cannot be compared; "
                "report sweeps of one extractor at a time"
            )


def _tidy(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows in one order, whatever order the workers finished in; `arm` and `key` filled where absent."""
    runs = runs.copy()
    runs["dataset"], runs["cell"] = runs["dataset"].astype(str), runs["cell"].astype(str)
    if "arm" not in runs:
        runs["arm"] = "screen"
    runs["arm"] = runs["arm"].fillna("screen").astype(str)
    if "key" not in runs:
        runs["key"] = runs["dataset"] + "-" + runs["cell"] + "-" + runs["seed"].astype(str)
    return runs.sort_values(["dataset", "cell", "seed", "key"], kind="stable").reset_index(drop=True)


def _frame(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!r} cannot be read as parquet: rewrite it with `ganbench export`") from error


def read_json(path: Path) -> dict:
    """A JSON object; {} where there is no such file, UserError where it holds none."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!r} cannot be read as JSON: restore it, or delete it to report without") from error
    if not isinstance(content, dict):
        raise UserError(f"{str(path)!r} holds a {type(content).__name__}, expected a JSON object: restore it")
    return content

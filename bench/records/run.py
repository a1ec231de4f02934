"""What a run is asked to do, and what it leaves: plain data that travels between processes and into storage."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

from bench.records.budget import Budget, Scoring
from bench.records.fields import Asked, check_fields
from bench.records.levels import check_tables
from bench.records.plan import Plan

STATUSES = ("ok", "collapsed", "diverged")


@dataclass(frozen=True)
class RunSpec(Budget, Scoring):
    """One cell × dataset × seed with its budget and scoring; `run(spec)` is a pure function of it.

    The fields of `Budget` and `Scoring` are fields of a spec too, given by name.

    Attributes:
        dataset, seed: as they say.
        levels: hack name -> on or off; hacks not named keep the base recipe's value (off, for the naive one).
        cell, arm, plan: where in which plan the run belongs; empty for a run by hand.
        hack_parameters: hack name -> parameter -> value.
        data_root: folder that datasets are looked for in, if not the usual ones.
    """

    dataset: Annotated[str, Asked("Dataset to train on; see `ganbench datasets`.")]
    levels: dict[str, bool] = field(default_factory=dict)
    seed: Annotated[int, Asked("Seed of every random stream.", least=0, most=2**31 - 1)] = 0
    cell: str = ""
    arm: str = ""
    plan: str = ""
    hack_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    data_root: str | None = None

    @property
    def budget(self) -> Budget:
        """The spec's part that says how it trains."""
        return Budget.of(self)

    @property
    def scoring(self) -> Scoring:
        """The spec's part that says how it is scored."""
        return Scoring.of(self)

    @property
    def key(self) -> str:
        """The identity of the run: 16 hex digits over plan, dataset, cell and seed, or over the spec by hand."""
        return run_key(self.plan, self.dataset, self.cell, self.seed) if self.plan else _digest(self.to_dict())

    @property
    def checkpoints(self) -> list[int]:
        """The steps after which the run is scored, the last one being `steps`."""
        wanted = min(self.evaluations, self.steps)
        late = min(self.late, wanted)
        if not late:
            return sorted({round(self.steps * (i + 1) / wanted) for i in range(wanted)})
        third, early = self.steps / 3, wanted - late
        before = {int(2 * third * (i + 1) / early) for i in range(early)}
        return sorted((before | {round(2 * third + third * (i + 1) / late) for i in range(late)}) - {0})


def check_spec(spec: RunSpec) -> None:
    """Refuse values of the wrong kind or out of range; which hacks and data there are is not asked.

    Raises:
        UserError: names the value and what was expected.
    """
    check_fields(RunSpec, vars(spec))
    check_tables(spec.levels, spec.hack_parameters)


def run_key(plan_hash: str, dataset: str, cell: str, seed: int) -> str:
    """The identity of a planned run."""
    return _digest([plan_hash, dataset, cell, seed])


def _digest(identity: Any) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def specs_of(plan: Plan, data_root: str | None = None) -> list[RunSpec]:
    """Every run of the plan in its shuffled order."""
    identity = plan.hash
    return [
        RunSpec(
            dataset=dataset,
            levels=dict(cell.levels),
            seed=seed,
            cell=cell.name,
            arm=cell.arm,
            plan=identity,
            hack_parameters={**plan.hack_parameters, **cell.hack_parameters},
            data_root=data_root,
            **plan.budget.to_dict(),
            **plan.scoring.to_dict(),
        )
        for dataset, cell, seed in plan.runs()
    ]


@dataclass(frozen=True)
class RunRecord:
    """What a run leaves.

    Attributes:
        spec: what was asked.
        status: "ok", "collapsed" or "diverged"; each is an outcome of the levels, never a dropped row.
        scores: name -> value at the last step; `fid_noise`, `fid_real` and `fid_ceiling` are the anchors at the same n,
            `fid_last_third` the FID over the last third of training.
        reasons: name -> why that score could not be computed.
        checkpoints: step -> FID, for every evaluation that took place.
        curves: column -> values at the steps in `curves["step"]`.
        samples: PNG bytes of an 8 × 8 grid, made from the same latent draws for every run of a sweep.
        protocol: extractor and its hash, n, dataset hash and split, precision: what the scores depend on.
        recipe: every slot of the recipe that was trained, as text.
        environment: versions, fingerprint of the sources, hardware; the only part, with `timing`, that may differ
            between equal runs.
        timing: wall seconds of the whole run, and of its training and scoring.
    """

    spec: RunSpec
    status: str
    scores: dict[str, float]
    reasons: dict[str, str]
    checkpoints: dict[int, float]
    curves: dict[str, list[float]]
    samples: bytes
    protocol: dict[str, Any]
    recipe: dict[str, str]
    environment: dict[str, Any]
    timing: dict[str, float]

    def result(self) -> dict[str, Any]:
        """All that two runs of one spec on one machine must have in common, bit for bit."""
        parts = dataclasses.asdict(self)
        return {name: value for name, value in parts.items() if name not in ("environment", "timing")}

"""How GAN training tricks are measured: the stages from a plan to a report.

The public names resolve on first use, so that `bench.plan` and `bench.analysis` never load torch.
"""

from importlib import import_module

_HOMES = {
    "sweep": "bench.api.sweep",
    "load_sweep": "bench.api.result",
    "own_data": "bench.api.own",
    "run": "bench.api.own",
    "RunSpec": "bench.records.run",
    "RunRecord": "bench.records.run",
    "load_runs": "bench.records.frames",
    "load_generator": "bench.runner.generator",
    "UserError": "bench.errors",
}


def __getattr__(name: str):
    """Import a public name from the stage that owns it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bench' has no attribute {name!r}")

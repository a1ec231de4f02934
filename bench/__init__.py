"""How GAN training tricks are measured: the stages from a plan to a report.

The public names resolve on first use, so that `bench.plan` and `bench.analysis` never load torch.
"""

from importlib import import_module

_HOMES = {
    "run": "bench.runner.run",
    "RunSpec": "bench.records.run",
    "RunRecord": "bench.records.run",
    "load_runs": "bench.records.frames",
    "load_generator": "bench.runner.generator",
}


def __getattr__(name: str):
    """Import a public name from the stage that owns it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bench' has no attribute {name!r}")

"""Scores of generated images: fidelity, diversity, collapse, stability, mechanism.

The public names resolve on first use, so that `bench.records.scores` never loads torch.
"""

from importlib import import_module

_HOMES = {
    "DIRECTIONS": "bench.records.scores",
    "Extractor": "bench.metrics.extractor",
    "ScoreUnavailable": "bench.metrics.checks",
    "Scorer": "bench.metrics.score",
    "Scores": "bench.metrics.score",
    "density_coverage": "bench.metrics.fidelity",
    "frechet_distance": "bench.metrics.fidelity",
    "get_extractor": "bench.metrics.extractors",
    "gradient_probe": "bench.metrics.mechanism",
    "inception_score": "bench.metrics.fidelity",
    "kernel_distance": "bench.metrics.fidelity",
    "mode_coverage": "bench.metrics.collapse",
    "precision_recall": "bench.metrics.fidelity",
    "probe": "bench.metrics.mechanism",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str):
    """Import a public name from the module that owns it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bench.metrics' has no attribute {name!r}")

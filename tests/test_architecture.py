"""The arrows between the stages go one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

STAGES = ("bench.plan", "bench.data", "bench.gan", "bench.metrics", "bench.runner", "bench.analysis", "bench.report")
NEVER = {
    "bench/records": {"hacks", "torch", "torchvision", "optuna", "bench.cli", *STAGES},
    "hacks": {"bench", "optuna", "pandas"},
    "bench/plan": {
        "hacks",
        "torch",
        "torchvision",
        "optuna",
        "bench.data",
        "bench.gan",
        "bench.metrics",
        "bench.runner",
    },
    "bench/data": {"hacks", "optuna", "bench.plan", "bench.gan", "bench.metrics", "bench.runner", "bench.analysis"},
    "bench/gan": {"optuna", "pandas", "bench.data", "bench.metrics", "bench.runner", "bench.analysis", "bench.report"},
    "bench/metrics": {"hacks", "optuna", "bench.gan", "bench.runner", "bench.analysis", "bench.report"},
    "bench/runner": {"bench.analysis", "bench.report", "bench.cli"},
    "bench/analysis": {
        *("hacks", "torch", "torchvision", "optuna"),
        *("bench.data", "bench.gan", "bench.metrics", "bench.runner", "bench.report"),
    },
    "bench/report": {
        *("hacks", "torch", "torchvision", "optuna"),
        *("bench.data", "bench.gan", "bench.metrics", "bench.runner"),
    },
}


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("stage", NEVER)
def test_nothing_imports_against_the_flow(stage):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / stage).rglob("*.py"))
        for name in imported(path)
        if any(name == banned or name.startswith(f"{banned}.") for banned in NEVER[stage])
    ]
    assert wrong == []


@pytest.mark.parametrize("stage", ["bench", "bench.records.sweep", "bench.plan", "bench.analysis", "bench.report"])
def test_the_pure_stages_never_load_torch(stage):
    code = f"import {stage}, sys; print(sorted({{'torch', 'torchvision', 'optuna'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_trainer_knows_no_hack_by_name():
    import hacks

    for path in (ROOT / "bench" / "gan").glob("*.py"):
        tree = ast.parse(path.read_text())
        words = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & set(hacks.names()), path


def test_files_are_readable_in_one_sitting():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("hacks", "bench")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := path.read_text().count("\n")) > 400
    }
    assert long == {}

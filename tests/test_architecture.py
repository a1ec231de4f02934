"""The arrows between the stages go one way."""

import ast
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]

STAGES = ("plan", "data", "gan", "metrics", "runner", "analysis", "report", "replay", "throughput", "cli", "api")
"""The rooms of `bench`, beside `records`, which all may see."""
SEES = {
    "records": (),
    "plan": (),
    "data": (),
    "gan": (),
    "metrics": ("data",),
    "analysis": ("plan",),
    "report": ("plan", "analysis"),
    "runner": ("plan", "data", "gan", "metrics"),
    "replay": ("plan", "analysis", "runner"),
    "throughput": ("data", "gan", "metrics", "runner"),
    "cli": tuple(stage for stage in STAGES if stage not in ("cli", "api")),
    "api": tuple(stage for stage in STAGES if stage != "api"),
}
"""Stage -> the stages it may import from."""
HEAVY = {"torch", "torchvision", "optuna"}
FREE_OF = {
    "records": {"hacks", *HEAVY},
    "plan": {"hacks", *HEAVY},
    "data": {"hacks", "optuna"},
    "gan": {"optuna", "pandas"},
    "metrics": {"hacks", "optuna"},
    "analysis": {"hacks", *HEAVY},
    "report": {"hacks", *HEAVY},
    "replay": {"hacks", "torch", "torchvision"},
}
NEVER = {"hacks": {"bench", "optuna", "pandas"}} | {
    f"bench/{stage}": {f"bench.{other}" for other in STAGES if other not in (stage, *seen)} | FREE_OF.get(stage, set())
    for stage, seen in SEES.items()
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


def test_every_room_is_listed():
    rooms = {path.name for path in (ROOT / "bench").iterdir() if (path / "__init__.py").is_file()}
    assert rooms == {"records", *STAGES}


def modules_of(*folders):
    """Every module in these folders, by the name it is imported by."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_the_pure_stages_never_load_torch():
    names = ["bench", *modules_of("bench/records", "bench/plan", "bench/analysis", "bench/report"), "bench.cli"]
    code = (
        "import importlib, sys\n"
        f"for name in {names}:\n"
        "    importlib.import_module(name)\n"
        f"    found = set({sorted(HEAVY)!r}) & set(sys.modules)\n"
        "    assert not found, (name, found)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_command_asks_for_help_without_its_libraries():
    code = (
        "import contextlib, sys\n"
        "from bench.cli import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['sweep', '--help'])\n"
        "print(sorted({'torch', 'optuna', 'pandas', 'numpy', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "--outcome" in done.stdout
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_trainer_knows_no_hack_by_name():
    import hacks

    for path in (ROOT / "bench" / "gan").glob("*.py"):
        tree = ast.parse(path.read_text())
        words = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & set(hacks.names()), path


def test_files_are_readable_in_one_sitting():
    lines = {
        str(path.relative_to(ROOT)): path.read_text().count("\n")
        for folder in ("hacks", "bench", "scripts", "tests")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: count for path, count in lines.items() if count > 400} == {}
    assert median(count for path, count in lines.items() if path.startswith(("hacks", "bench"))) < 100

"""The notebook of the docs runs from its first cell to its last, and what it shows was made by it."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "from-python.ipynb"
CELLS = json.loads(NOTEBOOK.read_text())["cells"]
ANSWER = "runs: what each trick does to FID, in the best recipe found"
MOST_SECONDS = 600


def shown_by_a_kernel(home):
    """What the cells show in a kernel of their own."""
    import nbclient
    import nbformat

    book = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(home)}}
    nbclient.NotebookClient(book, timeout=MOST_SECONDS, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in outputs)


def shown_by_a_script(home):
    """What they show without one: the last expression of each cell is printed."""
    lines = []
    for cell in CELLS:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            if isinstance(tree.body[-1], ast.Expr):
                tree.body[-1].value = ast.Call(ast.Name("print", ast.Load()), [tree.body[-1].value], [])
            lines.append(ast.unparse(ast.fix_missing_locations(tree)))
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=home, capture_output=True, text=True, timeout=MOST_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_runs_and_ends_with_an_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(NOTEBOOK.parents[1]), os.environ.get("PYTHONPATH", "")]))
    there = all(importlib.util.find_spec(name) for name in ("nbclient", "nbformat", "ipykernel"))
    shown = (shown_by_a_kernel if there else shown_by_a_script)(tmp_path)
    assert ANSWER in shown
    assert "batch_norm  " in shown
    assert "runs are there" in shown
    assert "own images of float64 (1797, 8, 8): expected uint8" in shown
    assert (tmp_path / "results" / "from-python" / "runs.parquet").is_file()


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell["cell_type"] == "code"], ids=lambda cell: cell["id"])
def test_it_was_saved_as_it_ran(cell):
    assert cell["execution_count"]
    kinds = [output.get("name", output["output_type"]) for output in cell["outputs"]]
    assert not {"stderr", "error"} & set(kinds)


def test_it_shows_the_table_and_the_figure():
    (page,) = [
        "".join(output["data"]["text/html"])
        for cell in CELLS
        if cell["cell_type"] == "code" and "".join(cell["source"]) == "sweep"
        for output in cell["outputs"]
    ]
    assert ANSWER in page
    assert "data:image/png;base64," in page
    assert NOTEBOOK.stat().st_size < 200_000

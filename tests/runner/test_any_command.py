"""Any option of any verb, files that a person edits, and what Python is given: as in `test_any_input.py`."""

import json
import math
from pathlib import Path
from typing import get_args

import anything
import pytest
from anything import NUMBERS, VALUES, WORDS, fuzz
from hypothesis import given
from hypothesis import strategies as st

import hacks
from bench.cli import app
from bench.cli.options import _declared, _parameters
from bench.errors import UserError
from bench.records.declaration import Declaration
from bench.records.fields import fields_asked
from bench.records.plan import Plan
from bench.records.recipe_file import RecipeFile
from bench.records.run import RunSpec
from bench.runner.run import validate

PATHS = st.one_of(
    WORDS, st.sampled_from([".", "..", "/", "there", "there/file", "file", "/dev/null", "/proc/self/mem", "~", "$HOME"])
)
VERBS = {
    command.name or command.callback.__name__: _parameters(command.callback) for command in app.registered_commands
}


@pytest.fixture(autouse=True)
def nothing_starts(tmp_path, monkeypatch):
    anything.place(tmp_path, monkeypatch)
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("a line\n")


@st.composite
def command(draw):
    verb = draw(st.sampled_from(list(VERBS)))
    words = [verb]
    for parameter in draw(st.lists(st.sampled_from(VERBS[verb]), max_size=4, unique_by=lambda each: each.name)):
        kind, *extras = get_args(parameter.annotation) or (parameter.annotation,)
        names = [name for extra in extras for name in _declared(extra)]
        argument = any(type(extra).__name__ == "ArgumentInfo" for extra in extras)
        words += [] if argument else [names[0] if names else f"--{parameter.name.replace('_', '-')}"]
        if kind is not bool and bool not in get_args(kind):
            paths = Path in (kind, *get_args(kind), *(part for each in get_args(kind) for part in get_args(each)))
            words.append(draw(PATHS if paths else st.one_of(NUMBERS.map(str), WORDS)))
    return words


@fuzz(4)
@given(words=command())
def test_any_command(words):
    accepted = anything.answered(*words)
    if accepted and words[0] in ("work", "throughput", "replay"):
        assert not {"nan", "inf", "-inf"} & set(words[1:]), words


@fuzz(1)
@given(table=st.dictionaries(st.one_of(st.sampled_from([*RecipeFile.__dataclass_fields__]), WORDS), VALUES, max_size=4))
def test_any_recipe_file(tmp_path, table):
    file = tmp_path / "recipe.toml"
    text = "\n".join(f"{json.dumps(name)} = {anything.toml(value)}" for name, value in table.items())
    file.write_text('dataset = "digits"\n' * ("dataset" not in table) + text, "utf-8")
    anything.answered("train", "--recipe-file", str(file), "--out", "trained")


@fuzz(1)
@given(
    content=VALUES,
    name=st.sampled_from(["plan.json", "declaration.json", "environment.json", "plans/00-screen.json", "runs.parquet"]),
    verb=st.sampled_from(
        [("show", "s"), ("show", "best", "--name", "s"), ("report", "s"), ("export", "s"), ("replay", "s")]
    ),
)
def test_any_json_in_place_of_a_sweeps_files(tmp_path, content, name, verb):
    file = tmp_path / "results" / "s" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    anything.answered(*verb)
    file.unlink()


@fuzz(2)
@given(cls=st.sampled_from([Plan, Declaration]), content=VALUES)
def test_any_json_in_place_of_a_plan(cls, content):
    fields = [name for name, field in cls.__dataclass_fields__.items() if field.init]
    table = dict(zip(fields, content, strict=False)) if isinstance(content, list) else content
    with pytest.raises(UserError) as refused:
        cls.from_json(json.dumps(table))
    assert len(str(refused.value).split("\n")) == 1


@fuzz(10)
@given(name=st.sampled_from(hacks.names()), value=st.one_of(NUMBERS, VALUES), data=st.data())
def test_any_value_of_any_parameter(name, value, data):
    hack = hacks.get(name)
    parameter = data.draw(st.one_of(st.sampled_from([*hack.parameters, "bogus"]), WORDS))
    try:
        checked = hack.checked(**{parameter: value})[parameter]
    except hacks.HackError as problem:
        assert len(str(problem).split("\n")) == 1  # noqa: PT017
        return
    for number in checked if isinstance(checked, tuple) else (checked,):
        assert isinstance(number, bool | str) or math.isfinite(number)
    json.dumps(checked)
    hack.on(hacks.Recipe(), **{parameter: value}).describe()


@fuzz(3)
@given(
    given=st.dictionaries(
        st.sampled_from([*fields_asked(RunSpec), "levels", "hack_parameters"]), st.one_of(NUMBERS, VALUES), max_size=3
    )
)
def test_any_spec(given):
    try:
        validate(RunSpec(**{"dataset": "digits", **given}))
    except UserError as problem:
        assert len(str(problem).split("\n")) == 1  # noqa: PT017
        return
    for name, value in given.items():
        assert not isinstance(value, float) or math.isfinite(value), name

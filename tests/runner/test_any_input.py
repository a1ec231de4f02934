"""What an outsider may type or have on disk: any value of any option, any TOML, any small tree of files as a dataset.

Each is accepted or refused in one line with exit code 2, within seconds, and what is accepted is in its range. Options
are those that are declared, so a new one is among them at once. By hand, a hundred thousand cases in some hours:

    GANBENCH_FUZZ_CASES=7000 nice python -m pytest tests/runner/test_any_input.py tests/runner/test_any_command.py

The suite makes 20 in place of 7,000.
"""

import contextlib
import io
import json
import math
import shutil
import string
from itertools import pairwise

import anything
import numpy as np
import pytest
from anything import NUMBERS, VALUES, WORDS, answered, fuzz
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.cli.request import Request
from bench.data import load
from bench.errors import UserError
from bench.records.fields import fields_asked
from bench.records.run import RunSpec

ASKED = {"run": RunSpec, "plan": Request, "sweep": Request}
SANE = {"leaky_relu.slope": 1, "adam_beta1.beta1": 1, "label_flips.rate": 1, "ema.decay": 1}
"""Parameters that lie between 0 and this."""
DIRECTORY = None


@pytest.fixture(autouse=True)
def nothing_starts(tmp_path, monkeypatch):
    anything.place(tmp_path, monkeypatch)


def value_of(field):
    """Any word or number; and, as often, what the field takes."""
    own = [st.sampled_from([str(choice) for choice in field.asked.choices])] if field.asked.choices else []
    return st.one_of(NUMBERS.map(str), WORDS, *own)


@st.composite
def command(draw):
    verb = draw(st.sampled_from(list(ASKED)))
    fields = fields_asked(ASKED[verb])
    words = [verb]
    for name in draw(st.lists(st.sampled_from(list(fields)), min_size=1, max_size=3, unique=True)):
        words.append(f"--{name.replace('_', '-')}")
        words += [draw(value_of(fields[name]))] if fields[name].kind is not bool else []
    if verb == "run" and draw(st.booleans()):
        parameter = draw(st.sampled_from(list(SANE)))
        words += ["--hack", f"{parameter}={draw(st.one_of(NUMBERS.map(str), WORDS))}"]
    if "--dataset" not in words and verb == "run":
        words += ["--dataset", "digits"]
    return words


@fuzz(4)
@given(words=command())
def test_any_value_of_any_option(words):
    if answered(*words):
        fields = fields_asked(ASKED[words[0]])
        for option, value in pairwise(words):
            field = fields.get(option.removeprefix("--").replace("-", "_"))
            if option == "--hack":
                name, _, number = value.partition("=")
                assert 0 <= float(number) <= SANE[name], words
            elif field is not None and field.kind in (int, float):
                assert sensible(field, float(value)), words


def sensible(field, number):
    """Whether it is a number that the field's help promises to take."""
    asked = field.asked
    least, most = (-math.inf if asked.least is None else asked.least), (math.inf if asked.most is None else asked.most)
    return math.isfinite(number) and least <= number <= most and (not asked.choices or number in asked.choices)


NAMES = st.one_of(st.sampled_from([*fields_asked(Request)]), WORDS.filter(bool))


@fuzz(2)
@given(table=st.dictionaries(NAMES, VALUES, max_size=4), verb=st.sampled_from(["plan", "sweep"]))
def test_any_toml(tmp_path, table, verb):
    file = tmp_path / "mine.toml"
    file.write_text("\n".join(f"{json.dumps(name)} = {anything.toml(value)}" for name, value in table.items()), "utf-8")
    answered(verb, "--preset", "smoke", "--spec", str(file))


def picture(size, mode, kind):
    made = io.BytesIO()
    Image.fromarray(np.zeros(size, np.uint8)).convert(mode).save(made, kind)
    return made.getvalue()


CONTENTS = st.one_of(
    st.builds(
        picture,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        st.sampled_from(["L", "RGB", "1", "P"]),
        st.sampled_from(["PNG", "GIF", "TIFF"]),
    ),
    st.binary(max_size=40),
    st.sampled_from([DIRECTORY, "link to itself", "link to nowhere", "link to the tree"]),
)
PARTS = st.one_of(
    st.sampled_from(["train", "test", "a", "b", ".hidden", "x.png", "y.PNG", "z.jpg", "labels.csv", "w.zip", "ä ö"]),
    st.text(string.printable.replace("/", ""), min_size=1, max_size=6).filter(lambda name: name not in (".", "..")),
)


def planted(tree, folder):
    """Write a tree of files; what the file system refuses is left out."""
    folder.mkdir()
    for parts, content in tree:
        path = folder.joinpath(*parts)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is DIRECTORY:
                path.mkdir()
            elif isinstance(content, str):
                path.symlink_to({"itself": path, "nowhere": "nowhere", "tree": folder}[content.split()[-1]])
            else:
                path.write_bytes(content)


@fuzz(2.5)
@given(tree=st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=3), CONTENTS), max_size=8))
def test_any_tree_of_files(tmp_path, tree):
    folder = tmp_path / "tree"
    planted(tree, folder)
    try:
        with anything.within_seconds(tree):
            found = load(f"folder:{folder}", 16)
    except UserError as problem:
        assert len(str(problem).split("\n")) == 1, str(problem)  # noqa: PT017
    else:
        assert found.images.shape[-2:] == (16, 16)
        assert len(found.reference_images) > 0
    finally:
        shutil.rmtree(folder)

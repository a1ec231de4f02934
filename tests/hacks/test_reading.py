"""What is read from a hack's file, against what running it says."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

import hacks
from hacks import reading, registry
from hacks.recipe import TUPLE_SLOTS

FOLDER = Path(reading.__file__).parent
READ = {found.__name__: found for found in reading.read(FOLDER)}


def ran(name):
    """The function of a hack as its file defines it."""
    return getattr(sys.modules[READ[name].__module__], name)


@pytest.fixture(scope="module", autouse=True)
def all_of_them_have_run():
    for found in READ.values():
        found(hacks.Recipe())


def test_files_that_run_again_register_what_was_read(monkeypatch):
    monkeypatch.setattr(registry, "_HACKS", {})
    for file in FOLDER.glob("*.py"):
        if "from hacks.registry import hack\n" in file.read_text():
            module = ModuleType("again")
            monkeypatch.setitem(sys.modules, "again", module)
            exec(compile(file.read_bytes(), str(file), "exec", dont_inherit=True), vars(module))
    assert {name: declared(hack) for name, hack in registry._HACKS.items()} == {
        name: declared(registry.Hack(name, found, "", **found.declared)) for name, found in READ.items()
    }


def declared(hack):
    return hack.order, hack.needs, hack.core, hack.family, hack.sets


@pytest.mark.parametrize("name", READ)
def test_what_is_read_is_what_runs(name):
    found, function = READ[name], ran(name)
    assert found.card == inspect.getdoc(sys.modules[found.__module__])
    assert [(p.name, p.default) for p in list(inspect.signature(found).parameters.values())[1:]] == [
        (p.name, p.default) for p in list(inspect.signature(function).parameters.values())[1:]
    ]
    hints = get_type_hints(function, include_extras=True)
    assert get_type_hints(found, include_extras=True).items() <= hints.items()
    assert hints.keys() - get_type_hints(found) <= {"recipe", "return"}
    assert found.single_slots == set(hacks.get(name).slots()) - set(TUPLE_SLOTS)


def test_looking_at_hacks_needs_no_torch():
    code = (
        "import sys, hacks\n"
        "for name in hacks.names():\n"
        "    each = hacks.get(name)\n"
        "    each.describe(), each.ranges, hacks.conflicts([name, 'hinge_loss']), each.file\n"
        "assert hacks.get('adam_beta1').ranges['beta1'].holds(0.5)\n"
        "assert 'torch' not in sys.modules\n"
        "hacks.apply(hacks.Recipe(), {'adam_beta1': True})\n"
        "assert not {'hacks.lecam', 'hacks.self_attention'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

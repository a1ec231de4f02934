"""Where hacks come from: the files of this package, installed packages, and files that a person names.

A package brings hacks by the entry points group `ganbench.hacks`, each the name of a module. Files that were loaded are
kept in the environment variable GANBENCH_HACK_FILES, so that the processes which a program starts have them too.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from hashlib import sha256
from importlib.metadata import entry_points
from pathlib import Path

from hacks import registry
from hacks.errors import HackError

GROUP = "ganbench.hacks"
VARIABLE = "GANBENCH_HACK_FILES"

_LOADED: dict[Path, list[str]] = {}


def discover() -> None:
    """Read every file of the package; import every entry point, and every file of the environment variable.

    Raises:
        HackError: one of the last two cannot be loaded.
    """
    registry.read_hacks(Path(__file__).parent)
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as problem:
            raise HackError(f"entry point {point.name} of {GROUP}: {_short(problem)}; uninstall or mend it") from None
    for path in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        load_file(path)


def load_file(path: str | os.PathLike[str]) -> list[str]:
    """Register the hacks of a Python file anywhere, here and in the processes that this one starts.

    A file that was loaded before is left as it is.

    Returns:
        The names of its hacks.

    Raises:
        HackError: it cannot be read or run, registers no hack, or one whose name is taken.
    """
    file = Path(path).expanduser().resolve()
    if file not in _LOADED:
        _LOADED[file] = _run(file, str(path))
        known = [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
        os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys([*known, str(file)]))
    return list(_LOADED[file])


def loaded_files() -> list[Path]:
    """The files that hacks were loaded from, in the order of loading."""
    return list(_LOADED)


def _run(file: Path, shown: str) -> list[str]:
    """Run the file as a module; the names of the hacks it registers. What goes wrong leaves nothing behind."""
    before = dict(registry._HACKS)
    name = f"ganbench_hacks.{file.stem}_{sha256(str(file).encode()).hexdigest()[:8]}"
    try:
        code = compile(file.read_bytes(), str(file), "exec")
        spec = importlib.util.spec_from_loader(name, loader=None, origin=str(file))
        module = importlib.util.module_from_spec(spec)
        module.__file__ = str(file)
        sys.modules[name] = module
        exec(code, module.__dict__)
        made = [each for each in registry._HACKS if each not in before]
        if not made:
            raise HackError("it registers no hack; put @hack(order=…) before a function from recipe to recipe")
        return made
    except BaseException as problem:
        sys.modules.pop(name, None)
        registry._HACKS.clear()
        registry._HACKS.update(before)
        if isinstance(problem, KeyboardInterrupt):
            raise
        raise HackError(f"hack file {shown}: {_short(problem, file)}") from None


def _short(problem: BaseException, file: Path | None = None) -> str:
    """What went wrong, in one line, with the line of the file where it did."""
    if isinstance(problem, HackError):
        return str(problem)
    if isinstance(problem, OSError):
        return f"cannot be read ({problem.strerror}); expected a Python file with a hack"
    if isinstance(problem, SyntaxError):
        return f"line {problem.lineno}: {problem.msg}"
    line, trace = None, problem.__traceback__
    while trace is not None:
        if file is not None and trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    text = " ".join(str(problem).split())
    where = f"line {line}: " if line else ""
    return f"{where}{type(problem).__name__}{f': {text}' if text else ''}"

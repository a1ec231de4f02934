"""The fingerprint of the sources that decide a run's numbers: other code, other numbers."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import hacks

ROOT = Path(__file__).parents[2]
DECISIVE = ("hacks", "bench/gan", "bench/metrics", "bench/data")
"""Folders whose modules a run's numbers depend on; weights of extractors and data have hashes of their own."""


def fingerprint() -> str:
    """SHA-256 (hex) over what the modules in `DECISIVE`, and those of hacks from elsewhere, do.

    Comments, docstrings and layout do not count, nor where a hack's file lies.
    """
    defined = {hacks.get(name).file.resolve() for name in hacks.names()}
    return _of(tuple(sorted(path for path in defined if not path.is_relative_to(ROOT / "hacks"))))


@lru_cache(maxsize=4)
def _of(foreign: tuple[Path, ...]) -> str:
    own = sorted(path for folder in DECISIVE for path in (ROOT / folder).rglob("*.py"))
    named = [(str(path.relative_to(ROOT)), path) for path in own] + [(path.name, path) for path in foreign]
    digest = hashlib.sha256()
    for name, path in named:
        digest.update(f"{name}\n{meaning(path.read_text(encoding='utf-8'))}\n".encode())
    return digest.hexdigest()


def meaning(source: str) -> str:
    """The syntax tree of a module's source without its docstrings, as text; the same in every version of Python."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _docstring(node):
            node.body = node.body[1:]
    return _text(tree)


def _docstring(node: Any) -> bool:
    return ast.get_docstring(node, clean=False) is not None


def _text(value: Any) -> str:
    """`ast.dump` leaves empty fields in or out by version; here they are always out."""
    if isinstance(value, ast.AST):
        fields = ((name, getattr(value, name, None)) for name in value._fields)
        return f"{type(value).__name__}({','.join(f'{n}={_text(v)}' for n, v in fields if v not in (None, []))})"
    return f"[{','.join(map(_text, value))}]" if isinstance(value, list) else repr(value)

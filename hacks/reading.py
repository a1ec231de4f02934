"""What the files of this package say of their hacks, read without running them: PyTorch takes seconds to import.

Such a file registers with one `@hack(...)` of plain values before a function whose body fills slots by
`recipe.fill(slot=...)`, `recipe.fill_nets(nets, d={"slot": ...}, ...)` and `recipe.add("slot", ...)`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from copy import copy
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

MARK = "\n@hack("


class Unread:
    """The function of a hack whose file has not run yet: it runs when the function is called.

    Its parameters, their types and the slots that it fills are known from the file's text.

    Attributes:
        file: the file.
        declared: what is written in `@hack(...)`.
        card: the file's docstring.
    """

    def __init__(self, file: Path, tree: ast.Module, function: ast.FunctionDef, declared: ast.Call) -> None:
        self.__name__ = function.name
        self.__module__ = f"{__package__}.{file.stem}"
        self.declared = {word.arg: ast.literal_eval(word.value) for word in declared.keywords}
        self.card = ast.get_docstring(tree) or ""
        self.file, self._tree, self._function = file, tree, function

    def __call__(self, recipe: Any, **parameters: Any) -> Any:
        """Run the file, and the function."""
        return getattr(import_module(self.__module__), self.__name__)(recipe, **parameters)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._outline)

    @property
    def __annotations__(self) -> dict[str, Any]:
        return self._outline.__annotations__

    @property
    def single_slots(self) -> frozenset[str]:
        """The slots that its body fills with one value, its parameters being the usual ones."""
        nets = self.__signature__.parameters.get("nets")
        found: set[str | None] = set()
        for node in _walk(self._function, "both" if nets is None else nets.default):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fill":
                found |= {word.arg for word in node.keywords}
            elif isinstance(node, ast.Dict):
                found |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
        return frozenset(filter(None, found))

    @cached_property
    def _outline(self) -> Callable[..., None]:
        """A function of the same parameters that does nothing; of the file, what these are made of has run."""
        outline, arguments = copy(self._function), copy(self._function.args)
        arguments.args = [ast.arg(arguments.args[0].arg), *arguments.args[1:]]
        outline.args, outline.body, outline.decorator_list, outline.returns = arguments, [ast.Pass()], [], None
        wanted, needed = _names(outline), []
        for statement in reversed(self._tree.body):
            if statement is not self._function and _bound(statement) & wanted:
                needed.insert(0, statement)
                wanted |= _names(statement)
        made = ast.fix_missing_locations(ast.Module([*needed, outline], []))
        namespace: dict[str, Any] = {}
        exec(compile(made, str(self.file), "exec", dont_inherit=True), namespace)
        return namespace[self.__name__]


def read(folder: Path) -> Iterator[Unread]:
    """The hacks of a folder's files."""
    for file in sorted(folder.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if MARK in text:
            tree = ast.parse(text)
            for node in tree.body:
                for call in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "hack":
                        yield Unread(file, tree, node, call)


def _walk(node: ast.AST, nets: str) -> Iterator[ast.AST]:
    """All of a function's parts, but for what `fill_nets` is told of the network that is left as it is."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.keyword) and child.arg in {"d", "g"} - {nets} and nets != "both"):
            yield from _walk(child, nets)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _bound(statement: ast.stmt) -> set[str]:
    """The names that an import, an assignment, a function or a class defines."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}

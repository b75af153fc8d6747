"""What Python would not import: names that a module lacks, or that do not exist yet in a circle of imports.

The evaluator follows names one by one, so a circle that would stop Python does not stop it. Here the top-level statements
of the modules that were read run once more, in the order in which Python would run them, as to which names they bind.
Whatever is not certain (`try`, `__getattr__`, a star import from elsewhere) is taken to be right.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.frontend.assignments import bound_names
from pipec.compiler.frontend.modules import Module
from pipec.compiler.frontend.names import absolute_module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.frontend.modules import ModuleTable

_DYNAMIC = ("__getattr__", "globals(", "sys.modules", "exec(", "setattr(", "vars(")
"""Words of modules whose names cannot be read off their text."""

_IMPLICIT = frozenset({"__name__", "__doc__", "__file__", "__path__", "__package__", "__spec__", "__loader__"})


def import_faults(table: ModuleTable, start: Module) -> list[Diagnostic]:
    """The faults of importing `start`, in the order in which Python would meet them, each once."""
    return _Importer(table).run(start)


class _Importer:
    """Runs modules as to the names they bind; a module that is not in `bound` has not begun."""

    def __init__(self, table: ModuleTable) -> None:
        self._modules = {module.name: module for module in table.loaded()}
        self._table = table
        self._bound: dict[str, set[str]] = {}
        self._running: dict[str, ast.stmt | None] = {}
        self._open: set[str] = set()
        self._faults: list[Diagnostic] = []

    def run(self, module: Module) -> list[Diagnostic]:
        """Imports `module` and returns what went wrong."""
        self._import(module.name)
        return self._faults

    def _import(self, name: str) -> None:
        """Runs the packages above module `name` and then itself, those that have not begun."""
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            module = self._modules.get(".".join(parts[:end]))
            if module is not None and module.name not in self._bound:
                self._begin(module)

    def _begin(self, module: Module) -> None:
        self._bound[module.name] = set(_IMPLICIT)
        if any(word in module.source.text for word in _DYNAMIC):
            self._open.add(module.name)
        self._running[module.name] = None
        self._statements(module, module.tree.body, is_certain=True)
        del self._running[module.name]

    def _statements(self, module: Module, statements: Sequence[ast.stmt], *, is_certain: bool) -> None:
        for statement in statements:
            self._running[module.name] = statement
            match statement:
                case ast.Import():
                    self._import_names(module, statement)
                case ast.ImportFrom():
                    self._import_from(module, statement, is_certain=is_certain)
                case ast.If() if _never_runs(statement.test):
                    self._statements(module, statement.orelse, is_certain=is_certain)
                case ast.If() | ast.For() | ast.While() | ast.With() | ast.Try() | ast.TryStar() | ast.Match():
                    for block in _blocks(statement):
                        self._statements(module, block, is_certain=False)
                    self._bound[module.name].update(bound_names(statement))
                case _:
                    self._bound[module.name].update(bound_names(statement))

    def _import_names(self, module: Module, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name)
            self._bound[module.name].add(alias.asname or alias.name.partition(".")[0])

    def _import_from(self, module: Module, node: ast.ImportFrom, *, is_certain: bool) -> None:
        target = absolute_module(node, module)
        if target is None:
            return
        self._import(target)
        for alias in node.names:
            if alias.name == "*":
                self._import_star(module, target)
                continue
            if is_certain and target in self._bound and not self._has(target, alias.name):
                self._faults.append(self._fault(module, alias, self._modules[target]))
            self._import(f"{target}.{alias.name}")
            self._bound[module.name].add(alias.asname or alias.name)

    def _import_star(self, module: Module, target: str) -> None:
        if target not in self._bound or target in self._open:
            self._open.add(module.name)
        self._bound[module.name] |= {name for name in self._bound.get(target, ()) if not name.startswith("_")}

    def _has(self, target: str, name: str) -> bool:
        """Whether module `target` has `name` now. Of a module that has no file (a folder) anything may come."""
        is_open = target in self._open or self._modules[target].file is None
        return is_open or name in self._bound[target] or self._table.has(f"{target}.{name}")

    def _fault(self, module: Module, alias: ast.alias, target: Module) -> Diagnostic:
        place = f"`{target.name}` ({target.source.path})"
        if target.name not in self._running:
            near = near_names(alias.name, self._bound[target.name])
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            help_ = help_ or f"define `{alias.name}` in {place}, or leave it out of the import"
            return Diagnostic("PC0202", f"{place} has no `{alias.name}`", module.span(alias), help=help_)
        reached = self._running[target.name]
        related = (
            () if reached is None else (Label(target.span(reached), f"`{target.name}` has come to this line only"),)
        )
        return Diagnostic(
            "PC0203",
            f"`{alias.name}` is imported in a circle",
            module.span(alias),
            related=related,
            notes=(f"`{target.name}` has not bound `{alias.name}` yet when it imports `{module.name}`",),
            help=f"move `{alias.name}` into a module that both can import, or import it inside the function that uses it",
        )


def _never_runs(test: ast.expr) -> bool:
    """Whether it is `TYPE_CHECKING` or `__name__ == "__main__"`, which an import never enters."""
    return ast.unparse(test).split(".")[-1] in {"TYPE_CHECKING", "__name__ == '__main__'"}


def _blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of a compound statement."""
    blocks = [block for name in ("body", "orelse", "finalbody") if (block := getattr(node, name, None))]
    inner = [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    return [*blocks, *(one.body for one in inner)]

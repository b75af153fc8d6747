"""A walk through the project's code from the names that a step needs (DESIGN §3, Closure).

Two views of one walk. The *semantic* closure of a step holds just the definitions that its function reaches, name by name:
its digest is what a cache key hashes. The *physical* one holds whole statements, since code travels verbatim: a kept
`from a import b, c` needs both names at its other end, and importing a module runs what has an effect in it.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from pipec.compiler.frontend.modules import RESERVED, Module
from pipec.compiler.frontend.names import absolute_module
from pipec.compiler.frontend.units import Unit, Units, units_of
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.frontend.data_files import DataFiles
    from pipec.compiler.frontend.modules import ModuleTable

ImportNode = ast.Import | ast.ImportFrom


class Slicer:
    """Splits modules into units, once each, and answers what their imports mean."""

    def __init__(self, table: ModuleTable) -> None:
        self.table = table
        self._units: dict[str, Units] = {}
        self.data: dict[int, DataFiles] = {}

    def units(self, module: Module) -> Units:
        """The units of `module`."""
        if module.name not in self._units:
            self._units[module.name] = units_of(module)
        return self._units[module.name]

    def module(self, name: str) -> Module | None:
        """The project's module `name`, if there is one that can be read."""
        found = self.table.get(name)
        return found if isinstance(found, Module) else None


@dataclass(slots=True)
class Walk:
    """One walk through the project's code.

    Attributes:
        whole_statements: the physical view: every name of a kept import, and effects of every module that is imported.
        kept: the units reached, by module name, in no order.
        imports: dotted names of third-party modules reached.
    """

    slicer: Slicer
    whole_statements: bool
    kept: dict[str, set[int]] = field(default_factory=dict)
    symbols: set[tuple[str, str]] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    _entered: set[str] = field(default_factory=set)
    _pending: list[tuple[Module, str]] = field(default_factory=list)

    def want(self, module: Module, name: str) -> None:
        """Asks for `name` of `module`."""
        if (module.name, name) not in self.symbols:
            self.symbols.add((module.name, name))
            self._pending.append((module, name))

    def run(self) -> None:
        """Follows everything that was asked for."""
        while self._pending:
            module, name = self._pending.pop()
            self._enter(module)
            self._resolve(module, name)

    def _enter(self, module: Module) -> None:
        """What importing `module` runs: its packages, its effects, and all of it where it looks at itself."""
        if module.name in self._entered:
            return
        self._entered.add(module.name)
        parent = module.name.rpartition(".")[0]
        if parent and (package := self.slicer.module(parent)) is not None:
            self._enter(package)
        units = self.slicer.units(module)
        for unit in units.units:
            if units.is_whole or unit.has_effect or (unit.is_import and self._runs_effects(module, unit)):
                self._keep(module, unit)
        if units.lists_package and module.is_package:
            for name in self.slicer.table.submodules(module.name):
                if (inner := self.slicer.module(name)) is not None:
                    self.want(inner, "*")

    def _runs_effects(self, module: Module, unit: Unit) -> bool:
        return any(
            self.slicer_has_effects(target)
            for node in unit.statements
            if isinstance(node, ast.Import | ast.ImportFrom)
            for target in self._targets(module, node)
        )

    def slicer_has_effects(self, module: Module, seen: frozenset[str] = frozenset()) -> bool:
        """Whether importing `module` does something, by itself or through what it imports."""
        if module.name in seen:
            return False
        units = self.slicer.units(module)
        if any(unit.has_effect for unit in units.units):
            return True
        deeper = seen | {module.name}
        return any(
            self.slicer_has_effects(target, deeper)
            for unit in units.units
            if unit.is_import
            for node in unit.statements
            if isinstance(node, ast.Import | ast.ImportFrom)
            for target in self._targets(module, node)
        )

    def _targets(self, module: Module, node: ImportNode) -> list[Module]:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = absolute_module(node, module) or ""
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        return [found for name in names if name and (found := self.slicer.module(name)) is not None]

    def _resolve(self, module: Module, name: str) -> None:
        units = self.slicer.units(module)
        if name == "*":
            for unit in units.units:
                self._keep(module, unit)
            return
        for unit in units.by_name.get(name, ()):
            if unit.is_import and not self.whole_statements:
                self._follow_alias(module, unit, name, ())
            else:
                self._keep(module, unit)
        if name in units.by_name:
            return
        for node, unit in reversed(units.stars):
            target = self.slicer.module(absolute_module(node, module) or "")
            if target is not None and _binds(self.slicer, target, name):
                self._keep(module, unit)
                self.want(target, "*")
                return
        submodule = self.slicer.module(f"{module.name}.{name}") if module.is_package else None
        if submodule is not None:
            self._enter(submodule)

    def _keep(self, module: Module, unit: Unit) -> None:  # noqa: C901 - one loop for each thing that a unit reads
        units = self.slicer.units(module)
        kept = self.kept.setdefault(module.name, set())
        index = units.index(unit)
        if index in kept:
            return
        kept.add(index)
        for name in unit.binds:
            self.symbols.add((module.name, name))
        for node in unit.statements:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._follow_import(module, node)
            else:
                for inner in ast.walk(node) if isinstance(node, ast.If | ast.Try | ast.With) else ():
                    if isinstance(inner, ast.Import | ast.ImportFrom):
                        self._follow_import(module, inner)
        reads = unit.reads if self.whole_statements else unit.code_reads
        for node in reads.imports:
            self._follow_import(module, node)
        for chain in reads.chains:
            self._read(module, chain)
        for name in _imported_by_text(unit) if "import_" in module.source.text else ():
            if (named := self.slicer.module(name)) is not None:
                self.want(named, "*")

    def _read(self, module: Module, chain: tuple[str, ...]) -> None:
        """A read of a global name with the attributes behind it: `etl.load.name` asks module `etl` for `load`."""
        units = self.slicer.units(module)
        name = chain[0]
        for unit in units.by_name.get(name, ()):
            if unit.is_import:
                if self.whole_statements:
                    self._keep(module, unit)
                self._follow_alias(module, unit, name, chain[1:])
            else:
                self.want(module, name)
        if name not in units.by_name:
            self.want(module, name)

    def _follow_alias(self, module: Module, unit: Unit, name: str, attributes: tuple[str, ...]) -> None:
        """What one name of an import statement brings, as far as its attributes say."""
        for node in unit.statements:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    self.symbols.add((module.name, name))
                    self._bring(module, node, alias, attributes)

    def _bring(self, module: Module, node: ImportNode, alias: ast.alias, attributes: tuple[str, ...]) -> None:
        if isinstance(node, ast.Import):
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            self._bring_module(alias.name if not alias.asname else dotted, dotted, attributes)
            return
        base = absolute_module(node, module) or ""
        source = self.slicer.module(base)
        if source is None:
            self.third_party(base)
            return
        submodule = (
            None if alias.name in self.slicer.units(source).by_name else self.slicer.module(f"{base}.{alias.name}")
        )
        if submodule is not None:
            self._enter(source)
            self._from_module(submodule, attributes)
        else:
            self.want(source, alias.name)

    def _bring_module(self, full: str, bound: str, attributes: tuple[str, ...]) -> None:
        found = self.slicer.module(bound)
        if found is None:
            self.third_party(full)
            return
        self._from_module(found, attributes)
        if full != bound and (deeper := self.slicer.module(full)) is not None:
            self._enter(deeper)

    def _from_module(self, module: Module, attributes: tuple[str, ...]) -> None:
        """What `module.a.b` needs: name `a` of it, or of its submodule `a` name `b`; the bare module needs all of it."""
        self._enter(module)
        if not attributes:
            self.want(module, "*")
            return
        submodule = None
        if attributes[0] not in self.slicer.units(module).by_name:
            submodule = self.slicer.module(f"{module.name}.{attributes[0]}")
        if submodule is not None:
            self._from_module(submodule, attributes[1:])
        else:
            self.want(module, attributes[0])

    def _follow_import(self, module: Module, node: ImportNode) -> None:
        """An import statement as a whole: in the physical view all its names, and what importing its modules runs."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                found = self.slicer.module(alias.name)
                if found is None:
                    self.third_party(alias.name)
                elif self.whole_statements:
                    self._enter(found)
                continue
            base = absolute_module(node, module) or ""
            source = self.slicer.module(base)
            if source is None:
                self.third_party(base)
            elif alias.name == "*":
                self.want(source, "*")
            elif self.whole_statements or node in _inner_imports(self.slicer.units(module)):
                self._enter(source)
                self.want(source, alias.name)

    def third_party(self, module: str) -> None:
        """A module that the project does not have; the standard library and the authoring API need no requirement."""
        top = module.partition(".")[0]
        if not top or top in sys.stdlib_module_names:
            return
        if top in RESERVED:
            if module.startswith("zenml.integrations"):
                self.imports.add("zenml")
            return
        self.imports.add(module)


def _inner_imports(units: Units) -> list[ImportNode]:
    return [node for unit in units.units for node in unit.reads.imports]


def _binds(slicer: Slicer, module: Module, name: str) -> bool:
    units = slicer.units(module)
    if name in units.by_name:
        return True
    return any(
        (target := slicer.module(absolute_module(node, module) or "")) is not None
        and target is not module
        and _binds(slicer, target, name)
        for node, _ in units.stars
    )


def _imported_by_text(unit: Unit) -> list[str]:
    """The modules that a statement imports by a literal name, `importlib.import_module("steps.train")`."""
    return [
        node.args[0].value
        for statement in unit.statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}
    ]

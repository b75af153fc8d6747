"""What a step needs of the project's code, and the code root of the whole pipeline (DESIGN §3, Closure).

Two views of one walk. The *semantic* closure of a step holds just the definitions that its function reaches, name by name:
its digest is what a cache key hashes. The *physical* one holds whole statements, since code travels verbatim: a kept
`from a import b, c` needs both names at its other end, and importing a module runs what has an effect in it.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from pipec.compiler.digest import sha256
from pipec.compiler.frontend.cutting import cut
from pipec.compiler.frontend.modules import RESERVED, Module
from pipec.compiler.frontend.names import absolute_module
from pipec.compiler.frontend.requirements import requirements_of
from pipec.compiler.frontend.units import Unit, Units, units_of
from pipec.compiler.ir.model import Closure, CodeFile
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import ModuleTable
    from pipec.compiler.ir.config import Config, Hook
    from pipec.compiler.ir.model import Pipeline

ImportNode = ast.Import | ast.ImportFrom


class Slicer:
    """Splits modules into units, once each, and answers what their imports mean."""

    def __init__(self, table: ModuleTable) -> None:
        self.table = table
        self._units: dict[str, Units] = {}

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

    def _keep(self, module: Module, unit: Unit) -> None:
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
        for node in unit.reads.imports:
            self._follow_import(module, node)
        for chain in unit.reads.chains:
            self._read(module, chain)

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
            self._third_party(base)
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
            self._third_party(full)
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
                    self._third_party(alias.name)
                elif self.whole_statements:
                    self._enter(found)
                continue
            base = absolute_module(node, module) or ""
            source = self.slicer.module(base)
            if source is None:
                self._third_party(base)
            elif alias.name == "*":
                self.want(source, "*")
            elif self.whole_statements or node in _inner_imports(self.slicer.units(module)):
                self._enter(source)
                self.want(source, alias.name)

    def _third_party(self, module: str) -> None:
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


def attach_closures(interpreter: Interpreter, pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """`pipeline` with the closure of each step and hook, and its code root."""
    slicer = Slicer(interpreter.table)
    faults: list[Diagnostic] = []
    physical = Walk(slicer, whole_statements=True)
    steps = {}
    for symbol, step in pipeline.steps.items():
        closure, found = _closure(slicer, [symbol, *_materializers(step.outputs)], interpreter)
        faults += found
        steps[symbol] = replace(step, closure=closure)
        _want_symbols(physical, [symbol, *_materializers(step.outputs)])
    configs = _with_hook_closures(slicer, pipeline.config, physical, interpreter)
    physical.run()
    code = tuple(
        CodeFile(_code_path(module), text)
        for name in sorted(physical.kept)
        if (module := slicer.module(name)) is not None and (text := cut(slicer.units(module), physical.kept[name]))
    )
    return replace(pipeline, steps=steps, code=tuple(sorted(code, key=lambda one: one.path)), config=configs), faults


def _materializers(outputs: Iterable[object]) -> list[str]:
    return [one for output in outputs if (one := getattr(output, "materializer", None)) is not None]


def _want_symbols(walk: Walk, symbols: list[str]) -> None:
    for symbol in symbols:
        module_name, _, name = symbol.partition(":")
        module = walk.slicer.module(module_name)
        if module is not None:
            walk.want(module, name.partition(".")[0])
        else:
            walk.imports.add(module_name)


def _closure(slicer: Slicer, symbols: list[str], interpreter: Interpreter) -> tuple[Closure, list[Diagnostic]]:
    semantic = Walk(slicer, whole_statements=False)
    _want_symbols(semantic, symbols)
    semantic.run()
    executed = Walk(slicer, whole_statements=True)
    _want_symbols(executed, symbols)
    executed.run()
    imports = sorted({one.partition(".")[0] for one in executed.imports})
    requirements, faults = requirements_of(interpreter.table.root, executed.imports)
    return (
        Closure(
            digest=_digest(slicer, semantic),
            symbols=_defined(slicer, semantic),
            imports=tuple(imports),
            requirements=requirements,
        ),
        faults,
    )


def _defined(slicer: Slicer, walk: Walk) -> tuple[str, ...]:
    """The definitions among the symbols of a walk, without names that are only imported and Python's own."""
    found: list[str] = []
    for module_name, name in walk.symbols:
        module = slicer.module(module_name)
        units = slicer.units(module).by_name.get(name, ()) if module is not None else ()
        if any(not unit.is_import for unit in units):
            found.append(f"{module_name}:{name}")
    return tuple(sorted(found))


def _digest(slicer: Slicer, walk: Walk) -> str:
    hashed = sha256()
    for name in sorted(walk.kept):
        module = slicer.module(name)
        if module is None:
            continue
        units = slicer.units(module)
        for index in sorted(walk.kept[name]):
            hashed.update(f"{name}\0{units.units[index].normal_form()}\0".encode("utf-8", "surrogatepass"))
    for dotted in sorted(walk.imports):
        hashed.update(f"import\0{dotted}\0".encode())
    return f"sha256:{hashed.hexdigest()}"


def _with_hook_closures(slicer: Slicer, config: Config, physical: Walk, interpreter: Interpreter) -> Config:
    hooks = config.hooks
    changed: dict[str, Hook] = {}
    for name in ("on_init", "on_start", "on_end", "on_success", "on_failure", "on_cleanup"):
        hook: Hook | None = getattr(hooks, name)
        if hook is not None:
            closure, _ = _closure(slicer, [hook.symbol], interpreter)
            changed[name] = replace(hook, closure=closure)
            _want_symbols(physical, [hook.symbol])
    return replace(config, hooks=replace(hooks, **changed)) if changed else config


def _code_path(module: Module) -> str:
    path = module.name.replace(".", "/")
    return f"{path}/__init__.py" if module.is_package else f"{path}.py"

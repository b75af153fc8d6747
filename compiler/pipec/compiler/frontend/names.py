"""Name resolution: local names, enclosing functions, modules, imports, re-exports, star imports, built-ins."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any, NoReturn

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.frontend.modules import RESERVED, Module
from pipec.compiler.frontend.values import Builtin, Fault, Frame, Freeze, ModuleValue, SdkSymbol, Unbound, Unknown
from pipec.compiler.record import dataclass, replace

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

BUILTIN_NAMES = frozenset(dir(builtins))


@dataclass(slots=True, eq=False, repr=False)
class Import:
    """A name bound by an import; what it means is found when it is first used.

    `name` is None for `import module`, which binds the module itself.
    """

    module: str
    name: str | None
    importer: Module
    node: ast.Import | ast.ImportFrom
    alias: ast.alias


@dataclass(slots=True, eq=False, repr=False)
class Pending:
    """A decorated definition, evaluated when its name is first used: a step that no pipeline calls costs nothing."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    frame: Frame


def bind_import(interpreter: Interpreter, node: ast.Import, frame: Frame) -> None:
    """Binds the names of an `import a.b as c` statement."""
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        target = alias.name if alias.asname else bound
        frame.names[bound] = Import(target, None, frame.module, node, alias)
        if not alias.asname and "." in alias.name:
            interpreter.submodules.setdefault(target, []).append(alias.name)


def bind_import_from(node: ast.ImportFrom, frame: Frame) -> None:
    """Binds the names of a `from a import b` statement; `*` waits until a name is not found otherwise."""
    module = absolute_module(node, frame.module)
    for alias in node.names:
        if module is None:
            message = f"`{'.' * node.level}{node.module or ''}` goes above the top-level package"
            help_ = "import it by its full name from the source root"
            diagnostic = Diagnostic("PC0202", message, frame.module.span(node), help=help_)
            frame.names[alias.asname or alias.name] = Unknown(diagnostic)
        elif alias.name == "*":
            frame.module.stars.append((module, node))
        else:
            frame.names[alias.asname or alias.name] = Import(module, alias.name, frame.module, node, alias)


def absolute_module(node: ast.ImportFrom, importer: Module) -> str | None:
    """The dotted name of the module that `node` imports from; None where its dots leave the top-level package."""
    if not node.level:
        return node.module or ""
    parts = importer.package.split(".") if importer.package else []
    if node.level > len(parts):
        return None
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def look_up(interpreter: Interpreter, node: ast.Name, frame: Frame) -> Any:
    """The value of a name where it is read.

    Raises:
        Fault: nothing of that name is bound.
    """
    name = node.id
    scope: Frame | None = frame
    while scope is not None:
        if name in scope.names:
            value = force(interpreter, scope.names, name)
            return value if not isinstance(value, Unbound) else unbound(value, name, interpreter.span(node, frame))
        scope = scope.parent
    found = module_attribute(interpreter, frame.module, name)
    if found is not None:
        return found.value
    if name == "__name__":
        return frame.module.name
    if name == "__file__":
        return interpreter.file_of(frame.module)
    if name in BUILTIN_NAMES:
        return _builtin(name)
    raise Fault(_unknown_name(interpreter, node, frame))


def unbound(value: Unbound, name: str, span: Span) -> NoReturn:
    """Reading a name that may hold nothing, or that no run can carry.

    Raises:
        Freeze: it would be known if parameters were.
        Fault: it would not.
    """
    if value.parameters:
        raise Freeze(value.parameters, span, f"what `{name}` is")
    place = value.diagnostic.span
    related = value.diagnostic.related or ((Label(place, "because of this"),) if place is not None else ())
    raise Fault(replace(value.diagnostic, span=span, related=related))


def _builtin(name: str) -> Any:
    return {"True": True, "False": False, "None": None, "Ellipsis": ..., "NotImplemented": NotImplemented}.get(
        name, Builtin(name)
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A value that was found; it may itself be None."""

    value: Any


def module_attribute(interpreter: Interpreter, module: Module, name: str) -> Found | None:
    """The value of `name` in `module`: bound at its top level, through a star import, or a submodule."""
    interpreter.run_module(module)
    if name in module.names:
        return Found(force(interpreter, module.names, name))
    for target, _ in reversed(module.stars):
        found = _through_star(interpreter, target, name, module)
        if found is not None:
            return found
    if module.is_package and interpreter.table.has(f"{module.name}.{name}"):
        submodule = interpreter.table.get(f"{module.name}.{name}")
        return Found(Unknown(submodule) if isinstance(submodule, Diagnostic) else ModuleValue(submodule))  # type: ignore[arg-type]
    return None


def _through_star(interpreter: Interpreter, target: str, name: str, importer: Module) -> Found | None:
    if target.partition(".")[0] in RESERVED:
        known = interpreter.sdk_names()
        return Found(SdkSymbol(name, f"{target}.{name}")) if name in known else None
    module = interpreter.table.get(target)
    if isinstance(module, Diagnostic):
        return Found(Unknown(module))
    if module is None or module is importer:
        return None
    key = (id(module), name)
    if key in interpreter.star_visits:
        return None
    interpreter.star_visits.add(key)
    try:
        public = _declared_all(interpreter, module)
        if name not in public if public is not None else name.startswith("_"):
            return None
        return module_attribute(interpreter, module, name)
    finally:
        interpreter.star_visits.discard(key)


def _declared_all(interpreter: Interpreter, module: Module) -> list[Any] | None:
    interpreter.run_module(module)
    declared = module.names.get("__all__")
    return list(declared) if isinstance(declared, list | tuple) else None


def force(interpreter: Interpreter, names: dict[str, Any], name: str) -> Any:
    """The value bound to `name`, with imports followed and pending definitions evaluated, once."""
    value = names[name]
    if isinstance(value, Import):
        value = _resolve(interpreter, value)
        names[name] = value
    elif isinstance(value, Pending):
        value = interpreter.define_pending(value)
        names[name] = value
    return value


def _resolve(interpreter: Interpreter, imported: Import) -> Any:
    key = (id(imported.importer), imported.module, imported.name)
    if key in interpreter.resolving:
        return Unknown(_circular(imported))
    interpreter.resolving.append(key)
    try:
        return _resolve_once(interpreter, imported)
    finally:
        interpreter.resolving.pop()


def _resolve_once(interpreter: Interpreter, imported: Import) -> Any:
    path = imported.module if imported.name is None else f"{imported.module}.{imported.name}"
    top = imported.module.partition(".")[0]
    if top in RESERVED:
        return interpreter.sdk_symbol(imported, path)
    table = interpreter.table
    if imported.name is None:
        module = table.get(imported.module)
        if isinstance(module, Module):
            return ModuleValue(module)
        return Unknown(module) if isinstance(module, Diagnostic) else _outside(interpreter, imported, top, path)
    module = table.get(imported.module)
    if isinstance(module, Diagnostic):
        return Unknown(module)
    if module is None:
        return _outside(interpreter, imported, top, path)
    found = module_attribute(interpreter, module, imported.name)
    return found.value if found is not None else Unknown(_missing(interpreter, imported, module))


def _outside(interpreter: Interpreter, imported: Import, top: str, path: str) -> Any:
    """What an import means that the project does not answer: external, unless its package is the project's own."""
    if not interpreter.table.has(top) or _is_standard(top):
        return interpreter.external(path, imported.importer.span(imported.alias))
    diagnostic = Diagnostic(
        "PC0202",
        f"the project has no module `{imported.module}`",
        imported.importer.span(imported.alias),
        notes=(f"`{top}` is a package of the project, so this is not a third-party module",),
        help=_near_help(imported.module.rpartition(".")[2], interpreter.siblings(imported.module)),
    )
    return Unknown(diagnostic)


def _is_standard(top: str) -> bool:
    import sys

    return top in sys.stdlib_module_names


def _missing(interpreter: Interpreter, imported: Import, module: Module) -> Diagnostic:
    name = imported.name or ""
    where = f"`{module.name}`" + (f" ({module.source.path})" if module.file else "")
    help_ = _near_help(name, module.names) or f"define `{name}` in {where}, or import it from where it is defined"
    return Diagnostic("PC0202", f"{where} has no `{name}`", imported.importer.span(imported.alias), help=help_)


def _circular(imported: Import) -> Diagnostic:
    return Diagnostic(
        "PC0203",
        f"`{imported.name or imported.module}` is imported in a circle",
        imported.importer.span(imported.alias),
        notes=(
            f"`{imported.importer.name}` needs it from `{imported.module}`, which needs `{imported.importer.name}` first",
        ),
        help="move what both need into a module of its own",
    )


def _unknown_name(interpreter: Interpreter, node: ast.Name, frame: Frame) -> Diagnostic:
    candidates: list[str] = []
    scope: Frame | None = frame
    while scope is not None:
        candidates.extend(scope.names)
        scope = scope.parent
    candidates.extend(frame.module.names)
    related = tuple(
        Label(interpreter.span(star, frame), f"`{module}` is not in the project, so its names are not known")
        for module, star in frame.module.stars
        if not interpreter.table.has(module) and module.partition(".")[0] not in RESERVED
    )
    return Diagnostic(
        "PC0201",
        f"`{node.id}` is not defined",
        interpreter.span(node, frame),
        related=related,
        help=_near_help(node.id, [*candidates, *BUILTIN_NAMES]) or f"define or import `{node.id}`",
    )


def _near_help(name: str, candidates: Any) -> str:
    from pipec.compiler.diagnostics.near import near_names

    near = near_names(name, (one for one in candidates if isinstance(one, str)))
    return f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""

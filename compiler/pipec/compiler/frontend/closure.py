"""What each step needs of the project's code, and the code root of the whole pipeline (DESIGN §3, Closure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.digest import sha256
from pipec.compiler.frontend.code_walk import Slicer, Walk
from pipec.compiler.frontend.cutting import cut
from pipec.compiler.frontend.requirements import requirements_of
from pipec.compiler.ir.model import Closure, CodeFile
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import Module
    from pipec.compiler.ir.config import Config, Hook
    from pipec.compiler.ir.model import Pipeline


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
    for symbol in _symbols_of_values(pipeline):
        _want_symbols(physical, [symbol])
    physical.run()
    files, file_faults = _data(interpreter, slicer, physical)
    faults += file_faults
    code = tuple(
        CodeFile(_code_path(module), text)
        for name in sorted(physical.kept)
        if (module := slicer.module(name)) is not None and (text := cut(slicer.units(module), physical.kept[name]))
    )
    return replace(
        pipeline, steps=steps, code=tuple(sorted((*code, *files), key=lambda one: one.path)), config=configs
    ), faults


def _materializers(outputs: Iterable[object]) -> list[str]:
    return [one for output in outputs if (one := getattr(output, "materializer", None)) is not None]


def _want_symbols(walk: Walk, symbols: list[str]) -> None:
    for symbol in symbols:
        module_name, _, name = symbol.partition(":")
        module = walk.slicer.module(module_name)
        if module is not None:
            walk.want(module, name.partition(".")[0])
        else:
            walk.third_party(module_name)


def _closure(slicer: Slicer, symbols: list[str], interpreter: Interpreter) -> tuple[Closure, list[Diagnostic]]:
    semantic = Walk(slicer, whole_statements=False)
    _want_symbols(semantic, symbols)
    semantic.run()
    executed = Walk(slicer, whole_statements=True)
    _want_symbols(executed, symbols)
    executed.run()
    imports = sorted({one.partition(".")[0] for one in executed.imports})
    requirements, faults = requirements_of(interpreter.table, executed.imports)
    files, _ = _data(interpreter, slicer, semantic)
    return (
        Closure(
            digest=_digest(slicer, semantic, files),
            files=tuple(sorted(one.path for one in files)),
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


def _data(interpreter: Interpreter, slicer: Slicer, walk: Walk) -> tuple[list[CodeFile], list[Diagnostic]]:
    """The data files that the code of a walk reads, and what cannot be known or cannot travel."""
    kept = [
        (module, units.units[index])
        for name in sorted(walk.kept)
        if (module := slicer.module(name)) is not None and _may_read(module)
        for units in [slicer.units(module)]
        for index in sorted(walk.kept[name])
    ]
    if not kept and not interpreter.include:
        return [], []
    from pipec.compiler.frontend.data_files import data_files, included, text_of

    found = included(interpreter)
    faults: list[Diagnostic] = []
    for module, unit in kept:
        if id(unit) not in slicer.data:
            slicer.data[id(unit)] = data_files(interpreter, module, unit)
        found.update(slicer.data[id(unit)].found)
        faults += slicer.data[id(unit)].faults
    files: list[CodeFile] = []
    for path in sorted(found):
        text = text_of(path, found[path])
        if isinstance(text, str):
            files.append(CodeFile(path, text))
        else:
            faults.append(text)
    return files, list(dict.fromkeys(faults))


_WORDS = ("__file__", "open(", "read_", ".load", "resources", "get_data", "imread", "from_file", "genfromtxt")


def _may_read(module: Module) -> bool:
    """Whether a word in `module` says that it may read a file: most do not, and are not looked through."""
    return any(word in module.source.text for word in _WORDS)


def _symbols_of_values(pipeline: Pipeline) -> list[str]:  # noqa: C901 - a walk over values and what they hold
    """The symbols of the project in constants: a data class, an enum, a function that is passed to a step."""
    from pipec.compiler.ir.constants import TAG
    from pipec.compiler.ir.values import Const
    from pipec.compiler.ir.walk import leaves, operations, values_of

    found: dict[str, None] = {}

    def look(value: Any) -> None:
        if isinstance(value, Mapping):
            tag = value.get(TAG)
            if isinstance(tag, list | tuple) and len(tag) > 1 and tag[0] in {"enum", "object", "symbol"}:
                found[str(tag[1])] = None
            for part in value.values():
                look(part)
        elif isinstance(value, list | tuple):
            for part in value:
                look(part)

    for operation in operations(pipeline.body):
        for value in values_of(operation):
            for leaf in leaves(value):
                if isinstance(leaf, Const):
                    look(leaf.value)
    for parameter in pipeline.parameters:
        if parameter.default is not None:
            look(parameter.default.value)
    return list(found)


def _digest(slicer: Slicer, walk: Walk, files: list[CodeFile]) -> str:
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
    for file in files:
        hashed.update(f"file\0{file.path}\0{file.text}\0".encode())
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

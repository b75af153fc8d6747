"""The front end: from the project's files to pipelines in the IR. Nothing of the project is ever imported or run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, has_errors, in_order
from pipec.compiler.frontend.bindings import Bindings
from pipec.compiler.frontend.closure import attach_closures
from pipec.compiler.frontend.discovery import PipelineDefinition, Place, definitions_in, roots_of
from pipec.compiler.frontend.import_order import import_faults
from pipec.compiler.frontend.interpreter import Interpreter
from pipec.compiler.frontend.lower import lower_pipeline
from pipec.compiler.frontend.modules import ModuleTable, choose_source_roots, start_of
from pipec.compiler.frontend.parse import parse, read_source
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipec.compiler.frontend.drivers import Start
    from pipec.compiler.frontend.modules import Module
    from pipec.compiler.frontend.run_configuration import Layers
    from pipec.compiler.frontend.values import Setting
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.source import SourceFile, Span

__all__ = ["Bindings", "LoweredProgram", "lower_file", "pipelines_in", "starts_of"]


@dataclass(frozen=True, slots=True)
class LoweredProgram:
    """What one file gave.

    Attributes:
        pipelines: those that could be lowered, in the order of their definition.
        diagnostics: sorted by place, each once.
        sources: every file that was read, by its path from the project root.
        import_roots: the folders that the program's modules are imported from, absolute, the first first.
    """

    pipelines: tuple[Pipeline, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, SourceFile] = field(default_factory=dict)
    import_roots: tuple[Path, ...] = ()


def lower_file(
    root: Path,
    file: Path,
    *,
    pipeline: str | None = None,
    bindings: Bindings | None = None,
    layers: Layers | None = None,
    stubs: Mapping[str, str] | None = None,
    include: tuple[str, ...] = (),
    without: frozenset[Place] = frozenset(),
) -> LoweredProgram:
    """The pipelines of `file` that no other pipeline there calls, or the one called `pipeline`.

    Args:
        root: the project root, absolute; paths in spans start from it.
        file: the Python file, absolute.
        pipeline: a function's name, or the name that `name=` gives.
        bindings: parameters that get another default, or are fixed.
        layers: what the project, the stack and a run configuration say.
        stubs: signatures of steps outside the project, by `module:name`.
        include: patterns of data files, from the root, that travel with every step.
        without: pipelines that are left out where `pipeline` names none.
    """
    opened = _open(root, file)
    if isinstance(opened, LoweredProgram):
        return opened
    opened[0].stubs, opened[0].include = stubs or {}, include
    interpreter, module = opened
    interpreter.components = {} if layers is None else layers.components
    definitions, faults = definitions_in(interpreter, module)
    found = [*faults, *interpreter.diagnostics]
    starts = _starts(interpreter, module)
    if starts and not definitions and not has_errors(found):
        from pipec.compiler.frontend.drivers import started_elsewhere

        definitions = started_elsewhere(starts)
    chosen = [] if has_errors(found) and not definitions else _choose(definitions, pipeline, module)
    if isinstance(chosen, Diagnostic):
        return LoweredProgram((), tuple(in_order([*found, chosen])), interpreter.table.sources)
    lowered: list[Pipeline] = []
    for definition in chosen:
        if pipeline is None and definition.place in without:
            continue
        interpreter.diagnostics = []
        driver = _driver(interpreter, definition, starts)
        result = _lower_started(interpreter, definition, bindings or Bindings(), layers, driver)
        found += interpreter.diagnostics
        if result is not None:
            result, closure_faults = attach_closures(interpreter, result)
            found += closure_faults
            if not has_errors(closure_faults):
                lowered.append(result)
    if not has_errors(found):
        found += import_faults(interpreter.table, module)
    if has_errors(found):
        lowered = []
    table = interpreter.table
    return LoweredProgram(tuple(lowered), tuple(in_order(found)), table.sources, table.source_roots)


def _lower_started(
    interpreter: Interpreter,
    definition: PipelineDefinition,
    bindings: Bindings,
    layers: Layers | None,
    driver: Mapping[str, Setting] | None,
) -> Pipeline | None:
    """The pipeline as its driver configures it; without the driver's run configuration where that is faulty."""
    result = lower_pipeline(interpreter, definition.value, bindings, layers, driver)
    if result is None and driver and "config_path" in driver:
        from pipec.compiler.frontend.drivers import without_configuration

        driver = without_configuration(interpreter, driver)
        if "config_path" not in driver:
            return lower_pipeline(interpreter, definition.value, bindings, layers, driver)
    return result


def _driver(
    interpreter: Interpreter, definition: PipelineDefinition, starts: list[Start]
) -> Mapping[str, Setting] | None:
    if not starts:
        return None
    from pipec.compiler.frontend.drivers import options_of

    return options_of(interpreter, definition.value, starts)


def _starts(interpreter: Interpreter, module: Module) -> list[Start]:
    """How the file starts pipelines; looked for only where its text says that it might give them options."""
    text = module.source.text
    if "pipeline" in text and "@" in text and not any(word in text for word in ("with_options", ".run(")):
        return []
    from pipec.compiler.frontend.driver_calls import starts_in

    return starts_in(interpreter, module)


def starts_of(root: Path, file: Path) -> tuple[list[tuple[Place, Span, bool]], Mapping[str, SourceFile]]:
    """How `file`, which defines no pipeline itself, starts those of others, and what was read to know it.

    Each with the place of its first start, and whether it is given options.
    """
    opened = _open(root, file)
    if isinstance(opened, LoweredProgram):
        return [], {}
    interpreter, module = opened
    definitions, _ = definitions_in(interpreter, module)
    starts = [] if definitions else _starts(interpreter, module)
    if not starts:
        return [], {}
    from pipec.compiler.frontend.drivers import starts_of_others

    return starts_of_others(starts), interpreter.table.sources


def pipelines_in(root: Path, file: Path) -> tuple[list[PipelineDefinition], LoweredProgram]:
    """The pipelines that `file` defines, without lowering them, and what went wrong on the way."""
    opened = _open(root, file)
    if isinstance(opened, LoweredProgram):
        return [], opened
    interpreter, module = opened
    definitions, faults = definitions_in(interpreter, module)
    return definitions, LoweredProgram((), tuple(in_order(faults)), interpreter.table.sources)


def _open(root: Path, file: Path) -> tuple[Interpreter, Module] | LoweredProgram:
    """The evaluator and the module of `file`, or the faults that keep it from being read."""
    from pipec.compiler.frontend.modules import Module

    display = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
    source = read_source(file, display)
    if isinstance(source, Diagnostic):
        return LoweredProgram((), (source,))
    tree = parse(source)
    if isinstance(tree, Diagnostic):
        return LoweredProgram((), (tree,), {source.path: source})
    table = ModuleTable(root, choose_source_roots(root, file, tree))
    name = table.name_of(file)
    module = table.get(name) if name else None
    if not isinstance(module, Module) or module.file != file:
        message = f"`{display}` cannot be imported by any name"
        help_ = "give the file and its folders names that are Python identifiers"
        fault = (
            module if isinstance(module, Diagnostic) else Diagnostic("PC0202", message, start_of(display), help=help_)
        )
        return LoweredProgram((), (fault,), {source.path: source})
    return Interpreter(table), module


def _choose(
    definitions: list[PipelineDefinition], wanted: str | None, module: Module
) -> list[PipelineDefinition] | Diagnostic:
    if wanted is None:
        if not definitions:
            return _no_pipeline(module)
        return roots_of(definitions)
    for definition in definitions:
        if wanted in (definition.function, definition.name):
            return [definition]
    from pipec.compiler.diagnostics.near import near_names

    names = [definition.function for definition in definitions]
    near = near_names(wanted, names)
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    if not help_ and names:
        help_ = f"it has {', '.join(f'`{one}`' for one in names)}"
    return Diagnostic(
        "PC0105", f"`{module.source.path}` has no pipeline `{wanted}`", start_of(module.source.path), help=help_
    )


def _no_pipeline(module: Module) -> Diagnostic:
    path = module.source.path
    is_empty = not any(not isinstance(one, ast.Expr) for one in module.tree.body)
    message = f"`{path}` is empty" if is_empty and not module.source.text.strip() else f"`{path}` defines no pipeline"
    return Diagnostic("PC0105", message, start_of(path), help="decorate a function that calls steps with `@pipeline`")

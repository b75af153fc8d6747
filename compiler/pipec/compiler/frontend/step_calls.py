"""Calls of steps: arguments bound to inputs, ids, `after=`, the operation and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.calls import Arguments, unknown_argument
from pipec.compiler.frontend.configuration import call_config, check_options, configured
from pipec.compiler.frontend.sameness import parameters_of
from pipec.compiler.frontend.transport import to_ir
from pipec.compiler.frontend.values import (
    Fault,
    Freeze,
    FunctionValue,
    Setting,
    SettingsValue,
    StepResult,
    StepValue,
    Symbolic,
    Unknown,
    Unmapped,
    describe,
    find_unknown,
    name_of,
)
from pipec.compiler.ir.model import Call, ForEach, StepDef
from pipec.compiler.ir.values import Const, Expr, Item, ListOf, Output, Value
from pipec.compiler.ir.walk import leaves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span


def call_step(interpreter: Interpreter, step: StepValue, arguments: Arguments, span: Span) -> Any:
    """Adds a call to the graph and returns its result as the pipeline sees it.

    One output is a value; several are a tuple of values; none is a result that only orders.

    Raises:
        Fault: the call is wrong.
    """
    if interpreter.graph is None:
        message = f"the step `{name_of(step)}` is called outside a pipeline"
        return Unknown(Diagnostic("PC0204", message, span, help="call it in the body of a `@pipeline` function"))
    step, label = _labelled(step)
    definition = interpreter.program.step(interpreter, step, span)
    _freeze_options(step, definition)
    check_options(step.options, "step")
    given = dict(arguments.keywords)
    identifier = _identifier(given.pop("id", None) or step.options.get("id"))
    if isinstance(identifier, Symbolic):
        label, identifier = identifier, None
    name = interpreter.graph.reserve(_base(step, definition), span, identifier)
    run = interpreter.program.run
    if run is not None:
        step = configured(interpreter, step, name)
        definition = interpreter.program.step(interpreter, step, span)
        interpreter.program.steps[definition.symbol] = definition
    orders = [one for one in (step.options.get("after"), given.pop("after", None)) if one]
    given |= _implied(interpreter, step, definition, arguments, given, span)
    preset = step.options.get("parameters")
    if run is not None and name in run.steps:
        from pipec.compiler.frontend.run_configuration import check_parameters, without_unknown

        preset = without_unknown(interpreter, run, name, definition, preset)
        bound = bind_inputs(definition, arguments.positional, given, preset, span, interpreter.table.root)
        check_parameters(run, name, bound)
    else:
        bound = bind_inputs(definition, arguments.positional, given, preset, span, interpreter.table.root)
    values = _convert(bound, definition)
    after = tuple(dict.fromkeys(name for order in orders for name in after_ids(interpreter, order)))
    config = call_config(interpreter, step)
    if label is not None:
        interpreter.program.labels.append((label.value, name))
    interpreter.graph.add(
        Call(name, definition.symbol, values, span, config, after, None if label is None else label.value)
    )
    return result_of(name, definition)


def _labelled(step: StepValue) -> tuple[StepValue, Symbolic | None]:
    """The step without a `name=` that only a run knows, and that name: it labels the call, and its id is the step's own."""
    given = step.options.get("name")
    if given is None or not isinstance(given.value, Symbolic):
        return step, None
    operations.check_use(given.value, "naming a step by it", given.span)
    operations.check_shape(given.value, "the name of a call", given.span)
    options = {key: one for key, one in step.options.items() if key != "name"}
    return StepValue(step.definition, options, step.fields), given.value


_OF_THE_CALL = frozenset({"name", "id", "after", "parameters"})


def _freeze_options(step: StepValue, definition: StepDef) -> None:
    """Options of a step are fixed in the file: a parameter in them must be known.

    Raises:
        Freeze: there is one.
    """
    for key, setting in step.options.items():
        for one in run_time_parts(setting.value) if key not in _OF_THE_CALL else ():
            if parameters := parameters_of([one]):
                raise Freeze(parameters, setting.span, f"`{key}=` of the step `{definition.name}`")


def run_time_parts(value: Any) -> Iterator[Symbolic]:
    """The run-time values in a setting."""
    match value:
        case Symbolic():
            yield value
        case list() | tuple():
            for one in value:
                yield from run_time_parts(one)
        case dict():
            for one in value.values():
                yield from run_time_parts(one)
        case SettingsValue(fields=fields):
            for one in fields.values():
                yield from run_time_parts(one)
        case _:
            return


def _implied(
    interpreter: Interpreter,
    step: StepValue,
    definition: StepDef,
    arguments: Arguments,
    given: dict[str, Setting],
    span: Span,
) -> dict[str, Setting]:
    """Arguments that ZenML of old passed by itself; none in nearly every call."""
    preset = step.options.get("parameters")
    names = {one.name for one in definition.inputs[: len(arguments.positional)]} | set(given)
    if preset is not None and isinstance(preset.value, dict):
        names |= set(preset.value)
    if not isinstance(step.definition, FunctionValue) or all(
        not one.is_required or one.name in names for one in definition.inputs
    ):
        return {}
    from pipec.compiler.frontend.legacy import implied_arguments

    return implied_arguments(interpreter, step.definition, dict.fromkeys(names), span)


def result_of(name: str, definition: StepDef) -> Any:
    """What the pipeline gets from the call `name`."""
    outputs = tuple(Symbolic(Output(name, one.name, one.type)) for one in definition.outputs)
    if len(outputs) == 1:
        return outputs[0]
    return StepResult(name, definition.name, outputs, tuple(one.name for one in definition.outputs))


def _base(step: StepValue, definition: StepDef) -> str:
    given = step.options.get("name")
    return given.value if given is not None and isinstance(given.value, str) else definition.name


def _identifier(given: Setting | None) -> str | Symbolic | None:
    """The id that a call is given; a run-time value if it depends on the item of a loop.

    Raises:
        Freeze: it depends on parameters.
        Fault: it is no text.
    """
    if given is None or given.value is None:
        return None
    if isinstance(given.value, Symbolic):
        if any(isinstance(leaf, Item) for leaf in leaves(given.value.value)):
            return given.value
        if parameters := parameters_of([given.value]):
            raise Freeze(parameters, given.span, "the id of a call")
    if isinstance(given.value, Unknown):
        raise Fault(given.value.diagnostic)
    if not isinstance(given.value, str) or not given.value:
        message = f"`id=` takes a text that is known at compile time, not {describe(given.value)}"
        raise Fault(Diagnostic("PC0502", message, given.span))
    return given.value


def bind_inputs(
    definition: StepDef,
    positional: list[Setting],
    keywords: dict[str, Setting],
    preset: Setting | None,
    span: Span,
    root: Path,
) -> dict[str, Setting]:
    """The arguments by input name, in the order of the signature; `with_options(parameters=…)` fills what is left.

    Below `root`, the project's, a run configuration is looked for that gives what a wrong call leaves out.
    """
    inputs = [one.name for one in definition.inputs]
    if len(positional) > len(inputs):
        takes = f"takes {len(inputs)} input{'s' if len(inputs) != 1 else ''}" if inputs else "takes no input"
        message = f"`{definition.name}` {takes}, and {len(positional)} are given"
        raise Fault(Diagnostic("PC0302", message, positional[len(inputs)].span))
    bound = dict(zip(inputs, positional, strict=False))
    for name, setting in keywords.items():
        if name in bound:
            raise Fault(Diagnostic("PC0314", f"`{name}` is passed twice", setting.name_span))
        if name not in inputs:
            raise Fault(unknown_argument(definition.name, name, set(inputs), setting.name_span))
        bound[name] = setting
    if preset is not None and isinstance(preset.value, dict):
        from pipec.compiler.frontend.placed import entries_of

        for name, entry in entries_of(preset.value, preset.span).items():
            if name not in inputs:
                raise Fault(unknown_argument(definition.name, name, set(inputs), entry.name_span))
            bound.setdefault(name, entry)
    missing = [one.name for one in definition.inputs if one.is_required and one.name not in bound]
    if missing:
        raise Fault(_missing(definition, missing, span, root))
    return {name: bound[name] for name in inputs if name in bound}


def _missing(definition: StepDef, names: list[str], span: Span, root: Path) -> Diagnostic:
    from pipec.compiler.diagnostics import Label

    listed = ", ".join(f"`{name}`" for name in names)
    return Diagnostic(
        "PC0301",
        f"the call of `{definition.name}` leaves out {listed}",
        span,
        related=(Label(definition.span, "the step is defined here"),),
        help=_how_to_give(definition, names, listed, root),
    )


def _how_to_give(definition: StepDef, names: list[str], listed: str, root: Path) -> str:
    from pipec.compiler.frontend.configured_elsewhere import configurations_with

    files = configurations_with(root, definition.name, names)
    if not files:
        return f"pass {listed}, or give {'it a default' if len(names) == 1 else 'them defaults'}"
    if len(files) == 1:
        return f"`{files[0]}` gives {listed}: say `--config {files[0]}`"
    shown = ", ".join(f"`{one}`" for one in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return f"these give {listed}: {shown}; name the one that is meant with `--config`"


def _convert(bound: dict[str, Setting], definition: StepDef) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, wrapped in bound.items():
        setting = wrapped
        if isinstance(wrapped.value, Unmapped):
            setting = Setting(wrapped.value.value, wrapped.span, wrapped.keyword)
        unknown = find_unknown(setting.value)
        if unknown is not None:
            raise Fault(_with_use(unknown.diagnostic, definition.name, name, setting.span))
        values[name] = to_ir(setting.value, setting.span)
    return values


def _with_use(diagnostic: Diagnostic, step: str, name: str, span: Span) -> Diagnostic:
    """The root cause of an unknown value; where it stands elsewhere, the use is shown too."""
    from pipec.compiler.diagnostics import Label
    from pipec.compiler.record import replace

    if diagnostic.span is None or (diagnostic.span.path, diagnostic.span.start.line) == (span.path, span.start.line):
        return diagnostic
    return replace(diagnostic, related=(*diagnostic.related, Label(span, f"used here as `{name}` of `{step}`")))


def _computed_ids(interpreter: Interpreter, value: Any, span: Span) -> list[str] | None:
    """The ids that a value of the run stands for: `names.append(name)` in a loop beside `id=name`, or a list of results.

    None if it is neither.
    """
    whole = interpreter.settle_open(value, span)
    if not isinstance(whole, Symbolic):
        return None
    named = labelled(interpreter, whole.value)
    return _results_in(interpreter, whole.value) if named is None else named


def _results_in(interpreter: Interpreter, value: Value) -> list[str] | None:
    """The operations whose results a value of the run is put together from, and ids; None where it holds anything else."""
    match value:
        case Output(operation=operation):
            return [operation]
        case ListOf(items=items) | Expr(op="+" | "sum" | "list", operands=items):
            found = [_results_in(interpreter, one) for one in items]
            return None if None in found else [name for names in found for name in names or ()]
        case _:
            return labelled(interpreter, value)


def labelled(interpreter: Interpreter, value: Value) -> list[str] | None:
    """The operations whose ids a value of the run stands for; None where it is something else than ids."""
    for label, name in interpreter.program.labels:
        if label == value:
            return [name]
    match value:
        case Const(value=str() as name):
            return [name]
        case Const(value=list() as parts) if all(isinstance(one, str) for one in parts):
            return [str(one) for one in parts]
        case Output(operation=operation, name=name) if interpreter.graph is not None:
            made = interpreter.graph.find(operation)
            inside = made.results[name] if isinstance(made, ForEach) else None
            return [operation] if inside is not None and labelled(interpreter, inside) is not None else None
        case ListOf(items=items) | Expr(op="+" | "sum" | "list", operands=items):
            found = [labelled(interpreter, one) for one in items]
            return None if None in found else [name for names in found for name in names or ()]
        case _:
            return None


def after_ids(interpreter: Interpreter, order: Setting) -> list[str]:
    """The operations that `after=` names: ids as text (checked at the end, they may come later), results, or lists of them.

    Raises:
        Fault: it holds something else.
    """
    value = order.value
    if unknown := find_unknown(value):
        raise Fault(unknown.diagnostic)
    if (named := _computed_ids(interpreter, value, order.span)) is not None:
        return named
    if isinstance(value, list | tuple | set):
        return [name for part in value for name in after_ids(interpreter, Setting(part, order.span))]
    match value:
        case None:
            return []
        case str():
            interpreter.program.await_id(value, order.span)
            return [value]
        case StepResult(operation=operation):
            return [operation]
        case Symbolic(value=Output(operation=operation)):
            return [operation]
        case StepValue():
            message = f"`after=` is given the step `{name_of(value)}` itself, not a call of it"
            raise Fault(
                Diagnostic("PC0304", message, order.span, help="give it the result of the call, or the call's id")
            )
        case _:
            message = f"`after=` takes results and ids of steps, not {describe(value)}"
            raise Fault(Diagnostic("PC0304", message, order.span))

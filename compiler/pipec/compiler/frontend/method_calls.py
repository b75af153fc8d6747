"""Methods: of steps and pipelines (`with_options`, `after`), of results, of plain values, of the project's objects."""

from __future__ import annotations

import ast
from collections import deque
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.attributes import FUTURE, MAP_RESULT
from pipec.compiler.frontend.builtin_calls import settle
from pipec.compiler.frontend.configuration import check_options, merge_options
from pipec.compiler.frontend.control import run_time_decision
from pipec.compiler.frontend.run_time_methods import CHANGING, of_open, of_symbolic, symbolic_method, update_dict
from pipec.compiler.frontend.values import (
    ABSTRACT,
    ClassValue,
    EnumMember,
    Fault,
    Frame,
    FunctionValue,
    InstanceValue,
    MapResult,
    Method,
    PipelineValue,
    ProjectFile,
    RunMetadata,
    Setting,
    SettingsValue,
    StepResult,
    StepValue,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
    is_known,
    is_open,
)
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.values import Expr, Lazy, Output

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_BY_KEY = frozenset({"get", "pop", "setdefault"})
_STORING = frozenset(
    {
        "append",
        "extend",
        "insert",
        "setdefault",
        "update",
        "add",
        "get",
        "pop",
        "items",
        "values",
        "keys",
        "copy",
        "clear",
        "reverse",
    }
)
"""Methods of lists, dicts and sets that move elements about without looking at them."""


def call_method(  # noqa: C901, PLR0912 - a flat dispatch over kinds of value
    interpreter: Interpreter, method: Method, arguments: Arguments, node: ast.Call, frame: Frame
) -> Any:
    """The value of `receiver.name(…)`.

    Raises:
        Fault: there is no such method for a value like this, or it fails.
    """
    span = interpreter.span(node, frame)
    receiver = method.receiver
    match receiver:
        case StepValue():
            return _of_step(interpreter, receiver, method.name, arguments, node, frame)
        case PipelineValue():
            return _of_pipeline(interpreter, receiver, method.name, arguments, node, frame)
        case Symbolic(value=Output(operation=operation)) if method.name == "after":
            return _order(interpreter, operation, arguments, span, receiver)
        case StepResult(operation=operation) if method.name == "after":
            return _order(interpreter, operation, arguments, span, receiver)
        case Symbolic(value=Lazy() | Expr(op="look_up")) if method.name in {"load", "read"}:
            return receiver
        case Symbolic() | StepResult() if method.name in FUTURE:
            from pipec.compiler.frontend.dynamic import of_future

            return of_future(receiver, method.name, arguments, span)
        case MapResult() if method.name in MAP_RESULT:
            from pipec.compiler.frontend.dynamic import of_map_result

            return of_map_result(receiver, method.name)
        case Symbolic():
            return of_symbolic(interpreter, receiver, method.name, arguments, span)
        case InstanceValue() | ClassValue():
            return _of_instance(interpreter, receiver, method.name, arguments, span, frame)
        case SettingsValue():
            return _of_settings(interpreter, receiver, method.name, arguments, span)
        case RunMetadata() | ProjectFile() | PurePath():
            return _of_machine(interpreter, receiver, method.name, arguments, span)
        case _ if isinstance(receiver, ABSTRACT) and not isinstance(receiver, EnumMember):
            raise Fault(_dynamic(f"`.{method.name}()`", span))
        case _:
            return _of_plain(interpreter, receiver, method.name, arguments, span)


def _of_machine(interpreter: Interpreter, receiver: Any, name: str, arguments: Arguments, span: Span) -> Any:
    """A method of a path, of an open file, or of the metadata of what is looked up."""
    from pipec.compiler.frontend import files, lookups

    if isinstance(receiver, ProjectFile):
        return files.file_method(receiver, name, span)
    if isinstance(receiver, PurePath):
        if name in files.PATH_METHODS:
            return files.path_method(interpreter, receiver, name, arguments, span)
        return _of_plain(interpreter, receiver, name, arguments, span)
    positional, _ = arguments.values()
    if name == "get" and positional:
        return lookups.metadata(receiver, positional[0], span)
    raise Fault(Diagnostic("PC0205", f"{describe(receiver)} has no method `{name}` before the run", span))


def _of_plain(interpreter: Interpreter, receiver: Any, name: str, arguments: Arguments, span: Span) -> Any:
    positional, keywords = arguments.values()
    receiver = receiver.value if isinstance(receiver, EnumMember) else receiver
    if is_open(receiver):
        return of_open(interpreter, receiver, name, arguments, span)
    stores = isinstance(receiver, list | dict | set) and name in _STORING
    if isinstance(receiver, list | dict | set | deque) and name in CHANGING:
        interpreter.journal.touch(receiver)
    if not stores and (unknown := find_unknown([*positional, *keywords.values()])):
        return unknown
    if name in {"extend", "join"} and len(positional) == 1:
        positional = [_items_of(interpreter, receiver, name, positional[0], span)]
        if isinstance(positional[0], Unknown):
            return positional[0]
    if isinstance(receiver, dict) and name == "update":
        return update_dict(interpreter, receiver, positional, keywords, span)
    stores = stores and not (name in _BY_KEY and isinstance(next(iter(positional), None), Symbolic))
    if not stores and any(map(_holds_run_time, [*positional, *keywords.values()])):
        if isinstance(receiver, list | dict | set | deque) and name in CHANGING:
            raise run_time_decision(f"`.{name}()` by a run-time value", interpreter.seal([*positional], span), span)
        return symbolic_method(receiver, name, positional, keywords, span)
    if name in {"sort"} and keywords.get("key") is not None:
        return Unknown(
            Diagnostic("PC0204", "sorting in place by a function is not evaluated", span, help="use `sorted`")
        )
    plain = [one.value if isinstance(one, EnumMember) and one.is_text else one for one in positional]
    return settle(operations.guarded(lambda: getattr(receiver, name)(*plain, **keywords), span))


def _items_of(interpreter: Interpreter, receiver: Any, name: str, value: Any, span: Span) -> Any:
    """What `extend` and `join` are given, as a list."""
    if isinstance(receiver, list) and name == "extend":
        return value if isinstance(value, Unknown) else interpreter.spread(value, span, "`extend`")
    if isinstance(receiver, str) and name == "join":
        items = interpreter.run_time_items(value, span) if interpreter.graph is not None else None
        return items if items is not None else interpreter.iterate(value, span, "`join`")
    return value


def _holds_run_time(value: Any) -> bool:
    return not is_known(value)


def _of_instance(
    interpreter: Interpreter,
    receiver: InstanceValue | ClassValue,
    name: str,
    arguments: Arguments,
    span: Span,
    frame: Frame,
) -> Any:
    from pipec.compiler.frontend.attributes import class_attribute

    cls = receiver.cls if isinstance(receiver, InstanceValue) else receiver
    found = class_attribute(interpreter, cls, name)
    positional, keywords = arguments.values()
    if found is not None and isinstance(found.value, FunctionValue):
        return interpreter.call_function(found.value, [receiver, *positional], keywords, span, frame)
    if isinstance(receiver, InstanceValue) and name in {"model_dump", "dict"}:
        return dict(receiver.fields)
    if isinstance(receiver, InstanceValue) and name == "model_copy":
        update = keywords.get("update") or {}
        return InstanceValue(receiver.cls, {**receiver.fields, **update})
    raise Fault(Diagnostic("PC0205", f"{describe(receiver)} has no method `{name}`", span))


def _of_settings(interpreter: Interpreter, receiver: SettingsValue, name: str, arguments: Arguments, span: Span) -> Any:
    _, keywords = arguments.values()
    if receiver.kind == "Model" and name not in {"model_dump", "dict", "copy", "model_copy"}:
        from pipec.compiler.frontend.lookups import model_artifact

        return model_artifact(interpreter, receiver, arguments, span)
    if name in {"model_dump", "dict"}:
        return dict(receiver.fields)
    if name in {"copy", "model_copy"}:
        return SettingsValue(
            receiver.kind, {**receiver.fields, **(keywords.get("update") or {})}, receiver.span, receiver.places
        )
    raise Fault(Diagnostic("PC0205", f"a `{receiver.kind}` object has no method `{name}`", span))


def _of_step(
    interpreter: Interpreter, step: StepValue, name: str, arguments: Arguments, node: ast.Call, frame: Frame
) -> Any:
    span = interpreter.span(node, frame)
    match name:
        case "with_options":
            _keywords_only(arguments, "with_options")
            check_options(arguments.keywords, "step changes")
            return StepValue(step.definition, merge_options(step.options, arguments.keywords), step.fields)
        case "configure":
            if interpreter.graph is None:
                _keywords_only(arguments, "configure")
                check_options(arguments.keywords, "step changes")
                if interpreter.starts is not None:  # a driver, of which only what starts a pipeline counts
                    return StepValue(step.definition, merge_options(step.options, arguments.keywords), step.fields)
                step.options = merge_options(step.options, arguments.keywords)
                return step
            message = "`step.configure()` changes a step for every later call, also those of other pipelines"
            raise Fault(Diagnostic("PC0210", message, span, help="use `with_options`, which makes a new step"))
        case "entrypoint" | "submit":
            from pipec.compiler.frontend.step_calls import call_step

            return call_step(interpreter, step, arguments, span)
        case "map" | "product":
            from pipec.compiler.frontend.dynamic import map_step

            return map_step(interpreter, step, arguments, name == "product", span)
        case "copy":
            return step
        case "after":
            return _order_step(interpreter, step, arguments, span)
        case _:
            raise Fault(_dynamic(f"`.{name}()`", span))


def _of_pipeline(
    interpreter: Interpreter, pipeline: PipelineValue, name: str, arguments: Arguments, node: ast.Call, frame: Frame
) -> Any:
    span = interpreter.span(node, frame)
    if name in {"with_options", "configure"}:
        _keywords_only(arguments, name)
        check_options(arguments.keywords, "pipeline changes")
        changed = pipeline.changed | set(arguments.keywords)
        options = merge_options(pipeline.options, arguments.keywords)
        if name == "configure" and interpreter.graph is None and interpreter.starts is None:
            pipeline.options, pipeline.changed = options, changed  # as in Python, the pipeline itself changes
            return pipeline
        return PipelineValue(pipeline.definition, options, changed)
    if name in {"entrypoint", "submit", "embed"}:
        from pipec.compiler.frontend.pipeline_calls import call_pipeline

        return call_pipeline(interpreter, pipeline, arguments, span, frame)
    if name == "run" and interpreter.graph is None:  # ZenML of old, and its documentation
        from pipec.compiler.frontend.calls import Arguments
        from pipec.compiler.frontend.pipeline_calls import call_pipeline

        started = _of_pipeline(interpreter, pipeline, "with_options", arguments, node, frame)
        return call_pipeline(interpreter, started, Arguments(), span, frame)
    return Unknown(Diagnostic("PC0204", f"`pipeline.{name}()` has no meaning in a pipeline", span))


def _keywords_only(arguments: Arguments, name: str) -> None:
    if arguments.positional:
        message = f"`{name}` takes keyword arguments only"
        raise Fault(Diagnostic("PC0501", message, arguments.positional[0].span))


def _order(interpreter: Interpreter, operation: str, arguments: Arguments, span: Span, receiver: Any) -> Any:
    """`result.after(other, …)`: the call waits for the others."""
    from pipec.compiler.frontend.step_calls import after_ids

    graph = interpreter.graph
    found = graph.find(operation) if graph is not None else None
    if graph is None or not isinstance(found, Call | If | ForEach | Group):
        raise Fault(Diagnostic("PC0304", "this call cannot be ordered any more", span))
    names = [name for one in arguments.positional for name in after_ids(interpreter, Setting(one.value, one.span))]
    graph.update(operation, after=tuple(dict.fromkeys([*found.after, *names])))
    return receiver


def _order_step(interpreter: Interpreter, step: StepValue, arguments: Arguments, span: Span) -> None:
    """`step.after(other)`: every call of the step waits for every call of the other, or for a result."""
    if interpreter.graph is None:
        raise Fault(Diagnostic("PC0304", "steps are ordered in the body of a pipeline", span))
    definition = interpreter.program.step(interpreter, step, span)
    for one in arguments.positional:
        for other in one.value if isinstance(one.value, list | tuple) else (one.value,):
            if isinstance(other, StepValue):
                interpreter.program.order(definition, interpreter.program.step(interpreter, other, span).symbol, ())
            else:
                from pipec.compiler.frontend.step_calls import after_ids

                interpreter.program.order(definition, None, tuple(after_ids(interpreter, Setting(other, one.span))))


def _dynamic(what: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0312",
        f"{what} of a dynamic pipeline is not supported yet",
        span,
        help="call the step directly, or loop over a list that is known at compile time",
    )

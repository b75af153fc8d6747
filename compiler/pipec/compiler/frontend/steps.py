"""A step's signature: its inputs, and its outputs by ZenML's exact rule (`reference/zenml.md` §2.1)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.annotations import Annotation, artifact_facts, artifact_name, read_annotation
from pipec.compiler.frontend.docstrings import docstring
from pipec.compiler.frontend.transport import const_type, to_json
from pipec.compiler.frontend.values import (
    AnnotationAlias,
    ClassValue,
    External,
    Fault,
    Frame,
    FunctionValue,
    StepValue,
    Unknown,
    is_known,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.model import Carrier, Closure, StepDef, StepInput, StepOutput
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

RESERVED_INPUTS = frozenset({"after", "id"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def step_function(interpreter: Interpreter, step: StepValue, span: Span) -> FunctionValue:
    """The function that a step runs: itself, or the `entrypoint` of its class.

    Raises:
        Fault: it is defined outside the project, or a class without `entrypoint`.
    """
    match step.definition:
        case FunctionValue():
            return step.definition
        case ClassValue() as cls:
            from pipec.compiler.frontend.attributes import class_attribute

            found = class_attribute(interpreter, cls, "entrypoint")
            if found is not None and isinstance(found.value, FunctionValue):
                return found.value
            raise Fault(Diagnostic("PC0311", f"the step class `{cls.qualified_name}` has no `entrypoint`", span))
        case External(path=path):
            raise Fault(Diagnostic("PC0211", f"the step `{path}` is defined outside the project", span))


def define_step(interpreter: Interpreter, step: StepValue, span: Span) -> StepDef:
    """The `StepDef` of a step; its closure is filled in once the whole graph is known.

    Raises:
        Fault: its signature or its outputs are not allowed.
    """
    if isinstance(step.definition, External):
        return _define_opaque(interpreter, step, step.definition.path, span)
    function = step_function(interpreter, step, span)
    node = function.node
    if isinstance(node, ast.Lambda):
        raise Fault(Diagnostic("PC0311", "a lambda cannot be a step", span, help="write it as a function"))
    if not _is_top_level(step, function):
        raise Fault(_not_top_level(function, span))
    place = function.module.source.span(
        node.lineno, node.col_offset, node.lineno, node.col_offset + len("def ") + len(node.name)
    )
    is_method = isinstance(step.definition, ClassValue)
    symbol = f"{function.module.name}:{step.definition.qualified_name}"
    outputs, returns_tuple = _outputs(interpreter, function, node, _materializers(step))
    if node.returns is None and (count := _tuple_length(node)):
        interpreter.program.tuples[symbol] = count
    return StepDef(
        symbol=symbol,
        name=_name(step, node, is_method),
        inputs=_inputs(interpreter, function, node, place, is_method),
        outputs=outputs,
        span=place,
        closure=Closure(""),
        doc=docstring(node),
        returns_tuple=returns_tuple,
    )


def _define_opaque(interpreter: Interpreter, step: StepValue, path: str, span: Span) -> StepDef:
    """The `StepDef` of a step outside the project, by its stub."""
    from pipec.compiler.frontend import stubs

    stub = stubs.find(interpreter.stubs, path)
    if stub is None:
        raise Fault(Diagnostic("PC0211", f"the step `{path}` is defined outside the project", span))
    function = stubs.function_of(interpreter, stub, span)
    if isinstance(function, Diagnostic):
        raise Fault(function)
    node = function.node
    assert isinstance(node, ast.FunctionDef)
    if warning := stubs.warning(stub, span):
        interpreter.report(warning)
    outputs, returns_tuple = _outputs(interpreter, function, node, _materializers(step))
    return StepDef(
        symbol=f"{function.module.name}:{node.name}",
        name=_name(step, node, is_method=False),
        inputs=_inputs(interpreter, function, node, span, is_method=False),
        outputs=outputs,
        span=span,
        closure=Closure(""),
        returns_tuple=returns_tuple,
    )


def _name(step: StepValue, node: Function, is_method: bool) -> str:
    given = step.options.get("name")
    if given is not None and isinstance(given.value, str):
        return given.value
    return step.definition.qualified_name if is_method else node.name  # type: ignore[union-attr]


def _is_top_level(step: StepValue, function: FunctionValue) -> bool:
    """Whether a process of its own finds the function, or the class that it is a method of, by its name in its module."""
    around = function.frame
    if isinstance(step.definition, ClassValue) and around is not None:
        around = around.parent
    return around is None or around.names is around.module.names


def _not_top_level(function: FunctionValue, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0311",
        f"the step `{function.qualified_name}` is defined inside a function",
        span,
        notes=("a step starts in a process of its own, which finds it by its name in its module",),
        help="move the step to the top level of its module",
    )


def _inputs(
    interpreter: Interpreter, function: FunctionValue, node: Function, place: Span, is_method: bool
) -> tuple[StepInput, ...]:
    arguments = node.args
    stars = [star for star in (arguments.vararg, arguments.kwarg) if star is not None]
    if stars:
        span = function.module.span(stars[0])
        message = f"the step `{function.qualified_name}` takes `{'*' if stars[0] is arguments.vararg else '**'}{stars[0].arg}`"
        raise Fault(Diagnostic("PC0311", message, span, notes=("each input of a step has a name of its own",)))
    frame = Frame(function.module, function.module.names)
    positional = [*arguments.posonlyargs, *arguments.args]
    inputs = [*(positional[1:] if is_method else positional), *arguments.kwonlyargs]
    if arguments.posonlyargs and not is_method:
        span = function.module.span(arguments.posonlyargs[0])
        message = f"the step `{function.qualified_name}` has a positional-only input"
        raise Fault(Diagnostic("PC0311", message, span, help="remove the `/`: inputs are passed by name"))
    for one in inputs:
        if one.arg in RESERVED_INPUTS:
            message = f"a step input cannot be called `{one.arg}`"
            note = "the word has a meaning of its own in a step call"
            raise Fault(
                Diagnostic("PC0311", message, function.module.span(one), notes=(note,), help="rename the input")
            )
    return tuple(_input(interpreter, one, function.defaults, frame) for one in inputs)


def _input(interpreter: Interpreter, node: ast.arg, defaults: Mapping[str, Any], frame: Frame) -> StepInput:
    type_ = read_annotation(interpreter, node.annotation, frame).type
    if node.arg not in defaults:
        return StepInput(node.arg, type_, is_required=True)
    default = defaults[node.arg]
    constant = None
    if not isinstance(default, Unknown) and is_known(default):
        try:
            constant = Const(to_json(default, frame.module.span(node)), const_type(default))
        except Fault:
            constant = None
    return StepInput(node.arg, type_, is_required=False, default=constant)


def _materializers(step: StepValue) -> Any:
    given = step.options.get("output_materializers")
    return None if given is None else given.value


def _outputs(
    interpreter: Interpreter, function: FunctionValue, node: Function, materializers: Any
) -> tuple[tuple[StepOutput, ...], bool]:
    frame = Frame(function.module, function.module.names)
    span = function.module.span(node.returns) if node.returns is not None else function.module.span(node)
    if node.returns is None:
        annotations = [("output", Annotation(types.ANY))] if _returns_value(node) else []
        return _make(annotations, materializers, span), False
    if isinstance(node.returns, ast.Call) and (named := _legacy_outputs(interpreter, node.returns, frame)) is not None:
        old = [(name, read_annotation(interpreter, type_, frame)) for name, type_ in named]
        return _make(old, materializers, span), len(old) > 1
    parts = tuple_parts(interpreter, node.returns, frame)
    if parts is not None and _returns_literal_tuple(node):
        read = [read_annotation(interpreter, part, frame) for part in parts]
        names = [_output_name(one) for one in read]
        together = [
            (f"output_{index}" if name is None else name, one)
            for index, (name, one) in enumerate(zip(names, read, strict=True))
        ]
        return _make(together, materializers, span), True
    whole = read_annotation(interpreter, node.returns, frame)
    if whole.type == types.NONE and not whole.metadata:
        return (), False
    name = _output_name(whole)
    return _make([("output" if name is None else name, whole)], materializers, span), False


def _legacy_outputs(interpreter: Interpreter, node: ast.Call, frame: Frame) -> list[tuple[str, ast.expr]] | None:
    from pipec.compiler.frontend.legacy import outputs_of

    return outputs_of(interpreter, node, frame)


def _output_name(annotation: Annotation) -> str | None:
    return artifact_name(annotation.metadata)


def _make(named: list[tuple[str, Annotation]], materializers: Any, span: Span) -> tuple[StepOutput, ...]:
    names = [name for name, _ in named]
    for name in names:
        if names.count(name) > 1:
            raise Fault(Diagnostic("PC0318", f"two outputs are called `{name}`", span, help="give each its own name"))
        if not name:
            raise Fault(Diagnostic("PC0318", "an output has an empty name", span))
    return tuple(
        StepOutput(name, one.type, carrier(one.type), _materializer(materializers, name), artifact_facts(one.metadata))
        for name, one in named
    )


def carrier(type_: Type) -> Carrier:
    """How a result of this type travels (DESIGN §4)."""
    return "parameter" if types.is_number_like(type_) else "artifact"


def _materializer(given: Any, name: str) -> str | None:
    if isinstance(given, dict):
        given = given.get(name)
    if isinstance(given, list | tuple):
        given = given[0] if given else None
    if isinstance(given, ClassValue):
        return f"{given.module.name}:{given.qualified_name}"
    if isinstance(given, External):
        module, _, qualified_name = given.path.rpartition(".")
        return f"{module}:{qualified_name}"
    return given.replace("/", ".") if isinstance(given, str) else None


def tuple_parts(interpreter: Interpreter, node: ast.expr, frame: Frame) -> list[ast.expr] | None:
    """The elements of a `Tuple[A, B]` annotation, also behind a name; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            inner = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError):
            return None
        for one in ast.walk(inner):
            if "lineno" in one._attributes:
                ast.copy_location(one, node)
        return tuple_parts(interpreter, inner, frame)
    if isinstance(node, ast.Name | ast.Attribute):
        alias = _alias(interpreter, node, frame)
        return None if alias is None else tuple_parts(interpreter, alias.node, frame)
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return None
    try:
        base = interpreter.evaluate(node.value, frame)
    except Fault:
        return None
    is_tuple = getattr(base, "path", "").endswith(".Tuple") or getattr(base, "name", "") == "tuple"
    parts = node.slice.elts
    if not is_tuple or len(parts) < 2:
        return None
    if isinstance(parts[-1], ast.Constant) and parts[-1].value is ...:
        return None
    return list(parts)


def _alias(interpreter: Interpreter, node: ast.expr, frame: Frame) -> AnnotationAlias | None:
    """The type of this module that a name stands for; one of another module counts as one output."""
    try:
        value = interpreter.evaluate(node, frame)
    except Fault:
        return None
    return value if isinstance(value, AnnotationAlias) and value.frame.module is frame.module else None


def _returns_of(node: Function) -> list[ast.Return]:
    """The return statements of the function itself, not of functions inside it."""
    found: list[ast.Return] = []
    pending: list[ast.AST] = list(reversed(node.body))
    while pending:
        inner = pending.pop()
        if isinstance(inner, ast.Return):
            found.append(inner)
        elif not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(reversed(list(ast.iter_child_nodes(inner))))
    return found


def _returns_value(node: Function) -> bool:
    return any(
        one.value is not None and not (isinstance(one.value, ast.Constant) and one.value.value is None)
        for one in _returns_of(node)
    )


def _returns_literal_tuple(node: Function) -> bool:
    return any(isinstance(one.value, ast.Tuple) and len(one.value.elts) > 1 for one in _returns_of(node))


def _tuple_length(node: Function) -> int:
    """How many values each `return` gives, all of which are literal tuples; 0 where that is not so."""
    values = [one.value for one in _returns_of(node)]
    counts = {
        len(one.elts)
        if isinstance(one, ast.Tuple) and not any(isinstance(part, ast.Starred) for part in one.elts)
        else 0
        for one in values
    }
    return counts.pop() if len(counts) == 1 else 0

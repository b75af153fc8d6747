"""What ZenML removed and programs still use: `Output(…)`, `BaseParameters`, steps as arguments of pipelines.

The first two have one meaning, so they are read as what replaced them, with one warning per pipeline; `pipec migrate` rewrites
them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import ClassValue, SdkSymbol, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.values import Frame, FunctionValue
    from pipec.compiler.source import Span

_PARAMETERS = frozenset({"BaseParameters", "BaseStepConfig"})


def outputs_of(interpreter: Interpreter, node: ast.expr, frame: Frame) -> list[tuple[str, ast.expr]] | None:
    """The names and types of `Output(a=int, b=str)` as a return annotation; None for anything else."""
    if not isinstance(node, ast.Call) or node.args or not isinstance(node.func, ast.Name | ast.Attribute):
        return None
    from pipec.compiler.frontend.values import Fault

    try:
        called = interpreter.evaluate(node.func, frame)
    except Fault:
        return None
    if not isinstance(called, SdkSymbol) or called.name != "Output":
        return None
    warn(interpreter, "Output", frame.module.span(node))
    return [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None]


def is_parameters(cls: ClassValue) -> bool:
    """Whether a class derives from `BaseParameters`, whose objects ZenML made itself."""
    return any(
        (isinstance(base, SdkSymbol) and base.name in _PARAMETERS)
        or (isinstance(base, ClassValue) and is_parameters(base))
        for base in cls.bases
    )


def implied_arguments(
    interpreter: Interpreter, function: FunctionValue, given: Mapping[str, Any], span: Span
) -> dict[str, Setting]:
    """The `BaseParameters` objects that ZenML passed where a call leaves them out: made of their defaults.

    Raises:
        Fault: a field of such a class has no default.
    """
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.instances import instantiate
    from pipec.compiler.frontend.values import Fault, Frame

    found: dict[str, Setting] = {}
    arguments = function.node.args
    frame = Frame(function.module, function.module.names)
    for one in (*arguments.args, *arguments.kwonlyargs):
        if one.annotation is None or one.arg in given or one.arg in function.defaults:
            continue
        try:
            cls = interpreter.evaluate(one.annotation, frame)
        except Fault:
            continue
        if isinstance(cls, ClassValue) and is_parameters(cls):
            warn(interpreter, "BaseParameters", function.module.span(one))
            found[one.arg] = Setting(instantiate(interpreter, cls, Arguments(), span, frame), span)
    return found


def warn(interpreter: Interpreter, name: str, span: Span) -> None:
    """Says, once for each pipeline, that it uses what ZenML removed."""
    if interpreter.uses_legacy:
        return
    interpreter.uses_legacy = True
    meaning = {"Output": '`tuple[Annotated[T, "name"], …]`'}.get(name, "an object made of the defaults of its fields")
    interpreter.report(
        Diagnostic(
            "PC0212",
            f"`{name}` was removed from ZenML",
            span,
            severity=Severity.WARNING,
            notes=(f"it is read as {meaning}",),
            help=f"`pipec migrate {span.path}` rewrites it"
            if name == "Output"
            else "give the step one parameter per field",
        )
    )


def steps_as_arguments(pipeline: str, name: str, span: Span) -> Diagnostic:
    """The fault of calling a parameter of a pipeline: before ZenML 0.40 a pipeline was given its steps."""
    return Diagnostic(
        "PC0212",
        f"`{pipeline}` takes its steps as arguments, which ZenML removed",
        span,
        notes=(f"its parameter `{name}` is called as a step",),
        help="call the steps by their own names in the body, and give the pipeline plain parameters",
    )

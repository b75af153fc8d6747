"""Pipelines that call pipelines: the inner body becomes a group with a scope of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.calls import Arguments
from pipec.compiler.frontend.graph import Exports, ids_in
from pipec.compiler.frontend.step_calls import after_ids
from pipec.compiler.frontend.values import Fault, Frame, PipelineValue, Raised, StepResult, Symbolic, Unknown
from pipec.compiler.ir.model import Group

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span


def call_pipeline(
    interpreter: Interpreter, pipeline: PipelineValue, arguments: Arguments, span: Span, frame: Frame
) -> Any:
    """Runs the inner pipeline's body as a group and returns what it returns.

    Raises:
        Fault: the call is wrong, or the pipelines call each other in a circle.
    """
    function = pipeline.definition
    if interpreter.graph is None:
        if interpreter.starts is not None:
            from pipec.compiler.frontend.drivers import Start

            interpreter.starts.append(Start(pipeline, span))
        message = f"the pipeline `{function.qualified_name}` is called while its module is read"
        return Unknown(Diagnostic("PC0204", message, span))
    if any(one is function.node for one in interpreter.pipeline_stack):
        message = f"the pipeline `{function.qualified_name}` calls itself"
        raise Fault(
            Diagnostic("PC0307", message, span, help="a pipeline has a fixed shape: use a loop over a known list")
        )
    orders = [one for one in (arguments.keywords.pop("after", None),) if one is not None]
    after = tuple(dict.fromkeys(name for order in orders for name in after_ids(interpreter, order)))
    _warn_of_configuration(interpreter, pipeline)
    graph = interpreter.graph
    name = graph.reserve(pipeline_name(pipeline), span)
    positional, keywords = arguments.values()
    graph.open()
    interpreter.pipeline_stack.append(function.node)
    returned, has_raised = None, False
    try:
        returned = interpreter.call_function(function, positional, keywords, span, frame)
    except Raised:
        has_raised = True
    finally:
        interpreter.pipeline_stack.pop()
        body = graph.close()
    exports = Exports(name, ids_in(body))
    result = exports.export(returned)
    if body.operations:
        graph.add(Group(name, pipeline_name(pipeline), body, dict(exports.results), span, after))
    if has_raised:
        raise Raised
    if result is None and body.operations:
        return StepResult(name, pipeline_name(pipeline), (), ())
    return result


def pipeline_name(pipeline: PipelineValue) -> str:
    """The name of a pipeline: `name=`, else its function's.

    Raises:
        Fault: `name=` is not known, or not a text.
    """
    given = pipeline.options.get("name")
    if given is None or given.value is None:
        return pipeline.definition.qualified_name
    if isinstance(given.value, Unknown):
        raise Fault(given.value.diagnostic)
    if isinstance(given.value, Symbolic) or not isinstance(given.value, str) or not given.value:
        raise Fault(Diagnostic("PC0502", "the name of a pipeline is a text that is known at compile time", given.span))
    return given.value


_UNREMARKABLE = frozenset({"name", "enable_cache"})


def _warn_of_configuration(interpreter: Interpreter, pipeline: PipelineValue) -> None:
    """ZenML ignores the inner pipeline's decorator (`reference/zenml.md` §1.4); so do we, but not in silence."""
    ignored = [key for key in pipeline.options if key not in _UNREMARKABLE]
    if ignored:
        listed = ", ".join(f"`{key}`" for key in ignored)
        interpreter.report(
            Diagnostic(
                "PC0321",
                f"{listed} of the inner pipeline `{pipeline_name(pipeline)}` has no effect here",
                pipeline.options[ignored[0]].span,
                severity=Severity.WARNING,
                notes=("a pipeline that is called by another runs with the outer one's configuration",),
                help="set it on the outer pipeline, or on the steps",
            )
        )

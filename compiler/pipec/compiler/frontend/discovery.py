"""Which pipelines a file defines, and which of them are programs of their own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, TypeAlias

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.frontend import names
from pipec.compiler.frontend.pipeline_calls import pipeline_name
from pipec.compiler.frontend.values import Fault, PipelineValue, SdkSymbol, Unknown
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import Module


Place: TypeAlias = tuple[str, str]
"""Which function a pipeline is: its file as it is shown, and its qualified name."""


@dataclass(frozen=True, slots=True)
class PipelineDefinition:
    """A pipeline of a file: its function's name, its own name, and its value for the evaluator."""

    function: str
    name: str
    value: PipelineValue

    @property
    def place(self) -> Place:
        """Which function it is, whatever file starts it."""
        definition = self.value.definition
        return definition.module.source.path, definition.qualified_name


def definitions_in(interpreter: Interpreter, module: Module) -> tuple[list[PipelineDefinition], list[Diagnostic]]:
    """The pipelines defined at the top of `module`, in order, and the faults of their definitions."""
    interpreter.run_module(module)
    found: list[PipelineDefinition] = []
    faults: list[Diagnostic] = []
    nodes: dict[str, ast.AST] = {}
    for statement in _top_level(module.tree.body):
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) or not _is_pipeline(
            interpreter, module, statement
        ):
            continue
        if statement.name in nodes:
            faults.append(_duplicate(module, statement.name, nodes[statement.name], statement))
            continue
        nodes[statement.name] = statement
        value = names.force(interpreter, module.names, statement.name)
        if isinstance(value, Unknown):
            faults.append(value.diagnostic)
        elif isinstance(value, PipelineValue):
            _add(module, statement, value, found, faults)
    return found, faults


def _add(
    module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef, value: PipelineValue,
    found: list[PipelineDefinition], faults: list[Diagnostic],
) -> None:  # fmt: skip
    try:
        name = pipeline_name(value)
    except Fault as fault:
        faults.append(fault.diagnostic)
        return
    first = next((one for one in found if one.name == name), None)
    if first is not None:
        faults.append(_duplicate(module, name, first.value.definition.node, node))
        return
    found.append(PipelineDefinition(node.name, name, value))


def _top_level(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a module, those inside top-level `if` and `try` included."""
    found: list[ast.stmt] = []
    for statement in statements:
        found.append(statement)
        if isinstance(statement, (ast.If, ast.Try)):
            found += _top_level(statement.body) + _top_level(statement.orelse)
    return found


def _is_pipeline(interpreter: Interpreter, module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether one of its decorators is the authoring API's `pipeline`, under whatever name."""
    from pipec.compiler.frontend.values import Frame

    frame = Frame(module, module.names)
    for decorator in node.decorator_list:
        target: ast.expr = decorator.func if isinstance(decorator, ast.Call) else decorator
        try:
            value: Any = interpreter.evaluate(target, frame)
        except Fault:
            continue
        if isinstance(value, SdkSymbol) and value.name == "pipeline":
            return True
        if isinstance(value, Unknown) and _named_pipeline(target):
            return True  # the import itself is faulty: forcing the definition says how
    return False


def _named_pipeline(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "pipeline") or (
        isinstance(node, ast.Attribute) and node.attr == "pipeline"
    )


def roots_of(definitions: list[PipelineDefinition]) -> list[PipelineDefinition]:
    """Those that no other one of the file calls; all of them where they call each other in a circle."""
    called: set[str] = set()
    for definition in definitions:
        for node in ast.walk(definition.value.definition.node):
            if isinstance(node, ast.Name) and node.id != definition.function:
                called.add(node.id)
    return [one for one in definitions if one.function not in called] or definitions


def _duplicate(module: Module, name: str, first: ast.AST, second: ast.AST) -> Diagnostic:
    return Diagnostic(
        "PC0306",
        f"there are two pipelines called `{name}`",
        _head(module, second),
        related=(Label(_head(module, first), "the first one"),),
        help="rename one, or give it `name=`",
    )


def _head(module: Module, node: Any) -> Any:
    end = node.col_offset + len("def ") + len(node.name)
    return module.source.span(node.lineno, node.col_offset, node.lineno, end)

"""Finds the calls of pipelines in the driver of a file: under `if __name__ == "__main__"`, in functions, at the top."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import names
from pipec.compiler.frontend.assignments import bound_names
from pipec.compiler.frontend.values import Fault, Frame, PipelineValue, StepValue, Unknown, is_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.frontend.drivers import Start
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import Module


def starts_in(interpreter: Interpreter, module: Module) -> list[Start]:
    """Every call of a pipeline that the driver of `module` may make, each place once, in the order of the source."""
    interpreter.run_module(module)
    interpreter.starts = []
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    try:
        frame = Frame(module, {}, Frame(module, module.names))
        for statement in module.tree.body:
            if _is_main(statement) or isinstance(statement, ast.Expr | ast.With):
                _walk(interpreter, [statement], frame)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append(statement)
        for node in functions:
            value = names.force(interpreter, module.names, node.name)
            if not isinstance(value, StepValue | PipelineValue):
                _walk(interpreter, node.body, _inside(node, module))
        found = {(one.span.start, id(one.pipeline.definition.node)): one for one in reversed(interpreter.starts)}
    finally:
        interpreter.starts = None
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _is_main(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__":`."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _inside(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Frame:
    """The names that a function starts with: its arguments, which nobody knows."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return Frame(module, {one.arg: _unknown(module, one, f"`{one.arg}` is an argument of the driver") for one in every})


def _unknown(module: Module, node: ast.AST, message: str) -> Unknown:
    return Unknown(Diagnostic("PC0204", message, module.span(node)))


def _walk(interpreter: Interpreter, statements: Sequence[ast.stmt], frame: Frame) -> None:
    """Evaluates statement by statement; where nobody knows which way it goes, both ways, and forgets what they change."""
    for statement in statements:
        match statement:
            case ast.If(body=body, orelse=orelse):
                if _is_main(statement):
                    _walk(interpreter, body, frame)
                    continue
                taken = _truth(interpreter, statement.test, frame)
                if taken is not None:
                    _walk(interpreter, body if taken else orelse, frame)
                    continue
                _walk_both(interpreter, statement, (body, orelse), frame)
            case ast.Try(body=body, orelse=orelse, finalbody=final):
                _walk(interpreter, [*body, *orelse, *final], frame)
            case ast.With(body=body) | ast.AsyncWith(body=body):
                _walk(interpreter, body, frame)
            case ast.For(body=body) | ast.AsyncFor(body=body) | ast.While(body=body):
                _forget(statement, frame)
                _walk_both(interpreter, statement, (body,), frame)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass
            case _:
                interpreter.execute([statement], frame)


def _walk_both(interpreter: Interpreter, whole: ast.stmt, ways: tuple[Sequence[ast.stmt], ...], frame: Frame) -> None:
    before = dict(frame.names)
    for way in ways:
        frame.names.clear()
        frame.names.update({name: _copied(value) for name, value in before.items()})
        _walk(interpreter, way, frame)
    frame.names.clear()
    frame.names.update(before)
    _forget(whole, frame)


def _copied(value: object) -> object:
    return value.copy() if isinstance(value, dict | list) else value


def _truth(interpreter: Interpreter, test: ast.expr, frame: Frame) -> bool | None:
    try:
        value = interpreter.evaluate(test, frame)
    except Fault:
        return None
    return bool(value) if is_known(value) else None


def _forget(statement: ast.stmt, frame: Frame) -> None:
    """Whatever `statement` may change is unknown from here on; of a dict, the entries that it may change."""
    changed = set(bound_names(statement))
    entries: list[tuple[str, str]] = []
    for node in ast.walk(statement):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key)), ctx=ast.Store()):
                entries.append((name, key))
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                changed.add(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="update" | "append" | "extend" | "setdefault" | "pop")
            ):
                changed.add(name)
            case _:
                pass
    for name in changed:
        message = f"`{name}` depends on how the driver is called"
        frame.names[name] = _unknown(frame.module, statement, message)
    for name, key in entries:
        held = frame.names.get(name)
        if isinstance(held, dict):
            message = f"`{name}[{key!r}]` depends on how the driver is called"
            held[key] = _unknown(frame.module, statement, message)

"""Parameters that shape the graph as no target can in a run: fixed to their bound value or their default (DESIGN §3)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.annotations import read_annotation
from pipec.compiler.frontend.values import ClassValue, EnumMember, Fault, Frame, FunctionValue, Unknown, is_known
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.frontend.bindings import Bindings
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import Module
    from pipec.compiler.frontend.values import Freeze


def freeze(
    interpreter: Interpreter, function: FunctionValue, bindings: Bindings, wish: Freeze
) -> tuple[Bindings, list[Diagnostic]]:
    """The bindings with the parameters of `wish` fixed, and a warning for each.

    Raises:
        Fault: one of them has neither a default nor a bound value.
    """
    frozen, notes = dict(bindings.frozen), list[Diagnostic]()
    for name in wish.parameters:
        assert name not in frozen, "a frozen parameter is known"
        if name in bindings.defaults:
            from pipec.compiler.frontend.bindings import given_value

            annotation = next(one.annotation for one in _arguments(function) if one.arg == name)
            frame = Frame(function.module, function.module.names)
            value = given_value(name, bindings.defaults[name], read_annotation(interpreter, annotation, frame).type)
        elif name in function.defaults and is_known(function.defaults[name]):
            value = function.defaults[name]
        else:
            raise Fault(_without_value(name, function, wish))
        frozen[name] = value
        notes.append(_frozen(name, value, wish))
    return replace(bindings, frozen=frozen), notes


def as_member(interpreter: Interpreter, annotation: ast.expr | None, module: Module, value: Any) -> Any:
    """A given value as the member of an enum class, where the annotation is one and a member has this value.

    A run is given the value of a member, too; in the body that is compiled with it, it is the member.
    """
    for node in _alternatives(annotation):
        try:
            cls = interpreter.evaluate(node, Frame(module, module.names))
        except Fault:
            continue
        if isinstance(cls, ClassValue):
            members = cls.names.get("__members__") or {}
            for member in members.values():
                if member.value == value and type(member.value) is type(value):
                    return member
    return value


def _alternatives(node: ast.expr | None) -> Iterator[ast.expr]:
    """The types of a union, `Kind | None` or `Optional[Kind]`."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _alternatives(left)
            yield from _alternatives(right)
        case ast.Subscript(slice=inner):
            yield from _alternatives(inner)
        case ast.Name() | ast.Attribute():
            yield node
        case _:
            return


def _arguments(function: FunctionValue) -> list[ast.arg]:
    arguments = function.node.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _frozen(name: str, value: object, wish: Freeze) -> Diagnostic:
    return Diagnostic(
        "PC0317",
        f"the parameter `{name}` is frozen to `{_shown(value)}`: it decides {wish.why}",
        wish.span,
        severity=Severity.WARNING,
        notes=("no target can do that in a run, so another value needs another compilation",),
        help=f"say so with `--bind {name}=VALUE`, or decide inside a step",
    )


def _shown(value: object) -> str:
    if isinstance(value, EnumMember):
        return f"{value.symbol.rpartition(':')[2]}.{value.name}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _without_value(name: str, function: FunctionValue, wish: Freeze) -> Diagnostic:
    unknown = function.defaults.get(name)
    notes = (unknown.diagnostic.message,) if isinstance(unknown, Unknown) else ()
    return Diagnostic(
        "PC0316",
        f"the parameter `{name}` has no value, and it decides {wish.why}",
        wish.span,
        notes=(*notes, "no target can do that in a run, so the value must be known when the pipeline is compiled"),
        help=f"compile with `--bind {name}=VALUE`, or give it a default",
    )

"""Assignments of the evaluator: names, elements, attributes, `+=` and `del`."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.control import run_time_decision
from pipec.compiler.frontend.values import (
    ClassValue,
    Fault,
    Frame,
    InstanceValue,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
    is_open,
)

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.jumps import Signal
    from pipec.compiler.source import Span


class AssignmentMixin:
    """Binds and changes; part of `Interpreter`."""

    def _run_AugAssign(self, node: ast.AugAssign, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        load = _as_load(node.target)
        current = this.evaluate(load, frame)
        operand = this.evaluate(node.value, frame)
        span = this.span(node, frame)
        if isinstance(current, list) and isinstance(node.op, ast.Add) and not isinstance(operand, Unknown):
            this.journal.touch(current)
            current.extend(this.spread(operand, span, "`+=`"))  # in place, as in Python: other names of the list see it
            value: Any = current
        elif isinstance(current, dict) and isinstance(node.op, ast.BitOr) and not isinstance(operand, Unknown):
            this.journal.touch(current)
            for key, part in this.entries(operand, span).items():
                this.set_entry(current, key, part, span)
            value = current
        else:
            value = this.binary(node.op, current, operand, span)
        self.assign(node.target, value, frame)
        return None

    def _run_Delete(self, node: ast.Delete, frame: Frame) -> Signal:
        this = cast("Interpreter", self)
        for target in node.targets:
            if isinstance(target, ast.Name):
                frame.names.pop(target.id, None)  # noted as changed when the block began
            elif isinstance(target, ast.Subscript):
                container = this.evaluate(target.value, frame)
                key = this.evaluate(target.slice, frame)
                if isinstance(container, dict | list) and not isinstance(key, Symbolic | Unknown):
                    if is_open(container):
                        raise run_time_decision(
                            "`del` of an element",
                            this.seal(container, this.span(target, frame)),
                            this.span(target, frame),
                        )
                    this.journal.touch(container)
                    this.guarded(partial(_delete_item, container, key), this.span(target, frame))
        return None

    def assign(self, target: ast.expr, value: Any, frame: Frame) -> None:
        """Binds `value` to `target`.

        Raises:
            Fault: the value cannot be unpacked into the target, or the target cannot be assigned to.
        """
        this = cast("Interpreter", self)
        match target:
            case ast.Name(id=name):
                scope = frame.nonlocal_names.get(name, frame)
                this.journal.touch(scope.names)
                scope.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for inner, part in zip(targets, this.unpack(targets, value, frame, target), strict=True):
                    self.assign(inner.value if isinstance(inner, ast.Starred) else inner, part, frame)
            case ast.Subscript():
                self._assign_item(target, value, frame)
            case ast.Attribute():
                self._assign_attribute(target, value, frame)
            case _:
                raise Fault(Diagnostic("PC0210", "this assignment is not supported here", this.span(target, frame)))

    def _assign_item(self, target: ast.Subscript, value: Any, frame: Frame) -> None:
        this = cast("Interpreter", self)
        container = this.evaluate(target.value, frame)
        key = this.evaluate(target.slice, frame)
        span = this.span(target, frame)
        if isinstance(container, Unknown) or find_unknown(key):
            return
        if isinstance(container, dict):
            this.journal.touch(container)
            this.set_entry(container, key, value, span)
            return
        if not isinstance(container, dict | list) or isinstance(key, Symbolic):
            message = f"an element of {describe(container)} cannot be assigned here"
            raise Fault(Diagnostic("PC0210", message, span, help="do it inside a step"))
        if is_open(container):
            raise run_time_decision("assigning an element", this.seal(container, span), span)
        this.journal.touch(container)
        this.guarded(lambda: container.__setitem__(key, value), span)

    def _assign_attribute(self, target: ast.Attribute, value: Any, frame: Frame) -> None:
        this = cast("Interpreter", self)
        owner = this.evaluate(target.value, frame)
        if isinstance(owner, InstanceValue):
            this.journal.touch(owner.fields)
            owner.fields[target.attr] = value
        elif isinstance(owner, ClassValue):
            if owner.names.get(target.attr) is value:
                return  # `C.found += [1]` has changed the list itself
            if this.journal.depth:
                raise Fault(_changes_class(owner, this.span(target, frame)))
            names = cast("dict[str, Any]", owner.names)
            this.journal.touch(names)
            names[target.attr] = value
        elif this.strict and not isinstance(owner, Unknown):
            message = f"an attribute of {describe(owner)} cannot be assigned here"
            raise Fault(Diagnostic("PC0210", message, this.span(target, frame)))


def _changes_class(owner: ClassValue, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0327",
        f"{describe(owner)} is changed in an arm or a loop of the run",
        span,
        notes=("a class is there once, whatever a run decides",),
        help="keep the value in a local name",
    )


def bound_names(statement: ast.stmt) -> list[str]:
    """The names that `statement` binds, in it or below it, not those inside functions and classes."""
    found: list[str] = []
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.alias(name=name, asname=asname):
                found.append(asname or name.partition(".")[0])
            case _:
                pending.extend(ast.iter_child_nodes(node))
    return found


def _delete_item(container: Any, key: Any) -> None:
    del container[key]


def _as_load(target: ast.expr) -> ast.expr:
    """The expression that reads what `target` assigns."""
    match target:
        case ast.Name(id=name):
            load: ast.expr = ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=attr):
            load = ast.Attribute(value, attr, ast.Load())
        case ast.Subscript(value=value, slice=index):
            load = ast.Subscript(value, index, ast.Load())
        case _:
            return target
    return ast.copy_location(load, target)

"""Reads a DAG file back, with Python's grammar: only what `emit` writes may be in it, and names mean what they should."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipec.compiler.backend import GeneratedFile

_MAKERS = frozenset("step branch loop flatten last EmptyOperator".split())
_FUNCTIONS = _MAKERS | set(
    "DAG Param TaskGroup timedelta datetime CronTriggerTimetable DeltaTriggerTimetable DeviceRequest Secret "
    "V1LocalObjectReference V1ResourceRequirements".split()
)
_FREE = frozenset({"__doc__", "timezone"})


def check(files: Sequence[GeneratedFile]) -> list[Diagnostic]:
    """What is wrong with the DAG file; each finding is a fault of ours."""
    main = files[0]
    try:
        tree = ast.parse(main.text)
    except SyntaxError as error:
        return [Diagnostic("PC0902", f"`{main.path}`, line {error.lineno}: {error.msg}")]
    found = [*_faults(tree)]
    if not main.text.isascii():
        found.append("it is not pure ASCII")
    if "airflow" not in main.text or "DAG" not in main.text:
        found.append("Airflow's safe mode would pass over it in silence")
    return [Diagnostic("PC0902", f"`{main.path}`: {fault}") for fault in found]


def _faults(tree: ast.Module) -> Iterator[str]:
    blocks = [node for node in tree.body if isinstance(node, ast.With)]
    if len(blocks) != 1 or tree.body[-1] is not blocks[0]:
        yield "it is not one DAG at its end"
        return
    yield from _Reader(set(), set()).statement(blocks[0])


class _Reader:
    """Reads statements in order.

    Attributes:
        known: the variables that are assigned so far.
        ids: the ids of tasks so far.
    """

    def __init__(self, known: set[str], ids: set[str]) -> None:
        self.known, self.ids = known, ids

    def statement(self, node: ast.stmt) -> Iterator[str]:
        """What is wrong with a statement and those in it."""
        match node:
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as made, optional_vars=name)], body=body):
                yield from self.literal(made)
                if isinstance(name, ast.Name):
                    self.known.add(name.id)
                for inner in body:
                    yield from self.statement(inner)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=function)) as made) if (
                function in _MAKERS
            ):
                yield from self.task(name, made)
            case ast.FunctionDef(decorator_list=[ast.Call(func=ast.Name(id="task_group"))]):
                yield from self.loop(node)
            case ast.Assign(targets=[target], value=value):
                yield from self.mapped(value)
                self.known |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
            case ast.Expr(value=ast.BinOp() as chain):
                yield from self.chain(chain)
            case ast.Expr(value=value):
                yield from self.mapped(value)
            case ast.Pass():
                pass
            case _:
                yield f"line {node.lineno}: an unexpected statement"

    def task(self, name: str, made: ast.Call) -> Iterator[str]:
        yield from self.literal(made)
        given = [*made.args[:1], *(each.value for each in made.keywords if each.arg == "task_id")]
        id_ = given[0].value if given and isinstance(given[0], ast.Constant) else None
        if not isinstance(id_, str) or id_ in self.ids or name in self.known:
            yield f"line {made.lineno}: `{name}` is not the only one of its name"
        else:
            self.ids.add(id_)
        self.known.add(name)

    def loop(self, node: ast.FunctionDef) -> Iterator[str]:
        """The function of a mapped task group: its tasks are known outside once it has returned them."""
        body, returned = node.body, node.body[-1]
        inner = _Reader({*self.known, *(each.arg for each in node.args.args)}, self.ids)
        for statement in body[:-1] if isinstance(returned, ast.Return) else body:
            yield from inner.statement(statement)
        if isinstance(returned, ast.Return):
            names = {each.id for each in ast.walk(returned) if isinstance(each, ast.Name)}
            yield from (f"line {returned.lineno}: `{name}` is no task" for name in sorted(names - inner.known))
        self.known.add(node.name)

    def mapped(self, value: ast.expr) -> Iterator[str]:
        match value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=function), attr="expand" | "expand_kwargs")) if (
                function in self.known
            ):
                for each in (*value.args, *(given.value for given in value.keywords)):
                    yield from self.literal(each)
            case _:
                yield f"line {value.lineno}: an unexpected call"

    def literal(self, value: ast.expr) -> Iterator[str]:
        """Literals, the functions above, results of earlier tasks: nothing else is evaluated."""
        for node in ast.walk(value):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
                    pass
                case ast.Call():
                    yield f"line {node.lineno}: an unexpected call"
                case ast.Name(id=name) if name not in self.known | _FUNCTIONS | _FREE:
                    yield f"line {node.lineno}: `{name}` is not defined"
                case ast.Attribute(value=ast.Name(id="timezone"), attr="utc"):
                    pass
                case ast.Attribute() | ast.Lambda() | ast.JoinedStr() | ast.Starred():
                    yield f"line {node.lineno}: not a literal"
                case _:
                    pass

    def chain(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.BinOp(left=left, op=ast.RShift(), right=right):
                yield from self.chain(left)
                yield from self.chain(right)
            case ast.List(elts=items):
                for item in items:
                    yield from self.chain(item)
            case ast.Name(id=name) if name in self.known:
                pass
            case _:
                yield f"line {node.lineno}: an edge from or to what is no task"

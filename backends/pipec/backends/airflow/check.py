"""Reads a DAG file back, with Python's grammar: only what `emit` writes may be in it, and names mean what they should."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipec.compiler.backend import GeneratedFile

_FUNCTIONS = frozenset("DAG Param TaskGroup step timedelta datetime CronTriggerTimetable DeltaTriggerTimetable".split())
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
    known: set[str] = set()
    ids: set[str] = set()
    for node in _statements(blocks[0]):
        yield from _statement(node, known, ids)


def _statements(block: ast.With) -> Iterator[ast.stmt]:
    yield block
    for node in block.body:
        if isinstance(node, ast.With):
            yield from _statements(node)
        else:
            yield node


def _statement(node: ast.stmt, known: set[str], ids: set[str]) -> Iterator[str]:
    match node:
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as made, optional_vars=name)]):
            yield from _call(made, known)
            if isinstance(name, ast.Name):
                known.add(name.id)
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Constant(value=str() as id_), *_]) as made
        ):
            yield from _call(made, known)
            if id_ in ids or name in known:
                yield f"line {node.lineno}: `{name}` is not the only one of its name"
            ids.add(id_)
            known.add(name)
        case ast.Expr(value=ast.BinOp() as chain):
            yield from _chain(chain, known)
        case ast.Pass():
            pass
        case _:
            yield f"line {node.lineno}: an unexpected statement"


def _call(made: ast.Call, known: set[str]) -> Iterator[str]:
    """Literals, the functions above, results of earlier tasks: nothing else is evaluated."""
    for node in ast.walk(made):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
                pass
            case ast.Call():
                yield f"line {node.lineno}: an unexpected call"
            case ast.Name(id=name) if name not in known | _FUNCTIONS | _FREE:
                yield f"line {node.lineno}: `{name}` is not defined"
            case ast.Attribute(value=ast.Name(id="timezone"), attr="utc"):
                pass
            case ast.Attribute() | ast.Lambda() | ast.JoinedStr() | ast.Starred():
                yield f"line {node.lineno}: not a literal"
            case _:
                pass


def _chain(node: ast.expr, known: set[str]) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, op=ast.RShift(), right=right):
            yield from _chain(left, known)
            yield from _chain(right, known)
        case ast.List(elts=items):
            for item in items:
                yield from _chain(item, known)
        case ast.Name(id=name) if name in known:
            pass
        case _:
            yield f"line {node.lineno}: an edge from or to what is no task"

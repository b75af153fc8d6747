"""Which global names a piece of Python reads, and as what: `config.RATES` is the chain `("config", "RATES")`.

A scope pass of our own over `ast`: a name that a function binds is the function's own and is not reported.
"""

from __future__ import annotations

import ast

from pipec.compiler.record import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(slots=True)
class Reads:
    """What a statement reads.

    Attributes:
        chains: names that are not bound inside, with the attributes that follow them.
        imports: import statements inside functions.
    """

    chains: set[tuple[str, ...]] = field(default_factory=set)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)


def reads_of(node: ast.AST) -> Reads:
    """The reads of one top-level statement."""
    found = Reads()
    _visit(node, frozenset(), found, is_top=True)
    return found


def _visit(node: ast.AST, bound: frozenset[str], found: Reads, is_top: bool = False) -> None:  # noqa: C901, PLR0912 - a flat dispatch over nodes
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            if name not in bound:
                found.chains.add((name,))
        case ast.Attribute(ctx=ast.Load()):
            _visit_chain(node, bound, found)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _visit_function(node, bound, found)
        case ast.Lambda():
            _visit_arguments(node.args, bound, found)
            _visit(node.body, bound | _argument_names(node.args), found)
        case ast.ClassDef():
            _visit_class(node, bound, found)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            inner = bound | {
                one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            }
            for child in ast.iter_child_nodes(node):
                _visit(child, inner, found)
        case ast.Import() | ast.ImportFrom():
            if not is_top:
                found.imports.append(node)
        case ast.AnnAssign():
            _visit_annotation(node.annotation, bound, found)
            _visit(node.target, bound, found)
            if node.value is not None:
                _visit(node.value, bound, found)
        case _:
            inside = isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While) and is_top
            for child in ast.iter_child_nodes(node):
                _visit(child, bound, found, inside)


def _visit_chain(node: ast.Attribute, bound: frozenset[str], found: Reads) -> None:
    names: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name):
        if inner.id not in bound:
            found.chains.add((inner.id, *reversed(names)))
    else:
        _visit(inner, bound, found)


def _visit_function(node: Function, bound: frozenset[str], found: Reads) -> None:
    for decorator in node.decorator_list:
        _visit(decorator, bound, found)
    _visit_arguments(node.args, bound, found)
    if node.returns is not None:
        _visit_annotation(node.returns, bound, found)
    own = _argument_names(node.args) | local_names(node.body)
    for statement in node.body:
        _visit(statement, bound | own, found)


def _visit_class(node: ast.ClassDef, bound: frozenset[str], found: Reads) -> None:
    for outer in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
        _visit(outer, bound, found)
    for (
        statement
    ) in node.body:  # names of a class body are not seen by its functions, and a global may have the same name
        _visit(statement, bound, found)


def _visit_arguments(arguments: ast.arguments, bound: frozenset[str], found: Reads) -> None:
    for default in (*arguments.defaults, *arguments.kw_defaults):
        if default is not None:
            _visit(default, bound, found)
    for one in _all_arguments(arguments):
        if one.annotation is not None:
            _visit_annotation(one.annotation, bound, found)


def _visit_annotation(node: ast.expr, bound: frozenset[str], found: Reads) -> None:
    """An annotation, also one that is text, wholly or in part: the runtime evaluates it to check values."""
    _visit(node, bound, found)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            try:
                _visit(ast.parse(inner.value, mode="eval").body, bound, found)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue


def _all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    stars = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def _argument_names(arguments: ast.arguments) -> frozenset[str]:
    return frozenset(one.arg for one in _all_arguments(arguments))


def local_names(body: list[ast.stmt]) -> frozenset[str]:
    """The names that a function with this body binds, and so does not read from its module."""
    bound: set[str] = set()
    shared: set[str] = set()
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Lambda():
                pass
            case ast.Global(names=names):
                shared.update(names)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound.add(name)
            case ast.alias(name=name, asname=asname):
                bound.add(asname or name.partition(".")[0])
            case ast.ExceptHandler(name=str() as name):
                bound.add(name)
                pending.extend(ast.iter_child_nodes(node))
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                bound.add(name)
                pending.extend(ast.iter_child_nodes(node))
            case _ if isinstance(node, _COMPREHENSIONS):
                pending.extend(one for one in ast.walk(node) if isinstance(one, ast.NamedExpr))
            case _:
                pending.extend(ast.iter_child_nodes(node))
    return frozenset(bound - shared)

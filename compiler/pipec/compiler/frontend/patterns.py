"""`match` over known values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.values import Builtin, EnumMember, Fault, Frame, is_known

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter


def matches(  # noqa: C901 - a flat dispatch over kinds of pattern
    interpreter: Interpreter, pattern: ast.pattern, subject: Any, frame: Frame, bindings: dict[str, Any]
) -> bool:
    """Whether `subject` matches `pattern`; what it captures is entered into `bindings`.

    Raises:
        Fault: the pattern is one that is not evaluated at compile time.
    """
    match pattern:
        case ast.MatchValue(value=value):
            wanted = interpreter.evaluate(value, frame)
            return is_known(wanted) and is_known(subject) and bool(_plain(wanted) == _plain(subject))
        case ast.MatchSingleton(value=value):
            return subject is value
        case ast.MatchOr(patterns=patterns):
            return any(matches(interpreter, one, subject, frame, bindings) for one in patterns)
        case ast.MatchAs(pattern=inner, name=name):
            if inner is not None and not matches(interpreter, inner, subject, frame, bindings):
                return False
            if name is not None:
                bindings[name] = subject
            return True
        case ast.MatchSequence(patterns=patterns) if not any(isinstance(one, ast.MatchStar) for one in patterns):
            fits = isinstance(subject, list | tuple) and len(subject) == len(patterns)
            return fits and all(
                matches(interpreter, one, part, frame, bindings) for one, part in zip(patterns, subject, strict=True)
            )
        case ast.MatchMapping(keys=keys, patterns=patterns, rest=None):
            wanted = [interpreter.evaluate(key, frame) for key in keys]
            return isinstance(subject, dict) and all(
                key in subject and matches(interpreter, one, subject[key], frame, bindings)
                for key, one in zip(wanted, patterns, strict=True)
            )
        case ast.MatchClass(cls=cls, patterns=[], kwd_patterns=[]):
            wanted = interpreter.evaluate(cls, frame)
            if isinstance(wanted, Builtin) and is_known(subject):
                return type(_plain(subject)).__name__ == wanted.name
        case _:
            pass
    span = interpreter.span(pattern, frame)
    raise Fault(Diagnostic("PC0210", "this pattern is not supported in a pipeline", span, help="use `if`"))


def subject_name(node: ast.Match) -> str:
    """The name that a frame keeps the subject of a `match` under; no program can have it."""
    return f"match {node.lineno}:{node.col_offset}"


def match_as_if(node: ast.Match, subject: str) -> ast.If | None:
    """The `if … elif … else` that a `match` stands for; None where a pattern looks into the subject.

    `subject` is the name that holds the subject.
    """
    rest: list[ast.stmt] = []
    for case in reversed(node.cases):
        test = _as_test(case.pattern, ast.Name(subject, ast.Load()))
        if test is None or (case.guard is not None and isinstance(case.pattern, ast.MatchAs)):
            return None
        if case.guard is not None:
            test = ast.BoolOp(ast.And(), [test, case.guard])
        body = list(case.body)
        if isinstance(case.pattern, ast.MatchAs) and case.pattern.name is not None:
            body.insert(0, ast.Assign([ast.Name(case.pattern.name, ast.Store())], ast.Name(subject, ast.Load())))
        rest = body if isinstance(test, ast.Constant) else [ast.If(test, body, rest)]
    whole = ast.If(ast.Constant(True), rest, []) if not isinstance(rest[0], ast.If) or len(rest) > 1 else rest[0]
    for one in ast.walk(whole):
        if "lineno" in one._attributes and not hasattr(one, "lineno"):
            ast.copy_location(one, node.subject)
    return whole


def _as_test(pattern: ast.pattern, subject: ast.expr) -> ast.expr | None:
    match pattern:
        case ast.MatchValue(value=value):
            return ast.Compare(subject, [ast.Eq()], [value])
        case ast.MatchSingleton(value=value):
            return ast.Compare(subject, [ast.Is()], [ast.Constant(value)])
        case ast.MatchOr(patterns=patterns):
            tests = [_as_test(one, subject) for one in patterns]
            return None if None in tests else ast.BoolOp(ast.Or(), [one for one in tests if one is not None])
        case ast.MatchAs(pattern=None):
            return ast.Constant(True)
        case _:
            return None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, EnumMember) and value.is_text else value

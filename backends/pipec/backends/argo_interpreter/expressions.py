r"""Argo's expression language (expr-lang/expr) as far as it is known here: literals, members, operators, a few functions.

    tasks['a'].status == 'Succeeded' ? tasks['a'].outputs.parameters['x'] : 'null'
    float(inputs.parameters['score']) > 0.9 && !fromJSON(inputs.parameters['debug'])

What is not known is `Refused`. What expr itself rejects, when it compiles or when it runs, is a `Failed`: Argo leaves such
a tag as it is where it may, and ends the node with an error where it may not.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pipec.backends.argo_interpreter import values
from pipec.backends.argo_interpreter.faults import Refused
from pipec.backends.argo_interpreter.values import Failed

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
        |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
        |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
        |(?P<sign>\?\?|\?\.|&&|\|\||==|!=|<=|>=|\*\*|[-+*/%<>!?:.,()\[\]]))""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("??",),
    ("||", "or"),
    ("&&", "and"),
    ("==", "!=", "<", ">", "<=", ">=", "in", "not in"),
    ("+", "-"),
    ("*", "/", "%"),
)
_WORDS = {"true": True, "false": False, "nil": None}

Environment = Mapping[str, Any]


def environment(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables by dotted name as nested maps, as Argo hands them to expr."""
    root: dict[str, Any] = {}
    # Longer names last: a value that is also the root of others gives way to them.
    for name in sorted(variables, key=lambda each: (each.count("."), each)):
        *parents, last = name.split(".")
        place = root
        for parent in parents:
            inner = place.get(parent)
            if not isinstance(inner, dict):
                inner = place[parent] = {}
            place = cast("dict[str, Any]", inner)
        place[last] = variables[name]
    return root


def evaluate(text: str, scope: Environment) -> Any:
    """The value of an expression.

    Raises:
        Failed: see there.
        Refused: for what this module does not know.
    """
    parser = _Parser(text)
    node = parser.ternary()
    if parser.kind in ("text", "number"):
        raise Failed(f"unexpected {parser.token!r} in {text!r}")
    if parser.kind:
        raise Refused(f"{parser.token!r} in {text!r}")
    for name in parser.names:
        if name not in scope:
            raise Failed(f"unknown name {name}")
    return node(scope)


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of an expression: what computes it, and what expr knows of its type beforehand, if anything."""

    run: Callable[[Environment], Any]
    kind: str = ""

    def __call__(self, scope: Environment) -> Any:
        return self.run(scope)


@dataclass
class _Parser:
    """A recursive descent over the tokens; each method gives a function of the environment."""

    text: str

    def __post_init__(self) -> None:
        self.place = 0
        self.names: list[str] = []
        self.kind, self.token = "", ""
        self.advance()

    def advance(self) -> None:
        rest = self.text[self.place :]
        if not rest.strip():
            self.kind, self.token = "", ""
            return
        match = _TOKEN.match(rest)
        if match is None:
            raise Refused(f"expression {self.text!r} at {rest[:20]!r}")
        self.place += match.end()
        self.kind = match.lastgroup or ""
        self.token = match[self.kind]

    def take(self, token: str) -> bool:
        if self.kind in ("sign", "word") and self.token == token:
            self.advance()
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise Failed(f"{token!r} expected in {self.text!r}")

    def ternary(self) -> _Node:
        condition = self.binary(0)
        if not self.take("?"):
            return condition
        _condition(condition)
        then = self.ternary()
        self.expect(":")
        otherwise = self.ternary()
        kind = then.kind if then.kind == otherwise.kind else ""
        return _Node(lambda scope: then(scope) if values.truth(condition(scope)) else otherwise(scope), kind)

    def binary(self, level: int) -> _Node:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while (sign := self.operator(level)) is not None:
            left = _binary(sign, left, self.binary(level + 1))
        return left

    def operator(self, level: int) -> str | None:
        if self.kind not in ("sign", "word"):
            return None
        if self.token == "not" and "not in" in _LEVELS[level]:
            self.advance()
            self.expect("in")
            return "not in"
        if self.token in _LEVELS[level]:
            sign = self.token
            self.advance()
            return {"or": "||", "and": "&&"}.get(sign, sign)
        if self.token in ("matches", "contains", "startsWith", "endsWith", "**"):
            raise Refused(f"operator {self.token} in {self.text!r}")
        return None

    def unary(self) -> _Node:
        if self.take("!") or self.take("not"):
            inner = _condition(self.unary())
            kind = "constant" if inner.kind == "constant" else "bool"
            return _Node(lambda scope: not values.truth(inner(scope)), kind)
        if self.take("-"):
            negated = self.unary()
            return _Node(lambda scope: -values.number(negated(scope)), "number")
        return self.postfix(self.primary())

    def primary(self) -> _Node:
        kind, token = self.kind, self.token
        if kind == "number":
            self.advance()
            value = int(token) if token.isdigit() else float(token)
            return _constant(value, "number")
        if kind == "text":
            self.advance()
            text = re.sub(r"\\(.)", lambda match: _escaped(match[1]), token[1:-1])
            return _constant(text, "text")
        if self.take("("):
            inner = self.ternary()
            self.expect(")")
            return inner
        if self.take("["):
            return _listed(self.arguments("]"))
        if kind != "word":
            raise Failed(f"unexpected {token!r} in {self.text!r}")
        self.advance()
        if token in _WORDS:
            return _constant(_WORDS[token], "nil" if token == "nil" else "constant")
        if self.take("("):
            return _call(token, self.arguments(")"))
        if token == "sprig" and self.take("."):
            function = self.token
            self.advance()
            self.expect("(")
            return _call(f"sprig.{function}", self.arguments(")"))
        self.names.append(token)
        return _Node(lambda scope: scope[token])

    def arguments(self, end: str) -> list[_Node]:
        found: list[_Node] = []
        while not self.take(end):
            if found:
                self.expect(",")
            found.append(self.ternary())
        return found

    def postfix(self, node: _Node) -> _Node:
        while True:
            if self.take("."):
                node = _member(node, _constant(self.token, "text"))
                self.advance()
            elif self.take("["):
                node = _member(node, self.ternary())
                self.expect("]")
            elif self.kind == "sign" and self.token == "?.":
                raise Refused(f"?. in {self.text!r}")
            else:
                return node


def _condition(node: _Node) -> _Node:
    if node.kind not in ("", "bool", "constant"):
        raise Refused(f"a {node.kind} as a condition, which expr rejects beforehand")
    return node


def _constant(value: Any, kind: str) -> _Node:
    return _Node(lambda _: value, kind)


def _escaped(character: str) -> str:
    if character not in _ESCAPES:
        raise Refused(f"escape \\{character} in an expression")
    return _ESCAPES[character]


def _listed(items: Sequence[_Node]) -> _Node:
    return _Node(lambda scope: [item(scope) for item in items], "list")


def _member(node: _Node, key: _Node) -> _Node:
    def read(scope: Environment) -> Any:
        holder, name = node(scope), key(scope)
        if isinstance(holder, Mapping):
            return holder.get(name)
        if isinstance(holder, list) and isinstance(name, int) and -len(holder) <= name < len(holder):
            return holder[name]
        raise Failed(f"cannot fetch {name!r} from {type(holder).__name__}")

    return _Node(read)


def _binary(sign: str, left: _Node, right: _Node) -> _Node:
    kinds = {"bool" if kind == "constant" else kind for kind in (left.kind, right.kind)} - {""}
    if sign in ("&&", "||"):
        # expr simplifies where a side is a constant.
        if kinds - {"bool"} or "constant" in (left.kind, right.kind):
            raise Refused(f"{sign} of what is no truth value, which expr may reject beforehand")
        return _Node(lambda scope: _junction(left(scope), sign, right, scope), "bool")
    if sign == "??":
        return _Node(lambda scope: right(scope) if (value := left(scope)) is None else value)
    if sign in ("==", "!=", "<", "<=", ">", ">=") and len(kinds - {"nil"}) > 1:
        raise Refused(f"{sign} of two types, which expr rejects beforehand")
    if "nil" in kinds and sign not in ("==", "!="):
        raise Refused(f"{sign} of nil, which expr rejects beforehand")
    if sign in ("in", "not in") and right.kind not in ("", "list"):
        raise Refused(f"{sign} what is no list")
    kind = "" if sign in _SUMS else "bool"
    return _Node(lambda scope: _operate(sign, left(scope), right(scope)), kind)


def _junction(left: Any, sign: str, right: _Node, scope: Environment) -> bool:
    if values.truth(left) == (sign == "||"):
        return sign == "||"
    value = right(scope)
    if not isinstance(value, bool):
        # expr gives it back as it is.
        raise Refused(f"{sign} whose right side is no truth value")
    return value


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def _operate(sign: str, left: Any, right: Any) -> Any:
    if sign in ("==", "!="):
        return values.equal(left, right) == (sign == "==")
    if sign in ("in", "not in"):
        if right is None:
            return sign == "not in"
        if not isinstance(right, list | dict):
            raise Failed(f"`in` a {type(right).__name__}")
        return any(values.equal(left, each) for each in right) == (sign == "in")
    are_texts = isinstance(left, str) and isinstance(right, str)
    if sign in _ORDERS:
        pair = (left.encode(), right.encode()) if are_texts else (values.number(left), values.number(right))
        return _ORDERS[sign](*pair)
    if sign not in _SUMS:
        raise Refused(f"operator {sign}")
    return left + right if are_texts and sign == "+" else _SUMS[sign](values.number(left), values.number(right))


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "float": values.to_float,
    "asFloat": values.to_float,
    "int": values.to_int,
    "asInt": values.to_int,
    "fromJSON": values.from_json,
    "toJson": values.go_json,
    "len": values.length,
    "string": values.to_string,
    "sprig.sha256sum": values.sha256,
}


def _call(name: str, arguments: Sequence[_Node]) -> _Node:
    if name == "replace" and len(arguments) == 3:
        if any(one.kind not in ("", "text") for one in arguments):
            raise Refused("replace of what is no text, which expr rejects beforehand")
        return _Node(lambda scope: values.replaced(*(one(scope) for one in arguments)), "text")
    function = _FUNCTIONS.get(name)
    if function is None or len(arguments) != 1:
        raise Refused(f"function {name} with {len(arguments)} arguments")
    (argument,) = arguments
    if argument.kind not in ("", *_TAKES.get(name, (argument.kind,))):
        raise Refused(f"{name} of a {argument.kind}, which expr rejects beforehand")
    return _Node(lambda scope: function(argument(scope)), _GIVES.get(name, ""))


_TAKES = {"float": ("number", "text"), "int": ("number", "text"), "fromJSON": ("text",), "len": ("text", "list")}
_GIVES = {"float": "number", "int": "number", "len": "number", "string": "text", "asInt": "number", "asFloat": "number"}

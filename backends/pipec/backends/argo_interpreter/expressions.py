r"""Argo's expression language (expr-lang/expr) as far as it is known here: literals, members, operators, a few functions.

    tasks['a'].status == 'Succeeded' ? tasks['a'].outputs.parameters['x'] : 'null'
    float(inputs.parameters['score']) > 0.9 && !fromJSON(inputs.parameters['debug'])

What is not known is `Refused`. What expr itself rejects, when it compiles or when it runs, is a `Failed`: Argo leaves such
a tag as it is where it may, and ends the node with an error where it may not.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pipec.backends.argo_interpreter.faults import Refused


class Failed(Exception):
    """expr rejects the expression or its values."""


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
    if parser.kind:
        raise Failed(f"unexpected token in {text!r}")
    for name in parser.names:
        if name not in scope:
            raise Failed(f"unknown name {name}")
    return node(scope)


_Node = Callable[[Environment], Any]


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
        then = self.ternary()
        self.expect(":")
        otherwise = self.ternary()
        return lambda scope: then(scope) if _truth(condition(scope)) else otherwise(scope)

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
            inner = self.unary()
            return lambda scope: not _truth(inner(scope))
        if self.take("-"):
            negated = self.unary()
            return lambda scope: -_number(negated(scope))
        return self.postfix(self.primary())

    def primary(self) -> _Node:
        kind, token = self.kind, self.token
        if kind == "number":
            self.advance()
            value = int(token) if token.isdigit() else float(token)
            return lambda _: value
        if kind == "text":
            self.advance()
            text = re.sub(r"\\(.)", lambda match: _escaped(match[1]), token[1:-1])
            return lambda _: text
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
            constant = _WORDS[token]
            return lambda _: constant
        if self.take("("):
            return _call(token, self.arguments(")"))
        if token == "sprig" and self.take("."):
            function = self.token
            self.advance()
            self.expect("(")
            return _call(f"sprig.{function}", self.arguments(")"))
        self.names.append(token)
        return lambda scope: scope[token]

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
                node = _member(node, _constant(self.token))
                self.advance()
            elif self.take("["):
                node = _member(node, self.ternary())
                self.expect("]")
            elif self.kind == "sign" and self.token == "?.":
                raise Refused(f"?. in {self.text!r}")
            else:
                return node


def _constant(value: Any) -> _Node:
    return lambda _: value


def _escaped(character: str) -> str:
    if character not in _ESCAPES:
        raise Refused(f"escape \\{character} in an expression")
    return _ESCAPES[character]


def _listed(items: Sequence[_Node]) -> _Node:
    return lambda scope: [item(scope) for item in items]


def _member(node: _Node, key: _Node) -> _Node:
    def read(scope: Environment) -> Any:
        holder, name = node(scope), key(scope)
        if isinstance(holder, Mapping):
            return holder.get(name)
        if isinstance(holder, list) and isinstance(name, int) and -len(holder) <= name < len(holder):
            return holder[name]
        raise Failed(f"cannot fetch {name!r} from {type(holder).__name__}")

    return read


def _binary(sign: str, left: _Node, right: _Node) -> _Node:
    if sign == "&&":
        return lambda scope: _truth(left(scope)) and _truth(right(scope))
    if sign == "||":
        return lambda scope: _truth(left(scope)) or _truth(right(scope))
    if sign == "??":
        return lambda scope: right(scope) if (value := left(scope)) is None else value
    return lambda scope: _operate(sign, left(scope), right(scope))


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def _operate(sign: str, left: Any, right: Any) -> Any:
    if sign in ("==", "!="):
        return _equal(left, right) == (sign == "==")
    if sign in ("in", "not in"):
        if not isinstance(right, list | dict):
            raise Failed(f"`in` a {type(right).__name__}")
        return any(_equal(left, each) for each in right) == (sign == "in")
    are_texts = isinstance(left, str) and isinstance(right, str)
    if sign in _ORDERS:
        pair = (left.encode(), right.encode()) if are_texts else (_number(left), _number(right))
        return _ORDERS[sign](*pair)
    if sign not in _SUMS:
        raise Refused(f"operator {sign}")
    return left + right if are_texts and sign == "+" else _SUMS[sign](_number(left), _number(right))


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Failed(f"{type(value).__name__} where a bool is expected")
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Failed(f"{type(value).__name__} where a number is expected")
    return value


_FLOAT = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE)


def _float(value: Any) -> float:
    """Go's `strconv.ParseFloat` of text."""
    if isinstance(value, str):
        if not _FLOAT.fullmatch(value):
            raise Failed(f"invalid operation: float({value})")
        number = float(value)
        if number in (float("inf"), float("-inf")) and "inf" not in value.lower():
            raise Failed(f"float({value}): out of range")
        return number
    return float(_number(value))


def _int(value: Any) -> int:
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d+", value) or abs(int(value)) >= 1 << 63:
            raise Failed(f"invalid operation: int({value})")
        return int(value)
    return int(_number(value))


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        raise Failed("fromJSON of no text")
    try:
        return _floats(json.loads(value, parse_constant=_no_constant))
    except ValueError as fault:
        raise Failed(f"fromJSON: {fault}") from fault


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _floats(value: Any) -> Any:
    """Go decodes every JSON number as a float."""
    if isinstance(value, list):
        return [_floats(each) for each in value]
    if isinstance(value, dict):
        return {key: _floats(each) for key, each in cast("dict[str, Any]", value).items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise Failed(f"invalid argument for len (type {type(value).__name__})")
    return len(cast("list[Any]", value))


def _sha256(value: Any) -> str:
    import hashlib

    if not isinstance(value, str):
        raise Failed("sha256sum of no text")
    return hashlib.sha256(value.encode()).hexdigest()


def go_json(value: Any) -> str:
    """Go's `json.Marshal`: compact, `<`, `>` and `&` escaped, whole floats without their fraction."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Failed("json: unsupported value")
        return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        for character in "<>&\u2028\u2029\x7f":
            text = text.replace(character, f"\\u{ord(character):04x}" if character != "\x7f" else character)
        return text
    if isinstance(value, list):
        return f"[{','.join(map(go_json, value))}]"
    if isinstance(value, dict):
        entries = sorted(cast("dict[str, Any]", value).items())
        return "{" + ",".join(f"{go_json(key)}:{go_json(each)}" for key, each in entries) + "}"
    return json.dumps(value)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "float": _float,
    "asFloat": _float,
    "int": _int,
    "asInt": _int,
    "fromJSON": _from_json,
    "toJson": go_json,
    "len": _length,
    "string": lambda value: value if isinstance(value, str) else go_json(value),
    "sprig.sha256sum": _sha256,
}


def _call(name: str, arguments: Sequence[_Node]) -> _Node:
    function = _FUNCTIONS.get(name)
    if function is None or len(arguments) != 1:
        raise Refused(f"function {name} with {len(arguments)} arguments")
    (argument,) = arguments
    return lambda scope: function(argument(scope))

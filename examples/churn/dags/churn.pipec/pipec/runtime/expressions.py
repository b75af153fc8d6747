"""Arguments that are put together when a step starts: lists, dicts and pure Python expressions over slots.

A recipe is one of:

    {"const": canonical JSON}      {"slot": name}             {"list": [recipe]}         {"tuple": [recipe]}
    {"dict": [[key, recipe]]}      {"expr": [op, recipe, …]}  {"item": [recipe, [index, …]]}
    {"lazy": [kind, query]}        {"fact": [kind, place]}

`op` is an operator as Python spells it (unary minus, plus and tilde are `neg`, `pos` and `invert`), `and`, `or`, `not`,
`if` (condition, then, else), `in`, `not_in`, `is`, `is_not`, or one of `index` (value, key), `slice` (value, start, stop,
step), `clock` (start of the run, what, arguments …), `draw` (number of the run, method of `random.Random`, arguments, keywords),
`look_up` (kind, query: a `lazy` whose query is computed), `call` (function, arguments, keywords), `attr` (value, name),
`method` (value, name, arguments …), `format` (value, specification?, conversion?), `join` (texts …), and the built-in
functions of `_BUILT_IN` below, with `range zip zip_strict product enumerate reversed` as lists.
"""

from __future__ import annotations

import builtins
import datetime as dt
import hashlib
import itertools
import operator
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from pipec.runtime import codec
from pipec.runtime.errors import InputFault, InvalidInvocation
from pipec.runtime.invocation import Invocation

if TYPE_CHECKING:
    from pipec.runtime.lookups import Lookups


class Composer:
    """Evaluates recipes for one invocation."""

    def __init__(
        self,
        invocation: Invocation,
        slot: Callable[[str], Any],
        item: Callable[[str, Any], Any] | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        """`slot` loads the value of a slot, `item` one item of it; `lookups` is for look-ups in the store."""
        self.invocation, self.slot, self.lookups = invocation, slot, lookups
        self.item = item or (lambda name, key: slot(name)[key])

    def evaluate(self, recipe: Any) -> Any:
        """The value of a recipe.

        Raises:
            InvalidInvocation: for what is no recipe.
            InputFault: where a look-up finds nothing.
            Exception: whatever Python raises for the expression.
        """
        kind, content = _parts(recipe)
        match kind:
            case "const":
                return codec.decode(content, is_trusted=True)
            case "slot":
                return self.slot(content)
            case "list":
                return self._list(content)
            case "tuple":
                return tuple(self._list(content))
            case "dict":
                return {key: self.evaluate(each) for key, each in content}
            case "expr":
                return self._expression(content)
            case "item":
                return self._item(content)
            case "lazy":
                return self._lazy(content)
            case _:
                return self._fact(content)

    def _list(self, content: list[Any]) -> list[Any]:
        return [self.evaluate(each) for each in content]

    def _item(self, content: list[Any]) -> Any:
        base, path = content
        if path and "slot" in base:
            value, path = self.item(base["slot"], path[0]), path[1:]
        else:
            value = self.evaluate(base)
        for index in path:
            value = value[index]
        return value

    def _expression(self, content: list[Any]) -> Any:
        op, *operands = content
        if op in ("and", "or"):
            value = self.evaluate(operands[0])
            for operand in operands[1:]:
                if bool(value) == (op == "or"):
                    return value
                value = self.evaluate(operand)
            return value
        if op == "if":
            condition, then, otherwise = operands
            return self.evaluate(then if self.evaluate(condition) else otherwise)
        if op == "look_up":
            return self._lazy(self._list(operands))
        if op == "index" and "slot" in operands[0]:
            return self.item(operands[0]["slot"], self.evaluate(operands[1]))
        function = _FUNCTIONS.get(op)
        if function is None:
            raise InvalidInvocation(f"`{op}` is no operation of this runtime")
        return function(*self._list(operands))

    def _lazy(self, content: list[Any]) -> Any:
        kind, query = content
        if kind == "environment":
            return _environment(query)
        if self.lookups is None:
            raise InvalidInvocation(f"there is no store for the look-up `{kind}`")
        return self.lookups.evaluate(kind, query)

    def _fact(self, content: list[Any]) -> Any:
        kind, place = content
        if kind == "run_id":
            return self.invocation.run
        if kind == "random":
            return _draw(self.invocation.run, place)
        if kind == "start_time":
            if self.invocation.start_time is None:
                raise InvalidInvocation("the invocation has no `start_time`, which an argument needs")
            return self.invocation.start_time
        raise InvalidInvocation(f"`{kind}` is no fact of a run")


_KINDS = frozenset({"const", "slot", "list", "tuple", "dict", "expr", "item", "lazy", "fact"})


def _parts(recipe: Any) -> tuple[str, Any]:
    if not isinstance(recipe, dict) or len(cast("dict[str, Any]", recipe)) != 1:
        raise InvalidInvocation(f"no recipe: {recipe!r:.100}")
    ((kind, content),) = cast("dict[str, Any]", recipe).items()
    if kind not in _KINDS:
        raise InvalidInvocation(f"`{kind}` is no kind of recipe")
    return kind, content


def _environment(query: Mapping[str, Any]) -> Any:
    name = query["name"]
    if name in os.environ:
        return os.environ[name]
    if "default" in query:
        return codec.decode(query["default"], is_trusted=True)
    raise InputFault(f"the environment variable `{name}` is not set")


def _draw(run: str, place: str) -> float:
    """A number from 0 to below 1 that retries and targets agree on."""
    digest = hashlib.sha256(f"{run}\0{place}".encode(errors="surrogatepass")).digest()
    return float((int.from_bytes(digest[:8], "big") >> 11) / (1 << 53))


def _zone(name: str) -> dt.tzinfo:
    if name == "UTC":
        return dt.UTC
    import zoneinfo

    return zoneinfo.ZoneInfo(name)


def _clock(start: dt.datetime, what: str, *arguments: Any) -> Any:
    """What a function that reads the clock gives at the start of the run: naive times are in the zone of this machine."""
    match what:
        case "now":
            return start.astimezone(_zone(*arguments)) if arguments else start.astimezone().replace(tzinfo=None)
        case "utcnow":
            return start.astimezone(dt.UTC).replace(tzinfo=None)
        case "today":
            return start.astimezone().date()
        case "time":
            return start.timestamp()
        case "time_ns":
            return int(start.timestamp() * 1_000_000) * 1000
        case "strftime":
            return start.astimezone().strftime(*arguments)
        case _:
            raise InvalidInvocation(f"`{what}` is no reading of the clock")


_DRAWS = frozenset("randint randrange uniform gauss normalvariate choice choices sample getrandbits".split())


def _drawn(number: float, method: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a generator that starts from `number` draws: the same for every step and retry of a run."""
    import random

    generator = random.Random(repr(number))
    if method == "uuid":
        import uuid

        return uuid.UUID(int=generator.getrandbits(128), version=4)
    if method not in _DRAWS:
        raise InvalidInvocation(f"`{method}` is no draw")
    return getattr(generator, method)(*arguments, **keywords)


def _slice(value: Any, *bounds: Any) -> Any:
    return value[slice(*bounds)]


def _attribute(value: Any, name: str) -> Any:
    if name.startswith("_"):
        raise InvalidInvocation(f"`{name}` is private")
    return getattr(value, name)


def _method(value: Any, name: str, *arguments: Any) -> Any:
    return _attribute(value, name)(*arguments)


def _call(function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> Any:
    return function(*arguments, **keywords)


def _join(*parts: str) -> str:
    return "".join(parts)


def _format(value: Any, specification: str = "", conversion: str = "") -> str:
    if conversion:
        value = _FUNCTIONS[{"r": "repr", "s": "str", "a": "ascii"}[conversion]](value)
    return format(value, specification)


_BUILT_IN = "abs all any ascii bool bytes dict divmod float frozenset int len list max min pow repr round set sorted str sum tuple"
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, container: item in container,
    "not_in": lambda item, container: item not in container,
    "is": operator.is_,
    "is_not": operator.is_not,
    "not": operator.not_,
    "index": operator.getitem,
    "slice": _slice,
    "attr": _attribute,
    "method": _method,
    "call": _call,
    "clock": _clock,
    "draw": _drawn,
    "format": _format,
    "join": _join,
    "range": lambda *bounds: list(range(*bounds)),
    "zip": lambda *iterables: list(zip(*iterables, strict=False)),
    "zip_strict": lambda *iterables: list(zip(*iterables, strict=True)),
    "product": lambda *iterables: list(itertools.product(*iterables)),
    "enumerate": lambda *arguments: list(enumerate(*arguments)),
    "reversed": lambda value: list(reversed(value)),
    **{name: getattr(builtins, name) for name in _BUILT_IN.split()},
}

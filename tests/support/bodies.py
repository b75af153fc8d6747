"""Hypothesis strategy for programs: pipeline bodies of conditions, loops, lists, dicts and helpers, as text.

All are valid Python; what they do may be refused by the compiler. Values are small integers, lists of them, and dicts of
them with text as keys. Names say the type: `i…` an integer, `l…` a list, `d…` a dict.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

HEAD = """\
from pipec.sdk import pipeline, step


@step
def inc(x: int) -> int:
    return x + 1


@step
def pair(x: int) -> tuple[int, int]:
    return x, -x


@step
def note(x: int) -> None:
    pass


@step
def spread(x: int) -> list[int]:
    return list(range(x % 3))


@step
def total(values: list[int]) -> int:
    return sum(values)


@step
def total_of(values: dict[str, int]) -> int:
    return sum(position * value for position, value in enumerate(values.values(), 1))
"""

MAY_FAIL = """

@step
def risky(x: int) -> int:
    if x % 3 == 2:
        raise ArithmeticError(x)
    return x + 2


@step
def check(x: int) -> None:
    if x % 3 == 2:
        raise ArithmeticError(x)
"""

SIGNATURE = (
    "n: int = 2, m: int = 1, flag: bool = True, xs: list[int] = [1], ys: list[int] = [1, 2], table: dict[str, int] = {}"
)
PARAMETERS = st.fixed_dictionaries(
    {
        "n": st.integers(-1, 3),
        "m": st.integers(0, 2),
        "flag": st.booleans(),
        "xs": st.lists(st.integers(0, 3), max_size=3),
        "ys": st.lists(st.integers(0, 3), max_size=3),
        "table": st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=2),
    }
)


@dataclass
class _Scope:
    """The names that are bound here for certain, by kind, and where we are."""

    ints: list[str]
    lists: list[str]
    dicts: list[str]
    in_loop: bool = False
    depth: int = 0
    returns: str = "total([{}])"

    def inner(self, in_loop: bool = False) -> _Scope:
        return _Scope(
            list(self.ints), list(self.lists), list(self.dicts), in_loop or self.in_loop, self.depth + 1, self.returns
        )


@dataclass
class _Writer:
    draw: st.DrawFn
    helpers: list[str]
    left: int
    fresh: int = 0
    may_alias: bool = True
    may_fail: bool = False
    lines: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)

    def pick(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def name(self, kind: str) -> str:
        self.fresh += 1
        return f"{kind}{self.fresh}"

    def step(self, name: str, risky: str) -> str:
        """A step that never fails, or one that may."""
        return self.pick(name, risky) if self.may_fail else name

    def integer(self, scope: _Scope, depth: int = 0) -> str:
        kind = self.pick("name", "name", "number", "sum", "call", "choice", "item", "bool")
        if depth > 1 or kind == "name":
            return self.pick(*scope.ints)
        match kind:
            case "number":
                return str(self.draw(st.integers(0, 3)))
            case "sum":
                return f"({self.integer(scope, depth + 1)} {self.pick('+', '-', '*')} {self.integer(scope, depth + 1)})"
            case "call":
                return f"{self.step('inc', 'risky')}({self.integer(scope, depth + 1)})"
            case "choice":
                return f"({self.integer(scope, depth + 1)} if {self.condition(scope, depth + 1)} else {self.integer(scope, depth + 1)})"
            case "item" if scope.lists:
                return f"len({self.pick(*scope.lists)})"
            case "bool":
                return f"({self.integer(scope, depth + 1)} {self.pick('and', 'or')} {self.integer(scope, depth + 1)})"
            case _:
                return self.pick(*scope.ints)

    def condition(self, scope: _Scope, depth: int = 0) -> str:
        match self.pick("flag", "compare", "compare", "not", "and", "known", "list", "in", "in"):
            case "flag":
                return "flag"
            case "not" if depth < 2:
                return f"not {self.condition(scope, depth + 1)}"
            case "and" if depth < 2:
                return (
                    f"({self.condition(scope, depth + 1)} {self.pick('and', 'or')} {self.condition(scope, depth + 1)})"
                )
            case "known":
                return self.pick("True", "1 > 2")
            case "list" if scope.lists:
                return self.pick("{0}", "not {0}", "{0} == [1]", "len({0}) > 1").format(self.pick(*scope.lists))
            case "in":
                what = self.pick(*scope.dicts, *scope.lists)
                item = self.pick("'a'", "'1'") if what in scope.dicts else self.integer(scope, 2)
                return f"{item} {self.pick('in', 'not in')} {what}"
            case _:
                return f"{self.integer(scope, depth + 1)} {self.pick('<', '==', '>=')} {self.integer(scope, depth + 1)}"

    def items(self, scope: _Scope) -> tuple[str, str, list[str]]:
        """The target and the iterable of a loop, and the integers that it binds."""
        i, j = self.name("i"), self.name("i")
        match self.pick("xs", "known", "known", "range", "step", "enumerate", "zip", "list", "dict", "dict"):
            case "xs":
                return i, self.pick("xs", "ys"), [i]
            case "known":
                return i, self.pick("[1, 2]", "(0, 1, 2)", "range(2)"), [i]
            case "range":
                return i, f"range({self.pick(*scope.ints)})", [i]
            case "step":
                return i, f"spread({self.integer(scope, 1)})", [i]
            case "enumerate":
                return f"{i}, {j}", f"enumerate({self.pick('xs', 'ys')})", [i, j]
            case "zip":
                return f"{i}, {j}", "zip(xs, ys)", [i, j]
            case "list" if scope.lists:
                return i, f"list({self.pick(*scope.lists)})", [i]
            case _:
                return f"key, {i}", "table.items()", [i]

    def block(self, scope: _Scope, pad: str) -> None:
        count = self.draw(st.integers(1, 4))
        before = len(self.lines)
        for _ in range(count):
            if self.left <= 0:
                break
            self.left -= 1
            self.statement(scope, pad)
        if len(self.lines) == before:
            self.lines.append(f"{pad}note({self.pick(*scope.ints)})")

    def statement(self, scope: _Scope, pad: str) -> None:
        kinds = ["assign", "assign", "call", "new list", "append", "append", "entry", "pair", "comprehension", "rebind"]
        kinds.append("map")
        kinds += ["risky"] * 3 * self.may_fail
        kinds += ["inner"] * bool(self.inner)
        kinds += ["helper"] * bool(self.helpers) + ["alias"] * self.may_alias
        if scope.depth < 3:
            kinds += ["if", "if", "if", "for", "for"]
        if scope.depth:
            kinds += ["return"] + ["break", "continue"] * scope.in_loop
        kind = self.pick(*kinds)
        if kind in {"alias", "rebind", "append", "helper"} and not scope.lists:
            kind = "call"
        getattr(self, f"write_{kind.replace(' ', '_')}")(scope, pad)

    def write_assign(self, scope: _Scope, pad: str) -> None:
        name = self.pick(*scope.ints[-4:], self.name("i"))
        if name in {"n", "m"}:
            name = self.name("i")
        self.lines.append(f"{pad}{name} = {self.integer(scope)}")
        self.bind(scope.ints, name)

    def write_call(self, scope: _Scope, pad: str) -> None:
        self.lines.append(f"{pad}{self.step('note', 'check')}({self.integer(scope)})")

    def write_risky(self, scope: _Scope, pad: str) -> None:
        name = self.name("i")
        self.lines.append(f"{pad}{name} = risky({self.integer(scope)})")
        self.bind(scope.ints, name)

    def write_pair(self, scope: _Scope, pad: str) -> None:
        first, second = self.name("i"), self.name("i")
        self.lines.append(f"{pad}{first}, {second} = pair({self.integer(scope)})")
        scope.ints += [first, second]

    def write_new_list(self, scope: _Scope, pad: str) -> None:
        name = self.name("l")
        first = self.integer(scope) if self.draw(st.booleans()) else ""
        self.lines.append(f"{pad}{name} = [{first}]")
        scope.lists.append(name)

    def write_alias(self, scope: _Scope, pad: str) -> None:
        name = self.pick(*scope.lists, self.name("l"))
        self.lines.append(f"{pad}{name} = {self.pick(*scope.lists)}")
        self.bind(scope.lists, name)

    def write_rebind(self, scope: _Scope, pad: str) -> None:
        name = self.pick(*scope.lists)
        self.lines.append(f"{pad}{name} = [*{name}, {self.integer(scope)}]")

    def write_append(self, scope: _Scope, pad: str) -> None:
        name = self.pick(*scope.lists)
        form = self.pick("{}.append({})", "{} += [{}]", "{}.extend([{}, 1])")
        self.lines.append(pad + form.format(name, self.integer(scope)))

    def write_entry(self, scope: _Scope, pad: str) -> None:
        name = self.pick(*scope.dicts)
        key = self.pick("'a'", "'b'", f"str({self.pick(*scope.ints)})")
        self.lines.append(f"{pad}{name}[{key}] = {self.integer(scope)}")

    def write_comprehension(self, scope: _Scope, pad: str) -> None:
        target, iterable, names = self.items(scope)
        inner = scope.inner()
        inner.ints += names
        test = f" if {self.condition(inner, 1)}" if self.draw(st.booleans()) else ""
        name = self.name("l")
        step = self.step("inc", "risky")
        self.lines.append(f"{pad}{name} = [{step}({self.integer(inner, 1)}) for {target} in {iterable}{test}]")
        scope.lists.append(name)

    def write_map(self, scope: _Scope, pad: str) -> None:
        name = self.name("l")
        values = self.pick("xs", "[1, 2]", f"spread({self.pick(*scope.ints)})", *scope.lists)
        form = self.pick(
            "{1}.map({0})", "{1}.map(x={0}).load()", "list(map({1}, {0}))", "[{1}.submit(i).result() for i in {0}]"
        )
        self.lines.append(f"{pad}{name} = {form.format(values, self.step('inc', 'risky'))}")
        scope.lists.append(name)

    def write_helper(self, scope: _Scope, pad: str) -> None:
        name = self.name("i")
        arguments = f"{self.pick(*scope.lists)}, {self.integer(scope)}, flag, xs, ys, table"
        self.lines.append(f"{pad}{name} = {self.pick(*self.helpers)}({arguments})")
        scope.ints.append(name)

    def write_inner(self, scope: _Scope, pad: str) -> None:
        name = self.name("i")
        arguments = f"{self.integer(scope)}, flag, {self.pick('xs', '[1, 2]')}, ys, table"
        self.lines.append(f"{pad}{name} = inner({arguments})")
        scope.ints.append(name)

    def write_for(self, scope: _Scope, pad: str) -> None:
        target, iterable, names = self.items(scope)
        self.lines.append(f"{pad}for {target} in {iterable}:")
        inner = scope.inner(in_loop=True)
        inner.ints += names
        self.block(inner, pad + "    ")

    def write_return(self, scope: _Scope, pad: str) -> None:
        self.lines.append(f"{pad}return {self.result(scope)}")

    def write_break(self, scope: _Scope, pad: str) -> None:
        self.lines.append(f"{pad}break")

    def write_continue(self, scope: _Scope, pad: str) -> None:
        self.lines.append(f"{pad}continue")

    def write_if(self, scope: _Scope, pad: str) -> None:
        self.lines.append(f"{pad}if {self.condition(scope)}:")
        self.block(scope.inner(), pad + "    ")
        if self.draw(st.integers(0, 3)) == 0:
            self.lines.append(f"{pad}elif {self.condition(scope)}:")
            self.block(scope.inner(), pad + "    ")
        if self.draw(st.booleans()):
            self.lines.append(f"{pad}else:")
            self.block(scope.inner(), pad + "    ")

    def bind(self, names: list[str], name: str) -> None:
        if name not in names:
            names.append(name)

    def result(self, scope: _Scope) -> str:
        parts = [*scope.ints[-3:], *(f"*{one}" for one in scope.lists[-2:])]
        return scope.returns.format(", ".join(parts))


@st.composite
def programs(draw: st.DrawFn, may_alias: bool = False, may_fail: bool = False) -> str:
    """The text of a module with a pipeline `p`, which returns one integer.

    With `may_alias` two names may be of one list; with `may_fail` some steps raise `ArithmeticError` for some arguments.
    """
    lines: list[str] = []
    helpers: list[str] = []
    for number in range(draw(st.integers(0, 1))):
        writer = _Writer(draw, [], draw(st.integers(1, 6)), 100 * (number + 1), may_alias, may_fail)
        scope = _Scope(["value"], ["found"], ["entries"], returns="total([{}])")
        writer.lines.append("    entries = {}")
        writer.block(scope, "    ")
        writer.lines.append(f"    return {writer.result(scope)}")
        lines += ["", "", f"def helper_{number}(found, value, flag, xs, ys, table):", *writer.lines]
        helpers.append(f"helper_{number}")
    inner: list[str] = []
    if draw(st.integers(0, 2)) == 0:
        writer = _Writer(draw, [], draw(st.integers(1, 6)), 900, may_alias, may_fail)
        scope = _Scope(["value"], ["l0"], ["d0"])
        writer.lines += ["    l0 = []", "    d0 = {}"]
        writer.block(scope, "    ")
        writer.lines.append(f"    return {writer.result(scope)}")
        arguments = "value: int, flag: bool, xs: list[int], ys: list[int], table: dict[str, int]"
        lines += ["", "", "@pipeline", f"def inner({arguments}):", *writer.lines]
        inner.append("inner")
    size = draw(st.integers(6, 24) if may_fail else st.integers(2, 14))
    writer = _Writer(draw, helpers, size, 0, may_alias, may_fail, inner=inner)
    scope = _Scope(["n", "m"], ["l0"], ["d0"])
    writer.lines += ["    l0 = []", "    d0 = {}"]
    while writer.left > 0:
        writer.block(scope, "    ")
    writer.lines.append(
        f"    return total([{', '.join([*scope.ints[-6:], *(f'*{one}' for one in scope.lists[-4:])])}, total_of(d0)])"
    )
    lines += ["", "", "@pipeline", f"def p({SIGNATURE}):", *writer.lines, ""]
    return HEAD + MAY_FAIL * may_fail + "\n".join(lines)

"""Recipes give what Python gives for the same expression."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from typing import Any

import pytest

from pipec.runtime import codec, invocation
from pipec.runtime.artifacts import Workspace
from pipec.runtime.errors import InputFault, InvalidInvocation
from pipec.runtime.expressions import Composer
from pipec.runtime.lookups import Lookups

SLOTS: dict[str, Any] = {"n": 7, "s": "text", "l": [1, 2, 3], "d": {"k": [0.5]}, "none": None, "zero": 0}
HEAD = {"version": 1, "pipeline": "p", "step": "s", "spec": {"function": "a:b"}}


def composer(run: str = "run", **entries: Any) -> Composer:
    read = invocation.read({**HEAD, "run": run, **entries})
    return Composer(read, SLOTS.__getitem__, None, Lookups(read, Workspace()))


def slot(name: str) -> dict[str, str]:
    return {"slot": name}


def const(value: object) -> dict[str, Any]:
    return {"const": codec.encode(value)}


def const_symbol(symbol: str) -> dict[str, Any]:
    return {"const": {"$pipec": ["symbol", symbol]}}


def op(name: str, *operands: Any) -> dict[str, Any]:
    return {"expr": [name, *operands]}


N, S, L, D, NONE, ZERO = map(slot, SLOTS)


@pytest.mark.parametrize(
    ("recipe", "python"),
    [
        (op("+", N, const(1.5)), "n + 1.5"),
        (op("-", N, op("neg", N)), "n - -n"),
        (op("*", S, const(2)), "s * 2"),
        (op("/", N, const(2)), "n / 2"),
        (op("//", op("neg", N), const(2)), "-n // 2"),
        (op("%", op("neg", N), const(4)), "-n % 4"),
        (op("**", N, const(-1)), "n ** -1"),
        (op("%", const("%s-%d"), {"tuple": [S, N]}), "'%s-%d' % (s, n)"),
        (op("==", L, const([1, 2, 3])), "l == [1, 2, 3]"),
        (op("<", N, const(7.5)), "n < 7.5"),
        (op("in", const("k"), D), "'k' in d"),
        (op("not_in", N, L), "n not in l"),
        (op("is", NONE, const(None)), "none is None"),
        (op("is_not", N, const(None)), "n is not None"),
        (op("not", ZERO), "not zero"),
        (op("and", ZERO, op("/", N, ZERO)), "zero and n / zero"),
        (op("or", N, op("/", N, ZERO)), "n or n / zero"),
        (op("and", N, S, NONE), "n and s and none"),
        (op("if", ZERO, op("/", N, ZERO), S), "n / zero if zero else s"),
        (op("index", op("index", D, const("k")), const(0)), "d['k'][0]"),
        (op("slice", L, const(1), const(None), const(None)), "l[1:]"),
        (op("slice", S, const(None), const(None), const(-1)), "s[::-1]"),
        (op("attr", N, const("real")), "n.real"),
        (op("format", N, const("05.1f")), "f'{n:05.1f}'"),
        (op("format", S, const(">8"), const("r")), "f'{s!r:>8}'"),
        (op("join", const("a-"), op("format", N), const("-"), op("format", S)), "f'a-{n}-{s}'"),
        (op("len", L), "len(l)"),
        (op("max", L, const([0])), "max(l, [0])"),
        (op("sorted", const({3, 1})), "sorted({3, 1})"),
        (op("range", N), "list(range(n))"),
        (op("zip", L, S), "list(zip(l, s))"),
        (op("enumerate", S, const(1)), "list(enumerate(s, 1))"),
        (op("int", const("12")), "int('12')"),
        (op("round", op("/", N, const(3)), const(2)), "round(n / 3, 2)"),
        ({"list": [N, {"tuple": [S]}, {"dict": [["b", L], ["a", NONE]]}]}, "[n, (s,), {'b': l, 'a': none}]"),
        ({"item": [D, ["k", 0]]}, "d['k'][0]"),
        (const({"t": (1, 2)}), "{'t': (1, 2)}"),
    ],
)
def test_as_python(recipe: Any, python: str) -> None:
    value, expected = composer().evaluate(_wired(recipe)), eval(python, {}, SLOTS)
    assert (type(value), repr(value)) == (type(expected), repr(expected))


def test_methods() -> None:
    method = op("method", S, "upper")
    assert composer().evaluate(_wired(op("method", S, const("upper")))) == "TEXT"
    assert method == {"expr": ["method", {"slot": "s"}, "upper"]}


def _wired(recipe: Any) -> Any:
    """The recipe as JSON, as it arrives."""
    return codec.parse(codec.text(recipe))


@pytest.mark.parametrize(
    "recipe",
    [
        op("attr", S, const("__class__")),
        op("method", S, const("__class__")),
        op("eval", const("1")),
        op("open", const("/etc/passwd")),
        {"slot": "n", "const": 1},
        {"code": "1"},
        [],
        {"fact": ["weather", "here"]},
        {"fact": ["start_time", "here"]},
    ],
)
def test_no_recipes(recipe: Any) -> None:
    with pytest.raises(InvalidInvocation):
        composer().evaluate(recipe)


def test_what_python_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        composer().evaluate(op("/", N, ZERO))


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEC_TEST_PLACE", "{{x}}")
    assert composer().evaluate({"lazy": ["environment", {"name": "PIPEC_TEST_PLACE"}]}) == "{{x}}"
    monkeypatch.delenv("PIPEC_TEST_PLACE")
    assert composer().evaluate({"lazy": ["environment", {"name": "PIPEC_TEST_PLACE", "default": None}]}) is None
    with pytest.raises(InputFault, match="the environment variable `PIPEC_TEST_PLACE` is not set"):
        composer().evaluate({"lazy": ["environment", {"name": "PIPEC_TEST_PLACE"}]})


def test_look_ups_in_the_store_name_themselves() -> None:
    query = {"name": "model", "version": "production"}
    with pytest.raises(InputFault) as raised:
        composer().evaluate({"lazy": ["artifact", query]})
    assert str(raised.value) == (
        "the look-up artifact(name='model', version='production') failed: the artifact `model` is in the store, and "
        "neither `artifact_root` nor PIPEC_ARTIFACT_ROOT says where that is"
    )


def test_facts_of_the_run() -> None:
    started = "2026-01-02T03:04:05+00:00"
    assert composer(start_time=started).evaluate({"fact": ["start_time", "p:1"]}) == dt.datetime.fromisoformat(started)
    assert composer("run-7").evaluate({"fact": ["run_id", "p:1"]}) == "run-7"
    drawn = [composer(run).evaluate({"fact": ["random", place]}) for run in "ab" for place in "xy"]
    assert drawn == [composer(run).evaluate({"fact": ["random", place]}) for run in "ab" for place in "xy"]
    assert len(set(drawn)) == 4
    assert all(0 <= number < 1 for number in drawn)


def test_every_operation_that_the_compiler_prints_is_known() -> None:
    from pipec.compiler.frontend import operations

    tables = (operations.BINARY, operations.COMPARISONS, operations.UNARY)
    printed = {name for table in tables for name, _ in table.values()}
    printed |= {"and", "or", "if", "index", "attr", "method", "format", "join"}
    for name in sorted(printed):
        # Wrong operands are Python's to refuse; a wrong name would be the runtime's.
        try:
            composer().evaluate(op(name, const(None), const(None), const(None)))
        except InvalidInvocation as unknown:
            pytest.fail(str(unknown))
        except Exception:
            continue


START = "2024-03-05T06:07:08.250000+00:00"
FACT = {"fact": ["start_time", ""]}


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (op("clock", FACT, const("now"), const("UTC")), dt.datetime(2024, 3, 5, 6, 7, 8, 250000, tzinfo=dt.UTC)),
        (op("clock", FACT, const("utcnow")), dt.datetime(2024, 3, 5, 6, 7, 8, 250000)),
        (op("clock", FACT, const("time")), 1709618828.25),
        (op("clock", FACT, const("time_ns")), 1709618828250000000),
        (op("attr", op("clock", FACT, const("now"), const("Asia/Tokyo")), const("hour")), 15),
        (
            op("call", const_symbol("pathlib:PurePosixPath"), {"list": [S, const("x")]}, {"dict": []}),
            PurePosixPath("text/x"),
        ),
        (
            op("call", op("attr", const("{a}-{n}"), const("format")), {"list": []}, {"dict": [["a", N], ["n", S]]}),
            "7-text",
        ),
    ],
)
def test_facts_and_calls(recipe: dict[str, Any], expected: object) -> None:
    assert composer(start_time=START).evaluate(recipe) == expected


def test_draws_belong_to_a_run_and_a_place() -> None:
    def draw(place: str, run: str = "run", method: str = "randint") -> Any:
        fact = {"fact": ["random", place]}
        arguments = {"list": [const(0), const(10**9)]} if method == "randint" else {"list": []}
        return composer(run).evaluate(op("draw", fact, const(method), arguments, {"dict": []}))

    assert draw("p#1") == draw("p#1")
    assert len({draw("p#1"), draw("p#2"), draw("p#1", "other")}) == 3
    identifier = draw("p#1", method="uuid")
    assert (identifier.version, identifier) == (4, draw("p#1", method="uuid"))


def test_only_draws_are_drawn() -> None:
    with pytest.raises(InvalidInvocation, match="`seed` is no draw"):
        composer().evaluate(op("draw", {"fact": ["random", "p"]}, const("seed"), {"list": []}, {"dict": []}))


def test_a_look_up_whose_query_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARIABLE_7", "found")
    name = op("join", const("VARIABLE_"), op("format", N))
    assert composer().evaluate(op("look_up", const("environment"), {"dict": [["name", name]]})) == "found"

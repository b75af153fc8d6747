"""What a pipeline reads of the machine that compiles it: the clock, chance, the environment.

The clock and draws become facts of the run (`RunFact`), computed on by expressions, so that retries and targets agree on them.
They may flow into arguments of steps; they may not shape the graph, a name or a schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.values import External, Symbolic, Unknown, find_unknown, is_known
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const, DictOf, Expr, Lazy, ListOf, RunFact

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

DATETIME, DATE, UUID = Type("datetime.datetime"), Type("datetime.date"), Type("uuid.UUID")
CLOCK: dict[str, tuple[str, Type]] = {
    "datetime.datetime.now": ("now", DATETIME),
    "datetime.datetime.today": ("now", DATETIME),
    "datetime.datetime.utcnow": ("utcnow", DATETIME),
    "datetime.date.today": ("today", DATE),
    "time.time": ("time", types.FLOAT),
    "time.time_ns": ("time_ns", types.INT),
    "time.strftime": ("strftime", types.STR),
}
"""Functions that read the clock: what each computes from the start of the run (`pipec.runtime.expressions`)."""

RANDOM: dict[str, tuple[str, Type]] = {
    "random.random": ("random", types.FLOAT),
    "random.randint": ("randint", types.INT),
    "random.randrange": ("randrange", types.INT),
    "random.uniform": ("uniform", types.FLOAT),
    "random.gauss": ("gauss", types.FLOAT),
    "random.normalvariate": ("normalvariate", types.FLOAT),
    "random.choice": ("choice", types.ANY),
    "random.choices": ("choices", Type("list")),
    "random.sample": ("sample", Type("list")),
    "random.getrandbits": ("getrandbits", types.INT),
    "uuid.uuid4": ("uuid", UUID),
    "uuid.uuid1": ("uuid", UUID),
    "numpy.random.rand": ("random", types.FLOAT),
    "numpy.random.random": ("random", types.FLOAT),
    "numpy.random.randint": ("randrange", types.INT),
    "numpy.random.uniform": ("uniform", types.FLOAT),
    "numpy.random.normal": ("gauss", types.FLOAT),
    "numpy.random.choice": ("choice", types.ANY),
}
"""Functions that draw by chance, and the method of a generator that draws alike; numpy's for single numbers only."""

_SINGLE = {"numpy.random.rand": 0, "numpy.random.random": 0, "numpy.random.choice": 1}
UNREPEATABLE = frozenset(
    """secrets.token_hex secrets.token_urlsafe secrets.token_bytes secrets.randbelow secrets.choice os.urandom
    random.SystemRandom time.perf_counter time.monotonic time.process_time time.localtime time.gmtime""".split()
)
"""What no fact of a run may stand for: secrets, and measures of this process."""


def read_clock(interpreter: Interpreter, path: str, arguments: Arguments, span: Span) -> Any:
    """The clock, as of the start of the run."""
    positional, keywords = arguments.values()
    operation, type_ = CLOCK[path]
    given = [*positional, *keywords.values()]
    if operation == "now":
        given = [_zone(one) for one in given if one is not None]
    if (path == "time.strftime" and len(given) != 1) or None in given:
        return Unknown(unrepeatable(path, span))
    fact = RunFact("start_time", "", DATETIME)
    _note(interpreter, path, "the start of the run", span)
    operands = [Const(operation, types.STR), *(operations.to_value(one, span) for one in given)]
    return Symbolic(Expr("clock", (fact, *operands), type_))


def _zone(value: Any) -> str | None:
    """The name of a time zone that is known; None for another."""
    if isinstance(value, External):
        return "UTC" if value.path in {"datetime.timezone.utc", "datetime.UTC"} else None
    key = getattr(value, "key", None)
    return key if isinstance(key, str) else "UTC" if str(value) == "UTC" else None


def draw(interpreter: Interpreter, path: str, arguments: Arguments, span: Span) -> Any:
    """A draw, made from the id of the run and the place of the draw in the program."""
    positional, keywords = arguments.values()
    method, type_ = RANDOM[path]
    most = _SINGLE.get(path, 2)
    if path.startswith("numpy.") and (keywords or len(positional) > most):
        return Unknown(unrepeatable(path, span))
    if any(name not in {"a", "b", "k", "start", "stop", "low", "high"} for name in keywords):
        return Unknown(unrepeatable(path, span))
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    if interpreter.loop_depth:
        return Unknown(_same_in_each_iteration(path, span))
    fact = RunFact("random", interpreter.place_of_draw(span), types.FLOAT)
    _note(interpreter, path, "drawn from the id of the run", span)
    if method == "random":
        return Symbolic(fact)
    given = ListOf(tuple(operations.to_value(one, span) for one in positional), Type("list"))
    named = DictOf(tuple((name, operations.to_value(one, span)) for name, one in keywords.items()), Type("dict"))
    return Symbolic(Expr("draw", (fact, Const(method, types.STR), given, named), type_))


def _same_in_each_iteration(path: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0228",
        f"`{path}` in a loop of the run would draw the same number in each iteration",
        span,
        notes=("a draw follows from the run's id and its place in the program, so that retries and targets agree",),
        help="draw inside the step; or before the loop, where one number for all is meant",
    )


def _note(interpreter: Interpreter, path: str, what: str, span: Span) -> None:
    if interpreter.strict:
        interpreter.report(
            Diagnostic(
                "PC0222",
                f"`{path}()` is {what}",
                span,
                severity=Severity.NOTE,
                notes=("every step, retry and target of a run sees the same value",),
                help="to read it anew, do it inside a step",
            )
        )


def unrepeatable(path: str, span: Span) -> Diagnostic:
    """The fault of reading what would differ between two readings of one run."""
    return Diagnostic(
        "PC0213",
        f"what `{path}` gives belongs to the machine that compiles",
        span,
        help="compute it inside a step, or pass it as a parameter of the pipeline",
    )


def environment(name: Any, default: Any, span: Span) -> Any:
    """`os.getenv(name, default)`: a variable of the environment of the step that consumes it."""
    if unknown := find_unknown([name, default]):
        return unknown
    if not isinstance(name, str) or not is_known(default):
        return Unknown(Diagnostic("PC0213", "which environment variable is read is not known", span))
    kind = types.STR if isinstance(default, str) else Type("union", (types.STR, types.NONE))
    if default is not None and not isinstance(default, str):
        kind = types.ANY
    return Symbolic(Lazy("environment", {"name": name, "default": default}, kind))

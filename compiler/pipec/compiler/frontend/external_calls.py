"""Calls of other packages' functions: the pure part of the standard library, and what reads the machine that compiles."""

from __future__ import annotations

import importlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.builtin_calls import settle
from pipec.compiler.frontend.values import (
    MISSING,
    External,
    FieldDefault,
    StepResult,
    Symbolic,
    Unknown,
    find_unknown,
    is_known,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.constants import TAG
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

PURE_FUNCTIONS = frozenset(
    """math.* itertools.product itertools.chain itertools.combinations itertools.permutations itertools.zip_longest
    itertools.accumulate itertools.repeat operator.* functools.partial functools.reduce string.* textwrap.dedent
    textwrap.indent json.dumps datetime.datetime datetime.date datetime.time datetime.timedelta
    datetime.timezone datetime.datetime.fromisoformat datetime.date.fromisoformat datetime.datetime.strptime
    decimal.Decimal fractions.Fraction pathlib.Path pathlib.PurePath pathlib.PurePosixPath os.fspath os.path.join
    os.path.basename os.path.dirname os.path.splitext os.path.split os.path.normpath posixpath.* re.sub re.match
    re.fullmatch re.search re.split re.findall re.escape re.compile copy.copy copy.deepcopy
    collections.OrderedDict collections.Counter collections.defaultdict collections.deque statistics.*
    types.SimpleNamespace uuid.UUID base64.b64encode hashlib.sha256 hashlib.md5 hashlib.sha1 urllib.parse.quote
    urllib.parse.urljoin html.escape shlex.quote shlex.join zoneinfo.ZoneInfo""".split()
)
"""Functions of the standard library that depend on nothing but their arguments."""

CONSTANTS = frozenset(
    {
        "math.pi",
        "math.e",
        "math.inf",
        "math.nan",
        "math.tau",
        "datetime.timezone.utc",
        "datetime.UTC",
        "os.sep",
        "string.*",
    }
)

FIELDS = frozenset({"dataclasses.field", "pydantic.Field", "pydantic.fields.Field", "attr.ib", "attrs.field"})
ENVIRONMENT = frozenset({"os.getenv", "os.environ.get"})


def constant(path: str) -> Any:
    """The value of a constant of the standard library, or None."""
    if path in CONSTANTS or (path.startswith("string.") and path.count(".") == 1):
        return load(path)
    return None


def call_external(interpreter: Interpreter, path: str, arguments: Arguments, span: Span) -> Any:
    """The value of a call of another package's function: known, a fact of the run, a look-up, or unknown."""
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    if path.startswith("kubernetes."):
        from pipec.compiler.frontend.kubernetes_objects import fold

        return fold(path, arguments, span)
    if path in FIELDS:
        default = keywords.get("default", positional[0] if positional and positional[0] is not ... else MISSING)
        return FieldDefault(default, keywords.get("default_factory"))
    if (
        path.partition(".")[0] in READS_MACHINE
        and (found := _read_machine(interpreter, path, arguments, span)) is not None
    ):
        return found
    if _is_pure(path):
        values = [constant(one.path) if isinstance(one, External) else one for one in [*positional, *keywords.values()]]
        if all(is_known(value) for value in values) and not any(
            value is None and isinstance(one, External)
            for value, one in zip(values, [*positional, *keywords.values()], strict=True)
        ):
            plain = values[: len(positional)]
            named = dict(zip(keywords, values[len(positional) :], strict=True))
            return settle(operations.guarded(lambda: load(path)(*plain, **named), span))
        if any(isinstance(one, Symbolic | StepResult) for one in [*positional, *keywords.values()]):
            return _in_run(path, positional, keywords, span)
    return Unknown(
        Diagnostic(
            "PC0204",
            f"what `{path}` returns is not known at compile time",
            span,
            notes=("the compiler never imports or runs code",),
            help="if it is a step, declare its signature in `[tool.pipec.stubs]`; else call it inside a step"
            if any(isinstance(one, Symbolic | StepResult) for one in [*positional, *keywords.values()])
            else "call it inside a step, or pass the value as a parameter of the pipeline",
        )
    )


def _in_run(path: str, positional: list[Any], keywords: dict[str, Any], span: Span) -> Any:
    """A pure function of the standard library over values of the run: called by the step that consumes it."""
    for one in [*positional, *keywords.values()]:
        if isinstance(one, Symbolic):
            operations.check_use(one, f"`{path}` of it", span)
    parts = path.split(".")
    start = 2 if path.startswith(("os.path.", "urllib.parse.")) else 1
    function = Symbolic(Const({TAG: ["symbol", f"{'.'.join(parts[:start])}:{'.'.join(parts[start:])}"]}, types.ANY))
    is_text = path.startswith(("os.path.", "posixpath.")) and parts[-1] in {"join", "basename", "dirname", "normpath"}
    kind = types.STR if is_text or path in _TEXTS else Type(path) if parts[-1][:1].isupper() else types.ANY
    return operations.call_in_run(function, positional, keywords, kind, span)


_TEXTS = frozenset({"json.dumps", "textwrap.dedent", "re.sub", "re.escape", "shlex.quote", "shlex.join", "html.escape"})


READS_MACHINE = frozenset("os datetime time random uuid secrets numpy yaml json tomllib tomli toml".split())
"""Packages some of whose functions read the machine that compiles."""


def _read_machine(interpreter: Interpreter, path: str, arguments: Arguments, span: Span) -> Any:
    """What a function reads of the clock, chance, the environment or a file of the project; None if it is none of these."""
    from pipec.compiler.frontend import files, host

    positional, keywords = arguments.values()
    if path in ENVIRONMENT:
        name = positional[0] if positional else keywords.get("key")
        return host.environment(name, positional[1] if len(positional) > 1 else keywords.get("default"), span)
    if path in host.CLOCK:
        return host.read_clock(interpreter, path, arguments, span)
    if path in host.RANDOM:
        return host.draw(interpreter, path, arguments, span)
    if path in host.UNREPEATABLE:
        return Unknown(host.unrepeatable(path, span))
    if path in files.READERS and not (path == "json.loads" and positional and isinstance(positional[0], Symbolic)):
        return files.call_reader(interpreter, path, arguments, span)
    return None


def _is_pure(path: str) -> bool:
    return path in PURE_FUNCTIONS or f"{path.rpartition('.')[0]}.*" in PURE_FUNCTIONS


def load(path: str) -> Any:
    """An object of the standard library; `path` was compared with the lists above."""
    if path == "pathlib.Path":
        return PurePosixPath  # a path of the evaluator never touches the disk
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError:
        outer, _, inner = module.rpartition(".")
        return getattr(getattr(importlib.import_module(outer), inner), name)

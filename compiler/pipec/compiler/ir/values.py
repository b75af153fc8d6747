"""Values: what flows into an argument, a condition or a loop.

Constants hold *canonical JSON* (`Json`): what JSON cannot say is a one-key object `{"$pipec": [kind, …]}`, made and
read by `pipec.compiler.ir.constants` and, inside a step, by `pipec.runtime.codec`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.compiler.ir.types import Type

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""Canonical JSON; see the module's docstring. Never mutated once it is in the IR."""

FactKind = Literal["start_time", "run_id", "random"]


@dataclass(frozen=True, slots=True)
class Const:
    """A value known at compile time."""

    value: Json
    type: Type


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the pipeline, known when a run starts."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Output:
    """A named result of an operation: of a call, or what an `If`, `ForEach` or `Group` lets out."""

    operation: str
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Item:
    """The current item of the loop `operation`, or the element at `path` within it (`for a, b in …`)."""

    operation: str
    type: Type
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values: fan-in, or a list literal with a value in it. `is_tuple` keeps the Python type."""

    items: tuple[Value, ...]
    type: Type
    is_tuple: bool = False


@dataclass(frozen=True, slots=True)
class DictOf:
    """A dict with string keys, in order."""

    entries: tuple[tuple[str, Value], ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Expr:
    """A pure Python operation, computed in Python by the step that consumes it.

    `op` names are those of `pipec.runtime.expressions`: `+ - * / // % ** neg == != < <= > >= in not_in is is_not not and
    or index attr format len str int float bool …`.
    """

    op: str
    operands: tuple[Value, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Lazy:
    """A look-up made when the consuming step starts: in the store, or of an environment variable.

    `kind` is `artifact`, `model_artifact`, `metadata`, `model` or `environment`; `query` its arguments.
    """

    kind: str
    query: Mapping[str, Json]
    type: Type


@dataclass(frozen=True, slots=True)
class RunFact:
    """A fact of the run that Python would have computed at its start: the time, a draw. `place` tells draws apart."""

    kind: FactKind
    place: str
    type: Type


Value = Const | Param | Output | Item | ListOf | DictOf | Expr | Lazy | RunFact

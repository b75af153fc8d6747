"""Whether a value of one static type can be of another: the question of type checks along edges.

The answer is about values, not about annotations: `float | None` may well hold the `float` that a step wants, and a
`float` may be the `int` 3. Only where no value can be of both types is a mismatch certain. Classes that are neither
built in nor well known may be subclasses of anything, aliases or protocols, so they are never in the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.types import Type, members

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN = {"none", "bool", "int", "float", "str", "bytes", "list", "tuple", "set", "dict", "frozenset", "complex"}

# The runtime makes the one of the other where the input says so, as ZenML (by pydantic) does.
_SEQUENCES = ("list", "tuple", "set", "frozenset")
# A value of the one is a value of the other to Python's arithmetic and to PEP 484 (bool < int < float < complex).
_NUMBERS = ("bool", "int", "float", "complex")

# Classes whose instances are certainly none of the built-in types. Each is spelled as annotations spell it and where
# it is defined. Not here: `numpy.float64` (a `float`), enums (which may be `int` or `str`), abstract classes.
_KNOWN_CLASSES = {
    "datetime.timedelta",
    "numpy.ndarray",
    "pandas.DataFrame",
    "pandas.Index",
    "pandas.Series",
    "pandas.core.frame.DataFrame",
    "pandas.core.series.Series",
    "pathlib.Path",
    "polars.DataFrame",
    "polars.LazyFrame",
    "polars.Series",
    "pyarrow.Table",
    "pyspark.sql.DataFrame",
    "sklearn.base.BaseEstimator",
    "torch.Tensor",
    "torch.nn.Module",
    "torch.utils.data.DataLoader",
    "uuid.UUID",
}
# What pydantic makes of text, so that a `str` may be meant for it (ZenML coerces arguments).
_FROM_TEXT = {"pathlib.Path", "uuid.UUID", "datetime.timedelta"}


def is_certain_mismatch(producer: Type, consumer: Type) -> bool:
    """Whether no value of the type `producer` is one of the type `consumer`."""
    return all(_are_apart(given, taken) for given in members(producer) for taken in members(consumer))


def _are_apart(given: Type, taken: Type) -> bool:
    if given == taken:
        return False
    if given.name == "literal" or taken.name == "literal":
        return _literals_are_apart(given, taken)
    if given.name in _PLAIN and taken.name in _PLAIN:
        return _plain_are_apart(given, taken)
    names = {given.name, taken.name}
    if names & _FROM_TEXT and names & {"str", "int", "float"}:
        return False
    return bool(names & _PLAIN) and bool(names & _KNOWN_CLASSES)


def _plain_are_apart(given: Type, taken: Type) -> bool:
    if given.name in _NUMBERS and taken.name in _NUMBERS:
        # A `float` may hold an `int`, an `int` a `bool`: either way round, one value can be both.
        return False
    if given.name in _SEQUENCES and taken.name in _SEQUENCES and given.name != taken.name:
        return False
    if given.name != taken.name:
        return True
    return given.name == "tuple" and _tuples_are_apart(given, taken)


def _tuples_are_apart(given: Type, taken: Type) -> bool:
    """Only elements that must be there tell tuples apart; an empty list is of every list type."""
    if not given.arguments or not taken.arguments or given.is_variadic or taken.is_variadic:
        return False
    if len(given.arguments) != len(taken.arguments):
        return True
    return any(map(is_certain_mismatch, given.arguments, taken.arguments))


def _literals_are_apart(given: Type, taken: Type) -> bool:
    if given.name == taken.name == "literal":
        return not set(_exact(given.choices)) & set(_exact(taken.choices))
    literal, other = (given, taken) if given.name == "literal" else (taken, given)
    if other.name not in _PLAIN:
        return other.name in _KNOWN_CLASSES - _FROM_TEXT
    return all(_are_apart(Type(_name_of(choice)), other) for choice in literal.choices)


def _exact(choices: Iterable[object]) -> list[tuple[str, object]]:
    return [(type(choice).__name__, choice) for choice in choices]


def _name_of(choice: object) -> str:
    return "none" if choice is None else type(choice).__name__

"""Results of `submit`, `map` and `product`. In plain Python the calls are done before these exist."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")


class Unmapped(Generic[T]):
    """An argument of `map` or `product` that goes to every call as a whole.

    Attributes:
        value: the argument.
    """

    def __init__(self, value: T) -> None:
        """See `unmapped`."""
        self.value = value


def unmapped(value: T) -> Unmapped[T]:
    """Give `value` to every call of a `map` or `product` as a whole."""
    return Unmapped(value)


class StepFuture(Generic[R]):
    """The result of a submitted call."""

    def __init__(self, value: R) -> None:
        """Wrap what the call returned."""
        self._value = value

    def result(self) -> R:
        """The result, once the call is done."""
        return self._value

    load = artifacts = result

    def wait(self) -> None:
        """Wait until the call is done."""

    def running(self) -> bool:
        """Whether the call is still running."""
        return False

    def __getitem__(self, index: int) -> Any:
        """One of several results."""
        return cast("Sequence[Any]", self._value)[index]

    def __iter__(self) -> Iterator[Any]:
        """The results of a call with several."""
        return iter(cast("Sequence[Any]", self._value))

    def __len__(self) -> int:
        """How many results the call has."""
        kind = type(self._value)
        return len(cast("tuple[Any, ...]", self._value)) if kind is tuple else 1


class MapResultsFuture(list[R]):
    """The results of a mapped call: the list of values, in item order, which a step takes as one argument."""

    def result(self) -> list[R]:
        """The values."""
        return list(self)

    load = artifacts = result

    def wait(self) -> None:
        """Wait until all calls are done."""

    def running(self) -> bool:
        """Whether a call is still running."""
        return False

    def unpack(self) -> tuple[list[Any], ...]:
        """Of calls with several results: one list per result."""
        rows = [cast("tuple[Any, ...]", row) for row in self]
        return tuple(list(column) for column in zip(*rows, strict=True))

    @property
    def futures(self) -> list[StepFuture[R]]:
        """One future per call."""
        return [StepFuture(value) for value in self]


def plain_value(value: Any) -> Any:
    """What a step's function receives for an argument of its call: futures and wrappers give way to their values."""
    if isinstance(value, StepFuture):
        return value.result()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if isinstance(value, Unmapped):
        return value.value  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if type(value).__name__ == "ExternalArtifact":
        return value.value
    # Subclasses, such as named tuples, are values of their own.
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind in (list, MapResultsFuture):
        return [plain_value(each) for each in value]
    if kind is tuple:
        return tuple(plain_value(each) for each in value)
    if kind is dict:
        return {key: plain_value(each) for key, each in value.items()}
    return value


def _items(value: Any) -> list[Any] | None:
    """The items that an argument is mapped over; None for one that goes to every call."""
    if isinstance(value, Unmapped):
        return None
    value = plain_value(value)
    if isinstance(value, list | tuple | range):
        return list(cast("Sequence[Any]", value))
    is_column = hasattr(value, "tolist") and hasattr(value, "__len__")  # numpy arrays, pandas series
    return list(value) if is_column else None


def combinations(
    args: Sequence[Any], kwargs: Mapping[str, Any], is_product: bool
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Arguments of each call of a `map` or a `product`.

    Raises:
        ValueError: when mapped lists differ in length, or nothing is a list.
    """
    keys: list[int | str] = [*range(len(args)), *kwargs]
    given: dict[int | str, Any] = dict(enumerate(args))
    given.update(kwargs)
    mapped = {key: items for key in keys if (items := _items(given[key])) is not None}
    if not mapped:
        raise ValueError("nothing to map over: no argument is a list")
    lengths = {len(items) for items in mapped.values()}
    if not is_product and len(lengths) > 1:
        sizes = ", ".join(f"`{key}` {len(items)}" for key, items in mapped.items())
        raise ValueError(f"mapped arguments differ in length: {sizes}")
    rows = itertools.product(*mapped.values()) if is_product else zip(*mapped.values(), strict=True)
    for row in rows:
        call = {**given, **dict(zip(mapped, row, strict=True))}
        yield [call[at] for at in range(len(args))], {name: call[name] for name in kwargs}

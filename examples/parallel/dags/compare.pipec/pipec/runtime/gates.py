"""Gates: steps of pipec's own that compute what a target cannot, in Python (`pipec.compiler.gates` inserts them).

They run like any step, so that a condition and a loop's items mean the same on every target.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def arm(arm: int) -> int:
    """The number of the arm of an `if` that runs: the expression that picks it is the argument itself."""
    return arm


def count(items: Iterable[Any]) -> tuple[list[int], int]:
    """The indices of a loop over `items`, and how many there are."""
    total = len(list(items))
    return list(range(total)), total


def loop(items: Iterable[Any]) -> tuple[list[Any], list[int], int]:
    """As `count`, with the items themselves, for a loop over what is computed."""
    listed = list(items)
    return listed, list(range(len(listed))), len(listed)


def value(value: Any) -> Any:
    """What an expression is worth, as one result: where a target lets out single results only."""
    return value


def number(value: Any) -> Any:
    """As `value`, for a number, a truth value or None, which targets carry as parameters."""
    return value

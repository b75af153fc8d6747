"""Names that someone may have meant: at most three, the nearest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 3


def near_names(name: str, candidates: Iterable[str]) -> list[str]:
    """Up to three of `candidates` that look like `name`, the nearest first.

    Near is: at most a third of the letters (two at the most) inserted, deleted, changed or swapped, or the same but for
    case and underscores.
    """
    bound = min(2, max(1, len(name) // 3))
    folded = _fold(name)
    ranked: list[tuple[int, str]] = []
    for candidate in dict.fromkeys(candidates):
        if candidate == name or candidate.startswith("__"):
            continue
        if _fold(candidate) == folded:
            ranked.append((0, candidate))
        elif abs(len(candidate) - len(name)) <= bound and (found := distance(name, candidate, bound)) <= bound:
            ranked.append((found, candidate))
    return [candidate for _, candidate in sorted(ranked)][:_MOST]


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()


def distance(left: str, right: str, bound: int) -> int:
    """The Damerau-Levenshtein distance (adjacent letters swapped count as one), or `bound + 1` where it is more."""
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > bound:
            return bound + 1
        before, previous = previous, current
    return previous[-1]

"""The lines at the end of a DAG file that say who waits for whom, as an author would group them.

load >> split >> [train, train_2]
[split, train, train_2] >> compare
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.literals import WIDTH, Brackets, flat, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipec.backends.airflow.model import Edge

_Side = tuple[str, ...]


def lines(edges: Iterable[Edge], indent: int) -> list[str]:
    """One statement each, in the order in which the tasks that wait are defined."""
    chains = [list(sides) for sides in _statements(edges)]
    return [" " * indent + _text(chain, indent) for chain in _joined(chains, indent)]


def _statements(edges: Iterable[Edge]) -> Iterator[tuple[_Side, _Side]]:
    """What waits for the same tasks stands together. Python has no list `>>` list, so one side is always single."""
    upstream: dict[str, list[str]] = {}
    for edge in edges:
        upstream.setdefault(edge.after, []).append(edge.before)
    together: dict[_Side, list[str]] = {}
    for after, befores in upstream.items():
        together.setdefault(tuple(befores), []).append(after)
    for side, afters in together.items():
        if len(side) == 1 or len(afters) == 1:
            yield side, tuple(afters)
        else:
            yield from ((side, (after,)) for after in afters)


def _joined(chains: Sequence[list[_Side]], indent: int) -> list[list[_Side]]:
    """Chains of which one ends where another starts become one, as long as it fits in a line."""
    starts = {chain[0]: chain for chain in reversed(chains)}
    taken: set[int] = set()
    found: list[list[_Side]] = []
    for chain in chains:
        if id(chain) in taken:
            continue
        whole = list(chain)
        while (follower := starts.get(whole[-1])) is not None and follower is not chain and id(follower) not in taken:
            longer = [*whole, *follower[1:]]
            if indent + len(_flat(longer)) > WIDTH:
                break
            taken.add(id(follower))
            whole = longer
        found.append(whole)
    return found


def _side(side: _Side) -> str | Brackets:
    return side[0] if len(side) == 1 else Brackets("[", tuple(("", name) for name in side), "]")


def _flat(chain: Sequence[_Side]) -> str:
    return " >> ".join(flat(_side(side)) for side in chain)


def _text(chain: Sequence[_Side], indent: int) -> str:
    if indent + len(_flat(chain)) <= WIDTH:
        return _flat(chain)
    # Only statements of two sides are longer than a line, and of these one is single.
    before, after = (_side(side) for side in chain)
    if isinstance(before, Brackets):
        return render(before, indent, after=WIDTH) + f" >> {flat(after)}"
    return f"{flat(before)} >> " + render(after, indent, before=WIDTH)

"""Tables whose entries know where they stand: what YAML and TOML files and dicts of a program become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.frontend.values import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.source import Span


class Placed(dict[Any, Any]):
    """A dict with the places of its keys and values, as far as they are known."""

    __slots__ = ("places",)

    def __init__(self, entries: Mapping[Any, Any], places: Mapping[Any, tuple[Span, Span]]) -> None:
        super().__init__(entries)
        self.places = dict(places)


def entries_of(value: Mapping[Any, Any], whole: Span) -> dict[str, Setting]:
    """The entries of a table as settings; an entry whose place is not known stands where the `whole` stands."""
    places: Mapping[Any, tuple[Span, Span]] = value.places if isinstance(value, Placed) else {}
    found: dict[str, Setting] = {}
    for key, part in value.items():
        name_span, span = places.get(key, (None, whole))
        found[str(key)] = Setting(part, span, name_span)
    return found


def table_of(entries: Mapping[str, Setting]) -> Placed:
    """The table of settings."""
    return Placed(
        {name: one.value for name, one in entries.items()},
        {name: (one.name_span, one.span) for name, one in entries.items()},
    )

"""What an arm or a loop body changes of the values around it: noted at each change, undone at its end.

Whatever changes a list, a dict, a set or the names of a frame in place calls `touch` before. While an arm runs, its first
change of a container keeps a copy of what was in it. At the end of the arm the old content is put back, so that the next
arm finds everything as the first did, and a `Delta` says what became of what.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING, Any

from pipec.compiler.frontend.values import (
    ClassValue,
    Fault,
    FunctionValue,
    InstanceValue,
    MapResult,
    Method,
    PipelineValue,
    SettingsValue,
    StepValue,
)
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.values import Frame


@dataclass(slots=True)
class Change:
    """One container that was changed: what was in it and what is in it now."""

    container: Any
    before: Any
    after: Any


Delta = dict[int, Change]
"""Changes by the identity of the container, in the order in which they began."""


class Journal:
    """The changes of the arms that are open, the innermost last."""

    def __init__(self) -> None:
        self._levels: list[dict[int, Change]] = []
        self._shared: dict[int, tuple[Any, Diagnostic]] = {}

    @property
    def depth(self) -> int:
        """How many arms and loop bodies are open."""
        return len(self._levels)

    def touch(self, container: Any) -> None:
        """Notes that `container` is about to change. Call it before every change in place.

        Raises:
            Fault: the container may be one of several, as a condition of the run decides (`share`).
        """
        if self._shared and id(container) in self._shared:
            raise Fault(self._shared[id(container)][1])
        if self._levels and id(container) not in self._levels[-1]:
            self._levels[-1][id(container)] = Change(container, content(container), None)

    def open(self) -> None:
        """Begins an arm."""
        self._levels.append({})

    def close(self) -> Delta:
        """Ends the innermost arm: undoes its changes and returns them."""
        delta = self._levels.pop()
        for change in delta.values():
            change.after = content(change.container)
            put(change.container, change.before)
        return delta

    def share(self, containers: Iterable[Any], diagnostic: Diagnostic) -> None:
        """Refuses changes of the containers from now on: a name stands for the one or for the other of them."""
        for container in containers:
            self._shared.setdefault(id(container), (container, diagnostic))

    def write(self, container: Any, new: Any) -> None:
        """Replaces what is in `container`, noted as a change of the arm around."""
        self.touch(container)
        put(container, new)


def content(container: Any) -> Any:
    """A copy of what is in a container now."""
    return container.copy()


def put(container: Any, new: Any) -> None:
    """Replaces what is in `container` with `new`."""
    if isinstance(container, list):
        container[:] = new
    elif isinstance(container, deque):
        container.clear()
        container.extend(new)
    else:
        container.clear()
        container.update(new)


def reachable(interpreter: Interpreter, wanted: Iterable[int]) -> dict[int, tuple[str, bool]]:
    """Which of the containers, by identity, somebody holds: a running function, or a module.

    Returns:
        For each that is found the name that it is reached through, and whether it holds the fields of an object.
    """
    missing = set(wanted)
    found: dict[int, tuple[str, bool]] = {}
    seen: set[int] = set()
    pending: list[tuple[Any, str, bool]] = list(_roots(interpreter))
    while pending and missing:
        value, name, is_object = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if id(value) in missing:
            missing.discard(id(value))
            found[id(value)] = name, is_object
        pending.extend(_inside(value, name))
    return found


def _roots(interpreter: Interpreter) -> Iterator[tuple[Any, str, bool]]:
    for module in interpreter.table.loaded():
        yield from ((value, name, False) for name, value in module.names.items() if _holds(value))
    yield from ((value, name, False) for name, value in interpreter.temporaries)
    for frame in interpreter.stack:
        scope: Frame | None = frame
        while scope is not None:
            yield from ((value, name, False) for name, value in scope.names.items() if _holds(value))
            scope = scope.parent


_HOLDERS = frozenset(
    {
        list,
        tuple,
        dict,
        set,
        deque,
        MapResult,
        OrderedDict,
        Counter,
        InstanceValue,
        FunctionValue,
        ClassValue,
        StepValue,
        PipelineValue,
        SettingsValue,
        Method,
    }
)
"""Types of values that hold others which may be changed in place."""


def _holds(value: Any) -> bool:
    return type(value) in _HOLDERS or isinstance(value, dict)


def _inside(value: Any, name: str) -> Iterator[tuple[Any, str, bool]]:
    match value:
        case dict():
            parts: Iterable[Any] = value.values()
        case list() | tuple() | set() | deque():
            parts = value
        case InstanceValue(fields=fields, cls=cls):
            yield fields, name, True
            yield cls, name, False
            return
        case ClassValue(names=names, bases=bases):
            parts = (*names.values(), *bases)
        case SettingsValue(fields=fields):
            parts = fields.values()
        case StepValue(definition=definition) | PipelineValue(definition=definition):
            parts = (definition,)
        case FunctionValue(defaults=defaults, frame=frame):
            scope = frame
            while scope is not None:  # what it closes over outlives the function that made it
                yield scope.names, name, True
                scope = scope.parent
            parts = defaults.values()
        case Method(receiver=receiver):
            parts = (receiver,)
        case _:
            return
    yield from [(part, name, False) for part in parts if _holds(part)]

"""What is to happen at a later time."""

from __future__ import annotations

import heapq
import itertools
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Timers:
    """Actions by the time at which they are due, those of one moment in the order in which they were set."""

    def __init__(self) -> None:
        """None is set."""
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def set(self, seconds: float, action: Callable[[], None]) -> None:
        """Have `action` come up in so many seconds."""
        heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), action))

    def wait(self) -> float | None:
        """Seconds until the next one is due; None where there is none."""
        return max(0.0, self._heap[0][0] - time.monotonic()) if self._heap else None

    def due(self) -> Iterator[Callable[[], None]]:
        """Take those that are due."""
        now = time.monotonic()
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

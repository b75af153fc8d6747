"""Regular expressions that are compiled when they are first used.

Compiling one costs up to a millisecond, and a command uses few of those that its modules name: start-up is a feature.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _LazyPattern:
    """Stands for the pattern until somebody asks it for anything; then it is one."""

    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags
        self._compiled: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return getattr(self._compiled, name)


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile(text, flags)`, done when it is first used; a wrong `text` is an error only then."""
    return cast("re.Pattern[str]", _LazyPattern(text, flags))

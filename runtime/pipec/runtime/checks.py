"""Checks: the step that stands for a `raise` or an `assert` of a pipeline's body which only a run decides."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any


def check(failure: Sequence[Any] | None) -> None:
    """Raises what the pipeline raises, if it does.

    Args:
        failure: None, or the name of the exception's class and the arguments that it is made of.

    Raises:
        Exception: of that class where it is one of Python's own; else of a new one of that name.
    """
    if failure is None:
        return
    name, arguments = failure
    found = getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, Exception):
        raise _made(found, arguments)
    module, _, name = name.rpartition(".")
    raise _made(type(name, (Exception,), {"__module__": module or "builtins"}), arguments)


def _made(kind: type[Exception], arguments: Sequence[Any]) -> Exception:
    try:
        return kind(*arguments)
    except TypeError:  # some classes want a number of arguments that the program gives by keyword
        return RuntimeError(f"{kind.__name__}: {', '.join(map(str, arguments))}")

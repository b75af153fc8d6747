"""Objects that stand at the top of a module in the place of their function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def adopt(wrapper: Any, function: Callable[..., Any]) -> None:
    """Give the wrapper its function's name, place, doc and signature."""
    wrapper.__wrapped__ = function
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(wrapper, attribute, getattr(function, attribute, None))


def by_name(wrapper: Any, options: dict[str, Any]) -> str | tuple[Any, ...]:
    """How a wrapper is pickled: by name; a configured copy as the wrapper of that name and the configuration."""
    module, name = str(wrapper.__module__), str(wrapper.__qualname__)
    return name if _find(module, name) is wrapper else (_configured, (module, name, options))


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _configured(module: str, name: str, options: dict[str, Any]) -> Any:
    import importlib

    importlib.import_module(module)
    copied = _find(module, name).with_options()
    copied.options = options
    return copied

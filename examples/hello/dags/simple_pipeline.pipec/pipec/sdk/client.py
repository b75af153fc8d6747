"""ZenML's client where there is no server.

Modules use it while they are imported (`experiment_tracker=Client().active_stack.experiment_tracker.name`), long
before anybody needs the value. So what it gives is inert: attributes, calls and items are noted and give further inert
values; a *use* of one fails and names what was used.
"""

from __future__ import annotations

from typing import Any, NoReturn

from pipec.sdk._convert import Inert
from pipec.sdk.exceptions import ServerError


class ServerValue(Inert):
    """A value that a ZenML server would have given."""

    def __init__(self, source: str) -> None:
        """Note the expression that stands for it."""
        self._source = source

    def __getattr__(self, name: str) -> Any:
        """An attribute of it, as inert. Protocols that Python looks up by name are absent."""
        if name.startswith("__"):
            raise AttributeError(name)
        return ServerValue(f"{self._source}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of calling it, as inert."""
        given = ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())])
        return ServerValue(f"{self._source}({given})")

    def __getitem__(self, key: Any) -> Any:
        """An item of it, as inert."""
        return ServerValue(f"{self._source}[{key!r}]")

    def __repr__(self) -> str:
        """The expression."""
        return f"<{self._source}>"

    def __bool__(self) -> bool:
        """True for what an active stack has: code asks whether the component is there. Anything else is a use."""
        return True if ".active_stack" in self._source else self._used()

    def _used(self, *_: Any) -> NoReturn:
        raise ServerError(f"`{self._source}` is a value of a ZenML server, and pipec has none")

    __str__ = __format__ = __int__ = __float__ = __index__ = __len__ = __iter__ = __contains__ = _used
    __fspath__ = __bytes__ = __complex__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _used
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _used
    __mod__ = __rmod__ = __neg__ = __enter__ = __next__ = __reduce__ = _used
    __hash__ = object.__hash__


METHODS = (
    "get_artifact_version",
    "get_model_version",
    "get_pipeline",
    "get_pipeline_run",
    "get_run_step",
    "list_artifact_versions",
    "list_model_versions",
    "list_pipeline_runs",
)
"""What a running step may ask; the store answers (docs/internals/store.md)."""


class Client(ServerValue):
    """The client. In a running step the store answers `METHODS`, and other names are errors; elsewhere it is inert.

    `active_stack` is inert everywhere: the compiler resolves it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Arguments are accepted and noted nowhere."""
        super().__init__("Client()")

    def __getattr__(self, name: str) -> Any:
        """A method of `METHODS` in a running step; an inert value outside of one.

        Raises:
            ServerError: in a running step, for another name.
        """
        from pipec.sdk.context import is_in_step, running

        if name.startswith("__") or name == "active_stack" or not is_in_step():
            return super().__getattr__(name)
        if name not in METHODS:
            from pipec.sdk._record import near_names

            listed = ", ".join(METHODS)
            raise ServerError(f"Client() has no `{name}` in a step{near_names(name, METHODS)}; pipec answers {listed}")
        from functools import partial

        return partial(running(f"Client().{name}()").look_up, name)

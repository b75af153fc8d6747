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


class Client(ServerValue):
    """The client. In a running step it finds artifacts and models in pipec's store; everything else is inert."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Arguments are accepted and noted nowhere."""
        super().__init__("Client()")

    def get_artifact_version(self, name_id_or_prefix: str, version: str | int | None = None, **kwargs: Any) -> Any:
        """A version of an artifact, the newest by default.

        Raises:
            KeyError: in a running step, when there is none.
        """
        from pipec.sdk.context import is_in_step, running

        if not is_in_step():
            return ServerValue(f"Client().get_artifact_version({name_id_or_prefix!r}, {version!r})")
        return running("Client().get_artifact_version()").find_artifact(str(name_id_or_prefix), version, None)

    def get_model_version(
        self, model_name_or_id: str, model_version_name_or_number_or_id: str | int | None = None, **kwargs: Any
    ) -> Any:
        """A version of a model.

        Raises:
            KeyError: in a running step, when there is none.
        """
        from pipec.sdk.context import is_in_step, running

        version = model_version_name_or_number_or_id
        if not is_in_step():
            return ServerValue(f"Client().get_model_version({model_name_or_id!r}, {version!r})")
        running("Client().get_model_version()").model_version(str(model_name_or_id), version)
        from pipec.sdk.settings.model import Model

        return Model(name=str(model_name_or_id), version=version)

"""Names that ZenML removed and programs still use, as far as they have one meaning."""

from __future__ import annotations

import types
from inspect import get_annotations
from typing import Annotated, Any


def Output(**outputs: Any) -> Any:
    """The type of named outputs: `Output(a=int, b=str)` is `tuple[Annotated[int, "a"], Annotated[str, "b"]]`."""
    named = tuple(Annotated[type_, name] for name, type_ in outputs.items())
    return named[0] if len(named) == 1 else types.GenericAlias(tuple, named)


class BaseParameters:
    """Parameters of a step in one object: a field for each annotated name, with its default."""

    def __init__(self, **fields: Any) -> None:
        """Set each field.

        Raises:
            TypeError: for a name that is no field, or a field without a value.
        """
        known: dict[str, Any] = {}
        for cls in reversed(type(self).__mro__):
            known.update(get_annotations(cls))
        for name in fields:
            if name not in known:
                raise TypeError(f"{type(self).__name__} has no field `{name}`")
        for name in known:
            if name in fields:
                setattr(self, name, fields[name])
            elif not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs `{name}`")

    @property
    def model_fields_set(self) -> set[str]:
        """The fields, as pydantic names them: objects of this class are made by keyword."""
        return set(vars(self))


BaseStepConfig = BaseParameters

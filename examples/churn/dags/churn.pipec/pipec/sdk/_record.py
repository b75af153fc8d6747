"""Records: what settings classes are made of.

A record class is annotated assignments with literal defaults and nothing else that declares data, so that a reader of
its source (`ast`) learns names, types, defaults and docs without importing it:

    class StepRetryConfig(Record):
        '''How often a failed step is tried again.

Attributes:
            max_retries: attempts after the first.
        '''

        max_retries: PositiveInt = 1

Constraints are part of the type (`PositiveInt`, `Memory`, …). Beside it a class may carry, as literals, `ALIASES`
(old name → field) and `REMOVED` (names that are accepted with a warning and have no effect).
Values are checked and converted as pydantic's lax mode does it; unlike ZenML's classes an unknown field is an error.

Not `dataclasses`: that module with its imports costs more time than all of `pipec.sdk`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self, dataclass_transform

from pipec.sdk._convert import convert, evaluate


def near_names(name: str, candidates: Iterable[str]) -> str:
    """` (did you mean …?)` for up to three candidates that look like `name`, else nothing."""
    import difflib

    near = difflib.get_close_matches(name, list(candidates), 3, 0.7)
    return f" (did you mean {' or '.join(f'`{each}`' for each in near)}?)" if near else ""


def refuse_unknown(owner: str, given: Iterable[str], known: Iterable[str], kind: str = "keyword") -> None:
    """Raise on the first of `given` that is not in `known`.

    Raises:
        TypeError: names the owner, what was given and near names.
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise TypeError(f"{owner} has no {kind} `{name}`{near_names(name, known)}")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """A bag of typed, checked fields, built from keywords.

    Attributes:
        model_fields_set: names that were given, as opposed to defaulted; settings merge on these.
    """

    ALIASES: ClassVar[dict[str, str]] = {}
    REMOVED: ClassVar[tuple[str, ...]] = ()
    _fields: ClassVar[dict[str, tuple[str, str]]] = {}  # name: its annotation, the module that declares it
    _frozen: ClassVar[bool] = True
    _open: ClassVar[bool] = False

    def __init_subclass__(cls, frozen: bool = True, is_open: bool = False) -> None:
        """Collect the fields.

        Args:
            frozen: assignment to a field of an instance is an error.
            is_open: fields that are not declared are kept as they are.
        """
        own = cls.__annotations__
        names = [name for name in own if name[0] != "_" and not name.isupper()]
        cls._fields = {**cls._fields, **{name: (str(own[name]), cls.__module__) for name in names}}
        cls._frozen, cls._open = frozen, is_open

    def __init__(self, **values: Any) -> None:
        """Check and keep the values.

        Raises:
            TypeError: for an unknown or a missing field.
            ValueError: for a value that is not of the field's type.
        """
        owner, values = type(self).__name__, self._migrate(dict(values))
        if not self._open:
            refuse_unknown(owner, values, self._fields, "field")
        store = self.__dict__
        store["model_fields_set"] = frozenset(values)
        for name in self._fields:
            if name in values:
                store[name] = self._converted(name, values.pop(name))
            elif not hasattr(type(self), name):
                raise TypeError(f"{owner} needs `{name}`")
            else:
                default = getattr(type(self), name)
                store[name] = default.copy() if isinstance(default, list | dict) else default
        store.update(values)
        self._check()

    def _converted(self, name: str, value: Any) -> Any:
        annotation, module = self._fields[name]
        kind = evaluate(annotation, sys.modules[module].__dict__)
        return convert(kind, value, f"{type(self).__name__}.{name}", annotation)

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Old spellings to new ones, before anything is checked."""
        for old, new in cls.ALIASES.items():
            if old in values:
                values.setdefault(new, values.pop(old))
        for name in cls.REMOVED:
            if name in values:
                warn(f"{cls.__name__}.{name} has no effect any more")
                del values[name]
        return values

    def _check(self) -> None:
        """Rules over several fields.

        Raises:
            ValueError: when one is broken.
        """

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Pairs of field and value, so that `dict(record)` works."""
        return ((name, value) for name, value in self.__dict__.items() if name != "model_fields_set")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field of a record that is not frozen, checked.

        Raises:
            AttributeError: when the record is frozen or has no such field.
        """
        if self._frozen or (name not in self._fields and not self._open):
            what = "is frozen" if self._frozen else f"has no field `{name}`{near_names(name, self._fields)}"
            raise AttributeError(f"{type(self).__name__} {what}")
        self.__dict__[name] = self._converted(name, value) if name in self._fields else value
        self.__dict__["model_fields_set"] |= {name}

    def __eq__(self, other: object) -> bool:
        """Same class, same values."""
        return isinstance(other, Record) and type(self) is type(other) and dict(self) == dict(other)

    def __hash__(self) -> int:
        """Of the class and its printed values, since values may be lists and dicts."""
        return hash(repr(self))

    def __repr__(self) -> str:
        """The call that makes it: the fields that were given."""
        given = ", ".join(f"{name}={value!r}" for name, value in self if name in self.model_fields_set)
        return f"{type(self).__name__}({given})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as the call that makes it."""
        return _remake, (type(self), {name: value for name, value in self if name in self.model_fields_set})

    @property
    def model_fields_set(self) -> frozenset[str]:
        """Names that were given."""
        given: frozenset[str] = self.__dict__["model_fields_set"]
        return given

    def model_dump(
        self, *, exclude_none: bool = False, exclude_unset: bool = False, exclude_defaults: bool = False
    ) -> dict[str, Any]:
        """The fields as a plain dict, nested records too. Enumerations stay what they are."""
        nothing = object()
        return {
            name: _dump(value)
            for name, value in self
            if not (exclude_none and value is None)
            and not (exclude_unset and name not in self.model_fields_set)
            and not (exclude_defaults and value == getattr(type(self), name, nothing))
        }

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """A copy with some fields replaced, checked like any other."""
        given = {name: value for name, value in self if name in self.model_fields_set}
        return type(self)(**{**given, **(update or {})})


def _dump(value: Any) -> Any:
    if isinstance(value, Record):
        return value.model_dump()
    if isinstance(value, dict):
        return {key: _dump(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return [_dump(each) for each in value] if isinstance(value, list) else value  # pyright: ignore


def _remake(class_: type[Record], values: dict[str, Any]) -> Record:
    return class_(**values)


def warn(text: str) -> None:
    """A warning, pointed at the user's line."""
    import warnings

    level, frame = 1, sys._getframe()  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("pipec.sdk"):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)

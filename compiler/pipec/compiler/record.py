"""`dataclass`, `field`, `fields` and `replace`, as in `dataclasses`, at a third of the start-up cost.

The standard module imports `inspect` and compiles six functions for each frozen class: together some 60 ms of CPU for the
classes that a compilation needs, a quarter of the whole command. Here one function is compiled for each class, when the
first object is made, and what compares, hashes, prints and freezes is shared. Type checkers see the standard module, so a class means the same to them;
of its options there are those that we use (`frozen`, `slots`, `eq`, `repr`).
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import MISSING as MISSING
    from dataclasses import Field as Field
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import is_dataclass as is_dataclass
    from dataclasses import replace as replace
else:

    class _Missing:
        def __repr__(self) -> str:
            return "MISSING"

    MISSING = _Missing()

    class Field:
        """What is known of one field."""

        __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr", "type")

        def __init__(self, default, default_factory, init, repr, compare, kw_only):
            self.default, self.default_factory = default, default_factory
            self.init, self.repr, self.compare, self.kw_only = init, repr, compare, kw_only
            self.name = self.type = ""

        @property
        def _field_type(self):
            """What the functions of the standard module look for, so that they take our records too."""
            import dataclasses

            return dataclasses._FIELD

    def field(*, default=MISSING, default_factory=MISSING, init=True, repr=True, compare=True, kw_only=False):
        """See `dataclasses.field`."""
        return Field(default, default_factory, init, repr, compare, kw_only)

    def fields(record):
        """See `dataclasses.fields`."""
        return tuple(record.__dataclass_fields__.values())

    def is_dataclass(record):
        """See `dataclasses.is_dataclass`."""
        return hasattr(record if isinstance(record, type) else type(record), "__dataclass_fields__")

    def replace(record, /, **changes):
        """See `dataclasses.replace`."""
        given = {one.name: getattr(record, one.name) for one in fields(record) if one.init}
        return type(record)(**(given | changes))

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, repr=True):
        """See `dataclasses.dataclass`."""

        def make(made):
            return _make(made, frozen, slots, eq, repr)

        return make if cls is None else make(cls)

    def _make(cls, frozen, slots, eq, repr):
        known = _fields(cls)
        methods = {"__init__": _init(known, frozen, hasattr(cls, "__post_init__")), "__reduce__": _reduce}
        if eq:
            compared = [one.name for one in known.values() if one.compare]
            methods |= _comparison(compared, frozen)
        if repr:
            methods["__repr__"] = _repr
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        methods["__dataclass_fields__"] = known
        methods["__match_args__"] = tuple(one.name for one in known.values() if one.init and not one.kw_only)
        own = {name: method for name, method in methods.items() if name not in cls.__dict__ or name == "__hash__"}
        if slots:
            return _with_slots(cls, known, own)
        for name, one in known.items():
            if isinstance(cls.__dict__.get(name), Field):
                delattr(cls, name) if one.default is MISSING else setattr(cls, name, one.default)
        for name, method in own.items():
            setattr(cls, name, method)
        return cls

    def _fields(cls):
        known = {}
        for base in reversed(cls.__mro__[1:]):
            known |= getattr(base, "__dataclass_fields__", {})
        for name, type_ in cls.__annotations__.items():
            if str(type_).startswith("ClassVar"):
                continue
            given = cls.__dict__.get(name, MISSING)
            one = given if isinstance(given, Field) else Field(given, MISSING, True, True, True, False)
            one.name, one.type = name, type_
            known[name] = one
        return known

    def _init(known, frozen, is_continued):
        """An `__init__` that puts the real one in its place when it is first called: few commands use every class."""

        def first(self, *given, **named):
            owner = next(cls for cls in type(self).__mro__ if cls.__dict__.get("__init__") is first)
            owner.__init__ = _compiled_init(known, frozen, is_continued)
            owner.__init__(self, *given, **named)

        return first

    def _compiled_init(known, frozen, is_continued):
        scope = {"_MISSING": MISSING, "_set": object.__setattr__}
        parameters, by_keyword, body = ["self"], [], []
        for name, one in known.items():
            value = name
            if one.default_factory is not MISSING:
                scope[f"_make_{name}"] = one.default_factory
                value = f"_make_{name}() if {name} is _MISSING else {name}" if one.init else f"_make_{name}()"
            if one.init:
                default = "=_MISSING" if one.default_factory is not MISSING else ""
                if one.default is not MISSING:
                    scope[f"_default_{name}"], default = one.default, f"=_default_{name}"
                (by_keyword if one.kw_only else parameters).append(name + default)
            elif one.default_factory is MISSING:
                continue
            body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
        if is_continued:
            body.append("self.__post_init__()")
        parameters += ["*", *by_keyword] if by_keyword else []
        text = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body or ["pass"])
        exec(text, scope)
        return scope["__init__"]

    def _comparison(names, frozen):
        get = attrgetter(*names) if names else lambda _: ()

        def equal(self, other):
            return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

        def hashed(self):
            return hash(get(self))

        return {"__eq__": equal, "__hash__": hashed if frozen else None}

    def _repr(self):
        shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
        return f"{type(self).__qualname__}({shown})"

    def _reduce(self):
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        return _rebuild, (type(self), given)

    def _rebuild(cls, given):
        return cls(**given)

    def _refuse(self, name, value=None):
        raise AttributeError(f"`{type(self).__qualname__}` is frozen: `{name}` cannot be set")

    def _with_slots(cls, known, methods):
        inherited = {slot for base in cls.__mro__[1:] for slot in getattr(base, "__slots__", ())}
        names = {name: value for name, value in cls.__dict__.items() if name not in {"__dict__", "__weakref__", *known}}
        names |= methods
        names["__slots__"] = tuple(name for name in known if name not in inherited)
        made = type(cls)(cls.__name__, cls.__bases__, names)
        made.__qualname__ = cls.__qualname__
        return made

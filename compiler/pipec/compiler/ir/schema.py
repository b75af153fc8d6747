"""The schema of the IR's JSON form, made from the dataclasses: checks what is read, and is published as JSON Schema.

This module imports pydantic and is imported only where a `.ir.json` is read or the schema printed.

The annotations of the dataclasses are turned into a pydantic-core schema directly, because the JSON form differs from
what pydantic would make of a dataclass in three ways: a union has a `kind`, a span and most types are texts, and text
may hold lone surrogates (Python sources do).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, core_schema

from pipec.compiler.ir import config, model, types, values
from pipec.compiler.ir.json import ALIASES, KINDS, VERSION
from pipec.compiler.ir.model import Pipeline
from pipec.compiler.ir.types import Type
from pipec.compiler.record import MISSING, fields, is_dataclass
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetJsonSchemaHandler

_SPAN = re.compile(r"(.*):([1-9][0-9]{0,8}):([1-9][0-9]{0,8})-([1-9][0-9]{0,8}):([1-9][0-9]{0,8})", re.DOTALL)


class _AnyJson:
    """Stands for `Json` and `Scalar` in annotations: `Json` is defined by itself, which no schema needs to follow."""


_NAMES = {
    **{
        name: item for module in (types, values, model, config) for name, item in vars(module).items() if name[0] != "_"
    },
    "Json": _AnyJson,
    "Scalar": _AnyJson,
    "Span": Span,
}


def validator() -> SchemaValidator:
    """What makes a `Pipeline` of the plain JSON of a file, or raises `pydantic_core.ValidationError`."""
    return _validator()


@cache
def _validator() -> SchemaValidator:
    return SchemaValidator(_core_schema())


def schema() -> dict[str, Any]:
    """The JSON Schema of a `.ir.json` file (draft 2020-12)."""
    document = GenerateJsonSchema(by_alias=True).generate(_core_schema(), mode="validation")
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": f"pipec IR, version {VERSION}",
        **{key: value for key, value in document.items() if key != "title"},
    }


def _core_schema() -> CoreSchema:
    builder = _Builder()
    root = builder.of(Pipeline)
    return core_schema.definitions_schema(
        root, [definition for definition in builder.definitions.values() if definition]
    )


class _Builder:
    """Makes one definition for each dataclass; `None` stands for one that is being made."""

    def __init__(self) -> None:
        self.definitions: dict[type, CoreSchema | None] = {}

    def of(self, hint: Any) -> CoreSchema:
        """The schema of an annotation."""
        if hint in _PLAIN:
            return _PLAIN[hint]()
        if is_dataclass(hint):
            return self._reference(cast("type", hint))
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in {Union, UnionType}:
            return self._union(arguments)
        if origin is Literal:
            return core_schema.literal_schema(list(arguments))
        if origin is tuple:
            return self._tuple(arguments)
        assert origin is Mapping, f"no JSON form for {hint}"
        return core_schema.dict_schema(_text(), self.of(arguments[1]))

    def _tuple(self, arguments: tuple[Any, ...]) -> CoreSchema:
        if arguments[-1] is Ellipsis:
            return core_schema.tuple_variable_schema(self.of(arguments[0]))
        return core_schema.tuple_positional_schema([self.of(argument) for argument in arguments])

    def _union(self, arguments: tuple[Any, ...]) -> CoreSchema:
        rest = [argument for argument in arguments if argument is not NoneType]
        if len(rest) == 1:
            inner = self.of(rest[0])
        elif all(argument in KINDS for argument in rest):
            inner = core_schema.tagged_union_schema({KINDS[argument]: self.of(argument) for argument in rest}, "kind")
        else:
            inner = core_schema.union_schema([self.of(argument) for argument in rest])
        return inner if len(rest) == len(arguments) else core_schema.nullable_schema(inner)

    def _reference(self, class_: type) -> CoreSchema:
        if class_ not in self.definitions:
            self.definitions[class_] = None
            self.definitions[class_] = self._definition(class_)
        return core_schema.definition_reference_schema(class_.__name__)

    def _definition(self, class_: type) -> CoreSchema:
        hints = get_type_hints(class_, localns=_NAMES)
        rows = [self._field(hints[field.name], field, ALIASES.get((class_, field.name))) for field in fields(class_)]
        if (kind := KINDS.get(class_)) is not None:
            rows.append(core_schema.dataclass_field("kind", core_schema.literal_schema([kind]), init_only=True))
        if class_ is Pipeline:
            version = core_schema.literal_schema([VERSION])
            rows.append(core_schema.dataclass_field("pipec_ir", version, init_only=True))
        made = core_schema.dataclass_schema(
            class_,
            core_schema.dataclass_args_schema(class_.__name__, rows, collect_init_only=True),
            [field.name for field in fields(class_)],
            slots=True,
            frozen=True,
            post_init=False,
            ref=class_.__name__,
            config=core_schema.CoreConfig(extra_fields_behavior="forbid"),
        )
        if class_ is not Type:
            return made
        named = core_schema.no_info_before_validator_function(_type_name, {**made, "ref": "TypeObject"})
        return cast("CoreSchema", {**_described(named, _or_name), "ref": "Type"})

    def _field(self, hint: Any, field: Any, alias: str | None) -> core_schema.DataclassField:
        inner = self.of(hint)
        if field.default is not MISSING:
            inner = core_schema.with_default_schema(inner, default=field.default)
        elif field.default_factory is not MISSING:
            inner = core_schema.with_default_schema(inner, default_factory=field.default_factory)
        return core_schema.dataclass_field(field.name, inner, validation_alias=alias)


def _described(made: Any, describe: Callable[[CoreSchema, GetJsonSchemaHandler], dict[str, Any]]) -> Any:
    return {**made, "metadata": {"pydantic_js_functions": [describe]}}


def _text() -> CoreSchema:
    """Text, also with lone surrogates, which pydantic's own `str` refuses."""
    return cast(
        "CoreSchema", _described(core_schema.is_instance_schema(str), lambda _schema, _handler: {"type": "string"})
    )


def _span() -> CoreSchema:
    form = {"type": "string", "pattern": "^.*:[0-9]+:[0-9]+-[0-9]+:[0-9]+$"}
    return cast("CoreSchema", _described(core_schema.no_info_plain_validator_function(_read_span), lambda _s, _h: form))


def _read_span(value: object) -> Span:
    matched = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        raise PydanticCustomError("span", "Input should be a span, `path:line:column-line:column`")
    path, line, column, end_line, end_column = matched.groups()
    return Span(path, Position(int(line), int(column)), Position(int(end_line), int(end_column)))


def _type_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _or_name(made: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, handler(made)]}


_PLAIN: dict[Any, Callable[[], CoreSchema]] = {
    str: _text,
    bool: lambda: core_schema.bool_schema(strict=True),
    int: lambda: core_schema.int_schema(strict=True),
    float: lambda: core_schema.float_schema(strict=True, allow_inf_nan=False),
    Span: _span,
    _AnyJson: core_schema.any_schema,
}

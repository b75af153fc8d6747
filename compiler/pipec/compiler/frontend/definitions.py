"""Functions, classes, steps and pipelines as they are defined."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.values import (
    ClassValue,
    EnumMember,
    External,
    Fault,
    Frame,
    FunctionValue,
    PipelineValue,
    SdkSymbol,
    Setting,
    StepValue,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter

_TRANSPARENT = frozenset(
    {
        "functools.wraps", "functools.cache", "functools.lru_cache", "typing.no_type_check", "typing.final",
        "typing_extensions.final", "contextlib.contextmanager", "typing.overload",
    }
)  # fmt: skip
"""Decorators of the standard library that leave a function callable as written."""

_ENUM_BASES = frozenset({"enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag"})
_TEXT_BASES = frozenset({"enum.StrEnum", "enum.IntEnum", "zenml.utils.enum_utils.StrEnum"})


class DefinitionMixin:
    """Evaluates definitions; part of `Interpreter`."""

    def define_decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, frame: Frame) -> Any:
        """The value of a definition with its decorators applied, innermost first."""
        value: Any = self._define_class(node, frame) if isinstance(node, ast.ClassDef) else self._define(node, frame)
        for decorator in reversed(node.decorator_list):
            value = self._decorate(decorator, value, frame)
        return value

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> FunctionValue:
        is_top = frame.parent is None and frame.names is frame.module.names
        prefix = (
            "" if is_top else f"{frame.qualified_name}." if frame.qualified_name.endswith(">") else frame.qualified_name
        )
        name = f"{prefix}{node.name}" if prefix.endswith(".") or not prefix else f"{prefix}.{node.name}"
        closure = None if is_top else frame
        return FunctionValue(node, frame.module, name, closure, self.defaults_of(node.args, frame))

    def defaults_of(self, arguments: ast.arguments, frame: Frame) -> Mapping[str, Any]:
        """The default of each parameter that has one, evaluated here; a default that cannot be is unknown."""
        positional = [*arguments.posonlyargs, *arguments.args]
        with_default = zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
        keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return {
            argument.arg: self._default(default, frame)
            for argument, default in [*with_default, *keyword]
            if default is not None
        }

    def _default(self, node: ast.expr, frame: Frame) -> Any:
        try:
            return cast("Interpreter", self).evaluate(node, frame)
        except Fault as fault:
            return Unknown(fault.diagnostic)

    def _decorate(self, node: ast.expr, value: Any, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        called = isinstance(node, ast.Call)
        decorator = this.evaluate(cast("ast.Call", node).func if called else node, frame)
        if isinstance(decorator, SdkSymbol) and decorator.name in {"step", "pipeline"}:
            options = self.settings_of(cast("ast.Call", node), frame) if called else {}
            return self.make_definition(decorator, value, options, node, frame)
        if isinstance(decorator, External) and _is_dataclass(decorator.path) and isinstance(value, ClassValue):
            return ClassValue(value.node, value.module, value.qualified_name, value.bases, value.names, True)
        if isinstance(decorator, External) and (decorator.path in _TRANSPARENT or isinstance(value, ClassValue)):
            return value
        if isinstance(node, ast.Name | ast.Attribute) and _text(node) in {
            "property",
            "staticmethod",
            "classmethod",
            "cached_property",
        }:
            return value
        if isinstance(decorator, FunctionValue) and not called:
            return this.call_function(decorator, [value], {}, this.span(node, frame), frame)
        if isinstance(decorator, Unknown):
            return decorator
        if isinstance(value, StepValue | PipelineValue):
            return self._decorated_from_outside(decorator, value, node, frame)
        return Unknown(_opaque_decorator(_text(node), this.span(node, frame)))

    def _decorated_from_outside(
        self, decorator: Any, value: StepValue | PipelineValue, node: ast.expr, frame: Frame
    ) -> Any:
        """A step that another package's decorator wraps: what the decorator does runs inside the step, with it."""
        this = cast("Interpreter", self)
        if isinstance(decorator, External | SdkSymbol) and isinstance(value, StepValue):
            return value
        return Unknown(_opaque_decorator(_text(node), this.span(node, frame)))

    def make_definition(
        self, symbol: SdkSymbol, value: Any, options: Mapping[str, Setting], node: ast.AST, frame: Frame
    ) -> Any:
        """What `@step` or `@pipeline` makes of `value`.

        Raises:
            Fault: it decorates something else than a function (or, for a step, a class).
        """
        this = cast("Interpreter", self)
        if isinstance(value, Unknown):
            return value
        if symbol.name == "step" and isinstance(value, FunctionValue | ClassValue):
            return StepValue(value, options)
        if symbol.name == "pipeline" and isinstance(value, FunctionValue):
            return PipelineValue(value, options)
        message = f"`@{symbol.name}` decorates a function, and this is not one"
        raise Fault(Diagnostic("PC0311" if symbol.name == "step" else "PC0319", message, this.span(node, frame)))

    def settings_of(self, node: ast.Call, frame: Frame) -> dict[str, Setting]:
        """The keyword arguments of a call, each with its place; `**mapping` is spread.

        Raises:
            Fault: there are positional arguments, or a spread that is not known.
        """
        this = cast("Interpreter", self)
        if node.args:
            message = f"`{_text(node.func)}` takes keyword arguments only"
            raise Fault(Diagnostic("PC0501", message, this.span(node.args[0], frame)))
        settings: dict[str, Setting] = {}
        for keyword in node.keywords:
            span = this.span(keyword, frame)
            value = self._default(keyword.value, frame)
            if keyword.arg is not None:
                settings[keyword.arg] = Setting(
                    value, this.span(keyword.value, frame), frame.module.keyword_span(keyword)
                )
                continue
            settings.update({key: Setting(part, span) for key, part in this.as_mapping(value, span).items()})
        return settings

    def _define_class(self, node: ast.ClassDef, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        bases = tuple(self._default(base, frame) for base in node.bases)
        names: dict[str, Any] = {}
        inner = Frame(frame.module, names, frame, node.name, depth=frame.depth)
        strict, this.strict = this.strict, False
        try:
            this.execute(node.body, inner)
        finally:
            this.strict = strict
        is_enum, is_text = _enum_kind(bases)
        cls = ClassValue(node, frame.module, node.name, bases, names)
        if is_enum:
            symbol = f"{frame.module.name}:{node.name}"
            names.update(_enum_members(node, names, symbol, is_text))
        return cls


def _enum_members(node: ast.ClassDef, names: dict[str, Any], symbol: str, is_text: bool) -> dict[str, Any]:
    members: dict[str, EnumMember] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name.startswith("_"):
                continue
            value = names.get(name)
            if isinstance(value, Unknown | External) or _is_auto(statement.value):
                value = name.lower() if is_text else len(members) + 1
            members[name] = EnumMember(symbol, name, value, is_text)
    return {**members, "__members__": members}


def _is_auto(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _text(node.func).rpartition(".")[2] == "auto"


def _enum_kind(bases: tuple[Any, ...]) -> tuple[bool, bool]:
    """Whether a class with these bases is an enum, and whether its members are text or numbers too."""
    paths = {base.path for base in bases if isinstance(base, External | SdkSymbol)}
    names = {getattr(base, "name", "") for base in bases}
    inherited = [base for base in bases if isinstance(base, ClassValue) and "__members__" in base.names]
    is_enum = bool(paths & (_ENUM_BASES | _TEXT_BASES)) or bool(inherited)
    return is_enum, is_enum and (bool(names & {"str", "int"}) or bool(paths & _TEXT_BASES))


def _is_dataclass(path: str) -> bool:
    return path in {"dataclasses.dataclass", "pydantic.dataclasses.dataclass", "attr.s", "attr.define", "attrs.define"}


def _opaque_decorator(text: str, span: Any) -> Diagnostic:
    return Diagnostic(
        "PC0204",
        f"what the decorator `@{text}` does is not known at compile time",
        span,
        help="put it inside the step, below `@step`",
    )


def _text(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)

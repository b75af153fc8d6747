"""Look-ups in the store, as ZenML's lazy loaders: `Client().get_artifact_version(…)`, `….model.get_artifact(…)`.

What is looked up becomes an input of the step that consumes it, found when that step starts (`pipec.compiler.ir.values.Lazy`).
A look-up whose name is itself known only to a run is an expression, `look_up(kind, query)`, computed at the same place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.values import (
    EnumMember,
    Fault,
    Method,
    RunMetadata,
    ServerValue,
    SettingsValue,
    Symbolic,
    Unknown,
    find_unknown,
    is_known,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const, DictOf, Expr, Lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

ARTIFACT_GETTERS = frozenset(
    {"get_artifact", "get_model_artifact", "get_data_artifact", "get_deployment_artifact", "load_artifact"}
)
"""Methods of a model that look up one of its artifacts."""

_OF_ARTIFACT = frozenset({"id", "uri", "version", "name", "type", "data_type", "artifact_id"})
_OF_MODEL = frozenset({"id", "number", "stage", "model_id", "version", "name"})
_CALLS: dict[str, tuple[str, ...]] = {
    "Client().get_artifact_version": ("name_id_or_prefix", "version"),
    "Client().get_model_version": ("model_name_or_id", "model_version_name_or_number_or_id"),
    "Client().get_model": ("model_name_or_id",),
}
"""The methods of a client that ZenML records and replays in the step, with their first parameters."""


def client(span: Span) -> ServerValue:
    """What `Client()` gives."""
    return server_value("Client()", span)


def server_value(path: str, span: Span) -> ServerValue:
    """A value of a ZenML server, and why it is not known."""
    diagnostic = Diagnostic(
        "PC0213",
        f"`{path}` reads a ZenML server, and there is none at compile time",
        span,
        help="pass what it gives as a parameter of the pipeline, or look it up inside a step",
    )
    return ServerValue(diagnostic, path)


def call_server(value: ServerValue, arguments: Arguments, span: Span) -> Any:
    """The call of something of a server: a look-up where ZenML makes one, else another value of the server.

    Raises:
        Fault: the look-up names nothing.
    """
    names = _CALLS.get(value.path)
    if not names:
        return server_value(f"{value.path}()", value.diagnostic.span or span)
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    given = {**dict(zip(names, positional, strict=False)), **keywords}
    first, *others = names
    name, version = given.get(first), given.get(others[0]) if others else None
    if name is None:
        raise Fault(Diagnostic("PC0301", f"`{value.path}` is called without a name", span))
    if first == "name_id_or_prefix":
        return look_up("artifact", {"name": name, "version": version}, types.ANY, span)
    return SettingsValue("Model", {"name": name, **({} if version is None else {"version": version})}, span)


def look_up(kind: str, query: Mapping[str, Any], type_: Type, span: Span) -> Symbolic:
    """A look-up; keys without a value are left out.

    Raises:
        Fault: a part of the query cannot travel.
    """
    parts = {key: _plain(value) for key, value in query.items() if value is not None}
    if all(is_known(part) for part in parts.values()):
        return Symbolic(Lazy(kind, parts, type_))
    entries = tuple((key, operations.to_value(part, span)) for key, part in parts.items())
    return Symbolic(Expr("look_up", (Const(kind, types.STR), DictOf(entries, Type("dict"))), type_))


def _plain(value: Any) -> Any:
    if isinstance(value, EnumMember):
        return value.value
    return str(value) if type(value).__name__ in {"UUID", "PurePosixPath"} else value


def _kind(value: Symbolic) -> str | None:
    match value.value:
        case Lazy(kind=kind):
            return kind
        case Expr(op="look_up", operands=(Const(value=str() as kind), _)):
            return kind
        case _:
            return None


def _query(value: Symbolic) -> dict[str, Any]:
    """The query of a look-up, its run-time parts as values of the evaluator."""
    match value.value:
        case Lazy(query=query):
            return dict(query)
        case Expr(operands=(_, DictOf(entries=entries))):
            return {key: part.value if isinstance(part, Const) else Symbolic(part) for key, part in entries}
        case _:
            return {}


def artifact_attribute(owner: Symbolic, name: str, span: Span) -> Any:
    """An attribute of an artifact that is looked up, or None where it is an attribute of its value."""
    kind = _kind(owner)
    if kind == "metadata":
        return owner if name == "value" else None
    if kind not in {"artifact", "model_artifact"}:
        return None
    if name in {"load", "read"}:
        return Method(owner, name)
    of = {"kind": kind, **_query(owner)}
    if name in {"run_metadata", "metadata"}:
        return RunMetadata(of)
    if name in _OF_ARTIFACT:
        return look_up("artifact_attribute", {"of": of, "attribute": name}, types.STR, span)
    names = ", ".join(f"`{one}`" for one in sorted(_OF_ARTIFACT))
    message = f"an artifact that is looked up has no `{name}` before the run"
    help_ = f"it has {names}, `run_metadata` and `load()`; use all else inside a step"
    raise Fault(Diagnostic("PC0205", message, span, help=help_))


def metadata(owner: RunMetadata, key: Any, span: Span) -> Symbolic:
    """`run_metadata[key]`."""
    return look_up("metadata", {"of": dict(owner.of), "key": key}, types.ANY, span)


def model_attribute(interpreter: Interpreter, model: SettingsValue, name: str, span: Span) -> Any:
    """An attribute of a model that no keyword has set, or None where a model has no such attribute."""
    if name in ARTIFACT_GETTERS:
        return Method(model, name)
    if name == "run_metadata":
        return RunMetadata({"kind": "model", **_model_query(interpreter, model, span)})
    if name in _OF_MODEL:
        query = {**_model_query(interpreter, model, span), "attribute": name}
        return look_up("model", query, types.INT if name == "number" else types.STR, span)
    return None


def model_artifact(interpreter: Interpreter, model: SettingsValue, arguments: Arguments, span: Span) -> Any:
    """`model.get_artifact(name, version)`.

    Raises:
        Fault: it names nothing, or the model has no version to look in.
    """
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    given = {**dict(zip(("name", "version"), positional, strict=False)), **keywords}
    if given.get("name") is None:
        raise Fault(Diagnostic("PC0301", "an artifact of a model is looked up without a name", span))
    query = {**_model_query(interpreter, model, span), "name": given["name"], "version": given.get("version")}
    return look_up("model_artifact", query, types.ANY, span)


def _model_query(interpreter: Interpreter, model: SettingsValue, span: Span) -> dict[str, Any]:
    """Which version of which model: the run's own needs no version.

    Raises:
        Fault: it is a version that does not exist yet.
    """
    name, version = model.fields.get("name"), model.fields.get("version")
    if unknown := find_unknown([name, version]):
        raise Fault(unknown.diagnostic)
    own = _own_model(interpreter, span)
    own_fields = {} if own is None else own.fields
    if own_fields.get("name") == name and version in (None, own_fields.get("version")):
        return {"model": name}
    if version is None:
        message = f"`Model(name={name!r})` without a version stands for a version that no run has made yet"
        raise Fault(Diagnostic("PC0221", message, span, help="give the version, or the stage, that is looked in"))
    return {"model": name, "model_version": version}


def _own_model(interpreter: Interpreter, span: Span) -> SettingsValue | None:
    """The model of the pipeline: an object of its code, or a table of a run configuration."""
    given = interpreter.program.options.get("model")
    match None if given is None else given.value:
        case SettingsValue() as model:
            return model
        case dict() as table:
            return SettingsValue("Model", {str(key): part for key, part in table.items()}, span)
        case _:
            return None


def pipeline_context(interpreter: Interpreter, span: Span) -> Any:
    """What `get_pipeline_context()` gives in the body of a pipeline: the options that are set on it.

    Raises:
        Fault: no pipeline's body runs.
    """
    if interpreter.graph is None:
        message = "`get_pipeline_context()` is called outside the body of a pipeline"
        raise Fault(Diagnostic("PC0213", message, span, help="call it inside the function that `@pipeline` decorates"))
    options = interpreter.program.options
    fields: dict[str, Any] = {name: options[name].value if name in options else None for name in _CONTEXT}
    fields["name"] = interpreter.program.name
    fields["model"] = _own_model(interpreter, span) or fields["model"]
    if fields["model"] is None:
        message = "`get_pipeline_context().model` is `None`: the pipeline has no model"
        help_ = "set one with `@pipeline(model=Model(name=…))`, or in a run configuration that `--config` names"
        fields["model"] = Unknown(Diagnostic("PC0221", message, span, help=help_))
    elif isinstance(fields["model"], dict):  # from a run configuration
        fields["model"] = SettingsValue("Model", fields["model"], span)
    for name in ("settings", "extra"):
        fields[name] = {} if fields[name] is None else fields[name]
    return SettingsValue("PipelineContext", fields, span)


_CONTEXT = (
    "enable_cache", "enable_artifact_metadata", "enable_artifact_visualization", "enable_step_logs",
    "enable_pipeline_logs", "settings", "extra", "model",
)  # fmt: skip
"""Attributes of the context of a pipeline beside its name (`reference/zenml.md` §2.5)."""

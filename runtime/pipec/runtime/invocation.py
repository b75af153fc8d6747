"""The invocation document: one attempt of one step, everything it needs to know (docs/internals/step-protocol.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pipec.runtime.codec import Json
from pipec.runtime.errors import InvalidInvocation

_R = TypeVar("_R")
VERSION = 1
PARAMETER_LIMIT = 32 * 1024
"""Bytes of canonical text that a result may have as a parameter, unless the document says otherwise."""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A declared output.

    Attributes:
        carrier: `parameter` (numbers, booleans, None) or `artifact`.
        is_mirrored: an artifact that is also read as a parameter.
        materializer: `module:Class` of the user's materializer, if one is set.
        registered: the output has a name in the store: `name`, `version`, `tags`, `metadata` and `type` as far as given.
    """

    carrier: str = "artifact"
    is_mirrored: bool = False
    materializer: str | None = None
    registered: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HookSpec:
    """A function of the user that is called around the step.

    Attributes:
        function: `module:qualified.name`.
        takes_exception: it is called with the exception, or with None where there is none.
    """

    function: str
    takes_exception: bool = False


@dataclass(frozen=True, slots=True)
class RunHook:
    """What a hook of the run is.

    Attributes:
        name: `on_init`, `on_start`, `on_end`, `on_success`, `on_failure` or `on_cleanup`.
        takes_exception: it is called with the exception of the first step that failed, or with None.
    """

    name: str
    takes_exception: bool = False


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """What the key of the step's result is made of, besides its inputs (docs/internals/store.md).

    Attributes:
        digest: of the step's closure; None where the policy leaves the code out.
        distributions: names whose installed versions count.
        environment: names of variables whose values count.
        files: paths from the root of the code whose contents count.
        sources: `module:name` of objects whose source counts.
        function: `module:name` of a function whose result counts.
        ignored: names of arguments that do not count.
        without: `parameters`, `values`, `ids`: what else the policy leaves out.
        expires_after: seconds.
    """

    digest: str | None = None
    distributions: Sequence[str] = ()
    environment: Sequence[str] = ()
    files: Sequence[str] = ()
    sources: Sequence[str] = ()
    function: str | None = None
    ignored: Sequence[str] = ()
    without: Sequence[str] = ()
    expires_after: float | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """The static half, as the compiler printed it.

    Attributes:
        function: `module:qualified.name`.
        values: constant arguments, canonical JSON.
        compose: recipes of arguments that are put together (`pipec.runtime.expressions`).
        outputs: declared outputs in order.
        returns_tuple: the function returns one element for each output; else its value is the one output.
        hooks: `on_start`, `on_end`, `on_success` and `on_failure` of the step.
        attempts: how many the executor makes at most; `on_failure` is called after the last.
        cache: how its result may be reused; None where it may not.
        model: fields of the step's `Model`.
        off: toggles that are switched off, such as `enable_artifact_metadata`.
        substitutions: what placeholders in names of artifacts and model versions stand for.
        hook: the function is no step but a hook of the run.
    """

    function: str
    values: Mapping[str, Json] = field(default_factory=dict)
    compose: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)
    returns_tuple: bool = False
    hooks: Mapping[str, HookSpec] = field(default_factory=dict[str, HookSpec])
    attempts: int = 1
    cache: CacheSpec | None = None
    model: Mapping[str, Any] | None = None
    off: Sequence[str] = ()
    substitutions: Mapping[str, str] = field(default_factory=dict[str, str])
    hook: RunHook | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value lies that is known only at run time: exactly one of `artifact` and `json`.

    Attributes:
        artifact: folder or fsspec URL.
        json: canonical JSON text.
        digest: what the artifact's manifest must say, where the executor knows.
    """

    artifact: str | None = None
    json: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Where an output goes.

    Attributes:
        artifact: folder (it appears at once) or fsspec URL.
        parameter: file for canonical JSON text.
    """

    artifact: str | None = None
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """One attempt of one step.

    Attributes:
        pipeline: name of the pipeline.
        step: id of the operation.
        run: id of the run; facts that are drawn by chance follow from it.
        attempt: 1 for the first.
        spec: the static half.
        slots: values known at run time, by slot; one named like an argument is that argument.
        results: where outputs go; an output that is not here is not kept.
        error: file for the error document, if wanted.
        record: file for the record of this attempt, if wanted.
        run_name: name of the run, if it has one besides its id.
        start_time: start of the run, with its zone.
        parameter_limit: most bytes of a result that goes to a parameter.
        extra: `extra=` of the step over that of the pipeline.
        instance: which execution of the operation this is: `train`, in loops `train@2.0`.
        artifact_root: the store; None for `PIPEC_ARTIFACT_ROOT`, and none without that.
        state: what `on_init` returned.
        failures: error documents, or places of such, of the steps that failed, in order of definition; for hooks.
        environment: variables of the step's process; None removes one.
        secrets: where keys and values lie that become variables (`pipec.runtime.environment`).
        image: digest of the image that the step runs in, if it is part of the cache key.
        is_cache_read: whether a result may be reused; a new one is kept either way.
        timeout: seconds for one attempt, where the runtime is to keep it.
        retry: `max_retries`, `delay`, `backoff`, where the runtime is to try again.
    """

    pipeline: str
    step: str
    run: str
    attempt: int
    spec: Spec
    slots: Mapping[str, Slot]
    results: Mapping[str, Result]
    error: str | None = None
    record: str | None = None
    run_name: str | None = None
    start_time: dt.datetime | None = None
    parameter_limit: int = PARAMETER_LIMIT
    extra: Mapping[str, Any] = field(default_factory=dict)
    instance: str = ""
    artifact_root: str | None = None
    state: Slot | None = None
    failures: Sequence[Any] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    secrets: Sequence[Mapping[str, str]] = ()
    image: str | None = None
    is_cache_read: bool = True
    timeout: float | None = None
    retry: Mapping[str, float] | None = None


def is_registered(name: str, output: OutputSpec, spec: Spec) -> bool:
    """Whether the store keeps an output by name: it has one of its own, or its step has a model. A gate's has none."""
    if spec.function.startswith("pipec.runtime.gates:"):
        return False
    return spec.model is not None or output.registered is not None or has_name(name)


def fill(name: str, start: dt.datetime | None, substitutions: Mapping[str, str]) -> str:
    """A name with its placeholders replaced: `{date}` and `{time}` of the run's start, and the substitutions.

    >>> fill("a-{date}-{who}", dt.datetime(2026, 1, 31), {"who": "b"})
    'a-2026_01_31-b'
    """
    if "{" not in name:
        return name
    filled = dict(substitutions)
    if start is not None:
        filled = {"date": f"{start:%Y_%m_%d}", "time": f"{start:%H_%M_%S_%f}", **filled}
    for placeholder, text in filled.items():
        name = name.replace(f"{{{placeholder}}}", text)
    return name


def has_name(output: str) -> bool:
    """Whether an output has a name that somebody gave it, unlike `output`, `output_0`."""
    return output != "output" and not (output.startswith("output_") and output[7:].isdigit())


def read(document: object) -> Invocation:
    """The invocation that a document describes.

    Raises:
        InvalidInvocation: names the key, what was expected and what is there.
    """
    entries = _Entries(document, "the invocation")
    version = entries.take("version", int)
    if version != VERSION:
        raise InvalidInvocation(f"the invocation has version {version}; this runtime reads version {VERSION}")
    step = entries.take("step", str)
    state = entries.take("state", dict, None)
    invocation = Invocation(
        pipeline=entries.take("pipeline", str),
        step=step,
        run=entries.take("run", str),
        attempt=entries.take("attempt", int, 1),
        spec=_spec(entries.take("spec", dict)),
        slots={name: _slot(name, each) for name, each in entries.take("slots", dict, {}).items()},
        results={name: _result(name, each) for name, each in entries.take("results", dict, {}).items()},
        error=entries.take("error", str, None),
        record=entries.take("record", str, None),
        run_name=entries.take("run_name", str, None),
        start_time=_time(entries.take("start_time", str, None)),
        parameter_limit=entries.take("parameter_limit", int, PARAMETER_LIMIT),
        extra=entries.take("extra", dict, {}),
        instance=entries.take("instance", str, step),
        artifact_root=entries.take("artifact_root", str, None),
        state=None if state is None else _slot("state", state),
        failures=entries.take("failures", list, []),
        environment=entries.take("environment", dict, {}),
        secrets=entries.take("secrets", list, []),
        image=entries.take("image", str, None),
        is_cache_read=entries.take("cache", bool, True),
        timeout=entries.take("timeout", float, None),
        retry=entries.take("retry", dict, None),
    )
    entries.finish()
    for name in invocation.results:
        if name not in invocation.spec.outputs:
            raise InvalidInvocation(f"`results` names `{name}`, which is no output of step `{invocation.step}`")
    return invocation


_MISSING: Any = object()


class _Entries:
    """The entries of an object in the document, each taken once."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, dict):
            raise InvalidInvocation(f"{where} must be an object, not {type(content).__name__}")
        self.rest: dict[str, Any] = dict(cast("dict[str, Any]", content))
        self.where = where

    def take(self, name: str, kind: type, default: Any = _MISSING) -> Any:
        value = self.rest.pop(name, _MISSING)
        if value is _MISSING or (value is None and default is None):
            if default is _MISSING:
                raise InvalidInvocation(f"{self.where} has no `{name}`")
            return default
        # A boolean is an `int` to Python, not to a reader of JSON.
        if kind is float and type(value) is int:
            return float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InvalidInvocation(f"`{name}` of {self.where} must be {kind.__name__}, not {value!r:.100}")
        return value

    def finish(self) -> None:
        if self.rest:
            raise InvalidInvocation(f"{self.where} has an unknown entry `{next(iter(self.rest))}`")


def _spec(content: object) -> Spec:
    entries = _Entries(content, "`spec`")
    spec = Spec(
        function=entries.take("function", str),
        values=entries.take("values", dict, {}),
        compose=entries.take("compose", dict, {}),
        outputs={name: _output(name, each) for name, each in entries.take("outputs", dict, {}).items()},
        returns_tuple=entries.take("returns_tuple", bool, False),
        hooks={
            name: _record(HookSpec, f"hook `{name}`", each) for name, each in entries.take("hooks", dict, {}).items()
        },
        attempts=entries.take("attempts", int, 1),
        cache=_optional(CacheSpec, "`cache`", entries.take("cache", dict, None)),
        model=entries.take("model", dict, None),
        off=entries.take("off", list, []),
        substitutions=entries.take("substitutions", dict, {}),
        hook=_optional(RunHook, "`hook`", entries.take("hook", dict, None)),
    )
    entries.finish()
    if len(spec.outputs) != 1 and not spec.returns_tuple and spec.outputs:
        raise InvalidInvocation("`spec` has several outputs but not `returns_tuple`")
    return spec


def _record(class_: type[_R], where: str, content: object) -> _R:
    """A record whose fields the compiler wrote: names are checked, values are its own."""
    if not isinstance(content, dict):
        raise InvalidInvocation(f"{where} must be an object, not {type(content).__name__}")
    try:
        return class_(**cast("dict[str, Any]", content))
    except TypeError as problem:
        raise InvalidInvocation(f"{where}: {problem}") from None


def _optional(class_: type[_R], where: str, content: object) -> _R | None:
    return None if content is None else _record(class_, where, content)


def _output(name: str, content: object) -> OutputSpec:
    entries = _Entries(content, f"output `{name}`")
    output = OutputSpec(
        carrier=entries.take("carrier", str, "artifact"),
        is_mirrored=entries.take("mirrored", bool, False),
        materializer=entries.take("materializer", str, None),
        registered=entries.take("registered", dict, None),
    )
    entries.finish()
    if output.carrier not in ("parameter", "artifact"):
        raise InvalidInvocation(f"output `{name}` has the carrier `{output.carrier}`: not `parameter` or `artifact`")
    return output


def _slot(name: str, content: object) -> Slot:
    entries = _Entries(content, f"slot `{name}`")
    slot = Slot(
        artifact=entries.take("artifact", str, None),
        json=entries.take("json", str, None),
        digest=entries.take("digest", str, None),
    )
    entries.finish()
    if (slot.artifact is None) == (slot.json is None):
        raise InvalidInvocation(f"slot `{name}` must have one of `artifact` and `json`")
    return slot


def _result(name: str, content: object) -> Result:
    entries = _Entries(content, f"result `{name}`")
    result = Result(artifact=entries.take("artifact", str, None), parameter=entries.take("parameter", str, None))
    entries.finish()
    if result.artifact is None and result.parameter is None:
        raise InvalidInvocation(f"result `{name}` must have `artifact` or `parameter`")
    return result


def _time(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInvocation(f"`start_time` is no ISO time: {text!r}") from None
    if time.tzinfo is None:
        raise InvalidInvocation(f"`start_time` has no zone: {text!r}")
    return time

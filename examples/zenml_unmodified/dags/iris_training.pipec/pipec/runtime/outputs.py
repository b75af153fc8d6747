"""The results of a step: split into its outputs, held to the declared types, stored where the invocation says."""

from __future__ import annotations

import os
import sys
from typing import Any

from pipec.runtime import codec, fitting
from pipec.runtime.artifacts import Manifest, Workspace
from pipec.runtime.context import LiveStep
from pipec.runtime.errors import OutputFault
from pipec.runtime.invocation import Invocation, Result
from pipec.runtime.materializers import registry
from pipec.runtime.places import put_file
from pipec.sdk.context import Subject


def split(invocation: Invocation, value: Any, annotation: Any) -> dict[str, Any]:
    """What a function returned, by output.

    Raises:
        OutputFault: when number or kind are not as declared.
    """
    spec, step = invocation.spec, invocation.step
    names = list(spec.outputs)
    returned = f"but returned {codec.type_name(type(value))}"
    if not names:
        if value is not None:
            raise OutputFault(f"step `{step}` has no outputs, {returned}")
        return {}
    if not spec.returns_tuple:
        return {names[0]: _fitted(step, names[0], value, annotation)}
    if not isinstance(value, tuple | list):
        raise OutputFault(f"step `{step}` has {len(names)} outputs, {returned}")
    if len(value) != len(names):
        raise OutputFault(f"step `{step}` has {len(names)} outputs, but returned {len(value)} values")
    parts = zip(names, value, fitting.elements(annotation, len(names)), strict=True)
    return {name: _fitted(step, name, part, expected) for name, part, expected in parts}


def _fitted(step: str, name: str, value: Any, annotation: Any) -> Any:
    try:
        return fitting.fit(value, annotation, converts=False)
    except fitting.Misfit as misfit:
        raise OutputFault(f"step `{step}`, output `{name}`: {misfit}") from None


def store(live: LiveStep, name: str, value: Any, place: str | None, workspace: Workspace) -> Manifest | None:
    """Put one output where it goes: as an artifact at `place`, if any, and as a parameter; the manifest of the artifact.

    Raises:
        OutputFault: when it cannot be stored, or is no JSON or too large for a parameter.
    """
    invocation = live.invocation
    result = invocation.results.get(name, Result())
    where = f"step `{invocation.step}`, output `{name}`"
    manifest: Manifest | None = None
    try:
        if place is not None:
            subject = Subject("output", name)
            registered = invocation.spec.outputs[name].registered or {}
            declared = registered.get("tags") or []
            manifest = registry.store(
                value,
                place,
                workspace,
                symbol=invocation.spec.outputs[name].materializer,
                metadata={**(registered.get("metadata") or {}), **live.recorded.get(subject, {})},
                tags=[*declared, *(tag for tag in live.tagged.get(subject, ()) if tag not in declared)],
                is_described="enable_artifact_metadata" not in invocation.spec.off,
                is_visualized="enable_artifact_visualization" not in invocation.spec.off,
            )
        if result.parameter is not None:
            write(result.parameter, _parameter(value, where, invocation.parameter_limit))
    except OutputFault:
        raise
    except Exception as problem:
        raise OutputFault(f"{where} could not be stored: {type(problem).__name__}: {problem}") from problem
    return manifest


def _parameter(value: Any, where: str, limit: int) -> str:
    try:
        text = codec.text(codec.encode(value, _plain_number))
    except codec.NotCanonical as problem:
        raise OutputFault(f"{where} must be JSON to travel as a parameter, but it is or holds {problem}") from None
    if len(text) > limit:
        raise OutputFault(f"{where} has {len(text):,} bytes as a parameter; the limit is {limit:,}")
    return text


def _plain_number(value: Any) -> codec.Json:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return codec.encode(value.item())
    raise codec.NotCanonical(f"a value of type {codec.type_name(type(value))}")


def write(path: str, text: str) -> None:
    """Write a small file at once: a reader finds the old content or the new."""
    target = path.removeprefix("file://")
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "w", encoding="utf-8") as pipe:
            pipe.write(text)
    else:
        put_file(target, text.encode())

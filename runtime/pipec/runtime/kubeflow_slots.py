"""What Kubeflow hands to a step, as slots of an invocation: parameters of Kubeflow's types, canonical text, artifacts, lists of them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from pipec.runtime import codec

PROGRAM, RUN, STARTED = "pipec_code", "pipec_run", "pipec_started"
FACTS = (PROGRAM, RUN, STARTED)
"""Inputs that the wrapper has from the spec: the program, the identity of the run, its start."""

BLANK = "blank"
"""A result of a blank iteration: the text of a parameter, which is no JSON, and the file in an artifact."""

_MOUNTS = {"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/"}


class Misfit(ValueError):
    """A run parameter is not what its type says."""


def slots_of(inputs: Mapping[str, Any], call: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each slot of the step with where its value lies. What Kubeflow did not bring is None: a parameter not given.

    Artifacts that were collected are `{"artifacts": [path]}`, which `gathered` takes apart.
    """
    keys = call.get("inputs", {})
    names = {key: slot for slot, key in keys.items()}
    artifacts = inputs.get("artifacts", {})
    values = inputs.get("parameterValues", {})
    readings = call.get("parameters", {})
    collected = call.get("collected", [])
    for key, content in artifacts.items():
        if key == call.get("state"):
            continue
        slot = names.get(key, key)
        paths = [local_path(each) for each in content["artifacts"]]
        if slot in collected:
            yield slot, {"artifacts": [path for path in paths if not (pathlib.Path(path) / BLANK).is_file()]}
        else:
            yield slot, {"artifact": paths[0]}
    for slot, reading in readings.items():
        yield slot, {"json": _typed(slot, values.get(keys.get(slot, slot)), reading)}
    others = {*FACTS, *call.get("control", [])}
    given = {names.get(key, key): value for key, value in values.items() if key not in others}
    for slot, value in given.items():
        if slot in collected:
            yield slot, {"json": f"[{', '.join(text for text in value if text != BLANK)}]"}
        elif slot not in readings:
            yield slot, {"json": value}


def gathered(spec: Mapping[str, Any], slots: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The spec and slots with each collected list of artifacts as a recipe over slots with one artifact each."""
    single = {name: slot for name, slot in slots.items() if "artifacts" not in slot}
    lists: dict[str, Any] = {}
    for name in slots.keys() - single.keys():
        parts = {f"{name}.{index}": {"artifact": path} for index, path in enumerate(slots[name]["artifacts"])}
        single.update(parts)
        lists[name] = {"list": [{"slot": part} for part in parts]}
    if not lists:
        return spec, single
    before = spec.get("compose", {})
    recipes = {name: _replaced(recipe, lists) for name, recipe in before.items()}
    # What occurs in no recipe is an argument itself.
    whole = {
        name: lists[name]
        for name in lists
        if not any(_replaced(each, {name: None}) != each for each in before.values())
    }
    return {**spec, "compose": {**recipes, **whole}}, single


def _replaced(recipe: Any, lists: Mapping[str, Any]) -> Any:
    ((kind, content),) = recipe.items()
    if kind == "slot":
        return lists.get(content, recipe)
    if kind in ("list", "tuple"):
        return {kind: [_replaced(each, lists) for each in content]}
    if kind == "dict":
        return {kind: [[key, _replaced(each, lists)] for key, each in content]}
    if kind == "expr":
        return {kind: [content[0], *(_replaced(each, lists) for each in content[1:])]}
    if kind == "item":
        return {kind: [_replaced(content[0], lists), content[1]]}
    return recipe


def _typed(name: str, value: Any, reading: Any) -> str:
    if value is None:
        return "null"
    if reading == "json" or (reading == "text" and _is_json_text(value)):
        return str(value)
    if reading == "text":
        return codec.dumps(str(value))
    try:
        return codec.dumps(_read(value, reading))
    except (ValueError, OverflowError) as problem:
        raise Misfit(f"the parameter `{name}` is {value!r:.100}: {problem}") from None


def _is_json_text(value: Any) -> bool:
    """Whether a person, or the compiler's default, wrote None or text as JSON; any other text is meant as it is."""
    if value == "null":
        return True
    try:
        return isinstance(codec.parse(value), str)
    except ValueError:
        return False


def _read(value: Any, reading: Any) -> Any:
    """The value with ints where Kubeflow has doubles.

    Raises:
        Misfit: it does not have the type.
    """
    if isinstance(reading, dict):
        ((kind, item),) = reading.items()
        if kind == "list" and isinstance(value, list):
            return [_read(each, item) for each in value]
        if kind == "dict" and isinstance(value, dict):
            return {name: _read(each, item) for name, each in value.items()}
        raise Misfit(f"not a {kind}")
    if reading == "any":
        return _read_any(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if reading == "int" and is_number and float(value).is_integer():
        return int(value)
    if reading == "float" and is_number:
        return float(value)
    if (reading == "str" and isinstance(value, str)) or (reading == "bool" and isinstance(value, bool)):
        return value
    raise Misfit(f"not of type {reading}")


def _read_any(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_read_any(item) for item in value]
    if isinstance(value, dict):
        return {name: _read_any(item) for name, item in value.items()}
    return value


def local_path(artifact: Mapping[str, Any]) -> str:
    """Where the launcher mounts or copies an artifact (its rule, reference/kubeflow.md §2)."""
    if artifact.get("customPath"):
        return str(artifact["customPath"])
    uri = str(artifact["uri"])
    for scheme, folder in _MOUNTS.items():
        if uri.startswith(scheme):
            return folder + uri.removeprefix(scheme)
    if uri.startswith("oci://"):
        return f"/oci/{uri.removeprefix('oci://').replace('/', '_')}/models"
    return uri

"""The cache key of a step, and what a hit gives back (docs/internals/store.md, "Caching").

The key is the digest of its *parts*: one small text for each thing that the result depends on. Parts are kept with the
entry, so that a miss can say what has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from pipec.runtime import artifacts, codec, failures
from pipec.runtime.errors import InputFault
from pipec.runtime.expressions import Composer
from pipec.runtime.invocation import CacheSpec, Invocation
from pipec.runtime.store import Store
from pipec.runtime.store.documents import Document

Parts = dict[str, str]


def parts_of(invocation: Invocation, composer: Composer, load: Callable[[str], Any] = codec.resolve) -> Parts:
    """What the result of a step depends on, by name: `code`, `input data`, `parameter lr`, `variable MODE`.

    No user code runs, but for a `cache_func`, and no input is read, only the digests of artifacts.

    Args:
        invocation: with a `cache` in its `spec`.
        composer: evaluates look-ups and facts of the run that arguments are made of.
        load: gives the object that a symbol names.

    Raises:
        InputFault: when an input is gone or a look-up finds nothing.
    """
    spec, cache = invocation.spec, invocation.spec.cache or CacheSpec()
    parts: Parts = {"function": spec.function, "python": ".".join(map(str, sys.version_info[:2]))}
    if cache.digest is not None:
        parts["code"] = cache.digest
    for name, output in spec.outputs.items():
        parts[f"output {name}"] = output.materializer or output.carrier
    for name, text in _inputs(invocation, cache, composer):
        if name.partition(" ")[2] not in cache.ignored:
            parts[name] = text
    for name in cache.distributions:
        parts[f"distribution {name}"] = _version(name)
    for name in cache.environment:
        value = os.environ.get(name)
        # Values may be secrets of a kind; entries of the cache are read by people.
        parts[f"variable {name}"] = "unset" if value is None else _digest(value.encode(errors="surrogateescape"))
    if invocation.image is not None:
        parts["image"] = invocation.image
    parts.update(_declared(spec.function, cache, load))
    return parts


def _declared(function: str, cache: CacheSpec, load: Callable[[str], Any]) -> Parts:
    """What the policy names: files, sources, a function."""
    parts: Parts = {}
    if cache.files:
        root = failures.root_of(function.partition(":")[0])
        parts.update({f"file {name}": _file(root / name if root else None) for name in cache.files})
    for symbol in cache.sources:
        parts[f"source {symbol}"] = _source(load(symbol))
    if cache.function is not None:
        parts["cache_func"] = str(load(cache.function)())
    return parts


def key_of(parts: Parts) -> str:
    """The key: hexadecimal digits."""
    return hashlib.sha256(json.dumps(sorted(parts.items())).encode()).hexdigest()


def differences(before: Parts, now: Parts) -> list[str]:
    """What has changed between two keys, in words: `parameter lr changed`, `input data is new`."""
    words: list[str] = []
    for name in sorted({*before, *now}):
        if name not in before:
            words.append(f"{name} is new")
        elif name not in now:
            words.append(f"{name} is gone")
        elif before[name] != now[name]:
            is_readable = not any(text.startswith("sha256:") or len(text) > 40 for text in (before[name], now[name]))
            words.append(f"{name} changed" + (f" from {before[name]} to {now[name]}" if is_readable else ""))
    return words


def _inputs(invocation: Invocation, cache: CacheSpec, composer: Composer) -> Iterator[tuple[str, str]]:
    spec = invocation.spec
    has_parameters = "parameters" not in cache.without
    if has_parameters:
        yield from ((f"parameter {name}", _short(codec.text(value))) for name, value in spec.values.items())
    in_recipes: set[str] = set()
    for name, recipe in spec.compose.items():
        leaves = list(_leaves(recipe))
        in_recipes.update(content for kind, content in leaves if kind == "slot")
        known = [_identity(kind, content, invocation, cache, composer) for kind, content in leaves]
        text = json.dumps([recipe if has_parameters else None, known], sort_keys=True)
        yield f"input {name}", _digest(text.encode())
    for name, slot in invocation.slots.items():
        if name not in in_recipes:
            kind = "parameter" if slot.artifact is None else "input"
            yield f"{kind} {name}", _identity("slot", name, invocation, cache, composer)


def _leaves(recipe: Any) -> Iterator[tuple[str, Any]]:
    """What a recipe is made of that only a run knows: slots, look-ups, facts, as kind and content."""
    if isinstance(recipe, list):
        for each in cast("Sequence[Any]", recipe):
            yield from _leaves(each)
    elif isinstance(recipe, dict):
        for kind, content in cast("dict[str, Any]", recipe).items():
            if kind in ("slot", "lazy", "fact"):
                yield kind, content
            elif kind == "expr" and content[0] == "look_up":
                yield "look_up", content[1:]
            elif kind != "const":
                yield from _leaves(content)


def _identity(kind: str, content: Any, invocation: Invocation, cache: CacheSpec, composer: Composer) -> str:
    if kind == "look_up":
        kind, content = "lazy", [composer.evaluate(each) for each in content]
    if kind == "lazy" and content[0] != "environment" and composer.lookups is not None:
        return composer.lookups.identity(*content)
    if kind == "lazy":
        # An environment variable may be a secret.
        return _digest(repr(composer.evaluate({kind: content})).encode(errors="surrogatepass"))
    if kind != "slot":
        return "" if "parameters" in cache.without else _short(repr(composer.evaluate({kind: content})))
    slot = invocation.slots[content]
    if slot.artifact is None:
        return "" if "parameters" in cache.without else _short(slot.json or "")
    if "values" not in cache.without:
        return slot.digest or artifacts.read_manifest(slot.artifact).digest
    return "" if "ids" in cache.without else slot.artifact


def _short(text: str) -> str:
    """The text itself where a person can read it."""
    return text if len(text) <= _READABLE else _digest(text.encode(errors="surrogatepass"))


_READABLE = 60


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _version(distribution: str) -> str:
    # Costs more than all else here; only for what has third-party imports.
    import importlib.metadata

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _file(path: pathlib.Path | None) -> str:
    try:
        return "missing" if path is None else _digest(path.read_bytes())
    except OSError:
        return "missing"


def _source(value: Any) -> str:
    import inspect

    return _digest(inspect.getsource(inspect.unwrap(value)).encode())


def find(store: Store, invocation: Invocation, parts: Parts) -> tuple[Document | None, list[str]]:
    """The entry of a key whose outputs are all there, or why there is none.

    Args:
        store: the store.
        invocation: says how old an entry may be.
        parts: what the key is made of.

    Returns:
        The entry, or None and what has changed since this step last ran.
    """
    cache = invocation.spec.cache or CacheSpec()
    key = key_of(parts)
    entry = store.cache.get(key, cache.expires_after)
    if entry is not None:
        gone = [name for name, output in entry["outputs"].items() if not _is_there(store, output)]
        wanted = [name for name, result in invocation.results.items() if result.parameter is not None]
        if not gone and all(name in entry["parameters"] for name in wanted):
            return entry, []
        return None, [f"the stored output {name} is gone" for name in gone] or ["an output is wanted as a parameter"]
    last = store.cache.last(invocation.pipeline, invocation.step)
    if last is None:
        return None, ["there is no earlier result"]
    if last["key"] != key:
        return None, differences(last["parts"], parts)
    if cache.expires_after is not None and store.cache.get(key) is not None:
        return None, [f"the result is older than {cache.expires_after:g} s"]
    return None, ["the entry is gone"]


def _is_there(store: Store, output: Mapping[str, Any]) -> bool:
    try:
        return artifacts.is_there(store.absolute(output["place"]), output["digest"])
    except (InputFault, ImportError):
        return False

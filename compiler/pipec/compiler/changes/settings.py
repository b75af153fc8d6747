"""Differences between two configurations, field by field: no field of `Config` is left out (a test holds this)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.changes.model import Difference
from pipec.compiler.changes.wording import ABSENT, listed, plainly, seconds, shown, turned, unlike, words
from pipec.compiler.ir.json import plain
from pipec.compiler.ir.values import Lazy
from pipec.compiler.record import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.ir.config import Config, Hook

Said = tuple[str, str, str]
"""The field whose place is meant, the kind, the text."""

EVENTS = ("on_init", "on_start", "on_end", "on_success", "on_failure", "on_cleanup")


def config_differences(subject: str, before: Config, after: Config) -> Iterator[Difference]:
    """What one configuration says otherwise than the other."""
    if before == after:
        return
    for name, tell in TOLD.items():
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        for place, kind, text in tell(name, old, new):
            span = after.places.get(place) or after.places.get(name) or before.places.get(place)
            yield Difference(subject, kind, text, span or before.places.get(name))


def _one(word: str) -> Callable[[str, Any, Any], Iterator[Said]]:
    def tell(name: str, old: Any, new: Any) -> Iterator[Said]:
        yield name, word.replace(" ", "_"), f"{word} {turned(old, new)}"

    return tell


def _seconds(name: str, old: float | None, new: float | None) -> Iterator[Said]:
    yield name, name, f"time-out {seconds(old)} → {seconds(new)}"


def _retry(name: str, old: Any, new: Any) -> Iterator[Said]:
    times = [0 if one is None else one.max_retries for one in (old, new)]
    if times[0] != times[1]:
        yield name, "retries", f"retries {times[0]} → {times[1]}"
    if old is not None and new is not None:
        if old.delay != new.delay:
            yield name, "retry_delay", f"delay before a retry {seconds(old.delay)} → {seconds(new.delay)}"
        if old.backoff != new.backoff:
            yield name, "retry_backoff", f"back-off of retries {turned(old.backoff, new.backoff)}"


_RESOURCES = {"cpu_count": "CPUs", "memory": "memory", "gpu_count": "GPUs", "gpu_class": "class of GPU"}


def _resources(name: str, old: Any, new: Any) -> Iterator[Said]:
    for key, word in _RESOURCES.items():
        first, second = getattr(old, key, None), getattr(new, key, None)
        if first != second:
            yield name, "resources", f"{word} {turned(first, second)}"


def _each(word: str) -> Callable[[str, Any, Any], Iterator[Said]]:
    """For names that are there or not: secrets, tags."""

    def tell(name: str, old: Any, new: Any) -> Iterator[Said]:
        for one in old:
            if one not in new:
                yield name, name, f"{word} `{one}` removed"
        for one in new:
            if one not in old:
                yield name, name, f"{word} `{one}` added"
        if sorted(old) == sorted(new):
            yield name, name, f"order of {name} changed"

    return tell


def _environment(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Said]:
    for key in (*old, *(key for key in new if key not in old)):
        first, second = (_variable(one.get(key)) for one in (old, new))
        if first == second:
            continue
        if first is None or second is None:
            yield name, name, f"environment variable `{key}` {'removed' if second is None else f'added ({second})'}"
        else:
            yield name, name, f"environment variable `{key}` {first} → {second}"


def _variable(value: str | Lazy | None) -> str | None:
    return words(value) if isinstance(value, Lazy) else None if value is None else shown(value)


def _json(word: str) -> Callable[[str, Any, Any], Iterator[Said]]:
    """For free-form tables: each key that differs, by its path."""

    def tell(name: str, old: Any, new: Any) -> Iterator[Said]:
        for path, first, second in unlike(plain(old) or {}, plain(new) or {}):
            place = f"{name}.{path.partition('.')[0]}"
            what = f"{word} `{path}`" if path else word
            yield place, name, f"{what} {changed(first, second)}"

    return tell


def changed(first: Any, second: Any) -> str:
    """`added (x)`, `removed` or `x → y`; of lists of text what came and went."""
    if first is ABSENT:
        return f"added ({plainly(second)})"
    if second is ABSENT:
        return "removed"
    if isinstance(first, list) and isinstance(second, list) and all(isinstance(one, str) for one in (*first, *second)):
        gone, come = [one for one in first if one not in second], [one for one in second if one not in first]
        said = [f"with {listed(come)}"] if come else []
        said += [f"without {listed(gone)}"] if gone else []
        return f"now {' and '.join(said)}" if said else "in another order"
    return turned(first, second)


def _settings(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Said]:
    for key in (*old, *(key for key in new if key not in old)):
        for path, first, second in unlike(plain(old.get(key, {})), plain(new.get(key, {}))):
            yield f"settings.{key}", name, f"setting `{key}.{path}` {changed(first, second)}"


def _cache_policy(name: str, old: Any, new: Any) -> Iterator[Said]:
    if old is None or new is None:
        yield name, name, f"cache policy {'added' if old is None else 'removed'}"
        return
    for one in fields(type(new)):
        first, second = getattr(old, one.name), getattr(new, one.name)
        if first != second:
            said = changed(list(first), list(second)) if isinstance(first, tuple) else turned(first, second)
            yield name, name, f"cache policy `{one.name}` {said}"


def _hooks(name: str, old: Any, new: Any) -> Iterator[Said]:
    for event in EVENTS:
        first: Hook | None = getattr(old, event)
        second: Hook | None = getattr(new, event)
        if first == second:
            continue
        if first is None or second is None:
            what = f"added (`{second.symbol}`)" if second is not None else "removed"
        elif first.symbol != second.symbol:
            what = f"`{first.symbol}` → `{second.symbol}`"
        elif first.closure.digest != second.closure.digest:
            what = "code changed"
        elif first.arguments != second.arguments:
            what = "arguments changed"
        else:
            what = "requirements changed" if first.closure != second.closure else "signature changed"
        yield f"hooks.{event}", name, f"hook `{event}` {what}"


TOLD: dict[str, Callable[[str, Any, Any], Iterator[Said]]] = {
    "cache": _one("caching"),
    "cache_policy": _cache_policy,
    "retry": _retry,
    "timeout": _seconds,
    "environment": _environment,
    "secrets": _each("secret"),
    "resources": _resources,
    "docker": _json("image setting"),
    "settings": _settings,
    "extra": _json("extra"),
    "tags": _each("tag"),
    "model": _json("model"),
    "hooks": _hooks,
    "labels": _json("label"),
    "toggles": _json("switch"),
    "substitutions": _json("substitution"),
    "execution_mode": _one("execution mode"),
    "max_parallelism": _one("steps at once"),
    "run_name": _one("run name"),
}
"""How the difference of each field is told."""

"""One setting over another of the same name: what is a table merges key by key, what is a list of names is joined."""

from __future__ import annotations

from typing import Any

from pipec.compiler.frontend.placed import entries_of, table_of
from pipec.compiler.frontend.values import Setting, SettingsValue

_JOINED = frozenset({"tags", "secrets"})
_TOGETHER = (("expires_after", "max_age_days"), ("ignored_inputs", "ignore_fields"))
"""Two spellings of one field of a `CachePolicy`: who gives one of them has spoken of both."""


def over(name: str, before: Setting, after: Setting) -> Setting:
    """`after` over `before`.

    Before:   settings={"docker": DockerSettings(requirements=["a"]), "resources": …}  over which  {"docker": {"user": "me"}}
    After:    {"docker": {"requirements": ["a"], "user": "me"}, "resources": …}
    """
    if isinstance(before.value, list | tuple) or isinstance(after.value, list | tuple):
        if name in _JOINED and isinstance(before.value, list | tuple) and isinstance(after.value, list | tuple):
            return Setting([*before.value, *after.value], after.span, after.keyword)
        return after
    return Setting(_merged(before, after), after.span, after.keyword)


def _merged(before: Setting, after: Setting) -> Any:
    """Two tables, or settings objects, as one.

    Two objects of one class give such an object; else the result is a table, which is checked again where it is read.
    """
    lower, upper = _entries(before), _entries(after)
    if _is_policy(before.value) or _is_policy(after.value):
        for pair in _TOGETHER:
            if any(one in upper for one in pair):
                lower = {name: one for name, one in lower.items() if name not in pair}
    entries = dict(lower)
    for name, setting in upper.items():
        old = entries.get(name)
        is_nested = old is not None and _is_table(old.value) and _is_table(setting.value)
        entries[name] = Setting(_merged(old, setting), setting.span, setting.keyword) if old and is_nested else setting
    kinds = {one.kind for one in (before.value, after.value) if isinstance(one, SettingsValue)}
    if isinstance(before.value, SettingsValue) and isinstance(after.value, SettingsValue):
        if len(kinds) > 1:
            return after.value
        values = {name: one.value for name, one in entries.items()}
        places = {name: one.span for name, one in entries.items()}
        return SettingsValue(after.value.kind, values, after.span, places)
    return table_of(entries)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict | SettingsValue)


def _is_policy(value: Any) -> bool:
    if isinstance(value, SettingsValue):
        return value.kind == "CachePolicy"
    return isinstance(value, dict) and any(one in value for pair in _TOGETHER for one in pair)


def _entries(setting: Setting) -> dict[str, Setting]:
    value = setting.value
    if isinstance(value, SettingsValue):
        return {str(name): Setting(one, value.places.get(name, value.span)) for name, one in value.fields.items()}
    return entries_of(value, setting.span)

"""Cron expressions: five fields, checked, and whether such a moment ever comes."""

from __future__ import annotations

from pipec.compiler.record import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Words that stand for expressions; no two targets know the same ones, so they are written out."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)


class CronError(ValueError):
    """A text is no cron expression; `start` and `end` are the faulty part of it, counted from 0."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start, self.end = start, end


def normal_cron(text: str) -> str:
    """The expression with one blank between fields and words written out.

    Raises:
        CronError: it is none, or stands for a moment that never comes.
    """
    whole = text.strip()
    if whole.startswith("@"):
        if whole.lower() not in MACROS:
            raise CronError(f"`{whole}` is not one of {', '.join(f'`{one}`' for one in MACROS)}", 0, len(text))
        return MACROS[whole.lower()]
    parts = whole.split()
    if len(parts) != len(_FIELDS):
        fields = f"{len(parts)} field{'s' if len(parts) != 1 else ''}"
        raise CronError(f"`{whole}` has {fields}; a cron expression has 5", 0, len(text))
    at, sets = 0, []
    for part, field in zip(parts, _FIELDS, strict=True):
        at = text.index(part, at)
        sets.append(_values(part, field, at))
        at += len(part)
    _check_moment(whole, parts, sets, len(text))
    return " ".join(parts)


def _check_moment(text: str, parts: list[str], sets: list[set[int]], length: int) -> None:
    """31 February never comes. Cron takes either day where both are given, so only a lone day of the month can fail."""
    if not parts[4].startswith("*"):
        return
    if all(min(sets[2]) > _LONGEST[month - 1] for month in sets[3]):
        raise CronError(f"`{text}` stands for a day that never comes", 0, length)


def _values(part: str, field: _Field, at: int) -> set[int]:
    found: set[int] = set()
    start = at
    for item in part.split(","):
        found |= _range(item, field, start)
        start += len(item) + 1
    return found


def _range(item: str, field: _Field, at: int) -> set[int]:
    end = at + max(1, len(item))
    span, slash, step = item.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        raise CronError(f"`{item}` has a step that is not a whole number above 0", at, end)
    if span == "*":
        low, high = field.least, field.most
    else:
        first, dash, last = span.partition("-")
        low = _number(first, item, field, at, end)
        high = _number(last, item, field, at, end) if dash else (field.most if slash else low)
    if low > high:
        raise CronError(f"`{item}` ends before it begins", at, end)
    return set(range(low, high + 1, int(step) if slash else 1))


def _number(text: str, item: str, field: _Field, at: int, end: int) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.least
    if not (text.isascii() and text.isdecimal()):
        what = "`*`" if text == "?" else f"numbers from {field.least} to {field.most}"
        raise CronError(f"`{item}` is no {field.name}: it takes {what}", at, end)
    if not field.least <= int(text) <= field.most:
        raise CronError(f"`{item}` is no {field.name}: it goes from {field.least} to {field.most}", at, end)
    return int(text)

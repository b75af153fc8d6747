"""Schedules as explicit timetables, which mean the same on every Airflow 3; and what is wrong with them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipec.backends.airflow.literals import Node, call, literal, quoted
from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.ir.config import Schedule
    from pipec.compiler.ir.model import Pipeline

_LONG_AGO = "2024-01-01T00:00:00+00:00"
"""The start of a schedule that names none. Without catch-up it only has to be in the past."""

_MOST_DAYS = {
    "1": 31,
    "2": 29,
    "3": 31,
    "4": 30,
    "5": 31,
    "6": 30,
    "7": 31,
    "8": 31,
    "9": 30,
    "10": 31,
    "11": 30,
    "12": 31,
}
_FIELDS = (5, 6, 7)


def options(schedule: Schedule | None, needs_start: bool = False) -> dict[str, Node]:
    """The arguments of `DAG` that say when it runs; Airflow 2 needs a start also where there is no schedule."""
    if schedule is None:
        start: dict[str, Node] = {"start_date": _moment(_LONG_AGO)} if needs_start else {}
        return {"schedule": "None", **start, "catchup": "False"}
    found = {"schedule": _timetable(schedule)}
    found["start_date"] = _moment(schedule.run_once_at or schedule.start_time or _LONG_AGO)
    if schedule.end_time is not None:
        found["end_date"] = _moment(schedule.end_time)
    found["catchup"] = repr(schedule.catchup)
    return found


def _timetable(schedule: Schedule) -> Node:
    if schedule.cron is not None:
        timetable = ("", quoted(schedule.cron)), ("timezone=", quoted(schedule.timezone))
        return call("CronTriggerTimetable", *timetable)
    if schedule.interval is not None:
        return call("DeltaTriggerTimetable", ("", duration(schedule.interval)))
    return quoted("@once")


def duration(seconds: float) -> Node:
    """A `timedelta` in the largest unit that divides it."""
    number = int(seconds) if seconds == int(seconds) else seconds
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if isinstance(number, int) and number and number % size == 0:
            return call("timedelta", (f"{unit}=", repr(number // size)))
    return call("timedelta", ("seconds=", literal(number)))


def _moment(text: str) -> Node:
    """A `datetime` with its offset, in UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    return call("datetime", *(("", repr(part)) for part in parts), ("tzinfo=", "timezone.utc"))


def faults(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """What Airflow would refuse when it reads the file, or, worse, when it looks for the next run."""
    schedule = pipeline.schedule
    if schedule is None:
        return
    if schedule.cron is not None and not _is_possible(schedule.cron):
        yield Diagnostic("PC0502", f"the cron expression `{schedule.cron}` never comes due", schedule.span)
    if schedule.interval is not None and schedule.interval < timedelta(seconds=1).total_seconds():
        yield Diagnostic("PC0502", "an interval of less than a second", schedule.span)
    start, end = schedule.start_time, schedule.end_time
    if start is not None and end is not None and datetime.fromisoformat(end) <= datetime.fromisoformat(start):
        yield Diagnostic("PC0502", "the schedule ends before it starts", schedule.span)


def _is_possible(cron: str) -> bool:
    """Whether a date fits: Airflow takes `0 2 31 2 *` and then breaks. Only plain days and months are looked at."""
    fields = cron.split()
    if len(fields) not in _FIELDS:
        # Words such as `@daily`; the front end knows them.
        return cron in {"@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@midnight", "@annually"}
    days, months, weekdays = fields[2:5]
    if weekdays != "*" or not re.fullmatch(r"\d+(,\d+)*", days) or not re.fullmatch(r"\d+(,\d+)*", months):
        return True
    return any(int(day) <= _MOST_DAYS.get(str(int(month)), 0) for day in days.split(",") for month in months.split(","))

"""`Schedule(…)` as the IR has it: a checked cron expression, times with an offset, an interval in seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.cron import CronError, normal_cron
from pipec.compiler.frontend.setting_values import known, record
from pipec.compiler.frontend.values import Fault, Setting, SettingsValue, Symbolic, describe
from pipec.compiler.ir.config import Schedule
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from pipec.compiler.frontend.interpreter import Interpreter

_TIMES = {"start_time": "start_time", "end_time": "end_time", "run_once_start_time": "run_once_at"}


def read_schedule(interpreter: Interpreter, setting: Setting) -> Schedule:
    """The schedule that a setting stands for.

    Raises:
        Fault: it is none, its cron expression is wrong, or it depends on the clock.
    """
    value = record(setting, "schedule", "Schedule")
    fields = {name: Setting(one, value.places.get(name, setting.span)) for name, one in value.fields.items()}
    fields = {name: one for name, one in fields.items() if one.value is not None}
    for name, one in fields.items():
        if isinstance(one.value, Symbolic):
            raise Fault(_not_fixed(name, one))
    zone_name = _text(fields, "timezone")
    zone = _zone(zone_name, fields)
    cron = _cron(fields)
    interval = _interval(fields)
    if cron is not None and interval is not None:
        message = "the schedule has a cron expression, so its interval has no effect"
        place = fields["interval_second"].span
        interpreter.report(
            Diagnostic("PC0518", message, place, severity=Severity.WARNING, help="leave one of them out")
        )
        interval = None
    times = {target: _time(interpreter, fields[name], name, zone) for name, target in _TIMES.items() if name in fields}
    _check_order(times, fields)
    return Schedule(
        span=value.span if isinstance(setting.value, SettingsValue) else setting.span,
        name=_text(fields, "name"),
        cron=cron,
        timezone=zone_name or "UTC",
        interval=interval,
        start_time=_iso(times.get("start_time")),
        end_time=_iso(times.get("end_time")),
        run_once_at=_iso(times.get("run_once_at")),
        catchup=bool(known(fields["catchup"], "catchup")) if "catchup" in fields else False,
    )


def _text(fields: Mapping[str, Setting], name: str) -> str | None:
    return str(known(fields[name], name)) if name in fields else None


def _not_fixed(name: str, setting: Setting) -> Diagnostic:
    if type(setting.value.value).__name__ in {"Expr", "RunFact"}:
        return Diagnostic(
            "PC0519",
            f"`{name}` of the schedule is read from the clock of the machine that compiles",
            setting.span,
            notes=("the file would differ each time it is generated",),
            help='write the moment itself: `datetime(2026, 1, 1, tzinfo=UTC)`, or "2026-01-01T00:00:00Z"; leave a start out to start now',
        )
    message = f"`{name}` of the schedule must be known at compile time, and {describe(setting.value)} is not"
    return Diagnostic("PC0204", message, setting.span)


def _zone(name: str | None, fields: Mapping[str, Setting]) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        from zoneinfo import available_timezones

        from pipec.compiler.diagnostics.near import near_names

        near = near_names(name, sorted(available_timezones()))
        help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else "such as `Europe/Berlin`"
        message = f"`{name}` is no time zone"
        raise Fault(Diagnostic("PC0518", message, fields["timezone"].span, help=help_)) from None


def _cron(fields: Mapping[str, Setting]) -> str | None:
    if "cron_expression" not in fields:
        return None
    setting = fields["cron_expression"]
    text = known(setting, "cron_expression")
    try:
        return normal_cron(str(text))
    except CronError as error:
        help_ = "minute, hour, day of the month, month, day of the week: `0 6 * * 1-5` is 6:00 on weekdays"
        place = _part(setting.span, str(text), error)
        raise Fault(Diagnostic("PC0518", str(error), place, help=help_)) from None


def _part(span: Span, text: str, error: CronError) -> Span:
    """The faulty part of a literal, where its text stands in the source as it is: between quotes, or bare in YAML."""
    width = span.end.column - span.start.column
    if span.start.line != span.end.line or width not in {len(text), len(text) + 2}:
        return span
    first = span.start.column + (width - len(text)) // 2
    line = span.start.line
    return Span(span.path, Position(line, first + error.start), Position(line, first + error.end))


def _interval(fields: Mapping[str, Setting]) -> float | None:
    if "interval_second" not in fields:
        return None
    setting = fields["interval_second"]
    value = known(setting, "interval_second")
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds <= 0:
        raise Fault(Diagnostic("PC0518", "the interval of a schedule must be above 0 seconds", setting.span))
    return seconds


def _time(interpreter: Interpreter, setting: Setting, name: str, zone: tzinfo | None) -> datetime:
    value: Any = known(setting, name)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            message = f"`{name}` is no ISO date and time: `{value}`"
            raise Fault(Diagnostic("PC0518", message, setting.span, help="such as `2026-01-01T06:00:00Z`")) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise Fault(Diagnostic("PC0518", f"`{name}` takes a date and time, not {describe(value)}", setting.span))
    if value.tzinfo is None:
        if zone is None:
            interpreter.report(
                Diagnostic(
                    "PC0520",
                    f"`{name}` names no time zone and is read as UTC",
                    setting.span,
                    severity=Severity.WARNING,
                    notes=("ZenML takes the zone of the machine that it runs on, which differs from one to the next",),
                    help="add the zone: `tzinfo=UTC`, `Z` behind the text, or `Schedule(timezone=…)`",
                )
            )
        value = value.replace(tzinfo=zone or UTC)
    moment: datetime = value
    return moment


def _check_order(times: Mapping[str, datetime], fields: Mapping[str, Setting]) -> None:
    start, end = times.get("start_time"), times.get("end_time")
    if start is not None and end is not None and end <= start:
        raise Fault(Diagnostic("PC0518", "the schedule ends before it begins", fields["end_time"].span))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

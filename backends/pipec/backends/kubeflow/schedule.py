"""Schedules: a recurring run of KFP's API, which no spec can hold, as a file of its own beside the spec.

Before:   schedule cron="0 6 * * 1-5", catchup=False
After:    trigger: {cron_schedule: {cron: "0 0 6 * * 1-5"}}, no_catchup: true

Names are those of the API's JSON as its client (`kfp_server_api`) spells them; the server takes the other spelling, too.
KFP's cron (robfig/cron 1.2) has six fields, the first of them seconds, and runs in the time zone of the installation,
UTC unless its administrator set `CRON_SCHEDULE_TIMEZONE`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.lazy import pattern
from pipec.compiler.yaml_text import Flow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.ir.config import Schedule
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.yaml_text import Yaml

_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_NAMES = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT"
_FIELD = pattern(rf"(?:[0-9*/,-]|(?i:{_NAMES}))+")


def recurring_run(pipeline: Pipeline, schedule: Schedule) -> Mapping[str, Yaml]:
    """The body of a request for a recurring run, without the pipeline version, which only the API knows."""
    entry: dict[str, Yaml] = {"display_name": schedule.name or pipeline.name}
    if pipeline.doc:
        entry["description"] = pipeline.doc
    return entry | {
        "mode": "ENABLE",
        "max_concurrency": 1,
        "no_catchup": not schedule.catchup,
        "trigger": _trigger(schedule),
    }


def _trigger(schedule: Schedule) -> dict[str, Yaml]:
    window: dict[str, Yaml] = {}
    if schedule.start_time is not None:
        window["start_time"] = _moment(schedule.start_time)
    if schedule.end_time is not None:
        window["end_time"] = _moment(schedule.end_time)
    if schedule.cron is not None:
        return {"cron_schedule": Flow({"cron": f"0 {_five_fields(schedule.cron)}", **window})}
    if schedule.interval is not None:
        return {"periodic_schedule": Flow({"interval_second": int(schedule.interval), **window})}
    assert schedule.run_once_at is not None, "a schedule says when"
    at = dt.datetime.fromisoformat(schedule.run_once_at).astimezone(dt.UTC).replace(microsecond=0)
    # The scheduler looks for the first time after the start that is not after the end.
    once = {
        "cron": f"{at.second} {at.minute} {at.hour} {at.day} {at.month} *",
        "start_time": _moment((at - dt.timedelta(seconds=1)).isoformat()),
        "end_time": _moment(at.isoformat()),
    }
    return {"cron_schedule": Flow(once)}


def _five_fields(cron: str) -> str:
    return _WORDS.get(cron.strip().lower(), " ".join(cron.split()))


def _moment(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def schedule_faults(pipeline: Pipeline, schedule: Schedule) -> Iterator[Diagnostic]:
    """What KFP's scheduler cannot do as asked."""
    if schedule.timezone.upper() not in {"UTC", "ETC/UTC"}:
        yield _fault(f"the time zone `{schedule.timezone}`", schedule, "write the schedule in UTC, the scheduler's own")
    if schedule.cron is not None and not _is_understood(schedule.cron):
        yield _fault(
            f"the cron expression `{schedule.cron}`",
            schedule,
            "use five fields of numbers, names, `*`, `,`, `-` and `/`, Sunday as 0, or a word such as `@daily`",
        )
    if schedule.interval is not None and (schedule.interval != int(schedule.interval) or schedule.interval < 1):
        yield _fault(f"an interval of {schedule.interval:g} s", schedule, "use whole seconds")


def _is_understood(cron: str) -> bool:
    fields = _five_fields(cron).split()
    # The days of a week end at 6 there.
    return len(fields) == 5 and all(map(_FIELD.fullmatch, fields)) and "7" not in fields[4]


def _fault(what: str, schedule: Schedule, help_: str) -> Diagnostic:
    return Diagnostic("PC0431", f"Kubeflow's scheduler cannot do this: {what}", schedule.span, help=help_)

"""When a pipeline runs by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipec.sdk._convert import Seconds, Spelling
from pipec.sdk._record import Record


class Schedule(Record, frozen=False):
    """A cron expression, an interval from a start, or one moment.

    Attributes:
        name: name of the schedule.
        cron_expression: five fields, `0 6 * * 1-5`; wins over an interval.
        start_time: first moment, as datetime or ISO text; with `interval_second` a periodic schedule.
        end_time: last moment.
        interval_second: time between runs, as timedelta or seconds.
        catchup: run for the intervals that were missed.
        run_once_start_time: the moment of a single run.
        timezone: IANA name such as `Europe/Berlin`, for the cron expression and for times without a zone (pipec's own).
    """

    name: str | None = None
    cron_expression: str | None = None
    start_time: datetime | Spelling | None = None
    end_time: datetime | Spelling | None = None
    interval_second: timedelta | Seconds | None = None
    catchup: bool = False
    run_once_start_time: datetime | Spelling | None = None
    timezone: str | None = None

    def _check(self) -> None:
        is_periodic = self.start_time and self.interval_second
        if not (self.cron_expression or is_periodic or self.run_once_start_time):
            raise ValueError(
                "Schedule needs `cron_expression`, or `start_time` with `interval_second`, or `run_once_start_time`"
            )

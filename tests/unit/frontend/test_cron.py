"""Cron expressions: what is taken, how it is written out, what is refused and where the fault lies."""

from __future__ import annotations

import calendar
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipec.compiler.frontend.cron import CronError, normal_cron


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("0 6 * * *", "0 6 * * *"),
        ("  */5   *  * * *", "*/5 * * * *"),
        ("0 6 * jan-mar,DEC mon-fri", "0 6 * jan-mar,DEC mon-fri"),
        ("0-30/10 0 1,15 * 7", "0-30/10 0 1,15 * 7"),
        ("5/20 * * * *", "5/20 * * * *"),
        ("0 0 29 2 *", "0 0 29 2 *"),
        ("0 0 31 2 mon", "0 0 31 2 mon"),  # Mondays of February: either day counts
        ("@daily", "0 0 * * *"),
        ("@Weekly", "0 0 * * 0"),
    ],
)
def test_taken(text: str, normal: str) -> None:
    assert normal_cron(text) == normal


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("60 * * * *", "60"),
        ("0 24 * * *", "24"),
        ("0 0 0 * *", "0"),
        ("0 0 * 13 *", "13"),
        ("0 0 * foo *", "foo"),
        ("0 0 * * 8", "8"),
        ("0 5-3 * * *", "5-3"),
        ("1,x * * * *", "x"),
        ("*/0 * * * *", "*/0"),
        ("0 0 L * *", "L"),
        ("0 0 * * 5#3", "5#3"),
        ("0 0 ? * *", "?"),
        ("0 ٣ * * *", "٣"),
        (", * * * *", ""),
        ("* * * *", "* * * *"),
        ("0 0 6 * * *", "0 0 6 * * *"),
        ("@nightly", "@nightly"),
        ("0 0 30 2 *", "0 0 30 2 *"),
        ("0 0 31 4,6 *", "0 0 31 4,6 *"),
    ],
)
def test_refused(text: str, part: str) -> None:
    with pytest.raises(CronError) as refused:
        normal_cron(text)
    assert text[refused.value.start : refused.value.end] in {part, part or ","}


@given(st.integers(1, 31), st.integers(1, 12))
def test_a_day_comes_or_never_does(day: int, month: int) -> None:
    comes = day <= max(calendar.monthrange(year, month)[1] for year in (2023, 2024))
    try:
        normal_cron(f"0 0 {day} {month} *")
    except CronError:
        assert not comes
    else:
        assert comes


@given(st.text(alphabet="0123456789*/-,? @abcLW#", max_size=20))
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(CronError):
        normal_cron(text)

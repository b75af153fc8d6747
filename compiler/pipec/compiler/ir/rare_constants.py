"""Constants that few programs have: bytes, dates and times, decimals, UUIDs. Loaded when one is met."""

from __future__ import annotations

import base64
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pipec.compiler.ir.constants import NotConstant, tagged

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.ir.values import Json


def _encode_timedelta(value: timedelta) -> Json:
    seconds = value.total_seconds()
    if abs(seconds) >= 2**33:
        raise NotConstant("a duration of more than 272 years, which seconds cannot say to the microsecond")
    return tagged("timedelta", seconds)


def _encode_moment(kind: str, value: datetime | time) -> Json:
    if value.tzinfo is not None and type(value.tzinfo) is not timezone:
        raise NotConstant("a time in a named time zone, of which ISO 8601 keeps only the offset")
    if value.fold:
        raise NotConstant("a time that is the second of two (`fold=1`), which ISO 8601 cannot say")
    return tagged(kind, value.isoformat())


def _decode_timedelta(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _decode_bytes(encoded: str) -> bytes:
    return base64.b64decode(encoded, validate=True)


# Keyed by the exact type, so each encoder is only ever given a value of its own.
ENCODERS: dict[type, Callable[[Any], Json]] = {
    bytes: lambda value: tagged("bytes", base64.b64encode(value).decode()),
    datetime: lambda value: _encode_moment("datetime", value),
    date: lambda value: tagged("date", value.isoformat()),
    time: lambda value: _encode_moment("time", value),
    timedelta: _encode_timedelta,
    Decimal: lambda value: tagged("decimal", str(value)),
    UUID: lambda value: tagged("uuid", str(value)),
}
"""What encodes a value of each type."""

DECODERS: dict[str, Callable[..., object]] = {
    "bytes": _decode_bytes,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": _decode_timedelta,
    "decimal": Decimal,
    "uuid": UUID,
}
"""What decodes each kind."""

"""The base of settings that go into `settings={key: …}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from pipec.sdk._record import Record

if TYPE_CHECKING:
    Source: TypeAlias = str | Callable[..., Any] | type[Any]
    """An object at the top of a module, or its dotted name."""


class BaseSettings(Record, is_open=True):
    """Settings of a step or a pipeline; this class itself takes any field.

    Attributes:
        LEVEL: where they may stand: 1 on a step, 2 on a pipeline, 3 on both.
    """

    LEVEL: ClassVar[int] = 3

"""When a step is tried again and when its result is reused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pipec.sdk._convert import NonNegativeInt, PositiveFloat, PositiveInt
from pipec.sdk._record import Record

if TYPE_CHECKING:
    from pipec.sdk.settings.base import Source


class StepRetryConfig(Record):
    """How a failed step is tried again.

    Attributes:
        max_retries: attempts after the first.
        delay: seconds before the first retry.
        backoff: factor on the delay after each failure; 0 and 1 keep it constant.
    """

    max_retries: PositiveInt = 1
    delay: NonNegativeInt = 0
    backoff: NonNegativeInt = 0


class CachePolicy(Record, frozen=False):
    """What the cache key of a step holds, and how long its result may be reused.

    Attributes:
        include_step_code: the code of the step and all that it uses.
        include_step_parameters: the step's parameters.
        include_artifact_values: content of input artifacts.
        include_artifact_ids: identity of input artifacts.
        ignored_inputs: names of inputs left out of the key.
        file_dependencies: paths, relative to the project root, whose content is part of the key.
        source_dependencies: objects, or their dotted names, whose source is part of the key.
        cache_func: function without arguments whose string is part of the key.
        expires_after: age in seconds from which a result is not reused.
        max_age_days: the same in days.
        ignore_fields: names of inputs *and parameters* left out of the key.
    """

    include_step_code: bool = True
    include_step_parameters: bool = True
    include_artifact_values: bool = True
    include_artifact_ids: bool = True
    ignored_inputs: list[str] | None = None
    file_dependencies: list[str] | None = None
    source_dependencies: list[Source] | None = None
    cache_func: Source | None = None
    expires_after: NonNegativeInt | None = None
    max_age_days: PositiveFloat | None = None
    ignore_fields: list[str] | None = None

    def _check(self) -> None:
        if self.expires_after is not None and self.max_age_days not in (None, self.expires_after / 86400):
            raise ValueError(
                f"CachePolicy.max_age_days ({self.max_age_days}) and expires_after ({self.expires_after} s) disagree"
            )

    @classmethod
    def default(cls) -> Self:
        """The policy of a step that names none."""
        return cls()

    @classmethod
    def from_string(cls, value: str) -> Self:
        """The policy of a name; `default` is the only one.

        Raises:
            ValueError: for another name.
        """
        if value.lower() != "default":
            raise ValueError(f"cache policy must be 'default' or a CachePolicy, not {value!r}")
        return cls()

"""What a ZenML server or a stack would do, as far as it makes sense without one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any


def run_hook(
    func: Callable[..., Any],
    *args: Any,
    kwargs: dict[str, Any] | None = None,
    name: str | None = None,
    hook_type: str = "custom",
    store_return: bool = False,
    track: bool = True,
) -> Any:
    """Call a hook; an `async def` runs to completion. The keywords beside `kwargs` are a server's concern."""
    from pipec.sdk.steps import completed

    return completed(func(*args, **(kwargs or {})))


def show() -> None:
    """Name the command that shows runs: pipec has no dashboard."""
    logging.getLogger("pipec").warning("pipec has no dashboard; see `pipec runs`")


def alerter_success_hook() -> None:
    """Log that the step succeeded: there is no alerter."""
    logging.getLogger("pipec").info("%s succeeded", _who())


def alerter_failure_hook(exception: BaseException) -> None:
    """Log why the step failed: there is no alerter."""
    logging.getLogger("pipec").error("%s failed: %s: %s", _who(), type(exception).__name__, exception)


def _who() -> str:
    from pipec.sdk.context import is_in_step, running

    if not is_in_step():
        return "the run"
    run = running("alerter hook")
    return f"step `{run.step_name}` of pipeline `{run.pipeline_name}`"


def get_logger(logger_name: str) -> logging.Logger:
    """A logger of the standard library."""
    return logging.getLogger(logger_name)

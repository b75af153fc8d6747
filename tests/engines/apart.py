"""Run a function in a forked child: what engines keep in globals, and what a case changes, does not reach the next case.

Shared by the drivers, each of which runs in the environment of its engine; standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG_TAIL = 20_000
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def run_apart(
    function: Callable[[], dict[str, Any]], home: Path, timeout: float
) -> tuple[dict[str, Any] | None, str | None, str]:
    """Call `function` in a forked child and wait for it, for `timeout` seconds at most.

    Returns:
        What it returned, if it did (through JSON; what JSON cannot say becomes its repr); why not, if it did not; the end of what it and its
        own children printed. `home` must exist and gets the files of the exchange.
    """
    log, output = home / "apart.log", home / "apart.json"
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _run_here(function, log, output)
    ended = _wait(child, timeout)
    printed = COLOUR.sub("", log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ""
    if ended is not None or not output.exists():
        return None, ended or "the process ended without a result", printed[-LOG_TAIL:]
    result: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return result.get("value"), result.get("fault"), printed[-LOG_TAIL:]


def _run_here(function: Callable[[], dict[str, Any]], log: Path, output: Path) -> None:
    """The child: it leaves by `os._exit`, so that nothing of the parent (its clean-up handlers least of all) runs twice."""
    try:
        # A process group of its own, so that a time-out also ends what it started.
        os.setpgid(0, 0)
        with log.open("wb") as handle:
            os.dup2(handle.fileno(), 1)
            os.dup2(handle.fileno(), 2)
        try:
            result: dict[str, Any] = {"value": function()}
        except BaseException:
            result = {"value": None, "fault": traceback.format_exc()}
        output.write_text(json.dumps(result, default=repr), encoding="utf-8")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _wait(child: int, timeout: float) -> str | None:
    """Wait for the child; the text says why it did not end by itself."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return f"the process ended with status {status}" if status else None
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"not finished after {timeout:g} s"

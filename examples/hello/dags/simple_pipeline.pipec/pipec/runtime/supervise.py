"""Retries and time-outs where the executor leaves them to the runtime: each attempt in a process of its own.

The child is forked before any of the user's code was imported, and is the head of a process group: when its time is up,
or this process is asked to end, everything that it has started ends with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from pipec.runtime import codec
from pipec.runtime.invocation import VERSION, Invocation
from pipec.runtime.outputs import write

GRACE = 5.0
"""Seconds between the request to end and the end."""
_FAILED, _INVALID = 1, 2


def run(invocation: Invocation, attempt: Callable[[Invocation], int]) -> int:
    """Attempts until one succeeds, as many as `retry` allows.

    Args:
        invocation: its `attempt` is the number of the first.
        attempt: runs one and gives its exit status.

    Returns:
        The status of the last.
    """
    if not hasattr(os, "fork"):
        print("pipec: `timeout` and `retry` need an operating system with `fork`", file=sys.stderr)
        return _INVALID
    retry = invocation.retry or {}
    retries, delay, backoff = int(retry.get("max_retries", 0)), retry.get("delay", 0.0), retry.get("backoff", 1.0)
    spec = dataclasses.replace(invocation.spec, attempts=invocation.attempt + retries)
    for number in range(invocation.attempt, invocation.attempt + retries + 1):
        one = dataclasses.replace(invocation, attempt=number, spec=spec)
        status = _limited(one, attempt)
        if status in (0, _INVALID) or number == invocation.attempt + retries:
            return status
        print(f"pipec: attempt {number} of step `{one.step}` failed; again in {delay:g} s", file=sys.stderr, flush=True)
        time.sleep(delay)
        # ZenML's default factor is 0, which would make the second wait none.
        delay *= backoff or 1.0
    return _FAILED


def _limited(invocation: Invocation, attempt: Callable[[Invocation], int]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    child = os.fork()
    if child == 0:
        _be_child(invocation, attempt)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)

    def end(*_: Any) -> None:
        end_group(child)
        os._exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        status = wait(child, invocation.timeout)
    finally:
        signal.signal(signal.SIGTERM, before)
    if status is None:
        end_group(child)
        return _say(invocation, "TimeoutError", f"the step did not end within {invocation.timeout:g} s")
    if status < 0:
        end_group(child)
        return _say(invocation, "RuntimeError", f"the process of the step ended by signal {-status}")
    return status


def _be_child(invocation: Invocation, attempt: Callable[[Invocation], int]) -> None:
    status = _FAILED
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        status = attempt(invocation)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(status)


def wait(child: int, timeout: float | None) -> int | None:
    """How a child ended: its exit status, or minus the signal; None when `timeout` seconds went by before it did."""
    if timeout is None:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    until, pause = time.monotonic() + timeout, 0.001
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        left = until - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(pause * 2, 0.1)


def end_group(leader: int, grace: float = GRACE) -> None:
    """End a process group: SIGTERM, and after `grace` seconds SIGKILL. The leader, a child of this process, is waited for."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)
    with contextlib.suppress(ChildProcessError):
        if wait(leader, grace) is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
            os.waitpid(leader, 0)
    # What outlives the leader has had its time.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _say(invocation: Invocation, type_: str, message: str) -> int:
    """Write the error document that the step could not write itself."""
    print(f"pipec: step `{invocation.step}`: {message}", file=sys.stderr, flush=True)
    names = ("pipeline", "step", "instance", "run", "attempt")
    error = {"type": type_, "message": message, "traceback": "", "class": f"builtins:{type_}", "args": [message]}
    document: dict[str, Any] = {"version": VERSION, **{name: getattr(invocation, name) for name in names}}
    if invocation.error is not None:
        write(invocation.error, codec.document({**document, "status": _FAILED, **error}))
    return _FAILED

"""When a failed attempt is followed by another one, and how long Argo waits before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from pipec.backends.argo_interpreter import expressions, values
from pipec.backends.argo_interpreter.faults import Broken, Refused
from pipec.backends.argo_interpreter.node import ERROR, FAILED, Node, Object

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNITS = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def is_retried(retry: Mapping[str, Any], node: Node) -> bool:
    """Whether a failed attempt is followed by another one, as far as policy and expression decide.

    Raises:
        Refused: the policy is not known here.
        Broken: the expression cannot be evaluated.
    """
    expression = retry.get("expression")
    policy = retry.get("retryPolicy", "Always" if expression else "OnFailure")
    if policy not in ("Always", "OnFailure", "OnError"):
        raise Refused(f"retryPolicy {policy}")
    if (node.phase == FAILED and policy == "OnError") or (node.phase == ERROR and policy == "OnFailure"):
        return False
    if expression is None:
        return True
    last = {
        "lastRetry.exitCode": str(node.exit_code),
        "lastRetry.status": node.phase,
        "lastRetry.message": node.message,
    }
    try:
        return expressions.evaluate(expression, expressions.environment(last)) is True
    except values.Failed as fault:
        raise Broken(f"{expression}: {fault}") from fault


def pause(retry: Mapping[str, Any], attempts: int) -> float:
    """How long Argo waits after so many attempts, in seconds.

    Raises:
        Broken: a duration is not valid.
    """
    backoff = cast("Object", retry.get("backoff", {}))
    if not backoff:
        return 0.0
    wait = seconds(backoff["duration"])
    factor = int(backoff.get("factor", 0))
    if factor > 0:
        wait *= factor ** (attempts - 1)
    return min(wait, seconds(backoff["cap"])) if "cap" in backoff else wait


def seconds(text: str) -> float:
    """A Go duration, or a number of seconds."""
    parts = list(_DURATION.finditer(text))
    if "".join(part[0] for part in parts) != text:
        raise Broken(f"invalid duration {text!r}")
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts)

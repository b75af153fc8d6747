"""Steps of ours that a fork server runs before it forks any.

What Python looks up and specialises meanwhile lies in pages that each child would write to, and so copy, for itself: a
quarter of what a small step costs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pipec.runtime.store import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = 8
"""After so many calls Python 3.11 takes a function for one that is worth specialising."""
_ABOUT = {"pipeline": "rehearsal", "run": "0", "instance": "value", "attempt": 1}


def folder() -> str:
    """A new temporary folder, with what steps find in the store of a run that has begun.

    Raises:
        OSError: it cannot be made.
    """
    made = f"{os.environ.get('TMPDIR') or '/tmp'}/pipec-{os.urandom(6).hex()}"
    os.makedirs(f"{made}/{layout.run_folder('rehearsal', '0')}", 0o700)
    with open(f"{made}/{layout.run_folder('rehearsal', '0')}/{layout.RUN}", "x", encoding="ascii"):
        return made


def documents(folder: str) -> list[Mapping[str, Any]]:
    """The invocations: a value comes as text, then as an artifact, and goes as both."""
    spec = {"function": "pipec.runtime.gates:value", "outputs": {"output": {"mirrored": True}}}
    places = [{"parameter": f"{folder}/text.json", "artifact": f"{folder}/{number}"} for number in range(_TIMES)]
    values: list[Mapping[str, str]] = [{"json": "{}"}, *({"artifact": place["artifact"]} for place in places)]
    record = f"{folder}/{layout.attempt_folder('rehearsal', '0', 'value', 1)}/{layout.RECORD}"
    return [
        {
            **{"version": 1, "step": "value", **_ABOUT, "artifact_root": folder, "record": record},
            **{"spec": spec, "slots": {"value": value}, "results": {"output": place}},
        }
        for value, place in zip(values, places, strict=False)
    ]

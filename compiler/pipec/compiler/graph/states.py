"""The state of each step of a picture, of the states of all its iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WORST_FIRST = ("failed", "upstream_failed", "running", "succeeded", "cached", "skipped")
"""Which state stands for several. `skipped` comes last: an arm that some iterations skipped was taken by others."""


def by_step(instances: Mapping[str, str]) -> dict[str, str]:
    """The state of each step by its id.

    Args:
        instances: states by instance: `train`, in loops `train@2`, in loops of loops `train@2.0`.
    """
    found: dict[str, str] = {}
    for instance, state in instances.items():
        id_ = instance.partition("@")[0]
        if state in WORST_FIRST:
            known = found.get(id_, state)
            found[id_] = min(known, state, key=WORST_FIRST.index)
    return found

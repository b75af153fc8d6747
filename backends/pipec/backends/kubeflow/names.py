"""Legal names: task keys, component keys, input and output keys.

A task key becomes an Argo name and is read by parsers that look for parts of names (reference/kubeflow.md §5), so it
keeps to `[a-z0-9-]` without `--`, and away from the names that KFP makes itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipec.compiler.digest import sha256
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from pipec.compiler.ir.model import If

LONGEST_KEY = 63
"""Characters of a task key; Argo allows more, but KFP puts suffixes on it."""

LONGEST_PIPELINE_NAME = 128

_RESERVED = pattern(r"root|entrypoint|iteration.*|system-.*|exit-hook-.*|.*-driver")


class Keys:
    """Hands out keys, each once."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def task(self, name: str) -> str:
        """A task key that reads like `name`: `train_2` becomes `train-2`."""
        plain = dashed(name) or "task"
        if _RESERVED.fullmatch(plain):
            plain = f"task-{plain}-task" if plain.endswith("-driver") else f"task-{plain}"
        return self._unique(shortened(plain, LONGEST_KEY), "-")

    def field(self, name: str) -> str:
        """The key of an input or output: `name` itself if it is a plain identifier."""
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name) or "value"
        return self._unique(shortened(plain, LONGEST_KEY), "_")

    def _unique(self, base: str, separator: str) -> str:
        key, number = base, 1
        while key in self._taken:
            number += 1
            key = f"{base}{separator}{number}"
        self._taken.add(key)
        return key


def arm_word(operation: If, index: int) -> str:
    """What an arm is called in names: `then`, `elif_1`, `else`."""
    if operation.arms[index].condition is None:
        return "else"
    return "then" if index == 0 else f"elif_{index}"


def pipeline_name(name: str) -> str:
    """The name by the SDK's rule, `[a-z0-9][a-z0-9-]{0,127}`; empty where nothing of it is left."""
    return shortened(dashed(name), LONGEST_PIPELINE_NAME)


def shortened(key: str, longest: int) -> str:
    """The key, its end replaced by a digest of the whole where it is too long."""
    if len(key) <= longest:
        return key
    return f"{key[: longest - 9].rstrip('-_')}-{sha256(key.encode()).hexdigest()[:8]}"


def dashed(name: str) -> str:
    """The name in small letters, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")

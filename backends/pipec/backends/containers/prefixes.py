"""What Dockerfiles begin with in common: built once, before images that share it are built side by side.

The classic builder finds a layer again by the image below it. Two builds that begin alike and run at once each make those
first layers, and the next build finds only one of the two: whatever lay on the other is rebuilt, though nothing changed. So
what is shared is made by one of them while the others wait. BuildKit sees to this itself.

    FROM base            ┐ built once
    USER root            ┘
    RUN … a   RUN … b      side by side
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.containers.instructions import instructions_of
from pipec.compiler.images.context import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.images.context import Context


def shared_prefixes(contexts: Mapping[str, Context]) -> Mapping[str, tuple[str, ...]]:
    """For each image, by its name, the Dockerfiles that make what it shares with others, the shortest first."""
    keys = {name: _keys(context) for name, context in contexts.items()}
    found: dict[str, tuple[str, ...]] = {}
    for name, own in keys.items():
        lengths = {_common(own, other) for another, other in keys.items() if another != name}
        lines = contexts[name].dockerfile.splitlines()
        instructions = instructions_of(contexts[name].dockerfile)
        # The base alone needs no build.
        found[name] = tuple(
            "\n".join(lines[: instructions[length - 1].last]) + "\n"
            for length in sorted(lengths)
            if 1 < length < len(instructions)
        )
    return found


def _keys(context: Context) -> list[str]:
    """What makes each instruction the same as another: its text, and for COPY what is copied."""
    found: list[str] = []
    for one in instructions_of(context.dockerfile):
        words = one.text.split()
        key = one.text
        if words[0].upper() in {"COPY", "ADD"} and len(words) > 1:
            key += digest_of(file for file in context.files if file.path.startswith(words[1]))
        found.append(key)
    return found


def _common(first: list[str], second: list[str]) -> int:
    pairs = zip(first, second, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))

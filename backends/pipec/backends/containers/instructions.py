r"""The instructions of a Dockerfile with their lines, so that a failing one can be shown.

>>> [one.first for one in instructions_of("FROM a\n# note\nRUN x \\\n    && y\nUSER 1\n")]
[1, 3, 5]
"""

from __future__ import annotations

import re

from pipec.compiler.record import dataclass
from pipec.compiler.source import Position, Span

_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its first line, its last, both from 1, and its text in one line."""

    first: int
    last: int
    text: str


def instructions_of(dockerfile: str) -> list[Instruction]:
    """Every instruction in order, as builders count them."""
    found: list[Instruction] = []
    lines = dockerfile.splitlines()
    at = 0
    while at < len(lines):
        first = at
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        parts = [lines[at]]
        while _goes_on(lines[at]) and at + 1 < len(lines):
            at += 1
            parts.append(lines[at])
        at = _after_heredocs(lines, at, " ".join(parts))
        kept = [one.rstrip().removesuffix("\\") for one in parts if not one.lstrip().startswith("#")]
        found.append(Instruction(first + 1, at + 1, " ".join(" ".join(kept).split())))
        at += 1
    return found


def _goes_on(line: str) -> bool:
    return line.rstrip().endswith("\\") or line.lstrip().startswith("#")


def _after_heredocs(lines: list[str], at: int, text: str) -> int:
    """The line where the last here-document of an instruction ends."""
    if text.split(maxsplit=1)[0].upper() not in {"RUN", "COPY", "ADD"}:
        return at
    for _, word in _HEREDOC.findall(text):
        end = next((number for number in range(at + 1, len(lines)) if lines[number].strip() == word), None)
        at = at if end is None else end
    return at


def span_of(instruction: Instruction, path: str, dockerfile: str) -> Span:
    """The place of an instruction in the file `path`."""
    end = len(dockerfile.splitlines()[instruction.last - 1]) + 1
    return Span(path, Position(instruction.first, 1), Position(instruction.last, end))


def nearest(instructions: list[Instruction], text: str) -> Instruction | None:
    """The instruction that a builder shows as `text`, which it may have cut, or in which it has replaced variables."""
    words = " ".join(text.split())
    scored = [(_common(one.text, words), one) for one in instructions]
    best = max(scored, key=lambda one: one[0], default=(0, None))
    return best[1] if best[0] >= min(len(words), 5) else None


def _common(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    return next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )

"""Names that Argo and Kubernetes take.

A template's name becomes part of a pod's name and must be a DNS label, which Argo checks only when the pod is made; a
task's name is an identifier of the `depends` language as well, whose words are refused at run time only.
"""

from __future__ import annotations

import unicodedata

from pipec.compiler.digest import sha256
from pipec.compiler.lazy import pattern

LONGEST_TEMPLATE = 63
LONGEST_OBJECT = 63
LONGEST_CRON = 52

# Measured: as the name of a task, each of these breaks or changes `depends` (reference: argo.md §3.1).
RESERVED = frozenset({"and", "or", "not", "in", "matches", "contains", "let", "if", "else", "true", "false", "nil"})

_OURS = frozenset({"main", "on-exit"})

_PARAMETER = pattern(r"[A-Za-z0-9_-]+")
_FOREIGN = pattern(r"[^a-z0-9]+")
_FAITHFUL = pattern(r"[A-Za-z0-9 ._-]+")


def digest(text: str, length: int = 6) -> str:
    """The first hexadecimal digits of the text's hash: a suffix that does not move when others come and go."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def dns_label(name: str, longest: int, fallback: str) -> str:
    """`name` as a DNS label that starts with a letter. What cannot be told from its letters gets a digest."""
    letters = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    label = _FOREIGN.sub("-", letters.lower()).strip("-")
    if not label:
        return f"{fallback}-{digest(name)}"
    if not label[0].isalpha() or label in RESERVED | _OURS:
        label = f"{fallback}-{label}"
    if not _FAITHFUL.fullmatch(name):
        label = f"{label}-{digest(name)}"
    if len(label) > longest:
        label = f"{label[: longest - 7].rstrip('-')}-{digest(name)}"
    return label


def parameter(name: str) -> str:
    """`name` as the name of a parameter, an artifact or a file; the runtime's adapter has the same rule."""
    return name if _PARAMETER.fullmatch(name) else f"value-{digest(name)}"


class Names:
    """Hands out each name once."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def label(self, name: str, fallback: str = "step") -> str:
        """A template name for `name` that nobody has; the first to ask gets the plain one."""
        label = dns_label(name, LONGEST_TEMPLATE, fallback)
        if label in self._taken:
            label = dns_label(f"{label[: LONGEST_TEMPLATE - 7]}-{digest(name)}", LONGEST_TEMPLATE, fallback)
        while label in self._taken:
            label = f"{label[: LONGEST_TEMPLATE - 7]}-{digest(label)}"
        self._taken.add(label)
        return label

    def parameter(self, name: str) -> str:
        """A parameter or artifact name for `name` that nobody has."""
        legal = parameter(name)
        while legal in self._taken:
            legal = f"{legal}-{digest(legal)}"
        self._taken.add(legal)
        return legal

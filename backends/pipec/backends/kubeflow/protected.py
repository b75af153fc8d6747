r"""JSON text that nothing between the file and the step takes for something else (reference/kubeflow.md §8).

Argo and the launcher look for `{{…}}`, Kubernetes for `$(NAME)` and `$$`, the local runner also for `python3` and
`/kfp-workspace`. All of these can stand inside JSON strings only, where any character may be written `\uXXXX`.

>>> protected({"a": "{{x}} $(HOME)"})
'{"a": "\\u007b\\u007bx\\u007d\\u007d \\u0024(HOME)"}'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipec.compiler.ir.constants import text
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from pipec.compiler.ir.values import Json

_STRING = pattern(r'"(?:[^"\\]|\\.)*"')
_LIVE = pattern(r"[{}$<>%`]|p(?=ython3)|/(?=kfp-workspace)")
_TEMPLATE = pattern(r"\{\{|\$\(|\$\$|\{\$")


def protected(value: Json) -> str:
    """Canonical JSON of the value that comes through unchanged."""
    return _STRING.sub(lambda string: _LIVE.sub(_escaped, string[0]), text(value))


def is_live(plain: str) -> bool:
    """Whether the text, as it is, would be taken for a template or a variable on the cluster."""
    return _TEMPLATE.search(plain) is not None


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"

r"""Text that neither Argo's template language nor Kubernetes' `$(NAME)` expansion touches.

Argo substitutes `{{…}}` in every string of a template, several times, and re-scans what it put in; there is no escape
(reference: fasttemplate over the JSON of the template). The kubelet then expands `$(NAME)` in arguments and variables
and makes `$` of `$$`. JSON can avoid both, since it can spell a character as `\u….`; free text cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir import constants
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from pipec.compiler.ir.values import Json

_BRACE_BEFORE_BRACE = pattern(r"\{(?=\{)")
_ACTIVE_DOLLAR = pattern(r"\$(?=[$(])")


def enc(value: Json) -> str:
    """Canonical JSON text that arrives in a container's arguments as it is, whatever it holds."""
    return _ACTIVE_DOLLAR.sub(r"\\u0024", constants.text(value))


def is_live(text: str) -> bool:
    """Whether Argo would look for a tag in the text."""
    return "{{" in text


def markdown(text: str) -> str:
    """Free text that is shown as Markdown: an escaped brace looks the same there and opens no tag."""
    return _BRACE_BEFORE_BRACE.sub(r"{\\", _whole(text))


def plain(text: str) -> str:
    """Free text that is shown as it is: a space parts what would open a tag."""
    return _BRACE_BEFORE_BRACE.sub("{ ", _whole(text))


def variable(text: str) -> str:
    """The value of an environment variable, so written that the kubelet gives back `text`; `{{` is the caller's care."""
    return text.replace("$", "$$") if _ACTIVE_DOLLAR.search(text) else text


def _whole(text: str) -> str:
    """Without half surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def typed(parameter: str) -> str:
    """The tag of a run parameter's text as a person has typed it, made inert: JSON has `{{` and `$` in strings only.

    The expression reads the text before Argo substitutes in it, and spells what is live in another way: text that is put
    in is scanned again, and there is no other escape.
    """
    opened = rf'replace(workflow.parameters["{parameter}"], "{{" + "{{", "{{\\u007b")'
    return rf'{{{{= replace({opened}, "$", "\\u0024") }}}}'


def number(value: Json) -> str:
    """Canonical JSON text, where a float that is not finite is the word that Go, Python and YAML people know.

    Conditions read parameters with `float(…)`, which takes these words; the adapter makes canonical JSON of them again.
    """
    match value:
        case {"$pipec": ["float", str() as word]}:
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[word]
        case _:
            return enc(value)

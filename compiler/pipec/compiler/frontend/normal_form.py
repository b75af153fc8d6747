"""The normal form of a piece of Python: what a cache key hashes.

A comment or a reformat does not change it, and it is the same on Python 3.11 to 3.14: node names and fields are written by
us, and a field that is empty or absent (`type_params` before 3.12, say) is left out.
"""

from __future__ import annotations

import ast

_IGNORED = frozenset({"ctx", "type_comment", "kind", "type_ignores"})


def normal_form(node: ast.AST) -> str:
    """The text that stands for the meaning of `node`."""
    parts: list[str] = []
    _write(node, parts)
    return "".join(parts)


def _write(value: object, parts: list[str]) -> None:
    if isinstance(value, ast.AST):
        parts.append(f"({type(value).__name__}")
        for name in value._fields:
            inner = getattr(value, name, None)
            if name in _IGNORED or (inner is None and not isinstance(value, ast.Constant)) or inner == []:
                continue
            parts.append(f" {name}=")
            _write(inner, parts)
        parts.append(")")
    elif isinstance(value, list):
        parts.append("[")
        for item in value:
            _write(item, parts)
            parts.append(",")
        parts.append("]")
    else:
        parts.append(f"{type(value).__name__}:{value!r}")

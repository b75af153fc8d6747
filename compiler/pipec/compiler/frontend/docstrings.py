"""Docstrings without the indentation of the code around them."""

from __future__ import annotations

import ast


def docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The docstring of a function, dedented as PEP 257 says (`inspect.cleandoc`, whose module costs start-up time); or nothing."""
    lines = (ast.get_docstring(node, clean=False) or "").expandtabs().splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    text = [lines[0].lstrip(), *(line[margin:] for line in lines[1:])] if lines else []
    while text and not text[-1]:
        text.pop()
    while text and not text[0]:
        text.pop(0)
    return "\n".join(text)

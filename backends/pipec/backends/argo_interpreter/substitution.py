r"""Argo's substitution: the JSON text of an object is scanned for `{{…}}`, values go in, the text is parsed again.

A value goes in as Go's `strconv.Quote` writes it, which is not always JSON: some characters break the object. Values are
scanned again by the next pass. `{{=…}}` is an expression; where it cannot be computed it stays, or ends the node.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pipec.backends.argo_interpreter import expressions, values
from pipec.backends.argo_interpreter.faults import Broken, Missing

_SHORT = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SHORT["\v"] = "\\v"
_LATE = ("item", "retries", "lastRetry", "workflow.status", "workflow.failures")

Part = TypeVar("Part")


def quote(text: str) -> str:
    """Go's `strconv.Quote` without its outer quotes."""
    out: list[str] = []
    for character in text:
        code = ord(character)
        if character in _SHORT:
            out.append(_SHORT[character])
        elif character == " " or character.isprintable():
            out.append(character)
        elif code < 0x80:
            out.append(f"\\x{code:02x}")
        else:
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join(out)


def substitute(part: Part, variables: Mapping[str, Any], strict: Sequence[str] | None = None) -> Part:
    """One pass over an object.

    Args:
        part: what JSON can say.
        variables: by dotted name; None for the output of a task that was skipped.
        strict: what a tag may not begin with and stay; `[""]` where every tag must resolve, None where all may stay.

    Raises:
        Broken: Argo would end the node with an error.
        Missing: Argo would wait for ever.
    """
    text = json.dumps(part, ensure_ascii=False)
    out: list[str] = []
    start = 0
    while (opening := text.find("{{", start)) >= 0:
        closing = text.find("}}", opening)
        if closing < 0:
            raise Broken("Cannot find end tag")
        tag = text[opening + 2 : closing]
        out.append(text[start:opening])
        out.append(_expression(tag[1:], variables, strict) if tag.startswith("=") else _simple(tag, variables, strict))
        start = closing + 2
    out.append(text[start:])
    try:
        parsed: Part = json.loads("".join(out))
    except ValueError as fault:
        raise Broken(f"result was invalid JSON: {fault}") from fault
    return parsed


def _simple(tag: str, variables: Mapping[str, Any], strict: Sequence[str] | None) -> str:
    name = tag.strip()
    if name in variables:
        value = variables[name]
        if value is None:
            raise Broken(f"unable to substitute {{{{{tag}}}}}: output is an absent optional")
        if not isinstance(value, str):
            raise Broken(f"failed to resolve {{{{{tag}}}}} to string")
        return quote(value)
    if strict is not None and name.startswith(tuple(strict)) and ".outputs.artifacts." not in name:
        raise Missing(f"failed to resolve {{{{{tag}}}}}")
    return f"{{{{{tag}}}}}"


def _expression(escaped: str, variables: Mapping[str, Any], strict: Sequence[str] | None) -> str:
    stays = f"{{{{={escaped}}}}}"
    try:
        text: str = json.loads(f'"{escaped}"')
    except ValueError as fault:
        if strict is None:
            return stays
        raise Broken(f"failed to unmarshall JSON expression: {fault}") from fault
    if strict is None and any(late in text and late not in variables for late in _LATE):
        return stays
    try:
        value = expressions.evaluate(text, expressions.environment(variables))
        if value is None:
            raise values.Failed("the value is nil")
        printed = values.go_json(value)
    except values.Failed as fault:
        if strict is None:
            return stays
        raise Broken(f"failed to evaluate expression: {fault}") from fault
    if len(printed) > 1 and printed[0] == printed[-1] == '"':
        return printed[1:-1]
    return quote(printed)

"""Values as Go and expr see them: JSON numbers are floats, truth values are no numbers, nothing is converted silently."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any, cast

from pipec.backends.argo_interpreter.faults import Refused


class Failed(Exception):
    """expr rejects the expression or its values."""


def equal(left: Any, right: Any) -> bool:
    """`==`: numbers of both kinds are compared, a truth value equals itself only."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def truth(value: Any) -> bool:
    """A truth value, or `Failed`."""
    if not isinstance(value, bool):
        raise Failed(f"{type(value).__name__} where a bool is expected")
    return value


def number(value: Any) -> int | float:
    """A number, or `Failed`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Failed(f"{type(value).__name__} where a number is expected")
    return value


_FLOAT = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE)


def to_float(value: Any) -> float:
    """Go's `strconv.ParseFloat` of text."""
    if isinstance(value, str):
        if not _FLOAT.fullmatch(value):
            raise Failed(f"invalid operation: float({value})")
        found = float(value)
        if math.isinf(found) and "inf" not in value.lower():
            raise Failed(f"float({value}): out of range")
        return found
    return float(number(value))


def to_int(value: Any) -> int:
    """Go's `strconv.Atoi` of text; a float loses its fraction."""
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d+", value) or abs(int(value)) >= 1 << 63:
            raise Failed(f"invalid operation: int({value})")
        return int(value)
    if not math.isfinite(number(value)):
        raise Refused("int of what is not finite")
    return int(number(value))


def from_json(value: Any) -> Any:
    """`fromJSON` of text."""
    if not isinstance(value, str):
        raise Failed("fromJSON of no text")
    try:
        return floats(json.loads(value, parse_constant=_no_constant))
    except ValueError as fault:
        raise Failed(f"fromJSON: {fault}") from fault


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def floats(value: Any) -> Any:
    """Go decodes every JSON number as a float."""
    if isinstance(value, list):
        return [floats(each) for each in value]
    if isinstance(value, dict):
        return {key: floats(each) for key, each in cast("dict[str, Any]", value).items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def length(value: Any) -> int:
    """`len` of text, a list or a map."""
    if not isinstance(value, str | list | dict):
        raise Failed(f"invalid argument for len (type {type(value).__name__})")
    return len(cast("list[Any]", value))


def replaced(value: Any, old: Any, new: Any) -> str:
    """Expr's `replace` of each occurrence, Go's `strings.Replace`."""
    if not (isinstance(value, str) and isinstance(old, str) and isinstance(new, str)):
        raise Failed("replace of what is no text")
    if not old:
        raise Refused("replace of nothing")
    return value.replace(old, new)


def sha256(value: Any) -> str:
    """Sprig's `sha256sum`."""
    if not isinstance(value, str):
        raise Failed("sha256sum of no text")
    return hashlib.sha256(value.encode()).hexdigest()


def to_string(value: Any) -> str:
    """Expr's `string`, where Go prints what JSON says."""
    if isinstance(value, list | dict | float) or value is None:
        raise Refused("string of a float, a list, a map or nil, which Go prints in its own way")
    return value if isinstance(value, str) else go_json(value)


def go_json(value: Any) -> str:
    """Go's `json.Marshal`: compact, `<`, `>` and `&` escaped, whole floats without their fraction."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Failed("json: unsupported value")
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        for character in "<>&\u2028\u2029\x7f":
            text = text.replace(character, f"\\u{ord(character):04x}" if character != "\x7f" else character)
        return text
    if isinstance(value, list):
        return f"[{','.join(map(go_json, value))}]"
    if isinstance(value, dict):
        entries = sorted(cast("dict[str, Any]", value).items())
        return "{" + ",".join(f"{go_json(key)}:{go_json(each)}" for key, each in entries) + "}"
    return json.dumps(value)

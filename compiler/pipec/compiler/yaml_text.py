r"""Prints YAML that every Kubernetes parser, YAML 1.1 reader and person takes for the same thing.

Before:   {"name": "train", "rate": "1e3", "code": "x = 1\n", "image": Flow({"tag": "3.12"})}
After:    name: train
          rate: "1e3"
          code: |
            x = 1
          image: {tag: "3.12"}

A scalar is bare only where no reader takes it for anything but text: PyYAML's own `safe_dump` writes text bare that
Kubernetes reads as numbers or booleans (`y`, `1e3`, `08`, `0o17`); the rule here had none of 13,915 probes misread.
There are no anchors, no folding and no tags.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache

from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass

WIDTH = 120
"""Columns that a flow collection may fill before it is printed as a block."""

_BARE = pattern(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
# Printable in YAML 1.1, but for the line breaks that are not `\n`. The classes beyond ASCII take milliseconds to compile
# and are seldom needed.
_BEYOND = "\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_NOT_LITERAL_ASCII = pattern("[^\t\n\x20-\x7e]")
_ESCAPED_ASCII = pattern('["\\\\]|[^\x20-\x7e]')


@cache
def _not_literal() -> re.Pattern[str]:
    return re.compile(f"[^\t\n\x20-\x7e{_BEYOND}]")


@cache
def _escaped() -> re.Pattern[str]:
    return re.compile(f'["\\\\]|[^\x20-\x7e{_BEYOND}]')


_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x00": "\\0"}
_LONGEST_KEY = 1000


@dataclass(frozen=True, slots=True)
class Flow:
    """A map or list that goes on one line, `{name: a, value: b}`, wherever it fits `WIDTH` columns."""

    value: Sequence[Yaml] | Mapping[str, Yaml]


@dataclass(frozen=True, slots=True)
class Noted:
    """The value of a key, or an item of a list, with comment lines (without their sign) above it.

    Attributes:
        blank: whether an empty line sets it off from what stands above.
    """

    value: Yaml
    comment: tuple[str, ...] = ()
    blank: bool = False


Yaml = None | bool | int | float | str | Sequence["Yaml"] | Mapping[str, "Yaml"] | Flow | Noted
"""What can be printed. Text is always printed so that it stays text."""


def scalar(value: bool | int | float | str | None) -> str:
    """The value on one line, in a form that is legal in block and flow context alike.

    Raises:
        ValueError: for a float that is not finite, and for text that no UTF-8 file can hold.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float(value)
        case str():
            return value if _is_bare(value) else _quoted(value)


def document(root: Mapping[str, Yaml], header: Sequence[str] = ()) -> str:
    """One document: `header` as comment lines, then the map. Ends with a newline.

    Raises:
        ValueError: see `scalar`; also for a key longer than a YAML reader must take.
    """
    printer = _Printer([_comment(line) for line in header])
    printer.mapping(root, "", "")
    return "\n".join(printer.lines) + "\n"


def documents(texts: Sequence[str]) -> str:
    """Several documents as one file."""
    return "---\n".join(texts)


class _Printer:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        # The last line belongs to a literal that keeps its trailing newlines: an empty line would become part of it.
        self._is_kept = False

    def mapping(self, entries: Mapping[str, Yaml], first: str, indent: str) -> None:
        """Prints the entries, the first one after `first` (which may hold a dash), the others after `indent`."""
        for key, noted in entries.items():
            if len(key) > _LONGEST_KEY:
                raise ValueError(f"a YAML key of {len(key)} characters")
            value = self._note(noted, indent)
            self._entry(f"{first}{scalar(key)}:", value, indent)
            first = indent

    def _entry(self, lead: str, value: Yaml, indent: str) -> None:
        """Prints `value` after or below `lead`, which ends in a colon."""
        match _block(lead, value):
            case Mapping() as entries:
                self._line(lead)
                self.mapping(entries, indent + "  ", indent + "  ")
            case list() as items:
                self._line(lead)
                self._sequence(items, indent + "  ")
            case str() as text:
                self._literal(lead, text, indent + "  ")
            case None:
                self._line(f"{lead} {_flow(value)}")

    def _sequence(self, items: Sequence[Yaml], indent: str) -> None:
        for noted in items:
            value = self._note(noted, indent)
            match _block(f"{indent}-", value):
                case Mapping() as entries:
                    self.mapping(entries, f"{indent}- ", indent + "  ")
                case str() as text:
                    self._literal(f"{indent}-", text, indent + "  ")
                case _:
                    self._line(f"{indent}- {_flow(value)}")

    def _literal(self, lead: str, text: str, indent: str) -> None:
        """A block of text as it is; its sign says how it ends: without a newline, with one, with several."""
        body = text.removesuffix("\n")
        keeps = body.endswith("\n")
        self._line(f"{lead} {'|-' if body == text else '|+' if keeps else '|'}")
        self.lines.extend(indent + line if line else "" for line in body.split("\n"))
        self._is_kept = keeps

    def _note(self, value: Yaml, indent: str) -> Yaml:
        """Prints the comment of a `Noted` and gives what is in it."""
        if not isinstance(value, Noted):
            return value
        if value.blank and not self._is_kept:
            self._line("")
        for line in value.comment:
            self._line(indent + _comment(line))
        return value.value

    def _line(self, line: str) -> None:
        self.lines.append(line)
        self._is_kept = False


def _block(lead: str, value: Yaml) -> Mapping[str, Yaml] | list[Yaml] | str | None:
    """What has to be printed over several lines; None for what goes on the line of `lead`."""
    if isinstance(value, Flow):
        if len(f"{lead} {_flow(value)}") <= WIDTH:
            return None
        value = value.value
    match value:
        case str():
            return value if _is_literal(value) else None
        case Mapping():
            return value or None
        case Sequence():
            return list(value) or None
        case _:
            return None


def _comment(line: str) -> str:
    pattern = _NOT_LITERAL_ASCII if line.isascii() else _not_literal()
    return f"# {pattern.sub('?', line).replace(chr(10), ' ')}".rstrip()


def _is_bare(text: str) -> bool:
    return _BARE.fullmatch(text) is not None and text.lower() not in _WORDS


def _is_literal(text: str) -> bool:
    """Whole lines, the first one unindented and the last one not blank but for newlines: no indicator is needed."""
    if (
        "\n" not in text
        or text[0] in " \t\n"
        or (_NOT_LITERAL_ASCII if text.isascii() else _not_literal()).search(text)
    ):
        return False
    last = text.rstrip("\n").rpartition("\n")[2]
    return bool(last.strip())


def _quoted(text: str) -> str:
    escaped = (_ESCAPED_ASCII if text.isascii() else _escaped()).sub(_escape, text)
    if len(escaped) - len(text) == text.count('"') + text.count("\\") > 0:
        # Nothing but quotes and backslashes is escaped: JSON, say, which a person writes between single quotes.
        return "'" + text.replace("'", "''") + "'"
    return f'"{escaped}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("text with half a surrogate pair")
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _float(value: float) -> str:
    """With a dot and a signed exponent: without them a YAML 1.1 reader sees text."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no YAML number of Kubernetes")
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _flow(value: Yaml) -> str:
    match value:
        case Flow(value=inner) | Noted(value=inner):
            return _flow(inner)
        case str() | None | bool() | int() | float():
            return scalar(value)
        case Mapping():
            return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(map(_flow, value)) + "]"

r"""Reads back what `yaml_text` prints, and nothing more: importing PyYAML costs a fifth of a compilation.

Before:   name: train
          rate: "1e3"
          code: |
            x = 1
          image: {tag: "3.12"}
After:    {"name": "train", "rate": "1e3", "code": "x = 1\n", "image": {"tag": "3.12"}}

It knows block maps and lists, flow collections on one line, bare and quoted scalars, literals and comments on lines of
their own. Whatever else a line holds is a `NotPlain`, never a guess; tests hold every answer to PyYAML's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = pattern(
    r"""(?:([A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*)|("(?:[^"\\]|\\.)*")|('(?:[^']|'')*')):(?: |$)"""
)
_BARE = pattern(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?(e[-+][0-9]+)?(?![A-Za-z0-9_./-])")
_QUOTED = pattern(r"""("(?:[^"\\]|\\.)*")|('(?:[^']|'')*')""")
_ESCAPE = pattern(r'\\(x[0-9a-f]{2}|u[0-9a-f]{4}|["\\nrt0])')
_WORDS: dict[str, Any] = {"null": None, "true": True, "false": False}
_SHORT = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}


class NotPlain(ValueError):
    """The text is not as `yaml_text` prints it; `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line


def read_documents(text: str) -> list[Any]:
    """The documents of a file, which `---` on a line of its own separates.

    Raises:
        NotPlain: something in it is not as `yaml_text` prints it.
    """
    lines = text.split("\n")
    if lines.pop():
        raise NotPlain(len(lines) + 1, "no newline at the end")
    reader = _Reader(lines)
    found = [reader.document()]
    while reader.at < len(lines):
        reader.at += 1
        found.append(reader.document())
    return found


def read_back(text: str) -> list[Any]:
    """The documents of a generated file, by PyYAML where it holds what `read_documents` does not know.

    Raises:
        ValueError: it is no YAML.
    """
    try:
        return read_documents(text)
    except NotPlain:
        import yaml

        try:
            return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        except yaml.YAMLError as fault:
            raise ValueError(str(fault)) from fault


class _Reader:
    """Goes through the lines once; `at` is the next one."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0

    def fault(self, what: str) -> NotPlain:
        return NotPlain(self.at + 1, what)

    def document(self) -> Any:
        self.skip()
        if self.at == len(self.lines) or self.lines[self.at] == "---":
            raise self.fault("an empty document")
        value = self.block(0)
        self.skip()
        if self.at < len(self.lines) and self.lines[self.at] != "---":
            raise self.fault("less indented than what is around it")
        return value

    def skip(self) -> None:
        """Over comments and empty lines."""
        while self.at < len(self.lines):
            line = self.lines[self.at].lstrip(" ")
            if line and line[0] != "#":
                return
            self.at += 1

    def indent(self) -> int:
        """Of the next line with something on it; -1 at the end of the document."""
        self.skip()
        if self.at == len(self.lines) or self.lines[self.at] == "---":
            return -1
        line = self.lines[self.at]
        return len(line) - len(line.lstrip(" "))

    def block(self, indent: int) -> Any:
        """The map or list whose first line is the next one."""
        line = self.lines[self.at]
        return self.sequence(indent) if line.startswith("- ", indent) else self.mapping(indent, indent)

    def mapping(self, start: int, indent: int) -> dict[str, Any]:
        """A map whose first key stands at column `start` of this line (behind a dash, say) and the others at `indent`."""
        found: dict[str, Any] = {}
        while True:
            match = _KEY.match(self.lines[self.at], start)
            if match is None:
                raise self.fault("no key")
            key = match[1] if match[1] is not None else _unquoted(match[2] or match[3], self.fault)
            if key in found:
                raise self.fault(f"the key {key!r} comes twice")
            found[key] = self.value(match.end(), indent)
            if self.indent() != indent or self.lines[self.at].startswith("- ", indent):
                return found
            start = indent

    def sequence(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while True:
            line = self.lines[self.at]
            inside = indent + 2
            if _KEY.match(line, inside):
                found.append(self.mapping(inside, inside))
            else:
                found.append(self.value(inside, indent))
            if self.indent() != indent or not self.lines[self.at].startswith("- ", indent):
                return found

    def value(self, start: int, indent: int) -> Any:
        """What stands behind a key or a dash: on its line, or below it and deeper than `indent`."""
        line = self.lines[self.at]
        rest = line[start:]
        if rest in ("|", "|-", "|+"):
            self.at += 1
            return self.literal(rest, indent + 2)
        if rest:
            value, end = self.flow(line, start)
            if end != len(line):
                raise self.fault(f"{line[end:]!r} behind a value")
            self.at += 1
            return value
        self.at += 1
        deeper = self.indent()
        if deeper != indent + 2:
            raise self.fault("no value")
        return self.block(deeper)

    def literal(self, sign: str, indent: int) -> str:
        """Lines as they are, below a sign that says how they end."""
        margin, taken, last = " " * indent, self.at, self.at
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line and not line.startswith(margin):
                break
            self.at += 1
            if line:
                last = self.at
        end = self.at if sign == "|+" else last
        body = "\n".join(line[indent:] for line in self.lines[taken:end])
        return body if sign == "|-" else body + "\n"

    def flow(self, line: str, start: int) -> tuple[Any, int]:
        """The value that starts at column `start`, and where it ends."""
        match line[start : start + 1]:
            case "{":
                return self.flow_mapping(line, start + 1)
            case "[":
                return self.flow_sequence(line, start + 1)
            case '"' | "'":
                return self.quoted(line, start)
            case _:
                return self.bare(line, start)

    def flow_mapping(self, line: str, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while not line.startswith("}", at):
            match = _KEY.match(line, at)
            if match is None:
                raise self.fault("no key in a flow map")
            key = match[1] if match[1] is not None else _unquoted(match[2] or match[3], self.fault)
            if key in found:
                raise self.fault(f"the key {key!r} comes twice")
            found[key], at = self.flow(line, match.end())
            at = self.separator(line, at, "}")
        return found, at + 1

    def flow_sequence(self, line: str, at: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while not line.startswith("]", at):
            value, at = self.flow(line, at)
            found.append(value)
            at = self.separator(line, at, "]")
        return found, at + 1

    def separator(self, line: str, at: int, end: str) -> int:
        if line.startswith(", ", at) and not line.startswith(end, at + 2):
            return at + 2
        if not line.startswith(end, at):
            raise self.fault(f"neither a comma nor `{end}`")
        return at

    def quoted(self, line: str, start: int) -> tuple[str, int]:
        match = _QUOTED.match(line, start)
        if match is None:
            raise self.fault("a quote without its end")
        return _unquoted(match[0], self.fault), match.end()

    def bare(self, line: str, start: int) -> tuple[Any, int]:
        if match := _BARE.match(line, start):
            word = match[0]
            return _WORDS.get(word, word), match.end()
        if match := _NUMBER.match(line, start):
            is_whole = match[1] is None and match[2] is None
            return (int if is_whole else float)(match[0]), match.end()
        raise self.fault(f"{line[start:]!r} is no value")


def _unquoted(text: str, fault: Callable[[str], NotPlain]) -> str:
    inner = text[1:-1]
    if text[0] == "'":
        return inner.replace("''", "'")
    if "\\" not in inner:
        return inner

    def character(match: re.Match[str]) -> str:
        code = match[1]
        return _SHORT[code] if len(code) == 1 else chr(int(code[1:], 16))

    if _ESCAPE.sub("", inner).count("\\"):
        raise fault("an escape that is not ours")
    return _ESCAPE.sub(character, inner)

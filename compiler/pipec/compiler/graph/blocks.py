"""The part of a generated file that stands for one step, for the page: what a reviewer would look for by name."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipec.compiler.backend import GeneratedFile

_NAMED = re.compile(r"""^(\s*)(?:- )?(?:name: (?:"([^"]+)"|([\w.-]+))|"?([\w.-]+)"?:)\s*$""")
_POINTER = re.compile(r"(?:template|componentRef: \{name|executorLabel):? *\"?([\w.-]+)")
_TEMPLATE = 4
"""How far in a template of Argo stands."""

_GAP = "⋮"
"""Stands between parts that are not next to each other in the file."""


def blocks(files: Sequence[GeneratedFile], ids: Iterable[str]) -> dict[str, str]:
    """For each id that the main one of `files` knows, the text of its parts.

    Args:
        files: what a backend emitted for one pipeline, the main file first.
        ids: of calls.
    """
    if not files:
        return {}
    main = files[0]
    if main.path.endswith(".py"):
        return _of_python(main.text, ids)
    return _Yaml(main.text).blocks(ids)


def _of_python(text: str, ids: Iterable[str]) -> dict[str, str]:
    """The statement whose call begins with the id as its first argument, with the comments above it."""
    lines = text.splitlines()
    wanted = set(ids)
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Assign | ast.Expr) or not isinstance(node.value, ast.Call):
            continue
        first = node.value.args[:1]
        name = first[0].value if first and isinstance(first[0], ast.Constant) else None
        if isinstance(name, str) and name in wanted and name not in found:
            start = node.lineno - 1
            while start and lines[start - 1].lstrip().startswith("#"):
                start -= 1
            found[name] = _dedented(lines[start : node.end_lineno])
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of a YAML text that belong to one name."""

    name: str
    start: int
    end: int


class _Yaml:
    """A YAML text in parts by name, read by its indentation: Argo's and Kubeflow's files are printed so that this is enough."""

    def __init__(self, text: str) -> None:
        self.lines = text.partition("\nkind: ConfigMap\n")[0].splitlines()
        self.parts: dict[str, list[_Part]] = {}
        for index, line in enumerate(self.lines):
            found = _NAMED.match(line)
            if found is not None:
                name = found[2] or found[3] or found[4]
                self.parts.setdefault(_plain(name), []).append(_Part(name, index, self._end(index)))
        self.spelled: dict[str, list[_Part]] = {}
        for part in [part for parts in self.parts.values() for part in parts]:
            for id_ in self._spelled(part):
                self.spelled.setdefault(id_, []).append(part)

    def _end(self, start: int) -> int:
        """The line after the last one that is further in than line `start`."""
        depth = _depth(self.lines[start])
        end = start + 1
        while end < len(self.lines) and (not self.lines[end].strip() or _depth(self.lines[end]) > depth):
            end += 1
        while not self.lines[end - 1].strip():
            end -= 1
        return end

    def blocks(self, ids: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for id_ in ids:
            parts = self._follow(self._tasks(id_))
            if parts:
                found[id_] = f"\n{_GAP}\n".join(self._text(part) for part in parts)
        return found

    def _tasks(self, id_: str) -> list[_Part]:
        """Where graphs name the step. A target may have had to change the name: beside it, or in it, stands the id itself."""
        near = [part for part in self.parts.get(_plain(id_), ()) if "template:" in self._line(part.start + 1)]
        return near or self.spelled.get(id_, [])

    def _spelled(self, part: _Part) -> Iterator[str]:
        """The ids that a part spells out: the title of a task, or the first argument of a container."""
        title = re.match(r"taskInfo: \{name: (.*)\}$", self._line(part.start + 1))
        if title is not None:
            yield title[1].strip('"')
        elif _depth(self.lines[part.start]) == _TEMPLATE and not self._is_of_graph(part):
            for at in range(part.start, part.end):
                if self._line(at) == "args:":
                    yield self._line(at + 1).removeprefix("- ").strip('"')

    def _line(self, number: int) -> str:
        return self.lines[number].strip() if number < len(self.lines) else ""

    def _follow(self, tasks: Sequence[_Part]) -> list[_Part]:
        """The tasks, and the parts that they point to: template, component, executor."""
        found = list(tasks)
        for part in found:  # grows while it is walked
            for line in self.lines[part.start : part.end]:
                pointer = _POINTER.search(line)
                if pointer is None:
                    continue
                for other in self.parts.get(_plain(pointer[1]), ()):
                    known = any(one.start <= other.start < one.end for one in found)
                    if other.name == pointer[1] and not known and not self._is_of_graph(other):
                        found.append(other)
        return found

    def _is_of_graph(self, part: _Part) -> bool:
        """Whether a part is a graph itself, a task or an output of one: none belongs to the step."""
        texts = [line.strip() for line in self.lines[part.start + 1 : part.end]]
        words = ("dag:", "steps:", "template:", "componentRef:")
        return any(text.startswith(words) for text in texts) or (bool(texts) and texts[0].startswith("valueFrom:"))

    def _text(self, part: _Part) -> str:
        start = part.start
        while start and self.lines[start - 1].lstrip().startswith("#"):
            start -= 1
        return _dedented(self.lines[start : part.end])


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _plain(name: str) -> str:
    """A name without what targets change in it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _dedented(lines: Sequence[str]) -> str:
    least = min((_depth(line) for line in lines if line.strip()), default=0)
    return "\n".join(line[least:] for line in lines)

"""Where tables and keys of a TOML text stand."""

from __future__ import annotations

from pipec.compiler.source import SourceFile
from pipec.compiler.toml_places import places_of

TEXT = """\
title = "[not.a.table]"
[tool.pipec]  # comment
sources = [
  "a = 1",
  "[x]",
]
text = '''
[also.not]
k = 1
'''
"quoted key" = {a = 1}
steps.train.timeout = 60 # seconds
[tool.pipec.stack."my dev"]
environment = { A = "1" }
[[tool.more]]
x = 1
"""


def test_places() -> None:
    source = SourceFile("pyproject.toml", TEXT)
    found = {
        ".".join(path): (str(name), source.line(name.start.line)[name.start.column - 1 : name.end.column - 1])
        for path, (name, _) in places_of(source).items()
    }
    assert found == {
        "title": ("pyproject.toml:1:1", "title"),
        "tool.pipec": ("pyproject.toml:2:7", "pipec"),
        "tool.pipec.sources": ("pyproject.toml:3:1", "sources"),
        "tool.pipec.text": ("pyproject.toml:7:1", "text"),
        "tool.pipec.quoted key": ("pyproject.toml:11:1", '"quoted key"'),
        "tool.pipec.steps": ("pyproject.toml:12:1", "steps"),
        "tool.pipec.steps.train": ("pyproject.toml:12:7", "train"),
        "tool.pipec.steps.train.timeout": ("pyproject.toml:12:13", "timeout"),
        "tool.pipec.stack.my dev": ("pyproject.toml:13:19", '"my dev"'),
        "tool.pipec.stack.my dev.environment": ("pyproject.toml:14:1", "environment"),
        "tool.more": ("pyproject.toml:15:8", "more"),
        "tool.more.x": ("pyproject.toml:16:1", "x"),
    }


def test_the_place_of_a_value_ends_with_its_line() -> None:
    source = SourceFile("pyproject.toml", 'a = "x"\n')
    ((_, value),) = places_of(source).values()
    assert (value.start.column, value.end.column) == (5, 8)

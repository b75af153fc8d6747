"""Small programs for tests of the front end: written to a folder, lowered, printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.frontend import LoweredProgram, lower_file
from pipec.compiler.ir.printer import print_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipec.compiler.ir.model import Pipeline


def write(folder: Path, files: Mapping[str, str]) -> None:
    """The files of a program, by path from `folder`."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def lower(folder: Path, program: str, /, **modules: str) -> LoweredProgram:
    """What the front end makes of `program`, as `main.py`; `modules` are others by dotted name, `a__b` for `a/b.py`."""
    others = {f"{name.replace('__', '/')}.py": text for name, text in modules.items()}
    write(folder, {"main.py": program, **others})
    return lower_file(folder, folder / "main.py", pipeline="p" if "def p(" in program else None)


def lowered(folder: Path, program: str, /, **modules: str) -> Pipeline:
    """The one pipeline of a program without errors."""
    found = lower(folder, program, **modules)
    assert [one for one in found.diagnostics if one.is_error] == []
    (pipeline,) = found.pipelines
    return pipeline


def body(pipeline: Pipeline) -> list[str]:
    """The printed body of a pipeline, a line each."""
    lines = print_pipeline(pipeline).splitlines()
    inside = lines[lines.index("  body") + 1 :]
    return [line.strip() for line in inside if line.startswith("    ")]


def lower_file_of(folder: Path, path: str) -> Pipeline:
    """The one pipeline of the file at `path`, without errors."""
    found = lower_file(folder, folder / path)
    assert [one for one in found.diagnostics if one.is_error] == []
    (pipeline,) = found.pipelines
    return pipeline

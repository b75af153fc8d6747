"""Runs of the local executor, for its tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipec.backends.local import Options, RunResult
from pipec.backends.local import run as run_pipeline
from pipec.compiler.diagnostics import has_errors
from pipec.compiler.driver import Compilation
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.ir.model import Pipeline

PROGRAMS = Path(__file__).parents[1] / "backends/local/programs"


class Project:
    """A project whose only module is `steps`, and its store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder / "project", folder / "store"
        self.folder.mkdir()
        shutil.copy(PROGRAMS / "steps.py", self.folder / "steps.py")

    def run(self, pipeline: Pipeline, parameters: dict[str, Any] | None = None, **options: Any) -> RunResult:
        """Run a pipeline of `ir_builders`."""
        given: dict[str, Any] = {"root": str(self.root), "jobs": 4, "use_cache": False, **options}
        return run_pipeline(pipeline, self.folder, parameters, options=Options(**given))

    def log(self, result: RunResult, instance: str, attempt: int = 1) -> str:
        """What an attempt printed."""
        return (Path(result.folder) / instance / f"{attempt}.notes/log.txt").read_text(encoding="utf-8")


class SourceProject:
    """A project of source files, run as `pipec run` does."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder / "project"
        if source.is_dir():
            shutil.copytree(source, self.folder)
        else:
            self.folder.mkdir()
            shutil.copy(source, self.folder)
        (self.folder / "pyproject.toml").write_text("")
        self.file = self.folder / ("main.py" if source.is_dir() else source.name)

    def compile(self) -> Compilation:
        """The program, which must be sound."""
        compilation = compile_file(self.file, None)
        assert not has_errors(compilation.diagnostics), [each.message for each in compilation.diagnostics]
        return compilation

    def run(self, parameters: dict[str, Any] | None = None, **options: Any) -> RunResult:
        """Run it."""
        compilation = self.compile()
        given: dict[str, Any] = {"import_roots": compilation.import_roots, "jobs": 2, **options}
        return run_pipeline(compilation.pipelines[0], self.folder, parameters, options=Options(**given))

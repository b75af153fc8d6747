"""Runs of the local executor, for its tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipec.backends.local import Options, RunResult
from pipec.backends.local import run as run_pipeline
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
        given = Options(**{"root": str(self.root), "jobs": 4, **options})
        return run_pipeline(pipeline, self.folder, parameters, options=given)

    def log(self, result: RunResult, instance: str, attempt: int = 1) -> str:
        """What an attempt printed."""
        return (Path(result.folder) / instance / f"{attempt}.notes/log.txt").read_text(encoding="utf-8")

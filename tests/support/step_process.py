"""Steps as targets run them: a code root on disk, a fresh interpreter, an invocation document."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipec.compiler.code_root import assemble
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Block, CodeFile, Pipeline
from pipec.compiler.source import Position, Span
from pipec.runtime import codec

_SPAN = Span("p.py", Position(1, 1), Position(1, 1))


def pipeline(**modules: str) -> Pipeline:
    """A pipeline without steps that carries modules, by path with `__` for `/`."""
    code = tuple(CodeFile(name.replace("__", "/") + ".py", text) for name, text in sorted(modules.items()))
    return Pipeline("p", "p:p", (), Block(()), (), {}, Config(), _SPAN, code=code)


@dataclass(frozen=True)
class Ended:
    """How a step ended: its exit status, what it printed, its error document."""

    status: int
    out: str
    err: str
    error: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)


class StepRunner:
    """Runs functions of a code root in processes of their own, below one folder."""

    def __init__(self, folder: Path, **modules: str) -> None:
        self.folder, self.root = folder, folder / "root"
        for file in assemble(pipeline(**modules), "run"):
            path = self.root / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")

    def document(self, function: str, *outputs: str, **entries: Any) -> dict[str, Any]:
        """A document whose outputs go to artifacts `out/NAME` and, without materializer, nowhere else."""
        spec = {
            "function": function,
            "outputs": {name: {"carrier": "artifact"} for name in outputs},
            "returns_tuple": len(outputs) > 1,
            **entries.pop("spec", {}),
        }
        results = {name: {"artifact": str(self.place(name))} for name in outputs}
        reports = {"error": str(self.folder / "error.json"), "record": str(self.folder / "record.json")}
        head = {"version": 1, "pipeline": "p", "step": "s", "run": "r"}
        return {**head, "spec": spec, "slots": {}, "results": results, **reports, **entries}

    def place(self, name: str) -> Path:
        """Where the artifact of an output goes."""
        return self.folder / "out" / name

    def run(self, function: str, *outputs: str, **entries: Any) -> Ended:
        """Run one step; see `document`."""
        return self.run_document(self.document(function, *outputs, **entries))

    def run_document(self, document: Any, *flags: str) -> Ended:
        """Run what a document says."""
        for name in ("error.json", "record.json"):
            (self.folder / name).unlink(missing_ok=True)
        command = [sys.executable, "-I", *flags, str(self.root), "run", "-"]
        text = document if isinstance(document, str) else json.dumps(document)
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=120, check=False, cwd=self.folder
        )
        reports = [self.folder / "error.json", self.folder / "record.json"]
        read = [json.loads(path.read_text(encoding="utf-8")) if path.exists() else {} for path in reports]
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode(), *read)

    def parameter(self, name: str) -> Any:
        """The value of a parameter file `out/NAME.json`."""
        return codec.loads((self.folder / "out" / f"{name}.json").read_text(encoding="ascii"))

"""`pipec verify --target argo`: runs a file in a temporary folder and prints its nodes and outputs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.argo_interpreter.faults import Broken, Refused
from pipec.backends.argo_interpreter.node import Run
from pipec.backends.argo_interpreter.run import submit

if TYPE_CHECKING:
    from pipec.compiler.ir.model import CodeFile


CODE_ROOT = "pipec"
"""Where the code root lies in an image, from its root."""


def verify(
    text: str,
    *,
    secrets: Mapping[str, Mapping[str, str]],
    images: Mapping[str, Sequence[CodeFile]],
    is_quiet: bool,
) -> bool:
    """See `pipec.compiler.backend.Verifier`."""
    with tempfile.TemporaryDirectory(prefix="pipec-verify-") as folder:
        roots = _unpacked(images, Path(folder, "images"))
        try:
            run = submit(text, Path(folder), secrets=secrets, images=roots)
        except Broken as fault:
            print(f"pipec: Argo would not run this: {fault}", file=sys.stderr)
            return False
        except Refused as fault:
            print(f"pipec: this cannot be verified here: {fault}", file=sys.stderr)
            return False
    _print(run, is_quiet)
    return run.phase == "Succeeded"


def _unpacked(images: Mapping[str, Sequence[CodeFile]], folder: Path) -> dict[str, Path]:
    """Each image as a folder that is its root; those with the same code share one."""
    roots: dict[Sequence[CodeFile], Path] = {}
    for files in images.values():
        if files in roots:
            continue
        roots[files] = folder / str(len(roots))
        for file in files:
            path = roots[files] / CODE_ROOT / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8", errors="surrogatepass", newline="")
    return {reference: roots[files] for reference, files in images.items()}


def _print(run: Run, is_quiet: bool) -> None:
    for name, node in run.nodes.items():
        if node.is_failed or not is_quiet:
            print(f"{node.phase:<10} {name}{f': {node.message}' if node.message else ''}")
        if node.is_failed and node.log:
            print("".join(f"           | {line}\n" for line in node.log.splitlines()), end="")
    for name, value in run.outputs.parameters.items():
        print(f"{name} = {value}")
    print(f"{run.phase.lower()}: {len(run.nodes)} nodes")

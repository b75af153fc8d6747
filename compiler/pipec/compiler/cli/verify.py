"""`pipec verify`: compiles, and runs the files themselves as the target would, each step as a process of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.cli.compile import compile_all
from pipec.compiler.cli.session import UsageError, no_pipeline, open_session, pairs, show, targets_of, usage_error
from pipec.compiler.code_root import assemble_all
from pipec.compiler.registry import find_verifier

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pipec.compiler.backend import Verifier
    from pipec.compiler.driver import Compilation
    from pipec.compiler.ir.model import CodeFile


def run(parsed: argparse.Namespace) -> int:
    """Verifies; 1 if the program has errors, 3 if a run failed."""
    try:
        session = open_session(parsed)
        secrets = {name: _dotenv(Path(path)) for name, path in pairs(parsed.secrets, "--secrets").items()}
        verifiers: list[Verifier] = []
        for target in targets_of(parsed.target):
            found = find_verifier(target)
            if not callable(found):
                session.add([found])
            else:
                verifiers.append(found)
        if len(verifiers) != 1 and not session.has_errors:
            raise UsageError("which target? Say --target argo")
        outputs = [] if session.has_errors else compile_all(session)
    except UsageError as error:
        return usage_error(error)
    if not session.has_errors and not outputs:
        session.add([no_pipeline()])
    show(session, with_notes=not parsed.quiet)
    if session.has_errors:
        return 1
    succeeded: list[bool] = []
    for compilation in (unit.compilation for output in outputs for unit in output.units):
        for file, images in zip(compilation.files, _images(compilation), strict=True):
            succeeded.append(verifiers[0](file.text, secrets=secrets, images=images, is_quiet=parsed.quiet))
    return 0 if all(succeeded) else 3


def _images(compilation: Compilation) -> list[Mapping[str, Sequence[CodeFile]]]:
    """For each pipeline what lies in the images of its steps that hold code, by reference."""
    found: list[Mapping[str, Sequence[CodeFile]]] = []
    for pipeline, images in zip(compilation.pipelines, compilation.images, strict=True):
        built = {one.reference for one in images.values() if one.has_code}
        found.append(dict.fromkeys(built, assemble_all(pipeline) if built else ()))
    return found


def _dotenv(path: Path) -> dict[str, str]:
    """Names and values of a file of lines `NAME=value`; quotes around a value go."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"--secrets: {path} cannot be read: {problem}") from problem
    values: dict[str, str] = {}
    for line in lines:
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and not name.startswith("#"):
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            values[name.strip()] = value[1:-1] if quoted else value
    return values

"""`pipec compile`: writes the files of one or more targets, or says how they differ from what is there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.cli.session import (
    Program,
    Session,
    UsageError,
    check_words,
    compile_program,
    no_pipeline,
    open_session,
    show,
    targets_of,
    usage_error,
)
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.driver import name_clashes
from pipec.compiler.emit import Change, foreign, plan, write
from pipec.compiler.record import dataclass, field
from pipec.compiler.registry import IR_TARGET, find_backend

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.backend import GeneratedFile
    from pipec.compiler.driver import Compilation


@dataclass(slots=True)
class Outputs:
    """What goes into one folder: the generated files, for how many steps of which pipelines they stand, and whence."""

    directory: Path
    files: list[GeneratedFile] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one compilation of a program for a target gave."""

    program: Program
    target: str
    compilation: Compilation

    @property
    def files(self) -> tuple[GeneratedFile, ...]:
        """The files, by their path below the output folder."""
        return self.compilation.files


def run(parsed: argparse.Namespace) -> int:
    """Compiles; 1 if there are errors, or `--check` finds a difference."""
    try:
        session = open_session(parsed)
        outputs = compile_all(session)
    except UsageError as error:
        return usage_error(error)
    if not session.has_errors:
        if not outputs:
            session.add([no_pipeline()])
        for output in outputs:
            session.add(name_clashes(output.files))
    if session.has_errors:
        show(session, with_notes=not parsed.quiet)
        return 1
    if parsed.output == "-":
        _print(outputs)
        show(session, with_notes=False)
        return 0
    return _finish(session, outputs)


def compile_all(session: Session) -> list[Outputs]:
    """The files of all programs of the session for all targets, by folder.

    Raises:
        UsageError: no target is named.
    """
    check_words(session.parsed)
    by_folder: dict[Path, Outputs] = {}
    for program in session.programs:
        for target in _targets(session, program):
            compilation = compile_program(session, program, target)
            if compilation is None:
                continue
            if compilation.files:
                folder = _folder(session, program, target)
                output = by_folder.setdefault(folder, Outputs(folder))
                _collect(output, compilation)
                output.units.append(Unit(program, target, compilation))
    return list(by_folder.values())


def _collect(output: Outputs, compilation: Compilation) -> None:
    output.files += compilation.files
    steps = {pipeline.name: _count_calls(pipeline.body) for pipeline in compilation.pipelines}
    mains = [file for file in compilation.files if not file.owns_folder]
    codes = compilation.code or ("",) * len(steps)
    for file, (name, count), code in zip(mains, steps.items(), codes, strict=False):
        output.titles[file.path] = f"{name}, {count} step{'s' if count != 1 else ''}" + (f", {code}" if code else "")


def _count_calls(block: object) -> int:
    from pipec.compiler.ir.model import Block, Call
    from pipec.compiler.ir.walk import operations

    assert isinstance(block, Block)
    return sum(isinstance(one, Call) for one in operations(block))


def _targets(session: Session, program: Program) -> list[str]:
    targets = targets_of(session.parsed.target) or list(program.project.targets)
    if not targets:
        raise UsageError("which target? Say --target airflow, kubeflow, argo or ir, or set `target` in [tool.pipec]")
    return targets


def _folder(session: Session, program: Program, target: str) -> Path:
    """`-o`; else what `[tool.pipec.output]` says, from the project root; else the target's folder, from here."""
    parsed = session.parsed
    several = len(targets_of(parsed.target) or program.project.targets) > 1
    if parsed.output is not None:
        return Path(parsed.output) / target if several and parsed.output != "-" else Path(parsed.output)
    if target in program.project.output:
        return program.project.root / program.project.output[target]
    if target == IR_TARGET:
        return Path("ir")
    backend = find_backend(target)
    assert not isinstance(backend, Diagnostic), "the compilation would have failed"
    base = program.project.root if session.is_implicit else Path()
    return base / backend.directory


def _print(outputs: list[Outputs]) -> None:
    """Prints the very bytes that would be written, whatever the terminal's encoding."""
    files = [file for output in outputs for file in output.files]
    for file in files:
        if len(files) > 1:
            sys.stdout.buffer.write(f"# ===== {file.path}\n".encode())
        sys.stdout.buffer.write(file.text.encode())
    sys.stdout.buffer.flush()


def _finish(session: Session, outputs: list[Outputs]) -> int:
    parsed = session.parsed
    try:
        planned = [(output, plan(output.directory, output.files)) for output in outputs]
        if not parsed.force and not parsed.check and not parsed.diff:
            for output, changes in planned:
                session.add(foreign(changes, output.files, output.directory))
        if session.has_errors:
            show(session, with_notes=False)
            return 1
        if parsed.check or parsed.diff:
            from pipec.compiler.cli.freshness import report

            return report(session, planned)
        write([change for _, some in planned for change in some])
    except OSError as error:
        where = f" `{shown(Path(str(error.filename)))}`:" if error.filename else ""
        session.add([Diagnostic("PC0102", f"nothing was written:{where} {error.strerror or error}")])
        show(session, with_notes=False)
        return 1
    show(session, with_notes=not parsed.quiet)
    if not parsed.quiet:
        _tell(planned, sys.stdout if parsed.format == "text" else sys.stderr)
    return 0


def _tell(planned: list[tuple[Outputs, list[Change]]], stream: object) -> None:
    """One line a main file, with what became of the files beside it; only what changed is called written."""
    for output, changes in planned:
        beside: dict[str, list[Change]] = {}
        for change in changes:
            beside.setdefault(change.path.relative_to(output.directory).parts[0], []).append(change)
        for name, some in beside.items():
            path = shown(output.directory / name)
            changed = sum(change.kind != "unchanged" for change in some)
            state = (
                "unchanged"
                if not changed
                else "written"
                if len(some) == 1
                else f"{changed} of {len(some)} files written"
            )
            title = f"  ({output.titles[name]})" if name in output.titles else ""
            folder = "/" if (output.directory / name).is_dir() else ""
            print(f"{path}{folder}: {state}{title}", file=stream)  # type: ignore[call-overload]


def shown(path: Path) -> str:
    """`path` from the current folder, where it lies below it."""
    resolved = Path.cwd() / path
    return resolved.relative_to(Path.cwd()).as_posix() if resolved.is_relative_to(Path.cwd()) else path.as_posix()

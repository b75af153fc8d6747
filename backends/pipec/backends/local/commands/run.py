"""`pipec run`, after compilation: how to run is read, the run is shown, its outputs are printed."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

from pipec.backends.local.dry_run import plan
from pipec.backends.local.journal import StoreUnusable
from pipec.backends.local.ledger import LEDGER
from pipec.backends.local.options import CannotRun, Options, artifact_root, local_folder, root_of
from pipec.backends.local.parameters import bind
from pipec.backends.local.processes import Surroundings
from pipec.backends.local.progress import reporter_for
from pipec.backends.local.reproduce import differences, reproduce, unpack
from pipec.backends.local.run import run as run_pipeline
from pipec.backends.local.secrets import InvalidSecrets, read_all
from pipec.backends.local.selection import missing, select
from pipec.backends.local.stubs import run as run_stubs
from pipec.compiler.diagnostics import Diagnostic, Severity, in_order
from pipec.compiler.ir.walk import operations
from pipec.compiler.passes.check_capabilities import check_capabilities
from pipec.runtime import codec

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from pipec.backends.local.result import RunResult
    from pipec.compiler.backend import Program
    from pipec.runtime.store import Run

CANNOT, USAGE, FAILED, INTERRUPTED = 1, 2, 3, 130


class _Here:
    title = "this machine"
    ledger = LEDGER


def run(program: Program, parsed: argparse.Namespace) -> int:
    """Carry it out."""
    if not parsed.quiet and not parsed.stub:
        show(check_capabilities(program.pipeline, _Here()), program)
    selected = select(program.pipeline, parsed.only or [], parsed.from_, parsed.until)
    if isinstance(selected, Diagnostic):
        show([selected], program)
        return CANNOT
    try:
        options = _options(program, parsed, selected)
        if parsed.dry_run:
            return _dry_run(program, options, parsed)
        return _run(program, options, parsed)
    except InvalidSecrets as fault:
        print(f"pipec: {fault}", file=sys.stderr)
        return USAGE
    except CannotRun as fault:
        show(fault.diagnostics, program)
        return CANNOT
    except StoreUnusable as fault:
        show([Diagnostic("PC0703", str(fault))], program)
        return FAILED


def _options(program: Program, parsed: argparse.Namespace, selected: frozenset[str] | None) -> Options:
    root = program.project.root
    return Options(
        import_roots=program.import_roots or (_code_of(program, parsed), root),
        root=parsed.artifact_root or artifact_root(program.project),
        jobs=parsed.jobs,
        # Who names a step wants to see it run.
        use_cache=not (parsed.no_cache or parsed.only or parsed.from_),
        surroundings=Surroundings(read_all(parsed.secrets, root), pythons=program.project.pythons),
        source=program.source,
        resume=parsed.resume,
        tags=tuple(parsed.tag),
        selected=selected,
    )


def _code_of(program: Program, parsed: argparse.Namespace) -> Path:
    """The modules that an `.ir.json` brings along, in a folder of the store that is called after them."""
    root = root_of(program.project.root, parsed.artifact_root or artifact_root(program.project))
    digest = hashlib.sha256(repr(program.pipeline.code).encode()).hexdigest()[:16]
    folder = local_folder(program.project.root, root) / "code" / digest
    if not parsed.dry_run and not parsed.stub:
        unpack(program.pipeline, folder)
    return folder


def _run(program: Program, options: Options, parsed: argparse.Namespace) -> int:
    reporter = reporter_for(sys.stderr, is_quiet=parsed.quiet or parsed.format == "json")
    root = program.project.root
    before: Run | None = None
    try:
        if parsed.stub:
            result = run_stubs(program.pipeline, {}, reporter)
        elif parsed.reproduce:
            before, result = reproduce(root, parsed.reproduce, options, reporter)
        else:
            result = run_pipeline(program.pipeline, root, options=options, reporter=reporter)
    finally:
        reporter.close()
    status = _finish(result, program, parsed)
    if before is not None:
        return _compare(before, result, root, options) or status
    return status


def _compare(before: Run, result: RunResult, root: Path, options: Options) -> int:
    """Say whether the same came out again."""
    differing = differences(root, before, result, options)
    for line in differing:
        print(f"differs: {line}", file=sys.stderr)
    if not differing:
        print(f"every result is that of run {before.run}", file=sys.stderr)
    return FAILED if differing else 0


def _dry_run(program: Program, options: Options, parsed: argparse.Namespace) -> int:
    texts, faults = bind(program.pipeline, {})
    if faults:
        raise CannotRun(*faults)
    lines = plan(program.pipeline, program.project.root, texts, options)
    if parsed.format == "json":
        names = ("depth", "instance", "action", "why", "inputs", "resources", "image")
        print(json.dumps([{name: getattr(line, name) for name in names} for line in lines], indent=2))
        return 0
    for line in lines:
        pad = "  " * line.depth
        why = f" ({'; '.join(line.why)})" if line.why else ""
        print(f"{pad}{line.action} {line.instance}{why}")
        for title, text in (*line.inputs, ("resources", line.resources), ("image", line.image)):
            if text and line.action in ("run", "cached"):
                print(f"{pad}    {title}: {text}")
    return 0


def _finish(result: RunResult, program: Program, parsed: argparse.Namespace) -> int:
    # Lines and the table have shown what steps print, their tracebacks too.
    is_shown = not parsed.quiet and parsed.format == "text" and not parsed.stub
    show_failures(result, program, _lacking(result, program, parsed), with_traces=not is_shown)
    if parsed.format == "json":
        print(json.dumps(as_json(result), indent=2))
    else:
        _print_outputs(result)
        if not parsed.quiet or result.state != "succeeded":
            how = result.state if result.message is None else f"{result.state}: {result.message}"
            print(f"run {result.run} {how}", file=sys.stderr)
    if result.message == "interrupted":
        print(f"go on with it: pipec run {parsed.sources[0]} --resume {result.run}", file=sys.stderr)
        return INTERRUPTED
    return 0 if result.state == "succeeded" else FAILED


def show_failures(
    result: RunResult, program: Program, others: Sequence[Diagnostic] = (), *, with_traces: bool = False
) -> None:
    """Print what failed: the user's traceback, and the line of the pipeline that calls the step."""
    if with_traces:
        for failure in result.failures:
            trace = str(failure.error.get("traceback", "")).rstrip()
            if trace and failure.error.get("file"):
                print(f"{failure.instance}:\n{trace}", file=sys.stderr)
    show([*_failures(result, program), *others], program)


def _failures(result: RunResult, program: Program) -> list[Diagnostic]:
    places = {operation.id: operation.span for operation in operations(program.pipeline.body)}
    found: list[Diagnostic] = []
    for failure in result.failures:
        notes = (f"what it printed: {failure.log}",) if failure.log else ()
        message = f"`{failure.instance}` failed: {_headline(failure.message)}"
        found.append(Diagnostic("PC0704", message, places.get(failure.operation), notes=notes))
    return found


def _lacking(result: RunResult, program: Program, parsed: argparse.Namespace) -> list[Diagnostic]:
    """Why a part of a pipeline could not run: what it reads was never made."""
    selected = select(program.pipeline, parsed.only or [], parsed.from_, parsed.until)
    if result.state == "succeeded" or not isinstance(selected, frozenset):
        return []
    not_run = [name.partition("@")[0] for name, state in result.operations.items() if state == "not_run"]
    help_ = "run the whole pipeline once, or use `--until`"
    return [
        Diagnostic("PC0708", f"there is no earlier result of `{name}`", help=help_)
        for name in missing(program.pipeline, selected, not_run)
    ]


def _headline(message: str) -> str:
    first, _, rest = message.strip().partition("\n")
    return f"{first} …" if rest else first


def _print_outputs(result: RunResult) -> None:
    for name, value in result.outputs.items():
        text = value if isinstance(value, str) else repr(value)
        print(f"{name}: {text}")
    for name, stored in result.stored.items():
        print(f"{name}: {stored.type.replace(':', '.')} at {stored.place}")


def as_json(result: RunResult) -> dict[str, Any]:
    """The result for machines."""
    stored = {
        name: {"artifact": each.place, "digest": each.digest, "type": each.type}
        if each.place
        else codec.parse(each.json or "null")
        for name, each in result.stored.items()
    }
    return {
        "version": 1,
        "run": result.run,
        "state": result.state,
        "operations": dict(result.operations),
        "outputs": {**{name: codec.encode(value) for name, value in result.outputs.items()}, **stored},
        "failures": [
            {"instance": each.instance, "message": each.message, "error": dict(each.error), "log": each.log}
            for each in result.failures
        ],
        "folder": result.folder,
        "message": result.message,
    }


def show(diagnostics: Sequence[Diagnostic], program: Program) -> None:
    """Print diagnostics with their places."""
    if not diagnostics:
        return
    from pipec.compiler.diagnostics.text import render

    stream = sys.stderr
    text = render(in_order(diagnostics), program.sources, colour=False)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def is_note(diagnostic: Diagnostic) -> bool:
    """Whether it is no more than a remark."""
    return diagnostic.severity is Severity.NOTE

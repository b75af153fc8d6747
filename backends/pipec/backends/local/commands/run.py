"""`pipec run`, after compilation: how to run is read, the run is shown, its outputs are printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from pipec.backends.local.journal import StoreUnusable
from pipec.backends.local.ledger import LEDGER
from pipec.backends.local.processes import Surroundings
from pipec.backends.local.progress import reporter_for
from pipec.backends.local.run import CannotRun, Options
from pipec.backends.local.run import run as run_pipeline
from pipec.backends.local.secrets import InvalidSecrets, read_all
from pipec.compiler.diagnostics import Diagnostic, Severity, in_order
from pipec.compiler.ir.walk import operations
from pipec.compiler.passes.check_capabilities import check_capabilities
from pipec.runtime import codec

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pipec.backends.local.result import RunResult
    from pipec.compiler.backend import Program

CANNOT, USAGE, FAILED, INTERRUPTED = 1, 2, 3, 130


class _Here:
    title = "this machine"
    ledger = LEDGER


def run(program: Program, parsed: argparse.Namespace) -> int:
    """Carry it out."""
    if not parsed.quiet:
        show(check_capabilities(program.pipeline, _Here()), program)
    try:
        secrets = read_all(parsed.secrets, program.project.root)
    except InvalidSecrets as fault:
        print(f"pipec: {fault}", file=sys.stderr)
        return USAGE
    options = Options(
        import_roots=program.import_roots,
        root=parsed.artifact_root,
        jobs=parsed.jobs,
        use_cache=not parsed.no_cache,
        surroundings=Surroundings(secrets),
        source=program.source,
        resume=parsed.resume,
        tags=tuple(parsed.tag),
    )
    reporter = reporter_for(sys.stderr, is_quiet=parsed.quiet or parsed.format == "json")
    try:
        result = run_pipeline(program.pipeline, program.project.root, options=options, reporter=reporter)
    except CannotRun as fault:
        show(fault.diagnostics, program)
        return CANNOT
    except StoreUnusable as fault:
        show([Diagnostic("PC0703", str(fault))], program)
        return FAILED
    finally:
        reporter.close()
    return _finish(result, program, parsed)


def _finish(result: RunResult, program: Program, parsed: argparse.Namespace) -> int:
    show(_failures(result, program), program)
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


def _failures(result: RunResult, program: Program) -> list[Diagnostic]:
    places = {operation.id: operation.span for operation in operations(program.pipeline.body)}
    found: list[Diagnostic] = []
    for failure in result.failures:
        trace = str(failure.error.get("traceback", "")).rstrip()
        if trace and failure.error.get("file"):
            print(f"\n{failure.instance}:\n{trace}", file=sys.stderr)
        notes = (f"what it printed: {failure.log}",) if failure.log else ()
        message = f"`{failure.instance}` failed: {_headline(failure.message)}"
        found.append(Diagnostic("PC0704", message, places.get(failure.operation), notes=notes))
    return found


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

"""`python my_pipeline.py`: a pipeline of `pipec.sdk` that is called compiles its own source and runs here.

This is the one place where results are loaded in the calling process: it is the user's own, and has the user's modules.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.local.commands.run import show, show_failures
from pipec.backends.local.options import CannotRun, Options, artifact_root
from pipec.backends.local.processes import Surroundings
from pipec.backends.local.progress import reporter_for
from pipec.backends.local.run import run as run_pipeline
from pipec.backends.local.secrets import read_all
from pipec.compiler.backend import Program
from pipec.compiler.diagnostics import Severity, has_errors
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.driver import open_project
from pipec.compiler.project import find_root
from pipec.runtime import codec
from pipec.runtime.artifacts import Workspace
from pipec.runtime.materializers import registry
from pipec.sdk.exceptions import PipecError, StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipec.backends.local.graph import Stored
    from pipec.backends.local.result import RunResult
    from pipec.sdk.pipelines import Pipeline

_UNDERSTOOD = frozenset({"config_path", "enable_cache", "parameters", "run_name", "tags"})
"""What `configure` and `with_options` may have changed, and a run takes from there."""


class NotCompiled(PipecError, RuntimeError):
    """The pipeline has faults, which were printed."""


def run_local(pipeline: Pipeline[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Run a pipeline that was called, and give back what its body returns: one value, or a tuple of several.

    Raises:
        NotCompiled: it has faults.
        StepFailed: a step failed; the traceback was printed.
        TypeError: the arguments are not the function's.
    """
    changed = _changed(pipeline)
    program = program_of(pipeline.__wrapped__, config=changed.get("config_path"))
    given = {**changed.get("parameters", {}), **_arguments(pipeline.__wrapped__, args, kwargs)}
    options = Options(
        import_roots=program.import_roots,
        root=artifact_root(program.project),
        use_cache=changed.get("enable_cache") is not False,
        surroundings=Surroundings(read_all([], program.project.root), pythons=program.project.pythons),
        source=program.source,
        name=changed.get("run_name"),
        tags=tuple(changed.get("tags", ())),
    )
    reporter = reporter_for(sys.stderr, is_quiet=False)
    try:
        result = run_pipeline(program.pipeline, program.project.root, given, options=options, reporter=reporter)
    except CannotRun as fault:
        show(fault.diagnostics, program)
        raise NotCompiled(f"pipeline `{pipeline.name}` cannot run: {fault}") from None
    finally:
        reporter.close()
    show_failures(result, program)
    print(f"run {result.run} {result.state}", file=sys.stderr)
    if result.state != "succeeded":
        raise _failed(result)
    return returned(program, result)


def program_of(function: Callable[..., Any], **options: Any) -> Program:
    """The program of a pipeline's function, compiled from its source file.

    Raises:
        NotCompiled: it has faults, or no file.
    """
    name, file = function.__qualname__, function.__code__.co_filename
    if "<" in name or not Path(file).is_file():
        raise NotCompiled(f"`{name}` is not at the top of a source file: pipec reads pipelines from their files")
    path = Path(file).resolve()
    project, faults = open_project(find_root(path), None)
    compilation = compile_file(path, None, pipeline=function.__name__, project=project, **options)
    found = [*faults, *compilation.diagnostics]
    source = path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else path.name
    pipelines = compilation.pipelines
    if has_errors(found) or not pipelines:
        _show_faults(found, compilation.sources)
        raise NotCompiled(f"pipeline `{function.__name__}` cannot be compiled: {found[0].message}")
    _show_faults([each for each in found if each.severity is not Severity.NOTE], compilation.sources)
    return Program(
        pipelines[0], project, compilation.import_roots, f"{source}:{function.__name__}", compilation.sources
    )


def _show_faults(found: Any, sources: Any) -> None:
    from pipec.compiler.diagnostics import in_order
    from pipec.compiler.diagnostics.text import render

    if found:
        sys.stderr.write(render(in_order(found), sources, colour=False))


def _changed(pipeline: Pipeline[..., Any]) -> dict[str, Any]:
    """What `configure` and `with_options` have changed since the decorator, which the compiler has read itself."""
    changed = {name: value for name, value in pipeline.options.items() if pipeline.declared.get(name) != value}
    unknown = [name for name in changed if name not in _UNDERSTOOD]
    if unknown:
        listed = ", ".join(f"`{name}`" for name in unknown)
        raise NotCompiled(
            f"pipeline `{pipeline.name}`: {listed} cannot be set where a pipeline is called; write it into the decorator"
        )
    return changed


def _arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return dict(inspect.signature(function).bind_partial(*args, **kwargs).arguments)


def _failed(result: RunResult) -> Exception:
    if not result.failures:
        return PipecError(f"run {result.run} failed: {result.message or 'a step did not run'}")
    first = result.failures[0]
    error = {name: str(first.error.get(name, "")) for name in ("type", "message", "traceback")}
    return StepFailed(first.instance, error["type"] or "unknown", error["message"] or first.message, error["traceback"])


def returned(program: Program, result: RunResult) -> Any:
    """What the pipeline's body returns: one value, or a tuple of several."""
    values = [loaded(result, output.name) for output in program.pipeline.outputs]
    if not values:
        return None
    return values[0] if len(values) == 1 else tuple(values)


def loaded(result: RunResult, name: str) -> Any:
    """The value of an output, read in this process."""
    if name in result.outputs:
        return result.outputs[name]
    if name not in result.stored:
        raise PipecError(f"output `{name}` of the pipeline is made of values that only a step can read")
    return load(result.stored[name])


def load(stored: Stored) -> Any:
    """A stored value, read in this process."""
    if stored.json is not None:
        return codec.loads(stored.json, is_trusted=True)
    assert stored.place is not None
    # Files of a value that is a path live as long as this process.
    return registry.load(stored.place, Any, Workspace(), stored.digest)

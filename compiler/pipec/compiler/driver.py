"""Runs the phases: front end, passes, capability check, legalisation, emission, check. Each stops after its errors."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.backend import GeneratedFile, Option, Request
from pipec.compiler.diagnostics import Diagnostic, has_errors, in_order
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.errors import InternalCompilerError
from pipec.compiler.project import Project, find_root, load_project
from pipec.compiler.record import dataclass, field
from pipec.compiler.registry import IR_TARGET, find_backend

if TYPE_CHECKING:
    from pipec.compiler.backend import Backend
    from pipec.compiler.frontend.run_configuration import Layers
    from pipec.compiler.frontend.values import Setting
    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.source import SourceFile


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a compilation gave.

    Attributes:
        files: what to write, paths below the output folder; empty where there are errors.
        diagnostics: sorted by place, each once.
        sources: the files that were read, by their path from the project root, to show places with.
        pipelines: the pipelines behind `files`, after all passes.
        import_roots: the folders that the program's modules are imported from, absolute.
        code: for each pipeline, in words, how its code travels to the target; empty where the target has one way only.
        images: likewise the image of each step; empty where code travels inline.
    """

    files: tuple[GeneratedFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, SourceFile] = field(default_factory=dict)
    pipelines: tuple[Pipeline, ...] = ()
    import_roots: tuple[Path, ...] = ()
    code: tuple[str, ...] = ()
    images: tuple[Mapping[str, StepImage], ...] = ()


def compile(  # noqa: PLR0913 - the documented API: keywords, each with a default
    path: str | Path,
    target: str | None,
    *,
    pipeline: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    bind: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    project: Project | None = None,
    config: str | Path | None = None,
    stack: str | None = None,
    without: frozenset[tuple[str, str]] = frozenset(),
) -> Compilation:
    """Compiles one file.

    Args:
        path: a Python file, or an `.ir.json` that the target `ir` wrote.
        target: `airflow`, `kubeflow`, `argo`, `ir`, or a name that another distribution provides; None only checks.
        pipeline: the pipeline's function or name; by default all that no other one in the file calls.
        parameters: other defaults for run parameters. A text is read as JSON unless the parameter's type is `str`.
        bind: values that fix parameters at compile time, likewise.
        options: the backend's options; text is read as the option's kind.
        project: the project, where it is known already, with its stack.
        config: a run configuration, ZenML's YAML.
        stack: a stack of the project's, by default its `default_stack`; not with `project`.
        without: pipelines to leave out, as the path of their file from the project root and their function's name.

    Returns:
        The files and the diagnostics. A fault of the program is never an exception.

    Raises:
        InternalCompilerError: an invariant of the compiler is broken.
    """
    file = Path(path).resolve()
    if project is None:
        project, faults = open_project(find_root(file), stack)
        if has_errors(faults):
            return Compilation((), tuple(faults), {} if project.file is None else {project.file.path: project.file})
    asked = _Asked(
        pipeline, parameters or {}, bind or {}, options or {}, None if config is None else Path(config), stack, without
    )
    lowered = _lower(project, file, asked)
    if has_errors(lowered.diagnostics) or not lowered.pipelines:
        return lowered
    return _compile_all(lowered, file, target, project, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the caller asked for, to be said again in the header of what is written."""

    pipeline: str | None
    parameters: Mapping[str, Any]
    bind: Mapping[str, Any]
    options: Mapping[str, Any]
    config: Path | None = None
    stack: str | None = None
    without: frozenset[tuple[str, str]] = frozenset()


def open_project(root: Path, stack: str | None) -> tuple[Project, list[Diagnostic]]:
    """The project in `root` with the stack called `stack`, by default its `default_stack`."""
    project, faults = load_project(root)
    if stack is None and project.default_stack is None:
        return project, faults
    from pipec.compiler.stack import with_stack

    project, more = with_stack(project, stack)
    return project, faults + more


def _lower(project: Project, file: Path, asked: _Asked) -> Compilation:
    if file.name.endswith(".ir.json"):
        return _read_ir(project, file, asked)
    from pipec.compiler.frontend import Bindings, lower_file

    layers, sources, faults = _layers(project, asked.config)
    if has_errors(faults):
        return Compilation((), tuple(faults), sources)
    lowered = lower_file(
        project.root,
        file,
        pipeline=asked.pipeline,
        bindings=Bindings(asked.parameters, asked.bind),
        layers=layers,
        stubs=project.stubs,
        include=project.include,
        without=asked.without,
    )
    found = tuple(in_order([*faults, *lowered.diagnostics])) if faults else lowered.diagnostics
    return Compilation((), found, {**sources, **lowered.sources}, lowered.pipelines, lowered.import_roots)


def _layers(project: Project, config: Path | None) -> tuple[Layers | None, dict[str, SourceFile], list[Diagnostic]]:
    """What is said outside of the program, and the files that say it; nearly always nothing."""
    if config is None and project.stack is None and not project.raw.get("pipelines"):
        return None, {}, []
    from pipec.compiler.frontend.run_configuration import Layers, source_of
    from pipec.compiler.stack import pipeline_layers

    sources = {} if project.file is None else {project.file.path: project.file}
    pipelines, faults = pipeline_layers(project)
    options: Mapping[str, Setting] | None = None
    if config is not None:
        from pipec.compiler.frontend.run_yaml import read_run_configuration

        source, found = read_run_configuration(config.resolve(), source_of(config.resolve(), project.root), faults)
        if source is not None:
            sources[source.path] = source
        if isinstance(found, Diagnostic):
            return None, sources, [*faults, found]
        options = found
    stack = project.stack
    return (
        Layers({} if stack is None else stack.layer, pipelines, options, {} if stack is None else stack.components),
        sources,
        faults,
    )


def _read_ir(project: Project, file: Path, asked: _Asked) -> Compilation:
    """The pipeline of an `.ir.json`, which is evaluated already: a parameter cannot be set or fixed in it any more."""
    from pipec.compiler.ir.json import read

    name = file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else file.name
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Compilation((), (Diagnostic("PC0102", f"`{name}` cannot be read: {error}"),))
    pipeline, found = read(text, name)
    faults = [
        Diagnostic(
            "PC0506",
            f"`{flag} {given}=…` cannot be applied to `{name}`, which is evaluated already",
            help=f"give `{flag}` where `{name}` is made, with `--target ir`",
        )
        for flag, values in (("-p", asked.parameters), ("--bind", asked.bind))
        for given in values
    ]
    if asked.config is not None:
        message = f"`--config` cannot be applied to `{name}`, which is evaluated already"
        help_ = f"give `--config` where `{name}` is made, with `--target ir`"
        faults.append(Diagnostic("PC0506", message, help=help_))
    wanted = asked.pipeline
    if pipeline is not None and wanted not in (None, pipeline.name, pipeline.symbol.rpartition(":")[2]):
        help_ = f"it has `{pipeline.symbol.rpartition(':')[2]}`"
        faults.append(Diagnostic("PC0105", f"`{name}` has no pipeline `{wanted}`", help=help_))
    return Compilation((), (*found, *faults), {}, () if pipeline is None else (pipeline,))


def _compile_all(lowered: Compilation, file: Path, target: str | None, project: Project, asked: _Asked) -> Compilation:
    from pipec.compiler.passes import run_passes

    found = list(lowered.diagnostics)
    passed: list[Pipeline] = []
    for pipeline in lowered.pipelines:
        result, faults = run_passes(pipeline)
        found += faults
        passed.append(result)
    if has_errors(found) or target is None:
        return Compilation((), tuple(in_order(found)), lowered.sources, tuple(passed), lowered.import_roots)
    files: list[GeneratedFile] = []
    code: list[str] = []
    images: list[Mapping[str, StepImage]] = []
    single = len(passed) == 1 and asked.pipeline is None
    for pipeline in passed:
        emitted, faults, travels = _emit(
            pipeline, target, _request(pipeline, file, target, project, asked, single), project, asked
        )
        code.append(travels[0])
        images.append(travels[1])
        files += emitted
        found += faults
    found += name_clashes(files)
    kept = () if has_errors(found) else tuple(files)
    return Compilation(
        kept, tuple(in_order(found)), lowered.sources, tuple(passed), lowered.import_roots, tuple(code), tuple(images)
    )


def _request(pipeline: Pipeline, file: Path, target: str, project: Project, asked: _Asked, is_single: bool) -> Request:
    source = file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else file.name
    function = pipeline.symbol.rpartition(":")[2]
    where = source if is_single or source.endswith(".json") else f"{source}:{function}"
    words = ["pipec", "compile", where, "--target", target]
    if asked.config is not None:
        words += ["--config", _named(asked.config, project.root)]
    if asked.stack is not None:
        words += ["--stack", asked.stack]
    for flag, values in (("-p", asked.parameters), ("--bind", asked.bind), ("-O", asked.options)):
        for name, value in values.items():
            words += [flag, f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return Request(source, shlex.join(words))


def _named(file: Path, root: Path) -> str:
    """A file as a command in the project's root names it; no path of this machine gets into what is written."""
    resolved = file.resolve()
    if resolved.is_relative_to(root):
        return resolved.relative_to(root).as_posix()
    return file.name if file.is_absolute() else file.as_posix()


def _emit(
    pipeline: Pipeline, target: str, request: Request, project: Project, asked: _Asked
) -> tuple[list[GeneratedFile], list[Diagnostic], tuple[str, Mapping[str, StepImage]]]:
    """The files, what was found, and how the code travels: in words, and the images."""
    if target == IR_TARGET:
        given = {**project.options.get(target, {}), **asked.options}
        if given:
            return [], [Diagnostic("PC0503", f"the target `ir` has no option `{name}`") for name in given], ("", {})
        from pipec.compiler.ir.json import write

        return [GeneratedFile(f"{pipeline.symbol.rpartition(':')[2]}.ir.json", write(pipeline))], [], ("", {})
    backend = find_backend(target)
    if isinstance(backend, Diagnostic):
        return [], [backend], ("", {})
    options, faults = read_options(backend, {**_of_project(backend, project), **asked.options})
    if has_errors(faults):
        return [], faults, ("", {})
    from pipec.compiler.passes.check_capabilities import check_capabilities
    from pipec.compiler.passes.drop_foreign_settings import drop_foreign_settings

    pipeline, unheard = drop_foreign_settings(pipeline, backend.name, backend.title)
    faults += [*unheard, *check_capabilities(pipeline, backend)]
    if pipeline.schedule is not None:
        from pipec.compiler.passes.check_schedule import check_schedule

        faults += check_schedule(pipeline)
    if has_errors(faults):
        return [], faults, ("", {})
    request = Request(request.source, request.command, options)
    pipeline, request, more, travels = _with_code(pipeline, backend, request, project)
    faults += more
    if has_errors(faults):
        return [], faults, ("", {})
    model, more = backend.legalize(pipeline, request)
    faults += more
    if model is None or has_errors(faults):
        return [], faults, ("", {})
    files = list(backend.emit(model, request))
    faults += backend.check(files)
    if any(one.code.startswith("PC09") for one in faults):
        raise InternalCompilerError("; ".join(one.message for one in faults if one.code.startswith("PC09")))
    return files, faults, (travels, request.images)


def _with_code(
    pipeline: Pipeline, backend: Backend[Any], request: Request, project: Project
) -> tuple[Pipeline, Request, Sequence[Diagnostic], str]:
    """How code travels to this target, as its option `code` or the program says; a target without that option decides."""
    modes = next((option.choices for option in backend.options if option.name == "code"), ())
    # A target whose steps run in containers lets a plain image be named.
    has_images = any(option.name == "image" for option in backend.options)
    if not modes or (modes == ("inline",) and request.options.get("code") is None and not has_images):
        return pipeline, request, (), ""
    from pipec.compiler.images.choice import settle

    return settle(pipeline, request, project, has_images=has_images, can_build="image" in modes)


def _of_project(backend: Backend[Any], project: Project) -> dict[str, Any]:
    """The options that the project and its stack set: those of the target, and what a stack says for every target."""
    known = {option.name for option in backend.options}
    stack = project.stack
    shared = {"artifact_root": project.artifact_root, "registry": None if stack is None else stack.registry}
    given = {name: value for name, value in shared.items() if value is not None and name in known}
    return {**given, **project.options.get(backend.name, {})}


def read_options(backend: Backend[Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The value of every option of `backend`: what is given, read as the option's kind, else the default."""
    known = {option.name: option for option in backend.options}
    values: dict[str, Any] = {name: option.default for name, option in known.items()}
    faults: list[Diagnostic] = []
    for name, value in given.items():
        if name not in known:
            near = near_names(name, known)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            help_ = help_ or f"it has {', '.join(f'`{one}`' for one in known) or 'none'}"
            faults.append(Diagnostic("PC0503", f"the target `{backend.name}` has no option `{name}`", help=help_))
            continue
        read = _read_option(known[name], value)
        if isinstance(read, Diagnostic):
            faults.append(read)
        else:
            values[name] = read
    return values, faults


def _read_option(option: Option, value: Any) -> Any:
    text = str(value)
    read: Any = value
    if option.kind is bool and not isinstance(value, bool):
        read = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.lower())
    elif option.kind is int and not isinstance(value, int):
        read = int(text) if text.removeprefix("-").isdecimal() else None
    elif option.kind is str:
        read = text
    kinds = {bool: "`true` or `false`", int: "a whole number", str: "text"}
    if read is None or (isinstance(read, bool) and option.kind is int):
        return Diagnostic("PC0503", f"the option `{option.name}` takes {kinds[option.kind]}, not `{text}`")
    if option.choices and read not in option.choices:
        listed = ", ".join(f"`{one}`" for one in option.choices)
        return Diagnostic("PC0503", f"the option `{option.name}` has no value `{text}`", help=f"it takes {listed}")
    return read


def name_clashes(files: Sequence[GeneratedFile]) -> list[Diagnostic]:
    """The files that two pipelines would both write, on a disk that may not tell upper from lower case."""
    seen: set[str] = set()
    found: list[Diagnostic] = []
    for file in files:
        if file.path.casefold() in seen:
            message = f"two pipelines would both write `{file.path}`"
            found.append(Diagnostic("PC0306", message, help="rename one of them, or give it `name=`"))
        seen.add(file.path.casefold())
    return found

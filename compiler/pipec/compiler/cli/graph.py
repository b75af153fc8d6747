"""`pipec graph`: draws a pipeline as text, as a picture, or as a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.cli.session import UsageError, open_session, pairs, show, usage_error
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.driver import compile as compile_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pipec.compiler.backend import Program
    from pipec.compiler.cli.session import Session
    from pipec.compiler.graph.page import Target
    from pipec.compiler.images.model import StepImage

_STYLES = {".svg": "svg", ".html": "html", ".htm": "html", ".dot": "dot", ".gv": "dot"}


def run(parsed: argparse.Namespace) -> int:
    """Draws; 1 if the program has errors or the picture cannot be made."""
    parsed.style, parsed.format = parsed.format or _style_of(parsed.output), "text"
    try:
        if parsed.run_name and parsed.style not in ("svg", "html"):
            raise UsageError("`--run` colours the steps of a picture: give `--format svg` or `--format html`")
        session = open_session(parsed)
        program = _compile(session)
    except UsageError as error:
        return usage_error(error)
    text = None if program is None or session.has_errors else _draw(session, program)
    show(session, with_notes=False)
    if text is None:
        return 1
    if parsed.output in (None, "-"):
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return 0
    return _write(session, Path(parsed.output), text)


def _style_of(output: str | None) -> str:
    """What kind of picture the name of a file asks for."""
    return _STYLES.get(Path(output or "").suffix.lower(), "mermaid")


def _write(session: Session, path: Path, text: str) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as error:
        session.add([Diagnostic("PC0102", f"`{path}` cannot be written: {error.strerror or error}")])
        show(session)
        return 1
    if not session.parsed.quiet:
        print(f"{path}: written")
    return 0


def _compile(session: Session) -> Program | None:
    from pipec.compiler.backend import Program

    if session.has_errors:
        return None
    parsed = session.parsed
    chosen = session.programs[0]
    compilation = compile_file(
        chosen.file,
        None,
        pipeline=chosen.pipeline,
        parameters=pairs(parsed.parameter, "-p"),
        bind=pairs(parsed.bind, "--bind"),
        project=chosen.project,
        config=parsed.config,
        stack=parsed.stack,
    )
    session.add(compilation.diagnostics, compilation.sources, chosen.project.root)
    pipelines = list(compilation.pipelines)
    if len(pipelines) > 1:
        names = [each.symbol.rpartition(":")[2] for each in pipelines]
        help_ = f"say which: `pipec graph {parsed.sources[0]}:{names[0]}`"
        listed = ", ".join(f"`{name}`" for name in names)
        session.add([Diagnostic("PC0702", f"`{parsed.sources[0]}` has several pipelines: {listed}", help=help_)])
    if len(pipelines) != 1 or session.has_errors:
        return None
    root = chosen.project.root
    file = chosen.file.relative_to(root).as_posix() if chosen.file.is_relative_to(root) else chosen.file.name
    source = f"{file}:{pipelines[0].symbol.rpartition(':')[2]}"
    return Program(pipelines[0], chosen.project, compilation.import_roots, source, compilation.sources)


def _draw(session: Session, program: Program) -> str | None:
    """The text of the picture; None, and a diagnostic in the session, where it cannot be made."""
    from pipec.compiler.graph.picture import picture

    drawn = picture(program.pipeline)
    style = session.parsed.style
    if style == "mermaid":
        from pipec.compiler.graph.mermaid import to_mermaid

        return to_mermaid(drawn)
    if style == "dot":
        from pipec.compiler.graph.dot import to_dot

        return to_dot(drawn)
    from pipec.compiler.graph.layout import LayoutMissing, place
    from pipec.compiler.graph.states import by_step

    run, instances = _states(session, program)
    if session.has_errors:
        return None
    try:
        if style == "html":
            from pipec.compiler.graph.page import Extras, to_page

            images = _images(session, program)
            return to_page(program, Extras(_targets(session, program), images, run, instances))
        drawing = place(drawn)
    except LayoutMissing:
        message = f"`--format {style}` needs a library for layouts, which is not installed"
        session.add([Diagnostic("PC0555", message, help="pip install 'pipec[graph]'; mermaid and dot need nothing")])
        return None
    from pipec.compiler.graph.svg import to_svg

    return to_svg(drawn, drawing, by_step(instances))


def _states(session: Session, program: Program) -> tuple[str, Mapping[str, str]]:
    """The run that is asked for and the states in it; a run that is not there is a diagnostic."""
    from pipec.compiler.registry import find_executor

    name = session.parsed.run_name
    if not name:
        return "", {}
    found = find_executor().states(program, name, session.parsed.artifact_root)
    if isinstance(found, Diagnostic):
        session.add([found])
        return "", {}
    return found


def _images(session: Session, program: Program) -> Mapping[str, StepImage]:
    """The image of each call, where the pipeline or the project describes any."""
    from pipec.compiler.images.choice import IMAGE, chosen, with_images

    if chosen(program.pipeline, program.project, {}) != IMAGE:
        return {}
    _, images, found = with_images(program.pipeline, program.project)
    session.add(found, program.sources, program.project.root)
    return images


def _targets(session: Session, program: Program) -> tuple[Target, ...]:
    """What each target makes of the pipeline: those that the project names and the built-in ones."""
    from pipec.compiler.graph.blocks import blocks
    from pipec.compiler.graph.page import Target
    from pipec.compiler.ir.walk import calls
    from pipec.compiler.registry import BUILT_IN, IR_TARGET, find_backend

    parsed = session.parsed
    chosen = session.programs[0]
    ids = [call.id for call in calls(program.pipeline.body)]
    found: list[Target] = []
    for name in dict.fromkeys((*BUILT_IN, *chosen.project.targets)):
        backend = find_backend(name)
        if name == IR_TARGET or isinstance(backend, Diagnostic):
            continue
        compilation = compile_file(
            chosen.file,
            name,
            pipeline=program.pipeline.symbol.rpartition(":")[2],
            parameters=pairs(parsed.parameter, "-p"),
            bind=pairs(parsed.bind, "--bind"),
            project=chosen.project,
            config=parsed.config,
            stack=parsed.stack,
        )
        title = backend.title.partition(" ")[0] if name not in BUILT_IN else name.capitalize()
        if compilation.files:
            main = compilation.files[0].path
            found.append(Target(title, f"{backend.directory}/{main}", blocks(compilation.files, ids)))
        else:
            errors = [one for one in compilation.diagnostics if one.is_error]
            refusal = "\n".join(f"{one.code}: {one.message}" for one in errors)
            found.append(Target(title, refusal=refusal))
    return tuple(found)

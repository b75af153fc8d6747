"""Files of the project that a pipeline reads while it is compiled: configuration in YAML, JSON, TOML or text.

Only files below the project root are read, only as text, and each reading is said in a note: the file is then part of the
program, as a constant would be. Paths are pure: no method of a path ever touches the disk by itself.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Fault, ProjectFile, Unknown, find_unknown

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

SIZE_LIMIT = 1024 * 1024
"""Bytes of a file that is read into a program."""

READERS = frozenset(
    """yaml.safe_load yaml.load yaml.full_load json.load json.loads tomllib.load tomllib.loads tomli.load tomli.loads
    toml.load toml.loads os.path.exists os.path.isfile os.path.isdir os.path.abspath
    os.path.realpath os.path.expanduser""".split()
)
"""Functions that are evaluated over an open file of the project, its text, or its path."""

PATH_METHODS = frozenset({"exists", "is_file", "is_dir", "read_text", "open", "resolve", "absolute", "expanduser"})
"""Methods of paths that look at the disk, of which these are understood."""

_FILE_METHODS = frozenset({"read", "readlines", "close", "__enter__"})


def open_file(interpreter: Interpreter, arguments: Arguments, span: Span) -> Any:
    """`open(path)` of a file of the project, for reading as text."""
    positional, keywords = arguments.values()
    if unknown := find_unknown([*positional, *keywords.values()]):
        return unknown
    path = positional[0] if positional else keywords.get("file")
    mode = positional[1] if len(positional) > 1 else keywords.get("mode", "r")
    if mode not in {"r", "rt", "rb"}:
        return Unknown(_effect("open", span))
    return _open(interpreter, path, span)


def _open(interpreter: Interpreter, path: Any, span: Span) -> Any:
    if not isinstance(path, str | PurePath):
        return Unknown(_not_read(path, span))
    file = find(interpreter, path)
    if file is None or not file.is_file():
        return Unknown(_not_read(path, span))
    name = interpreter.table.display(file)
    try:
        if file.stat().st_size > SIZE_LIMIT:
            return Unknown(_too_large(name, span))
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"`{name}` cannot be read as text: {getattr(error, 'strerror', None) or error}"
        return Unknown(Diagnostic("PC0213", message, span, help="read it inside a step"))
    if name not in interpreter.files_read:
        interpreter.files_read[name] = span
        interpreter.report(
            Diagnostic(
                "PC0223",
                f"`{name}` is read while the pipeline is compiled",
                span,
                severity=Severity.NOTE,
                notes=("what it says now is part of what is generated",),
                help="compile again when it changes; `pipec compile --check` notices",
            )
        )
    return ProjectFile(name, text)


def find(interpreter: Interpreter, path: str | PurePath) -> Path | None:
    """The file or folder of the project that `path` means: from the root, or from where modules are looked for."""
    table = interpreter.table
    for base in (table.root, *table.source_roots):
        candidate = Path(os.path.normpath(base / str(path)))
        if candidate.is_relative_to(table.root) and candidate.exists():
            inside = candidate.resolve()
            return candidate if inside.is_relative_to(table.root.resolve()) else None
    return None


def call_reader(interpreter: Interpreter, path: str, arguments: Arguments, span: Span) -> Any:
    """One of `READERS`.

    Raises:
        Fault: the file is not what the function reads.
    """
    positional, keywords = arguments.values()
    source = positional[0] if positional else next(iter(keywords.values()), None)
    if path in {"os.path.abspath", "os.path.realpath", "os.path.expanduser"}:
        known = isinstance(source, str | PurePath)
        return os.path.normpath(str(source)) if known else find_unknown([source]) or Unknown(_not_read(source, span))
    if path.startswith("os.path."):
        return _look(interpreter, source, path.rpartition(".")[2], span)
    if path == "toml.load" and isinstance(source, str | PurePath):
        source = _open(interpreter, source, span)
        if isinstance(source, Unknown):
            return source
    place = "the text"
    if isinstance(source, ProjectFile):
        place, source = f"`{source.path}`", source.text
    if isinstance(source, bytes):
        source = source.decode("utf-8", "replace")
    if not isinstance(source, str):
        return Unknown(_not_read(source, span))
    return _parse(path.partition(".")[0], source, place, span)


def _parse(library: str, text: str, place: str, span: Span) -> Any:
    try:
        if library == "yaml":
            import yaml

            return yaml.safe_load(text)
        if library == "json":
            return json.loads(text)
        import tomllib

        return tomllib.loads(text)
    except (ValueError, RecursionError, ImportError) as error:
        reason = str(error).splitlines()[0]
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "yaml":
            raise
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark is not None else ""
        reason = f"{getattr(error, 'problem', None) or 'it cannot be read'}{line}"
    raise Fault(Diagnostic("PC0206", f"{place} is not {library.upper()}: {reason}", span))


def _look(interpreter: Interpreter, path: Any, question: str, span: Span) -> Any:
    """Whether something is there: certain of what the project holds, unknown of all else."""
    if unknown := find_unknown([path]):
        return unknown
    file = find(interpreter, path) if isinstance(path, str | PurePath) else None
    if file is None:
        message = "whether this file is there is not known at compile time"
        help_ = "look inside a step, or make it a parameter of the pipeline"
        return Unknown(Diagnostic("PC0213", message, span, help=help_))
    if question in {"isfile", "is_file"}:
        return file.is_file()
    return True if question == "exists" else file.is_dir()


def path_method(interpreter: Interpreter, path: PurePath, name: str, arguments: Arguments, span: Span) -> Any:
    """A method of a path that looks at the disk."""
    if name in {"resolve", "absolute", "expanduser"}:
        return path  # paths of the project are relative to it, on every machine
    if name in {"exists", "is_file", "is_dir"}:
        return _look(interpreter, path, name, span)
    positional, keywords = arguments.values()
    mode = positional[0] if positional and name == "open" else keywords.get("mode", "r")
    if mode not in {"r", "rt", "rb"}:
        return Unknown(_effect(f".{name}", span))
    opened = _open(interpreter, path, span)
    return opened.text if name == "read_text" and isinstance(opened, ProjectFile) else opened


def file_method(file: ProjectFile, name: str, span: Span) -> Any:
    """A method of an open file."""
    match name:
        case "read":
            return file.text
        case "readlines":
            return file.text.splitlines(keepends=True)
        case "close":
            return None
        case "__enter__":
            return file
        case _:
            message = f"`.{name}()` of an open file is not evaluated at compile time"
            raise Fault(Diagnostic("PC0204", message, span, help="read the file inside a step"))


def effect_of_path(name: str, span: Span) -> Diagnostic:
    """What is said of a method of a path that is not understood."""
    return _effect(f".{name}", span)


def _effect(name: str, span: Span) -> Diagnostic:
    message = f"what `{name}` does to the machine that compiles is not done"
    return Diagnostic("PC0213", message, span, help="do it inside a step")


def _not_read(path: Any, span: Span) -> Diagnostic:
    named = isinstance(path, str | PurePath)
    message = f"`{PurePath(path).as_posix()}` is no file of the project" if named else "which file is read is not known"
    return Diagnostic(
        "PC0213",
        message,
        span,
        notes=("only files below the project root are read at compile time",),
        help="read it inside a step, or pass what it says as a parameter of the pipeline",
    )


def _too_large(name: str, span: Span) -> Diagnostic:
    message = f"`{name}` has more than {SIZE_LIMIT:,} bytes, which is too much to read into a program"
    return Diagnostic("PC0213", message, span, help="read it inside a step")

"""The project: its root, and `[tool.pipec]` in its `pyproject.toml`, read with the place of each fault."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.record import dataclass, field
from pipec.compiler.source import Position, SourceFile, Span, read_bytes

if TYPE_CHECKING:
    from pipec.compiler.stack import Stack

MARKERS = ("pyproject.toml", ".zen", ".git", "setup.py", "setup.cfg")
"""What stands in a project's root."""

KEYS = frozenset(
    """sources target targets output options stack default_stack artifact_root pipelines include stubs local image""".split()
)
_SKIPPED = frozenset({"tests", "test", "node_modules", "site-packages", "build", "dist", "venv", "env", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Project:
    """A project's root and what its configuration says.

    Attributes:
        sources: files, globs, or `file.py:pipeline`, from the root; empty where nothing is named.
        targets: what to compile to where no `--target` is given.
        output: folder per target, from the root.
        options: backend options per target, those of the chosen stack over the project's.
        artifact_root: folder or URL of the store, the chosen stack's or the project's.
        stacks: the tables `[tool.pipec.stack.NAME]`, checked when one is chosen.
        default_stack: the stack where none is asked for.
        stack: the chosen stack.
        raw: `[tool.pipec]` as it is written; `pipelines` is read where it is needed.
        stubs: signatures of steps outside the project, by `module:name`.
        include: patterns of data files, from the root, that travel with every step.
        pythons: interpreters of `pipec run`, absolute, by name of a step; `*` for all others.
    """

    root: Path
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    output: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stubs: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    file: SourceFile | None = None
    artifact_root: str | None = None
    stacks: Mapping[str, Any] = field(default_factory=dict)
    default_stack: str | None = None
    stack: Stack | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    pythons: Mapping[str, str] = field(default_factory=dict)


def find_root(start: Path) -> Path:
    """The nearest folder from `start` up that holds one of `MARKERS`; else the file's own folder."""
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in MARKERS):
            return candidate
    return folder if start.is_dir() else _root_by_imports(start)


_LEVELS_UP = 3


def _root_by_imports(file: Path) -> Path:
    """Where nothing marks the root: the folder, a few levels up at most, from which the file's imports are answered."""
    from pipec.compiler.frontend.modules import choose_source_roots
    from pipec.compiler.frontend.parse import parse, read_source

    source = read_source(file, file.name)
    tree = source if isinstance(source, Diagnostic) else parse(source)
    if isinstance(tree, Diagnostic):
        return file.parent
    top = file.parents[min(_LEVELS_UP, len(file.parents) - 1)]
    roots = choose_source_roots(top, file, tree)
    return next((one for one in (file.parent, *file.parents) if all(root.is_relative_to(one) for root in roots)), top)


def load_project(root: Path) -> tuple[Project, list[Diagnostic]]:
    """The configuration of the project in `root`; faulty keys are left out and reported."""
    file = root / "pyproject.toml"
    try:
        text = read_bytes(file).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return Project(root), []
    except (OSError, UnicodeDecodeError) as error:
        return Project(root), [Diagnostic("PC0504", f"`pyproject.toml` cannot be read: {error}")]
    if "tool.pipec" not in text and "tool]" not in text:
        return Project(root), []
    import tomllib

    source = SourceFile("pyproject.toml", text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Project(root, file=source), [_syntax(source, error)]
    table = data.get("tool", {}).get("pipec", {})
    return _read(root, table, source)


def _syntax(source: SourceFile, error: Exception) -> Diagnostic:
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    line, column = (int(found[1]), int(found[2])) if found else (source.line_count, 1)
    place = Span(source.path, Position(line, column), Position(line, column + 1))
    return Diagnostic("PC0504", f"`pyproject.toml` is not valid TOML: {str(error).partition(' (at ')[0]}", place)


def _read(root: Path, table: Any, source: SourceFile) -> tuple[Project, list[Diagnostic]]:
    faults: list[Diagnostic] = []
    if not isinstance(table, dict):
        return Project(root, file=source), [
            Diagnostic("PC0504", "`[tool.pipec]` is not a table", _place(source, "pipec"))
        ]
    for key in table:
        if key not in KEYS:
            near = near_names(key, KEYS)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            help_ = help_ or f"it has {', '.join(f'`{one}`' for one in sorted(KEYS))}"
            faults.append(Diagnostic("PC0504", f"`[tool.pipec]` has no key `{key}`", _place(source, key), help=help_))
    targets = _texts(table, "targets", source, faults) or _texts(table, "target", source, faults)
    faults += _unknown_targets(table, source)
    return (
        Project(
            root,
            sources=_texts(table, "sources", source, faults),
            targets=targets,
            output=_table(table, "output", source, faults),
            options=_table(table, "options", source, faults),
            stubs=_table(table, "stubs", source, faults),
            include=_texts(table, "include", source, faults),
            file=source,
            artifact_root=_text(table, "artifact_root", source, faults),
            stacks=_stacks(table, source, faults),
            default_stack=_text(table, "default_stack", source, faults),
            raw=table,
            pythons=_pythons(root, table, source, faults),
        ),
        faults,
    )


def _text(table: Mapping[str, Any], key: str, source: SourceFile, faults: list[Diagnostic]) -> str | None:
    value = table.get(key)
    if value is None or (isinstance(value, str) and value):
        return value
    faults.append(Diagnostic("PC0504", f"`{key}` is a text", _place(source, key)))
    return None


def _stacks(table: Mapping[str, Any], source: SourceFile, faults: list[Diagnostic]) -> Mapping[str, Any]:
    value = table.get("stack", {})
    if isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()):
        return value
    help_ = 'write a table `[tool.pipec.stack.NAME]` for each stack, and `default_stack = "NAME"`'
    faults.append(Diagnostic("PC0504", "`stack` holds a table for each stack", _place(source, "stack"), help=help_))
    return {}


def _unknown_targets(table: Mapping[str, Any], source: SourceFile) -> list[Diagnostic]:
    """What is said for a target that does not exist, which no compilation would read."""
    from pipec.compiler.registry import unknown_target

    found: list[Diagnostic] = []
    for key in ("output", "options"):
        for name in table.get(key, {}) if isinstance(table.get(key), dict) else ():
            fault = unknown_target(name)
            if fault is not None:
                found.append(Diagnostic("PC0405", fault.message, _place(source, name), help=fault.help))
    return found


def _texts(table: Mapping[str, Any], key: str, source: SourceFile, faults: list[Diagnostic]) -> tuple[str, ...]:
    value = table.get(key, ())
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    faults.append(Diagnostic("PC0504", f"`{key}` is a list of text", _place(source, key)))
    return ()


def _table(table: Mapping[str, Any], key: str, source: SourceFile, faults: list[Diagnostic]) -> dict[str, Any]:
    value = table.get(key, {})
    wanted = dict if key == "options" else str
    if isinstance(value, dict) and all(isinstance(one, wanted) for one in value.values()):
        return value
    what = "a signature for each step" if key == "stubs" else "text for each target"
    what = "a table for each target" if wanted is dict else what
    faults.append(Diagnostic("PC0504", f"`{key}` is a table with {what}", _place(source, key)))
    return {}


def _pythons(root: Path, table: Mapping[str, Any], source: SourceFile, faults: list[Diagnostic]) -> dict[str, str]:
    """`[tool.pipec.local] python = "…"`, or `[tool.pipec.local.python]` with one for each step."""
    local = table.get("local", {})
    given = local.get("python", {}) if isinstance(local, dict) else None
    for key in local if isinstance(local, dict) else ():
        if key != "python":
            message = f"`[tool.pipec.local]` has no key `{key}`"
            faults.append(Diagnostic("PC0504", message, _place(source, key), help="it has `python`"))
    found = {"*": given} if isinstance(given, str) else given
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        faults.append(Diagnostic("PC0504", "`python` is a path, or a table of paths by step", _place(source, "local")))
        return {}
    return {name: str(root / one) for name, one in found.items()}


def _place(source: SourceFile, key: str) -> Span:
    """Where `key` stands below `[tool.pipec…]`."""
    inside = False
    for number in range(1, source.line_count + 1):
        line = source.line(number)
        if line.lstrip().startswith("["):
            inside = "tool.pipec" in line
            if inside and key in line:
                column = line.index(key) + 1
                return Span(source.path, Position(number, column), Position(number, column + len(key)))
            continue
        found = re.match(rf"\s*[\"']?({re.escape(key)})[\"']?\s*=", line)
        if inside and found:
            column = found.start(1) + 1
            return Span(source.path, Position(number, column), Position(number, column + len(key)))
    return Span(source.path, Position(1, 1), Position(1, 1))


def source_files(project: Project) -> tuple[list[tuple[Path, str | None]], list[Diagnostic]]:
    """The files to compile where none is named, each with a pipeline's name or None for all.

    Those that `sources` names; else every Python file below the root whose text mentions `@` and `pipeline`, not in tests,
    hidden folders, virtual environments or folders that pipec writes. An entry of `sources` that stands for no file is a
    fault.
    """
    if project.sources:
        found: list[tuple[Path, str | None]] = []
        faults: list[Diagnostic] = []
        for entry in project.sources:
            pattern, _, pipeline = entry.partition(":")
            matches = _matches(project.root, pattern)
            if not matches:
                place = _place(project.file, "sources") if project.file else None
                faults.append(Diagnostic("PC0504", f"`sources` names `{pattern}`, which is no file", place))
            found += [(match, pipeline or None) for match in matches]
        return found, faults
    return [(path, None) for path in _python_files(project.root) if _may_define_pipeline(path)], []


def _matches(root: Path, pattern: str) -> list[Path]:
    if not any(one in pattern for one in "*?["):
        return [root / pattern] if (root / pattern).is_file() else []
    try:
        return sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):  # not a glob that starts from a folder
        return []


def _python_files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(one for one in folders if not _is_skipped(Path(folder) / one))
        found += [Path(folder) / name for name in sorted(files) if name.endswith(".py") and not _is_test(name)]
    return found


def _is_skipped(folder: Path) -> bool:
    name = folder.name
    return name.startswith(".") or name in _SKIPPED or name.endswith(".pipec") or (folder / "pyvenv.cfg").exists()


def _is_test(name: str) -> bool:
    return name.startswith("test_") or name in {"conftest.py", "setup.py"}


def _may_define_pipeline(path: Path) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return b"pipeline" in data and b"@" in data and b"Generated by pipec from " not in data[:4096]

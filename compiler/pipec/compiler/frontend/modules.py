"""The project's modules: which file a dotted name means, read and parsed when a name in it is first needed.

A third-party name is never looked up on `sys.path`: what the project does not hold is external.
"""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.parse import parse, read_source
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass, field
from pipec.compiler.source import Position, SourceFile, Span, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

RESERVED = frozenset({"zenml", "pipec"})
"""Top-level packages that always mean the authoring API, whatever the project holds."""


@dataclass(slots=True, eq=False, repr=False)
class Module:
    """One module of the project. A folder without `__init__.py` is a module with an empty tree and no file.

    Attributes:
        name: the dotted name under which the project's code imports it.
        names: what its top-level statements bind, filled by the evaluator; None until they have run.
        stars: modules whose public names it imports with `*`, in order.
    """

    name: str
    source: SourceFile
    tree: ast.Module
    file: Path | None
    is_package: bool
    names: dict[str, Any] = field(default_factory=dict)
    stars: list[tuple[str, ast.ImportFrom]] = field(default_factory=list)
    has_run: bool = False

    @property
    def package(self) -> str:
        """The dotted name that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    def span(self, node: ast.AST) -> Span:
        """Where `node` of this module stands."""
        return self.source.span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def keyword_span(self, node: ast.keyword) -> Span:
        """Where the name of a keyword argument stands."""
        end = node.col_offset + len((node.arg or "**").encode())
        return self.source.span(node.lineno, node.col_offset, node.lineno, end)


class ModuleTable:
    """Finds, reads and keeps the modules of one project.

    Args:
        root: the project root; paths shown to people are relative to it.
        source_roots: the folders that top-level modules are looked for in, first come first served.
    """

    def __init__(self, root: Path, source_roots: tuple[Path, ...]) -> None:
        self.root = root
        self.source_roots = source_roots
        self.sources: dict[str, SourceFile] = {}
        self._modules: dict[str, Module | Diagnostic | None] = {}
        self._listings: dict[Path, frozenset[str]] = {}

    def has(self, name: str) -> bool:
        """Whether the project has a module or folder called `name`; reads folders, not files."""
        return self._locate(name) is not None

    def get(self, name: str) -> Module | Diagnostic | None:
        """The module `name`; a diagnostic where its file cannot be read or parsed; None where there is none."""
        if name not in self._modules:
            location = self._locate(name)
            self._modules[name] = None if location is None else self._load(name, location)
        return self._modules[name]

    def submodules(self, name: str) -> list[str]:
        """The modules and packages directly below the package `name`."""
        found = self._locate(name)
        if found is None or not found[1]:
            return []
        folder = found[0] if found[0].is_dir() else found[0].parent
        inner = sorted(self._list(folder) - {"__init__.py", "__pycache__"})
        names = [one.removesuffix(".py") for one in inner if one.endswith(".py") or "." not in one]
        return [f"{name}.{one}" for one in names if one.isidentifier() and self.has(f"{name}.{one}")]

    def loaded(self) -> Iterator[Module]:
        """The modules that were read so far, in the order of reading."""
        return (module for module in self._modules.values() if isinstance(module, Module))

    def name_of(self, file: Path) -> str | None:
        """The dotted name of `file` from the first source root that holds it; None if none does."""
        for source_root in self.source_roots:
            if file.is_relative_to(source_root):
                parts = list(file.relative_to(source_root).with_suffix("").parts)
                if parts[-1] == "__init__" and len(parts) > 1:
                    parts.pop()
                return ".".join(parts)
        return None

    def display(self, file: Path) -> str:
        """The path of `file` as it is shown and written: from the project root, with forward slashes."""
        try:
            return file.relative_to(self.root).as_posix()
        except ValueError:
            return Path(os.path.relpath(file, self.root)).as_posix()

    def _locate(self, name: str) -> tuple[Path, bool] | None:
        """The file or folder of module `name`, and whether it is a package."""
        parts = name.split(".")
        if not all(parts) or parts[0] in RESERVED:
            return None
        for source_root in self.source_roots:
            if source_root == self.root.parent and parts[0] != self.root.name:
                continue  # of what lies above the project only its own folder is a part of it
            folder = source_root.joinpath(*parts[:-1])
            listing = self._list(folder)
            if parts[-1] in listing:
                package = folder / parts[-1]
                inner = self._list(package)
                if "__init__.py" in inner:
                    return package / "__init__.py", True
                if f"{parts[-1]}.py" not in listing and inner:
                    return package, True
            if f"{parts[-1]}.py" in listing:
                return folder / f"{parts[-1]}.py", False
        return None

    def _list(self, folder: Path) -> frozenset[str]:
        listing = self._listings.get(folder)
        if listing is None:
            try:
                with os.scandir(folder) as entries:
                    listing = frozenset(entry.name for entry in entries)
            except OSError:
                listing = frozenset()
            self._listings[folder] = listing
        return listing

    def _load(self, name: str, location: tuple[Path, bool]) -> Module | Diagnostic:
        file, is_package = location
        if is_package and file.name != "__init__.py":
            return Module(name, SourceFile(self.display(file), ""), ast.Module([], []), None, True, has_run=True)
        source = read_source(file, self.display(file))
        if isinstance(source, Diagnostic):
            return source
        self.sources[source.path] = source
        tree = parse(source)
        if isinstance(tree, Diagnostic):
            return tree
        return Module(name, source, tree, file, is_package)


def choose_source_roots(root: Path, file: Path, tree: ast.Module) -> tuple[Path, ...]:
    """The folders from which `file` imports its project's modules, the best first.

    Of the folders from the file's own up to the project root (and a `src` beside them), the one that answers most of the
    file's absolute imports wins; in 1,481 of 1,649 real imports that is the parent of the file's folder
    (`reference/corpus.md` §3.6). Without any such import it is the lowest folder that its relative imports allow,
    and above the packages that hold the file. The other folders that answer an import follow; last the folder above the
    root, where the project imports its own root folder as a package.
    """
    found, level = _imports(tree)
    wanted = [one for one in found if one.name.partition(".")[0] not in RESERVED]
    own = file.parent
    candidates = [own]
    while candidates[-1] != root and candidates[-1] != candidates[-1].parent and own.is_relative_to(root):
        candidates.append(candidates[-1].parent)
    lowest = min(level, len(candidates) - 1)
    allowed = candidates[lowest:]
    scores = {folder: sum(_answers(folder, one) for one in wanted) for folder in allowed}
    default = _above_packages(own, allowed)
    best = max(allowed, key=lambda folder: (scores[folder], folder == default, -len(folder.parts)))
    others = [folder for folder in allowed if folder != best and scores[folder]]
    sources = [folder / "src" for folder in candidates if any(_answers(folder / "src", one) for one in wanted)]
    of_root = [one for one in wanted if one.name.partition(".")[0] == root.name]
    above = [root.parent] if any(_answers(root.parent, one) for one in of_root) else []
    return tuple(dict.fromkeys([best, *others, *sources, *above]))


@dataclass(frozen=True, slots=True)
class _Imported:
    """What a statement imports absolutely: a module, and names of it (none for `import module`)."""

    name: str
    names: tuple[str, ...] = ()


def _imports(tree: ast.Module) -> tuple[list[_Imported], int]:
    """What a module imports absolutely, and the most dots of its relative imports."""
    found: list[_Imported] = []
    level = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend(_Imported(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            level = max(level, node.level)
            if not node.level and node.module:
                found.append(_Imported(node.module, tuple(alias.name for alias in node.names)))
    standard = sys.stdlib_module_names
    return [one for one in dict.fromkeys(found) if one.name.partition(".")[0] not in standard], level


def _answers(folder: Path, imported: _Imported) -> bool:
    """Whether the modules of `folder` answer an import: a folder that merely has the name of a library does not."""
    target = folder.joinpath(*imported.name.split("."))
    module = target.with_name(target.name + ".py")
    if not module.is_file():
        if not target.is_dir():
            return False
        module = target / "__init__.py"
    if not imported.names or "*" in imported.names:
        return True
    try:
        text = read_bytes(module) if module.is_file() else b""
    except OSError:
        return True
    if b"__getattr__" in text or b"import *" in text:
        return True
    if not _plainly_bound(text).isdisjoint(imported.names):
        return True
    bound = _bound(text) if any(name.encode() in text for name in imported.names) else frozenset()
    return any(
        name in bound or (target / name).is_dir() or (target / f"{name}.py").is_file() for name in imported.names
    )


_PLAIN = pattern(r"(?m)^[ \t]*(?:(?:async +)?def|class) +(\w+)|^(\w+) *(?::.*)?=(?!=)")


def _plainly_bound(text: bytes) -> set[str]:
    """The names that lines define or assign to, by their form: most imports are answered without parsing the module."""
    found = _PLAIN.finditer(text.decode("utf-8", "replace"))
    return {one[1] or one[2] for one in found}


def _bound(text: bytes) -> frozenset[str]:
    """The names that a module binds anywhere."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add(asname or name.partition(".")[0])
            case _:
                pass
    return frozenset(found)


def _above_packages(folder: Path, allowed: list[Path]) -> Path:
    """The lowest allowed folder above the regular packages that `folder` is part of."""
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return next((candidate for candidate in allowed if folder.is_relative_to(candidate)), allowed[-1])


def start_of(path: str) -> Span:
    """The first place of a file, for faults of the file as a whole."""
    return Span(path, Position(1, 1), Position(1, 1))

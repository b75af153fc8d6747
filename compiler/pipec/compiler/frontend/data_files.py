"""Data files that the code of steps reads: found from `__file__`, `importlib.resources` or a literal path, they travel with it.

A path is folded by the evaluator, with the names that a function assigns before; where a file is certainly read and its path
starts from the project but cannot be folded, a warning says so.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Fault, Frame, Unknown
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.modules import Module
    from pipec.compiler.frontend.units import Unit

SIZE_LIMIT = 1024 * 1024
"""Bytes of a data file that travels with the code."""

_OPENS = frozenset({"open", "io.open", "codecs.open"})
_METHODS = frozenset({"read_text", "read_bytes", "open"})
_READERS = frozenset(
    """read_csv read_json read_excel read_parquet read_feather read_pickle read_table read_fwf read_xml load loadtxt
    genfromtxt imread load_workbook from_file safe_load""".split()
)
"""Functions whose first argument is a file, whatever library they are of."""

_RESOURCES = frozenset({"read_text", "read_binary", "open_text", "open_binary", "path", "get_data"})


@dataclass(slots=True)
class DataFiles:
    """The data files of some code.

    Attributes:
        found: the file of the project by its path in the code root.
        faults: what cannot be known, or cannot travel.
    """

    found: dict[str, Path] = field(default_factory=dict)
    faults: list[Diagnostic] = field(default_factory=list)


def included(interpreter: Interpreter) -> dict[str, Path]:
    """The files that `[tool.pipec] include` names, by path in the code root."""
    root = interpreter.table.root
    return {
        file.relative_to(root).as_posix(): file
        for pattern in interpreter.include
        for file in sorted(root.glob(pattern))
        if file.is_file()
    }


def data_files(interpreter: Interpreter, module: Module, unit: Unit) -> DataFiles:
    """The data files that one unit of a module reads."""
    result = DataFiles()
    for statement in unit.statements:
        _Reader(interpreter, module, result).statement(statement, {})
    return result


def text_of(path: str, file: Path) -> str | Diagnostic:
    """What a data file says; a warning where it cannot travel."""
    try:
        if file.stat().st_size > SIZE_LIMIT:
            return _stays(f"`{path}` has more than {SIZE_LIMIT:,} bytes, so it does not travel with the code")
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return _stays(f"`{path}` is not text, so it does not travel with the code")
    except OSError as error:
        return _stays(f"`{path}` cannot be read: {error.strerror or error}")


def _stays(message: str) -> Diagnostic:
    help_ = "put it into the image of the steps, or read it from where data is kept"
    return Diagnostic("PC0227", message, severity=Severity.WARNING, help=help_)


class _Reader:
    """Looks for files in one statement, with what is known of the local names so far."""

    def __init__(self, interpreter: Interpreter, module: Module, result: DataFiles) -> None:
        self.interpreter, self.module, self.result = interpreter, module, result

    def statement(self, node: ast.AST, known: dict[str, Any]) -> None:
        """Looks into `node`; a function's own names are followed in the order of its statements."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            unknown = Unknown(Diagnostic("PC0204", "a parameter"))
            arguments = node.args
            own = {one.arg: unknown for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
            inner = {**known, **own}
            for one in node.body:
                self.statement(one, inner)
            return
        self._expressions(node, known)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = self._fold(node.value, known)
        for block in ("body", "orelse", "finalbody"):
            for child in getattr(node, block, ()) if not isinstance(node, ast.expr) else ():
                self.statement(child, known)
        for handler in getattr(node, "handlers", ()):
            for child in handler.body:
                self.statement(child, known)

    def _expressions(self, node: ast.AST, known: dict[str, Any]) -> None:
        """The expressions of a statement itself, not of the statements within."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt | ast.ExceptHandler):
                continue
            if not isinstance(child, ast.expr):
                self._expressions(child, known)
                continue
            for inner in ast.walk(child):
                if isinstance(inner, ast.Call):
                    self._call(inner, known)
            for inner in _from_file(child):
                self._add(self._fold(inner, known))

    def _call(self, node: ast.Call, known: dict[str, Any]) -> None:
        path = _path_read(node)
        if path is None:
            self._resource(node, known)
            return
        value = self._fold(path, known)
        if isinstance(value, str | PurePath):
            self._add(value)
        elif _starts_here(path) and not self.interpreter.include:
            self.result.faults.append(
                Diagnostic(
                    "PC0226",
                    "which file of the project is read here is not known",
                    self.module.span(path),
                    severity=Severity.WARNING,
                    notes=("a file that the compiler does not know of does not travel with the code",),
                    help='name the files: `include = ["data/*.json"]` below `[tool.pipec]`',
                )
            )

    def _resource(self, node: ast.Call, known: dict[str, Any]) -> None:
        """`importlib.resources.read_text("package", "name")`, `files("package").joinpath("name")`, `pkgutil.get_data`."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        values = [self._fold(one, known) for one in node.args]
        if name in _RESOURCES and len(values) >= 2 and all(isinstance(one, str) for one in values[:2]):
            self._add_resource(values[0], values[1])
        if name == "joinpath" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            package = self._package(node.func.value, known)
            if package is not None and all(isinstance(one, str) for one in values):
                self._add_resource(package, "/".join(values))

    def _package(self, node: ast.Call, known: dict[str, Any]) -> str | None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        value = self._fold(node.args[0], known) if name == "files" and node.args else None
        return value if isinstance(value, str) else None

    def _add_resource(self, package: str, name: str) -> None:
        module = self.interpreter.table.get(package)
        file = getattr(module, "file", None)
        if file is not None:
            self._add(self.interpreter.table.display(file.parent / name))

    def _fold(self, node: ast.expr, known: dict[str, Any]) -> Any:
        frame = Frame(self.module, known, Frame(self.module, self.module.names), depth=1)
        try:
            return self.interpreter.evaluate(node, frame)
        except (Fault, RecursionError):
            return None

    def _add(self, path: Any) -> None:
        """Takes in the file that a folded path means, if the project has it and it is no code."""
        if not isinstance(path, str | PurePath) or not str(path) or PurePath(path).is_absolute():
            return
        table = self.interpreter.table
        file = Path(os.path.normpath(table.root / str(path)))
        if not file.is_relative_to(table.root) or file.suffix in {".py", ".pyc"} or not file.is_file():
            return
        home = next((one for one in table.source_roots if file.is_relative_to(one)), table.root)
        self.result.found[file.relative_to(home).as_posix()] = file


def _path_read(node: ast.Call) -> ast.expr | None:
    """The expression of the path that a call certainly reads; None where it reads no file."""
    text = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
    if text in _OPENS and node.args:
        mode = (
            node.args[1]
            if len(node.args) > 1
            else next((one.value for one in node.keywords if one.arg == "mode"), None)
        )
        writes = isinstance(mode, ast.Constant) and any(letter in str(mode.value) for letter in "wax+")
        return None if writes else node.args[0]
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and len(node.args) < 2:
        return node.func.value
    name = text.rpartition(".")[2]
    return node.args[0] if name in _READERS and node.args and "." in text else None


def _from_file(node: ast.expr) -> Iterator[ast.expr]:
    """The largest expressions within `node` that are computed from `__file__`: each may be a path."""
    if any(isinstance(one, ast.Name) and one.id == "__file__" for one in ast.walk(node)):
        yield node
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _from_file(child)


def _starts_here(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "__file__" for one in ast.walk(node))

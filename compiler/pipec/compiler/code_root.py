"""The code root: the folder of Python files that a step runs on.

    __main__.py          `python -I CODE_ROOT ADAPTER …`
    pipec/runtime/…      what loads inputs, calls the step and stores outputs, with the one adapter that is needed
    pipec/sdk/…          what the user's code imports
    zenml/__init__.py    `import zenml` in processes that a step starts (joblib, multiprocessing)
    steps/train.py, …    the user's modules, verbatim, under their dotted names

The runtime is read as text from where it is installed and never imported here.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import tokenize
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pipec.compiler.ir.model import CodeFile

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Pipeline

ADAPTERS = frozenset({"airflow", "argo", "kubeflow"})
"""Modules of `pipec.runtime` of which a code root has one; the adapter `run` is in each."""

_ENTRY = "entry.py"
_ZENML = '''"""Processes that a step starts find `zenml` here; the step itself answers it without this file."""

import sys

from pipec.runtime.imports import stand

sys.modules[__name__] = stand(__name__)
'''
_OWN = frozenset({"__main__", "pipec", "zenml"})


class ReservedName(ValueError):
    """A module of the user has a name that belongs to the code root itself."""


def assemble(pipeline: Pipeline, adapter: str, *, is_compact: bool = False) -> tuple[CodeFile, ...]:
    """The files of the code root of a pipeline, sorted by path; the same pipeline gives the same bytes.

    Args:
        pipeline: its `code` is the user's part.
        adapter: `airflow`, `argo`, `kubeflow`, or `run` for none but the general one.
        is_compact: pipec's own files come without docstrings and comments (the user's are never touched): for targets
            where nobody reads them and each byte counts.

    Raises:
        ReservedName: when a module of the user is called `pipec`, `zenml` or `__main__`.
        ValueError: when there is no such adapter.
    """
    if adapter != "run" and adapter not in ADAPTERS:
        raise ValueError(f"`{adapter}` is no adapter")
    files = {"zenml/__init__.py": _ZENML}
    for package in ("runtime", "sdk"):
        folder = _installed(f"pipec.{package}")
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            if package == "sdk" or name not in {f"{other}.py" for other in ADAPTERS - {adapter}}:
                files[f"pipec/{package}/{name}"] = path.read_text(encoding="utf-8")
    if adapter != "run" and f"pipec/runtime/{adapter}.py" not in files:
        raise ValueError(f"`{adapter}` is no adapter of the installed runtime")
    files["__main__.py"] = files.pop(f"pipec/runtime/{_ENTRY}")
    if is_compact:
        files = {path: compact(text) for path, text in files.items()}
    files.update(_of_user(pipeline))
    return tuple(CodeFile(path, files[path]) for path in sorted(files))


def _of_user(pipeline: Pipeline) -> dict[str, str]:
    """The user's modules, and an empty `__init__.py` for each folder that has none."""
    files: dict[str, str] = {}
    for file in pipeline.code:
        path = PurePosixPath(file.path)
        if path.parts[0].removesuffix(".py") in _OWN:
            raise ReservedName(f"`{file.path}` cannot travel: `{path.parts[0]}` is a name of the code root itself")
        files[file.path] = file.text
    modules = [PurePosixPath(path) for path in files if path.endswith(".py")]
    for path in modules:
        for folder in path.parents:
            if folder.parts:
                files.setdefault(f"{folder}/__init__.py", "")
    return files


def _installed(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"`{package}` is not installed beside the compiler")
    return Path(next(iter(spec.submodule_search_locations)))


def compact(text: str) -> str:
    r"""A module without docstrings, comments, blank lines and what is for type checkers only; it does the same.

    >>> compact("import os\n\n\nclass A(Exception):\n    'Doc.'  # why\n")
    'import os\nclass A(Exception):\n    pass\n'
    """
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        body: list[ast.stmt] = getattr(node, "body", []) if isinstance(node, _BODIES) else []
        for statement in body:
            if _is_for_readers(statement):
                _blank(lines, statement, "" if len(body) > 1 or isinstance(node, ast.Module) else "pass")
    bare = _without_comments("".join(lines))
    inside = _inside_texts(bare)
    return "".join(
        line for number, line in enumerate(bare.splitlines(keepends=True), 1) if line.strip() or number in inside
    )


_BODIES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _is_for_readers(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    # A branch for type checkers may stand as the whole body of nothing: every module has more than that.
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"


def _blank(lines: list[str], statement: ast.stmt, instead: str) -> None:
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    for number in range(first, last + 1):
        lines[number] = "\n"
    if instead:
        lines[first] = " " * statement.col_offset + instead + "\n"


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _without_comments(text: str) -> str:
    lines = text.splitlines(keepends=True)
    for token in _tokens(text):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    return "".join(lines)


def _inside_texts(text: str) -> set[int]:
    """Lines within a text of several lines, whose emptiness means something."""
    inside: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            inside.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return inside

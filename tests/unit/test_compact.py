"""The runtime as it travels: without what is for readers, and the same program."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pipec.compiler.code_root import compact

RUNTIME = Path(__file__).resolve().parents[2] / "runtime/pipec"


@pytest.mark.parametrize("path", sorted(RUNTIME.rglob("*.py")), ids=lambda path: path.relative_to(RUNTIME).as_posix())
def test_a_compact_module_is_the_same_program(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert _essence(compact(text)) == _essence(text)


def test_nothing_for_readers_is_left() -> None:
    for path in RUNTIME.rglob("*.py"):
        for line in compact(path.read_text(encoding="utf-8")).splitlines():
            assert line.strip(), path
            assert not line.lstrip().startswith("#"), path


def _essence(text: str) -> str:
    """The tree without docstrings, `pass` and branches for type checkers."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.If):
            node.body = [each for each in node.body if not _is_for_readers(each)]
    return ast.dump(tree)


def _is_for_readers(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" and not node.orelse
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return is_text or isinstance(node, ast.Pass)

"""Who imports whom, read from the source text. `lint-imports` holds the same over indirect imports, once every package is there."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("compiler", "backends", "templates", "runtime")
# What values need, and only where a value needs it.
CODECS = {
    "cloudpickle",
    "fsspec",
    "joblib",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "PIL",
    "scipy",
    "torch",
}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name and where."""

    module: str
    imported: str
    path: Path
    line: int
    is_lazy: bool
    is_for_types: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.module} imports {self.imported}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What the modules below a package may import beside the standard library.

    Attributes:
        own: packages of pipec.
        others: third-party packages.
        lazy: third-party packages that only a function may import.
    """

    own: tuple[str, ...]
    others: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()


RULES = {
    "pipec.compiler": Rule(
        ("pipec.compiler", "pipec.templates"),
        frozenset({"yaml", "pydantic", "pydantic_core", "libcst", "rich", "jinja2"}),
    ),
    # A picture is laid out, and an editor spoken to, by libraries of extras.
    "pipec.compiler.graph": Rule(("pipec.compiler",), lazy=frozenset({"fast_sugiyama"})),
    "pipec.compiler.lsp": Rule(("pipec.compiler",), frozenset({"libcst", "lsprotocol", "pygls"})),
    "pipec.backends": Rule(("pipec.backends", "pipec.compiler", "pipec.templates"), frozenset({"jinja2", "yaml"})),
    # It runs steps, and shows it on a terminal.
    "pipec.backends.local": Rule(
        ("pipec.backends", "pipec.compiler", "pipec.runtime", "pipec.sdk"), lazy=frozenset({"rich"})
    ),
    # It builds images, and speaks to an engine for it.
    "pipec.backends.containers": Rule(("pipec.backends.containers", "pipec.compiler"), lazy=frozenset({"docker"})),
    "pipec.testing": Rule(("pipec.backends.local", "pipec.compiler", "pipec.sdk")),
    "pipec.templates": Rule(("pipec.templates",)),
    "pipec.sdk": Rule(("pipec.sdk", "pipec.runtime"), lazy=frozenset(CODECS)),
    "pipec.runtime": Rule(("pipec.runtime", "pipec.sdk"), lazy=frozenset(CODECS)),
    "pipec.__main__": Rule(("pipec.compiler",)),
}
BACKENDS = ("airflow", "kubeflow", "argo", "argo_interpreter", "local", "containers")


def modules() -> dict[str, Path]:
    """Every module of the distribution by its name."""
    found: dict[str, Path] = {}
    for root in SOURCE_ROOTS:
        for path in sorted((ROOT / root).rglob("*.py")):
            parts = path.relative_to(ROOT / root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path) -> list[Import]:
    """Every import of a module, also inside functions and for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    found: list[Import] = []

    def visit(node: ast.AST, is_lazy: bool, is_for_types: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(name, each.name, path, node.lineno, is_lazy, is_for_types) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found.extend(
                Import(name, f"{node.module}.{each.name}", path, node.lineno, is_lazy, is_for_types)
                for each in node.names
            )
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                visit(statement, is_lazy, True)
            for statement in node.orelse:
                visit(statement, is_lazy, is_for_types)
            return
        inside = is_lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            visit(child, inside, is_for_types)

    visit(tree, False, False)
    return found


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def rule_of(name: str) -> Rule:
    packages = [package for package in RULES if is_below(name, package)]
    assert packages, f"{name} lies in no known package; add its rule here and in pyproject.toml"
    return RULES[max(packages, key=len)]


def test_every_import_is_allowed() -> None:
    every = modules()
    assert any(is_below(name, "pipec.compiler") for name in every), "nothing was scanned"
    seen = [each for name, path in every.items() for each in imports(name, path)]
    assert len(seen) > len(every), "hardly an import was found"
    faults = [str(each) for each in seen if not is_allowed(each)]
    assert faults == []


def is_allowed(each: Import) -> bool:
    top = each.imported.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if each.is_for_types and top != "pipec":
        return True
    rule = rule_of(each.module)
    if top != "pipec":
        return top in rule.others or (each.is_lazy and top in rule.lazy)
    if is_below(each.module, "pipec.sdk") and each.is_lazy:
        rule = Rule((*rule.own, "pipec.compiler", "pipec.backends.local"))
    if each.imported in {"pipec", "pipec.compiler", "pipec.backends"} and each.imported not in rule.own:
        return False
    return any(is_below(each.imported, package) for package in rule.own)


def test_backends_do_not_import_each_other() -> None:
    faults: list[str] = []
    for name, path in modules().items():
        for backend in BACKENDS:
            if is_below(name, f"pipec.backends.{backend}"):
                others = [f"pipec.backends.{other}" for other in BACKENDS if other != backend]
                faults += [str(each) for each in imports(name, path) if any(is_below(each.imported, o) for o in others)]
    assert faults == []


def test_the_sdk_imports_the_compiler_in_one_place_at_most() -> None:
    lazy = {
        (each.path, each.line)
        for name, path in modules().items()
        if is_below(name, "pipec.sdk")
        for each in imports(name, path)
        if is_below(each.imported, "pipec.compiler") or is_below(each.imported, "pipec.backends")
    }
    assert len(lazy) <= 1, sorted(lazy)


@pytest.mark.parametrize(
    ("module", "imported", "is_lazy", "expected"),
    [
        ("pipec.compiler.driver", "pipec.backends.argo.backend", True, False),
        ("pipec.compiler.driver", "pipec.sdk.step", False, False),
        ("pipec.compiler.driver", "kfp.dsl", True, False),
        ("pipec.compiler.driver", "yaml", False, True),
        ("pipec.backends.argo.emit", "pipec.compiler.ir", False, True),
        ("pipec.backends.argo.emit", "airflow.sdk", True, False),
        ("pipec.backends.argo.emit", "pipec.runtime.codec", True, False),
        ("pipec.backends.local.run", "pipec.runtime.codec", False, True),
        ("pipec.backends.local.progress", "rich.live", False, False),
        ("pipec.sdk.pipeline", "pipec.compiler.driver", True, True),
        ("pipec.sdk.pipeline", "pipec.compiler.driver", False, False),
        ("pipec.sdk.pipeline", "yaml", False, False),
        ("pipec.runtime.execute", "pipec.compiler.ir", True, False),
        ("pipec.runtime.materializers", "pandas", True, True),
        ("pipec.runtime.materializers", "pandas", False, False),
        ("pipec.sdk.files", "fsspec", True, True),
        ("pipec.templates.airflow", "pipec.compiler", False, False),
    ],
)
def test_the_rules_themselves(module: str, imported: str, is_lazy: bool, expected: bool) -> None:
    assert is_allowed(Import(module, imported, Path(), 1, is_lazy, is_for_types=False)) is expected

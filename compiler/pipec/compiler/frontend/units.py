"""A module as units: whole top-level statements, what each binds and reads, and whether running it does something.

Code that travels is cut at these (DESIGN §3, Closure). A unit may be left out if it is a definition, import or constant
that nothing kept reads and whose evaluation has no effect.
"""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

from pipec.compiler.frontend.assignments import bound_names
from pipec.compiler.frontend.normal_form import normal_form
from pipec.compiler.frontend.reads import Reads, reads_of
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.frontend.modules import Module

_HARMLESS_CALLS = frozenset(
    """abs bool bytes dict enumerate float frozenset getattr int isinstance len list max min object property range
    repr reversed round set slice sorted str sum super tuple type zip logging.getLogger get_logger os.getenv
    os.environ.get os.path.join os.path.dirname os.path.abspath os.path.basename os.path.realpath Path
    pathlib.Path re.compile TypeVar typing.TypeVar NewType namedtuple collections.namedtuple NamedTuple TypedDict
    timedelta datetime.timedelta datetime.datetime datetime Decimal UUID field dataclasses.field Field
    DockerSettings ResourceSettings DeploymentSettings Schedule Model CachePolicy StepRetryConfig ArtifactConfig
    Tag ExternalArtifact typer.Typer KubernetesPodSettings KubernetesOrchestratorSettings AirflowOrchestratorSettings
    KubeflowOrchestratorSettings auto enum.auto partial functools.partial""".split()
)
"""Calls that make a value and nothing else, by the text of what is called."""

_HARMLESS_METHODS = frozenset(
    """joinpath resolve absolute get format join split strip lower upper replace items keys values with_suffix
    with_name copy with_options removeprefix removesuffix startswith endswith""".split()
)
_WRAPPERS = frozenset("step pipeline wraps cache lru_cache overload contextmanager asynccontextmanager".split())
"""Decorators that make a value of a function and nothing else, whatever module they come from."""

_MUTATORS = frozenset({"append", "extend", "insert", "update", "setdefault", "add"})
_LOOKS_AT_ITSELF = frozenset(
    {"globals", "vars", "importlib", "pkgutil", "__subclasses__", "eval", "exec", "__import__", "inspect"}
)

_LOOKS_AROUND = frozenset({"pkgutil", "importlib", "__path__"})


@dataclass(slots=True, eq=False, repr=False)
class Unit:
    """One or more top-level statements that stand or fall together (those that share a line).

    Attributes:
        binds: names that it binds, or whose object it changes.
        has_effect: whether its running does something that nobody has to read to notice.
        is_import: whether it only imports.
    """

    statements: list[ast.stmt]
    binds: frozenset[str]
    reads: Reads
    has_effect: bool
    is_import: bool

    @property
    def start(self) -> int:
        """Its first line, decorators included."""
        first = self.statements[0]
        decorators: list[ast.expr] = getattr(first, "decorator_list", [])
        return min([first.lineno, *(one.lineno for one in decorators)])

    @property
    def end(self) -> int:
        """Its last line."""
        return max(one.end_lineno or one.lineno for one in self.statements)

    @property
    def code_reads(self) -> Reads:
        """What it reads besides `@step(…)` and `@pipeline(…)`, which configure a step and are no part of its code."""
        bare = self._bare()
        return self.reads if bare is None else reads_of(bare)

    def normal_form(self) -> str:
        """What a cache key hashes of it: all but `@step(…)` and `@pipeline(…)`."""
        bare = self._bare()
        return "".join(map(normal_form, self.statements)) if bare is None else normal_form(bare)

    def _bare(self) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
        """Its one definition without the decorators that configure it; None where there are none."""
        node = self.statements[0]
        if len(self.statements) > 1 or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return None
        kept = [one for one in node.decorator_list if _called_name(one).rpartition(".")[2] not in {"step", "pipeline"}]
        if len(kept) == len(node.decorator_list):
            return None
        bare = copy.copy(node)
        bare.decorator_list = kept
        return bare


@dataclass(slots=True, eq=False, repr=False)
class Units:
    """The units of one module.

    Attributes:
        is_whole: whether the module looks at itself, so that nothing of it may be left out.
        futures: `from __future__` lines, which always stay.
        stars: units that import `*`.
        lists_package: whether it looks for the modules beside it, so that its whole package travels.
    """

    module: Module
    units: list[Unit] = field(default_factory=list)
    by_name: dict[str, list[Unit]] = field(default_factory=dict)
    futures: list[Unit] = field(default_factory=list)
    stars: list[tuple[ast.ImportFrom, Unit]] = field(default_factory=list)
    is_whole: bool = False
    lists_package: bool = False
    _places: dict[int, int] = field(default_factory=dict)

    def index(self, unit: Unit) -> int:
        """The place of `unit` in `units`, in constant time."""
        if len(self._places) != len(self.units):
            self._places = {id(one): place for place, one in enumerate(self.units)}
        return self._places[id(unit)]


def units_of(module: Module) -> Units:
    """The units of `module`, in order; the `if __name__ == "__main__"` block is none of them."""
    found = Units(module)
    statements = [one for one in module.tree.body if not is_main_guard(one)]
    facts = _Facts(_plain_names(statements), _value_classes(statements))
    for group in _by_line(statements):
        unit = _unit(group, facts)
        found.units.append(unit)
        for name in unit.binds:
            found.by_name.setdefault(name, []).append(unit)
        for statement in group:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                found.futures.append(unit)
            elif isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
                found.stars.append((statement, unit))
    found.is_whole = "__getattr__" in found.by_name or any(
        _looks(chain, _LOOKS_AT_ITSELF) for unit in found.units for chain in unit.reads.chains
    )
    found.lists_package = any(_looks(chain, _LOOKS_AROUND) for unit in found.units for chain in unit.reads.chains)
    return found


def _looks(chain: tuple[str, ...], words: frozenset[str]) -> bool:
    """Whether a read is of one of `words`; `importlib.resources` and `importlib.metadata` look at no module."""
    return bool(set(chain) & words) and chain[:2] not in {("importlib", "resources"), ("importlib", "metadata")}


def is_main_guard(node: ast.stmt) -> bool:
    """Whether `node` is `if __name__ == "__main__":` without an `else`."""
    if not isinstance(node, ast.If) or node.orelse or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    names = [one.id for one in sides if isinstance(one, ast.Name)]
    texts = [one.value for one in sides if isinstance(one, ast.Constant)]
    return names == ["__name__"] and texts == ["__main__"] and isinstance(node.test.ops[0], ast.Eq)


def _by_line(statements: list[ast.stmt]) -> list[list[ast.stmt]]:
    groups: list[list[ast.stmt]] = []
    for statement in statements:
        if groups and (groups[-1][-1].end_lineno or 0) >= statement.lineno:
            groups[-1].append(statement)
        else:
            groups.append([statement])
    return groups


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a module says of its own names: those bound by assignment, and classes whose making has no effect."""

    plain: frozenset[str]
    value_classes: frozenset[str]


def _value_classes(statements: list[ast.stmt]) -> frozenset[str]:
    """Data classes and named tuples without code of their own that runs when one is made."""
    found: set[str] = set()
    for one in statements:
        if not isinstance(one, ast.ClassDef):
            continue
        methods = {inner.name for inner in one.body if isinstance(inner, ast.FunctionDef)}
        is_value = any("dataclass" in ast.unparse(decorator) for decorator in one.decorator_list) and not one.bases
        is_value = is_value or any(ast.unparse(base).endswith("NamedTuple") for base in one.bases)
        if is_value and not methods & {"__init__", "__post_init__", "__new__"}:
            found.add(one.name)
    return frozenset(found)


def _plain_names(statements: list[ast.stmt]) -> frozenset[str]:
    """Names that the module binds by assignment, so that changing their object is a matter of this module."""
    return frozenset(
        target.id
        for one in statements
        if isinstance(one, ast.Assign | ast.AnnAssign)
        for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
        if isinstance(target, ast.Name)
    )


def _unit(statements: list[ast.stmt], facts: _Facts) -> Unit:
    reads = Reads()
    binds: set[str] = set()
    for statement in statements:
        one = reads_of(statement)
        reads.chains |= one.chains
        reads.imports += one.imports
        binds |= set(bound_names(statement)) | _changed(statement, facts)
    return Unit(
        statements,
        frozenset(binds),
        reads,
        any(_has_effect(statement, facts) for statement in statements),
        all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements),
    )


def _changed(node: ast.stmt, facts: _Facts) -> set[str]:
    """Names of this module whose object `node` changes: `RATES["a"] = 1`, `NAMES.append("x")`."""
    base = _changed_base(node)
    return {base} if base is not None and base in facts.plain else set()


def _changed_base(node: ast.stmt) -> str | None:
    target: ast.expr | None = None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript | ast.Attribute):
        target = node.targets[0].value
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript | ast.Attribute):
        target = node.target.value
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        target = called.value if isinstance(called, ast.Attribute) and called.attr in _MUTATORS else None
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def _has_effect(node: ast.stmt, facts: _Facts) -> bool:  # noqa: C901 - a flat dispatch over statements
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            defaults = [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]
            return not _only_authoring(node.decorator_list) or not all(_is_harmless(one, facts) for one in defaults)
        case ast.ClassDef():
            registers = any("Materializer" in ast.unparse(base) for base in node.bases)
            return registers or bool(node.keywords) or not _only_value_classes(node.decorator_list)
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return False
        case ast.Assign(targets=targets, value=value):
            return not _is_harmless(value, facts) or not all(_is_own(target, facts) for target in targets)
        case ast.AnnAssign(value=value):
            return value is not None and not _is_harmless(value, facts)
        case ast.AugAssign(target=target, value=value):
            return not _is_harmless(value, facts) or not _is_own(target, facts)
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Expr(value=ast.Call() as call) if _changed(node, facts):
            return not all(_is_harmless(one, facts) for one in (*call.args, *(one.value for one in call.keywords)))
        case ast.If(test=test, body=body, orelse=orelse):
            return not _is_harmless(test, facts) or any(_has_effect(one, facts) for one in (*body, *orelse))
        case ast.Try():
            inner = [
                *node.body,
                *node.orelse,
                *node.finalbody,
                *(one for handler in node.handlers for one in handler.body),
            ]
            return any(_has_effect(one, facts) for one in inner)
        case _:
            return type(node).__name__ != "TypeAlias"


def _is_own(target: ast.expr, facts: _Facts) -> bool:
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
        if isinstance(target, ast.Name):
            return target.id in facts.plain
    return isinstance(target, ast.Name | ast.Tuple | ast.List)


def _called_name(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def _only_authoring(decorators: list[ast.expr]) -> bool:
    """Whether all decorators only make a value: `@step` and its like, a wrapper, a command of the command line."""
    return all(_is_wrapper(_called_name(one)) for one in decorators)


def _is_wrapper(decorator: str) -> bool:
    """Whether a decorator of a function registers nothing that an import of the module would have to keep.

    A command (`@click.command()`, `@app.command()`) is registered with an object that the start of the program reads.
    """
    module, _, name = decorator.rpartition(".")
    return name in _WRAPPERS or module == "click" or (bool(module) and name == "command")


def _only_value_classes(decorators: list[ast.expr]) -> bool:
    return all(
        _called_name(one).rpartition(".")[2] in {"dataclass", "define", "frozen", "final", "total_ordering"}
        for one in decorators
    )


def _is_harmless(node: ast.expr, facts: _Facts) -> bool:
    """Whether evaluating `node` does nothing but make a value."""
    pending: list[ast.AST] = [node]
    while pending:
        inner = pending.pop()
        if isinstance(inner, ast.Lambda):
            continue
        if isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
        if isinstance(inner, ast.Call) and not _is_harmless_call(inner, facts):
            return False
        pending.extend(ast.iter_child_nodes(inner))
    return True


def _is_harmless_call(node: ast.Call, facts: _Facts) -> bool:
    text = _called_name(node)
    if (
        text in facts.value_classes
        or text in _HARMLESS_CALLS
        or (text.rpartition(".")[2] in _HARMLESS_CALLS and text.rpartition(".")[2][:1].isupper())
    ):
        return True
    return isinstance(node.func, ast.Attribute) and node.func.attr in _HARMLESS_METHODS

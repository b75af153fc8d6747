"""The partial evaluator: runs Python over values that are known, symbolic or unknown (DESIGN §3).

Modules run leniently: a top-level statement that cannot be evaluated binds its names to `Unknown`, which becomes an error
only where a graph needs them. The body of a pipeline runs strictly: a faulty statement is reported, its names are
poisoned so that nothing is reported twice, and evaluation goes on with the next.
"""

from __future__ import annotations

import ast
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.branches import BranchMixin
from pipec.compiler.frontend.calls import CallMixin
from pipec.compiler.frontend.control import ControlMixin
from pipec.compiler.frontend.definitions import DefinitionMixin
from pipec.compiler.frontend.expressions import ExpressionMixin
from pipec.compiler.frontend.guards import GuardMixin
from pipec.compiler.frontend.journal import Journal
from pipec.compiler.frontend.loops import LoopMixin
from pipec.compiler.frontend.lower import Program
from pipec.compiler.frontend.names import Import, Pending
from pipec.compiler.frontend.statements import StatementMixin
from pipec.compiler.frontend.values import External, Fault, Frame, SdkSymbol, Symbolic, Unknown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from pipec.compiler.frontend.drivers import Start
    from pipec.compiler.frontend.graph import GraphBuilder
    from pipec.compiler.frontend.modules import Module, ModuleTable
    from pipec.compiler.frontend.values import FunctionValue
    from pipec.compiler.source import Span

FUEL = 500_000
"""Expressions and statements that one program may evaluate: a few seconds of work."""

_NO_PROGRAM = Program()


class Interpreter(
    StatementMixin, BranchMixin, GuardMixin, LoopMixin, ExpressionMixin, ControlMixin, CallMixin, DefinitionMixin
):
    """Evaluates modules on demand, and the body of one pipeline at a time.

    Attributes:
        table: the project's modules.
        stubs: the steps outside the project whose signatures are known.
        include: patterns of data files, from the root, that travel with every step.
        components: the components of the chosen stack, by kind.
        starts: where calls of pipelines outside of pipelines are kept, while a driver is read.
        diagnostics: what strict evaluation found, in the order it was found.
        graph: the graph of the pipeline whose body runs; None outside of one.
        journal: what the open arms and loop bodies have changed.
        stack: the frames of the functions and comprehensions that run, the innermost last.
        calls: the frames of the functions among them: the pipeline's own, then those of helpers.
        temporaries: lists and dicts that are being made, with the name of what they become.
        conditions: what the open arms and loop bodies depend on, the innermost last; None for an `else`.
        discovering: whether a loop's body is evaluated only to see what it changes.
        loops: how many loops of the run were evaluated.
        strict: whether a faulty statement is reported (a pipeline's body) or makes its names unknown (a module).
    """

    def __init__(
        self, table: ModuleTable, stubs: Mapping[str, str] | None = None, include: tuple[str, ...] = ()
    ) -> None:
        self.table = table
        self.include = include
        self.stubs = stubs or {}
        self.components: Mapping[str, str] = {}
        self.starts: list[Start] | None = None
        self.diagnostics: list[Diagnostic] = []
        self.graph: GraphBuilder | None = None
        self.strict = False
        self.depth = 0
        self.raises = False
        self.reset_control()
        self.resolving: list[tuple[int, str, str | None]] = []
        self.star_visits: set[tuple[int, str]] = set()
        self.submodules: dict[str, list[str]] = {}
        self.pipeline_stack: list[Any] = []
        self.files_read: dict[str, Span] = {}
        self._draws: dict[str, int] = {}
        self.program: Program = _NO_PROGRAM
        self.uses_legacy = False
        self._body = ""
        self._fuel = FUEL
        self._stopped: Diagnostic | None = None

    def span(self, node: ast.AST, frame: Frame) -> Span:
        """Where `node`, read in `frame`, stands."""
        return frame.module.span(node)

    def begin(self, program: Program, graph: GraphBuilder, function: FunctionValue) -> None:
        """Starts the strict evaluation of one pipeline's body."""
        self.program, self.graph, self.strict = program, graph, True
        self.depth, self.raises, self._fuel, self._stopped = 0, False, FUEL, None
        self.reset_control()
        self.pipeline_stack = [function.node]
        self.uses_legacy = False
        self._body, self._draws = function.qualified_name, {}
        self.files_read = {}
        self._limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(self._limit, 10_000))

    def reset_control(self) -> None:
        """Forgets all run-time control flow that was open."""
        self.journal = Journal()
        self.stack: list[Frame] = []
        self.calls: list[Frame] = []
        self.temporaries: list[tuple[str, Any]] = []
        self.conditions: list[tuple[Symbolic | None, ...]] = []
        self.discovering = False
        self.loops = 0
        self.loop_depth = 0

    def frames(self) -> Iterator[Frame]:
        """The frames that code now running can read or write, each once."""
        seen: set[int] = set()
        for frame in reversed(self.stack):
            scope: Frame | None = frame
            while scope is not None and id(scope) not in seen:
                seen.add(id(scope))
                yield scope
                scope = scope.parent

    def end(self) -> None:
        """Ends what `begin` started."""
        self.program, self.graph, self.strict = _NO_PROGRAM, None, False
        sys.setrecursionlimit(self._limit)

    def burn(self, node: ast.AST, frame: Frame) -> None:
        """Counts one evaluation.

        Raises:
            Fault: the bound is reached.
        """
        self._fuel -= 1
        if self._fuel < 0:
            if self._stopped is None:
                self._stopped = Diagnostic(
                    "PC0209",
                    f"the evaluation was stopped after {FUEL:,} steps",
                    self.span(node, frame),
                    help="move the computation into a step, or make the loop shorter",
                )
            raise Fault(self._stopped)

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic, unless the same was said: what depends on a faulty value is not faulty for itself."""
        same = (
            one
            for one in self.diagnostics
            if (one.code, one.span, one.message) == (diagnostic.code, diagnostic.span, diagnostic.message)
        )
        if next(same, None) is None:
            self.diagnostics.append(diagnostic)

    def run_module(self, module: Module) -> None:
        """Runs the top-level statements of `module`, leniently, if they have not run yet."""
        if module.has_run:
            return
        module.has_run = True
        frame = Frame(module, module.names)
        with self._leniently():
            self.execute(module.tree.body, frame)

    @contextmanager
    def _leniently(self) -> Generator[None]:
        strict, graph, depth = self.strict, self.graph, self.depth
        journal, stack, calls, conditions = self.journal, self.stack, self.calls, self.conditions
        self.strict, self.graph, self.depth = False, None, 0
        self.journal, self.stack, self.calls, self.conditions = Journal(), [], [], []
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 10_000))
        try:
            yield
        finally:
            self.strict, self.graph, self.depth = strict, graph, depth
            self.journal, self.stack, self.calls, self.conditions = journal, stack, calls, conditions
            sys.setrecursionlimit(limit)

    def file_of(self, module: Module) -> str:
        """What `__file__` folds to: the path from the code root."""
        return module.source.path

    def place_of_draw(self, span: Span) -> str:
        """What tells one draw from another: where it is made, and how many were made there before; no line numbers."""
        where = self._body if self.graph is not None else span.path
        self._draws[where] = self._draws.get(where, 0) + 1
        return f"{where}#{self._draws[where]}"

    def draws_made(self) -> dict[str, int]:
        """How many draws were made at each place so far."""
        return dict(self._draws)

    def forget_draws(self, made: dict[str, int]) -> None:
        """Counts on from an earlier state: what came after was evaluated only to see what it does."""
        self._draws = dict(made)

    def siblings(self, name: str) -> list[str]:
        """The modules beside module `name`, for near names."""
        parent = name.rpartition(".")[0]
        folder = parent.replace(".", "/")
        found: list[str] = []
        for root in self.table.source_roots:
            place = root / folder
            if place.is_dir():
                found.extend(child.stem for child in sorted(place.iterdir()) if child.suffix in {".py", ""})
        return found

    def sdk_names(self) -> frozenset[str]:
        """The names that `from zenml import *` brings."""
        from pipec.compiler.frontend.sdk import PUBLIC_NAMES

        return PUBLIC_NAMES

    def sdk_symbol(self, imported: Import, path: str) -> Any:
        """What a name imported from `zenml` or `pipec` means."""
        from pipec.compiler.frontend.sdk import check_name, check_shadowing, integration_constant

        diagnostic = check_shadowing(self.table, imported, path) or check_name(imported)
        if diagnostic is not None:
            return Unknown(diagnostic)
        if not path.startswith("zenml.integrations."):
            return SdkSymbol(path.rpartition(".")[2], path)
        found = self.external(path, imported.importer.span(imported.alias))
        if not isinstance(found, External):
            return found
        constant = integration_constant(path)
        return SdkSymbol(path.rpartition(".")[2], path) if constant is None else constant

    def external(self, path: str, span: Span) -> Any:
        """A name of another package: a step where a stub says so, else only its path."""
        if not self.stubs and not path.startswith("zenml.integrations."):
            return External(path)
        from pipec.compiler.frontend import stubs

        stub = stubs.find(self.stubs, path)
        return External(path) if stub is None else stubs.step_of(stub, span)

    def define_pending(self, pending: Pending) -> Any:
        """Evaluates a decorated definition whose name is used for the first time."""
        with self._leniently():
            try:
                return self.define_decorated(pending.node, pending.frame)
            except Fault as fault:
                return Unknown(fault.diagnostic)

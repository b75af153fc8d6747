"""What stands around the steps: the hooks of the run, and the task that ends the run's record.

What comes after the steps are teardowns, which always run and do not change the state of the run:

on_init >> [load, other]
[train, other] >> record >> [on_success, on_failure] >> on_cleanup
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pipec.backends.airflow import literals, options
from pipec.backends.airflow.graph import Node
from pipec.backends.airflow.model import Edge, Task
from pipec.backends.airflow.tasks import hook_key, parameter_of
from pipec.compiler.emit import one_line
from pipec.compiler.invocation import hook_invocation, static_invocation
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Call, Closure, StepDef
from pipec.compiler.ir.values import Output, Param
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipec.backends.airflow.model import Maker
    from pipec.backends.airflow.tasks import Tasks
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

RECORD = "record"
_BEFORE, _AFTER = ("on_init", "on_start"), ("on_end", "on_success", "on_failure", "on_cleanup")


def names(pipeline: Pipeline) -> list[str]:
    """The hooks that the run has, and `record` if something is to be kept of its end."""
    hooks = [name for name in (*_BEFORE, *_AFTER) if getattr(pipeline.config.hooks, name) is not None]
    return [*hooks, *([RECORD] if hooks or pipeline.outputs else [])]


@dataclass(frozen=True, slots=True)
class Around:
    """Makes the tasks around the steps and their edges."""

    pipeline: Pipeline
    tasks: Tasks

    def before(self) -> Iterator[Task]:
        """The hooks that come first."""
        yield from (self._hook(name) for name in self._present(_BEFORE))

    def after(self) -> Iterator[Task]:
        """The record, then the hooks that come last."""
        if RECORD in names(self.pipeline):
            yield self._record()
        yield from (self._hook(name) for name in self._present(_AFTER))

    def edges_before(self) -> Iterator[Edge]:
        """Nothing starts before the first hooks have ended."""
        chain = [self._variable(name) for name in self._present(_BEFORE)]
        yield from (Edge(*pair) for pair in pairwise(chain))
        graph = self.tasks.graph
        roots = [key for key, befores in graph.befores.items() if not befores]
        if chain:
            yield from (Edge(chain[-1], self.tasks.names.variables[key]) for key in roots)

    def edges_after(self) -> Iterator[Edge]:
        """The record waits for everything, but for branches, which would skip it."""
        if RECORD not in names(self.pipeline):
            return
        graph, variables = self.tasks.graph, self.tasks.names.variables
        tails = [key for key in graph.tails() if self.tasks.maker(graph.nodes[key]) != "branch"]
        record = self._variable(RECORD)
        yield from (Edge(variables[key], record) for key in tails)
        before = [record]
        for stage in (("on_end",), ("on_success", "on_failure"), ("on_cleanup",)):
            now = [self._variable(name) for name in self._present(stage)]
            yield from (Edge(one, other) for other in now for one in before)
            before = now or before

    def _present(self, wanted: Sequence[str]) -> list[str]:
        return [name for name in wanted if getattr(self.pipeline.config.hooks, name) is not None]

    def _variable(self, name: str) -> str:
        return self.tasks.names.variables[hook_key(name)]

    def _hook(self, name: str) -> Task:
        hook = getattr(self.pipeline.config.hooks, name)
        spec = {key: value for key, value in hook_invocation(name, hook).items() if key != "outputs" or value}
        if "outputs" in spec:
            spec["outputs"] = {"state": "artifact"}
        module, _, function = hook.symbol.partition(":")
        return self._task(name, f"{module.replace('.', '/')}.py::{function}", spec, name not in _BEFORE)

    def _record(self) -> Task:
        outputs = {output.name: self.tasks.graph.resolver.resolve(output.value, ()) for output in self.pipeline.outputs}
        span = self.pipeline.span
        step = StepDef("", "", (), (), span, Closure(""))
        static = static_invocation(Call(RECORD, "", outputs, span, Config()), step)
        spec = {key: static.spec[key] for key in ("values", "compose") if key in static.spec}
        node = Node(hook_key(RECORD), (), (), None, "", outputs)
        inputs: dict[str, literals.Node] = {}
        params: dict[str, Json] = {}
        for slot, leaf in static.slots.items():
            if isinstance(leaf, Output):
                inputs[slot] = self.tasks.source(node, leaf)
            elif isinstance(leaf, Param):
                params[slot] = parameter_of(leaf)
        function = self.pipeline.symbol.rpartition(":")[2]
        source = f"{span.path}::{function}, what the run returns and how it went"
        return self._task(RECORD, source, {"returned": list(outputs), **spec}, True, inputs, params)

    def _task(
        self,
        name: str,
        source: str,
        spec: dict[str, Json],
        is_last: bool,
        inputs: dict[str, literals.Node] | None = None,
        params: dict[str, Json] | None = None,
    ) -> Task:
        config = self.pipeline.config
        call = Call(name, "", {}, self.pipeline.span, Config(environment=config.environment, secrets=config.secrets))
        settings = options.of_launcher(call, self.pipeline, self.tasks.runner)
        settings.pop("stop_on_failure", None)
        if name not in (*_BEFORE, RECORD) and config.hooks.on_init is not None:
            settings["state"] = self.tasks.names.ids[hook_key("on_init")]
        given = self.tasks.runner.options(name, call.config)
        maker: Maker = "last" if is_last else "step"
        key = hook_key(name)
        variable, id_ = self.tasks.names.variables[key], self.tasks.names.ids[key]
        return Task(variable, id_, one_line(source), spec, inputs or {}, params or {}, settings, given, maker)

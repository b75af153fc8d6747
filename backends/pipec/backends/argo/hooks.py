"""The hooks of a run: what comes first becomes calls before all others, what comes last the tasks of an exit handler.

Before:   hooks on_init=hooks:load, on_failure=hooks:alarm
            train = call steps:train()
After:    on_init = call hooks:load()
            train = call steps:train() after [on_init]
          and a DAG template `on-exit` with the task `on-failure`, which Argo runs however the run ended

The exception that a hook takes comes with Argo's own list of failed nodes: each step leaves its error document as the
message of its container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.calls import plan_call
from pipec.backends.argo.model import Inputs, Scope, Task
from pipec.backends.argo.plan import RunHooks
from pipec.compiler.invocation import hook_invocation
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Block, Call, Closure, StepDef, StepOutput
from pipec.compiler.ir.types import ANY
from pipec.compiler.ir.walk import operations
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.backends.argo.plan import Plan
    from pipec.compiler.ir.config import Hook
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

FIRST = ("on_init", "on_start")
LAST = ("on_end", "on_success", "on_failure", "on_cleanup")
EXIT = "on-exit"

_WHEN = {
    "on_success": "{{= workflow.status == 'Succeeded' }}",
    "on_failure": "{{= workflow.status != 'Succeeded' }}",
}


def with_hooks(pipeline: Pipeline) -> tuple[Pipeline, RunHooks]:
    """The pipeline with its first hooks as calls, and what else is to be known of its hooks."""
    taken = {operation.id for operation in operations(pipeline.body)}
    calls: dict[str, Call] = {}
    steps: dict[str, StepDef] = {}
    specs: dict[str, Mapping[str, Json]] = {}
    explained: set[str] = set()
    for name in (*FIRST, *LAST):
        hook: Hook | None = getattr(pipeline.config.hooks, name)
        if hook is None:
            continue
        id_ = name
        while id_ in taken:
            id_ += "_"
        step = _step(pipeline, name, hook)
        steps[step.symbol] = step
        specs[id_] = hook_invocation(name, hook)
        if hook.takes_exception:
            explained.add(id_)
        calls[name] = Call(id_, step.symbol, {}, pipeline.span, _config(pipeline))
    if not calls:
        return pipeline, RunHooks()
    last = [(name, call) for name, call in calls.items() if name in LAST]
    state = calls["on_init"].id if "on_init" in calls else ""
    readers = readers_of_state(pipeline) if state else frozenset[str]()
    hooks = RunHooks(last, steps, specs, state, readers, frozenset(explained))
    first = [call for name, call in calls.items() if name in FIRST]
    return (_after(pipeline, first, steps) if first else pipeline), hooks


def _after(pipeline: Pipeline, first: Sequence[Call], steps: Mapping[str, StepDef]) -> Pipeline:
    chained = [replace(call, after=(first[place - 1].id,)) if place else call for place, call in enumerate(first)]
    waiting = (replace(one, after=(*one.after, first[-1].id)) for one in pipeline.body.operations)
    called = {call.step: steps[call.step] for call in first}
    return replace(pipeline, body=Block((*chained, *waiting)), steps={**called, **pipeline.steps})


def _config(pipeline: Pipeline) -> Config:
    whole = pipeline.config
    return Config(cache=False, environment=whole.environment, secrets=whole.secrets, docker=whole.docker)


def _step(pipeline: Pipeline, name: str, hook: Hook) -> StepDef:
    # A function may be a step and a hook, or two hooks.
    symbol = f"{hook.symbol} ({name})"
    outputs = (StepOutput("state", ANY, "artifact"),) if name == "on_init" else ()
    closure = Closure("", requirements=hook.closure.requirements)
    return StepDef(symbol, name, (), outputs, pipeline.span, closure)


def readers_of_state(pipeline: Pipeline) -> frozenset[str]:
    """The steps whose closure names the pipeline's state, by symbol."""
    modules = {file.path for file in pipeline.code if "pipeline_state" in file.text}
    return frozenset(
        symbol
        for symbol, step in pipeline.steps.items()
        if any(path in modules for each in (symbol, *step.closure.symbols) for path in _paths(each))
    )


def _paths(symbol: str) -> tuple[str, str]:
    base = symbol.partition(":")[0].replace(".", "/")
    return f"{base}.py", f"{base}/__init__.py"


def plan_exit(plan: Plan) -> str:
    """Adds the exit handler; gives its name, empty where there is none."""
    hooks = plan.hooks
    if not hooks.calls:
        return ""
    index = plan.reserve()
    tasks: list[Task] = []
    for name, call in hooks.calls:
        label = plan.names.label(call.id)
        plan_call(plan, call, label)
        before = (tasks[-1].name,) if tasks else ()
        tasks.append(Task(label, label, before, when=_WHEN.get(name, ""), is_after_all=True))
    note = ("What comes after the steps, however they ended",)
    plan.scopes[index] = Scope(EXIT, note, Inputs(), tuple(tasks))
    return EXIT

"""The hooks of a run: one task before the steps, one after them, which KFP runs however they ended.

Before:   hooks on_init=hooks:load, on_failure=hooks:alarm
After:    task `steps`, a DAG: `before` (on_init) first, then the steps; task `after`, an exit task with the final status
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.invocation import hook_invocation
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Call, Closure, StepDef, StepOutput
from pipec.compiler.ir.types import ANY
from pipec.compiler.ir.walk import operations
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.config import Hook
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

BEFORE = ("on_init", "on_start")
AFTER = ("on_end", "on_success", "on_failure", "on_cleanup")
STATE = "state"
"""The output of `on_init`."""


@dataclass(frozen=True, slots=True)
class Phase:
    """The hooks that one task runs.

    Attributes:
        call, step: stand-ins for those of a step, with the configuration of the pipeline.
        specs: the static invocation of each hook, in the order in which they are called.
    """

    call: Call
    step: StepDef
    specs: tuple[Mapping[str, Json], ...]


def phase(pipeline: Pipeline, names: tuple[str, ...], id_: str) -> Phase | None:
    """The hooks of `names` that the pipeline has, as one task with an id like `id_`; None where it has none."""
    found: dict[str, Hook] = {}
    for name in names:
        hook: Hook | None = getattr(pipeline.config.hooks, name)
        if hook is not None:
            found[name] = hook
    if not found:
        return None
    taken = {operation.id for operation in operations(pipeline.body)}
    while id_ in taken:
        id_ += "_"
    whole = pipeline.config
    config = Config(cache=False, environment=whole.environment, secrets=whole.secrets, docker=whole.docker)
    requirements = sorted({each for hook in found.values() for each in hook.closure.requirements})
    first = next(iter(found.values()))
    step = StepDef(
        symbol=first.symbol,
        name=id_,
        inputs=(),
        outputs=(StepOutput(STATE, ANY, "artifact"),) if "on_init" in found else (),
        span=pipeline.span,
        closure=Closure("", requirements=tuple(requirements)),
    )
    specs = tuple(hook_invocation(name, hook) for name, hook in found.items())
    return Phase(Call(id_, first.symbol, {}, pipeline.span, config), step, specs)


def readers_of_state(pipeline: Pipeline) -> frozenset[str]:
    """The steps whose closure names the pipeline's state, by symbol: they get what `on_init` returned."""
    modules = {file.path for file in pipeline.code if "pipeline_state" in file.text}
    return frozenset(
        symbol
        for symbol, step in pipeline.steps.items()
        if any(_path(each) in modules or _package(each) in modules for each in (symbol, *step.closure.symbols))
    )


def _path(symbol: str) -> str:
    return symbol.partition(":")[0].replace(".", "/") + ".py"


def _package(symbol: str) -> str:
    return symbol.partition(":")[0].replace(".", "/") + "/__init__.py"

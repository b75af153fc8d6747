"""Plans the container template of a call: its inputs, the arguments that name them, its outputs and where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.names import Names, parameter
from pipec.backends.argo.plan import Reads, key
from pipec.backends.argo.settings import container_fields
from pipec.backends.argo.steps import plan_step
from pipec.backends.argo.text import enc
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir.types import ANY, INT
from pipec.compiler.ir.values import Item, Output
from pipec.compiler.ir.walk import calls
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.argo.plan import Plan
    from pipec.compiler.ir.model import Call
    from pipec.compiler.ir.walk import Captured


@dataclass(slots=True)
class Slots:
    """The inputs of a container template.

    Attributes:
        arguments: what says where each slot's value lies, `SLOT=…`.
        optional: the artifacts that a run may be without.
        raw: the text of those that nobody hands over.
    """

    names: Names = field(default_factory=Names)
    arguments: list[str] = field(default_factory=list[str])
    parameters: dict[str, Captured] = field(default_factory=dict[str, "Captured"])
    artifacts: dict[str, Captured] = field(default_factory=dict[str, "Captured"])
    optional: set[str] = field(default_factory=set[str])
    raw: dict[str, str] = field(default_factory=dict[str, str])

    def parameter(self, name: str, leaf: Captured) -> str:
        """The tag of an input parameter of about that name."""
        legal = self.names.parameter(name)
        self.parameters[legal] = leaf
        return f"{{{{inputs.parameters.{legal}}}}}"

    def artifact(self, name: str, leaf: Captured, *, is_optional: bool) -> str:
        """The place of an input artifact of about that name."""
        legal = self.names.parameter(name)
        self.artifacts[legal] = leaf
        if is_optional:
            self.optional.add(legal)
        return f"@in/{legal}"

    def index(self, loop: str) -> str:
        """The tag of the index of a loop around the call; one that fills a slot serves."""
        for legal, leaf in self.parameters.items():
            if isinstance(leaf, Item) and leaf.operation == loop:
                return f"{{{{inputs.parameters.{legal}}}}}"
        return self.parameter(f"{parameter(loop)}-index", Item(loop, INT))


def plan_call(plan: Plan, call: Call, name: str) -> Reads:
    """Adds the container template; gives what its inputs read."""
    spec = plan.hooks.specs.get(call.id)
    definition = (plan.carriers.steps if spec is None else plan.hooks.steps)[call.step]
    slots = Slots()
    if spec is None:
        invocation = static_invocation(call, definition, is_cached=plan.has_store)
        spec = invocation.spec
        # Parameters first, as they are printed.
        for slot, leaf in sorted(invocation.slots.items(), key=lambda item: _is_artifact(plan, item[1])):
            _fill(plan, slots, slot, leaf)
        _situate(plan, call, slots)
    elif call.id in plan.hooks.explained:
        _explain(plan, slots)
    keys = _keys(plan, call, slots)
    container = container_fields(call, plan.images, plan.code_map, plan.store_secret) | plan.starts(call)
    plan.steps.append(plan_step(name, call, definition, spec, slots, container, keys, plan.needed(call, definition)))
    return Reads(slots.parameters, slots.artifacts)


def _situate(plan: Plan, call: Call, slots: Slots) -> None:
    """What a step gets besides its inputs: the run's state; for the store and for hooks, which iteration it is."""
    hooks = plan.hooks
    if hooks.state and call.step in hooks.readers:
        place = slots.artifact("state", Output(hooks.state, "state", ANY), is_optional=False)
        slots.arguments.append(f"@state={place}")
    loops = plan.carriers.loops[call.id]
    is_told = bool(plan.hooks.explained)
    if is_told and call.config.retry is not None:
        slots.arguments.append(f"@limit={call.config.retry.max_retries}")
    if (plan.has_store or is_told) and loops:
        slots.arguments.append(f"@at={'.'.join(slots.index(loop) for loop in loops)}")


def _explain(plan: Plan, slots: Slots) -> None:
    """What a hook gets to know of the failure: a file, since a list of failed nodes may be longer than an argument."""
    legal = slots.names.parameter("failures")
    slots.raw[legal] = "{{workflow.failures}}"
    steps = [one.id for one in calls(plan.pipeline.body)]
    slots.arguments += [f"@failures=@in/{legal}", f"@steps={enc(steps)}"]


def _is_artifact(plan: Plan, leaf: Captured) -> bool:
    return isinstance(leaf, Output) and not plan.carriers.is_parameter(leaf)


def _fill(plan: Plan, slots: Slots, slot: str, leaf: Captured) -> None:
    kind = plan.carriers.kind(leaf) if isinstance(leaf, Output) else "parameter"
    match kind:
        case "parameter":
            slots.arguments.append(f"{slot}={slots.parameter(slot, leaf)}")
        case "values":
            slots.arguments.append(f"{slot}=@values:{slots.parameter(slot, leaf)}")
        case "artifact":
            assert isinstance(leaf, Output), "an artifact is an output"
            is_optional = plan.carriers.may_be_absent(leaf)
            slots.arguments.append(f"{slot}={slots.artifact(slot, leaf, is_optional=is_optional)}")
        case "files":
            assert isinstance(leaf, Output), "what a loop collects is an output"
            place = slots.artifact(slot, leaf, is_optional=True)
            count = slots.parameter(f"{parameter(slot)}-count", plan.carriers.count_of(leaf))
            slots.arguments.append(f"{slot}={place}:{count}")


def _keys(plan: Plan, call: Call, slots: Slots) -> Mapping[str, str]:
    """For each output that a loop collects, where it goes."""
    keyed = {output: base for (id_, output), base in plan.carriers.keyed.items() if id_ == call.id}
    if not keyed:
        return {}
    indices = [slots.index(loop) for loop in plan.carriers.loops[call.id]]
    return {parameter(output): key(base, indices) for output, base in keyed.items()}

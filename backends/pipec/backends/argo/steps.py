"""Plans the container template of one call: what it runs, what it takes and gives, under which settings.

The adapter `pipec.runtime.argo` reads the arguments made here:
    STEP SPEC [@attempt=N] [@start=TIME] [@require=REQUIREMENT]… [SLOT=…]…
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipec.backends.argo.model import Inputs, Step
from pipec.backends.argo.names import parameter
from pipec.backends.argo.settings import template_fields
from pipec.backends.argo.text import enc, is_live
from pipec.compiler.images.model import CODE_ROOT

if TYPE_CHECKING:
    from pipec.backends.argo.calls import Slots
    from pipec.compiler.ir.model import Call, StepDef
    from pipec.compiler.ir.values import Json
    from pipec.compiler.yaml_text import Yaml

CODE = CODE_ROOT
"""Where the code root is mounted: where an image of pipec's holds it too, so that both start alike."""

DATA = "/pipec-data"
"""An empty folder of the pod: `in/NAME` for each input artifact, `out/NAME` for each output."""


def plan_step(
    name: str,
    call: Call,
    step: StepDef,
    spec: Mapping[str, Json],
    slots: Slots,
    container: Mapping[str, Yaml],
    keys: Mapping[str, str],
    needed: Sequence[str],
) -> Step:
    """The template of `call`.

    Args:
        name: its name.
        call: the call.
        step: the step that it calls.
        spec: its static invocation.
        slots: its inputs.
        container: what its configuration says of the container.
        keys: where outputs go that a loop collects.
        needed: what must be installed.
    """
    args = [word(call.id), enc(spec)]
    if call.config.retry is not None:
        args.append("@attempt={{retries}}")
    if _reads_start(spec.get("compose")):
        args.append("@start={{workflow.creationTimestamp.RFC3339}}")
    args += [f"@require={requirement}" for requirement in needed]
    args += slots.arguments
    return Step(
        name,
        _note(step),
        Inputs(
            tuple(slots.parameters),
            {legal: f"{DATA}/in/{legal}" for legal in (*slots.artifacts, *slots.raw)},
            frozenset(slots.optional),
            slots.raw,
        ),
        tuple(args),
        _files(call, step),
        {parameter(out.name): f"{DATA}/out/{parameter(out.name)}" for out in step.outputs if out.carrier == "artifact"},
        template_fields(call),
        container,
        keys,
    )


def _reads_start(template: Json) -> bool:
    """Whether a recipe of `static_invocation` asks for the start of the run."""
    match template:
        case {"fact": ["start_time", _]}:
            return True
        case {"const": _}:
            return False
        case Mapping():
            return any(map(_reads_start, template.values()))
        case str():
            return False
        case Sequence():
            return any(map(_reads_start, template))
        case _:
            return False


def _files(call: Call, step: StepDef) -> dict[str, str]:
    """The outputs that travel as parameters, alone or beside the artifact, and the files that hold their JSON."""
    return {
        parameter(output.name): f"{DATA}/out/{parameter(output.name)}.json"
        for output in step.outputs
        if output.carrier == "parameter" or output.name in call.mirrored
    }


def word(text: str) -> str:
    """The text itself where nothing could read it as something else, otherwise as JSON, which starts with a quote."""
    return enc(text) if is_live(text) or text.startswith(('"', "@")) or "$" in text or not text.isprintable() else text


def _note(step: StepDef) -> tuple[str, ...]:
    module, _, name = step.symbol.partition(":")
    where = f"{module.replace('.', '/')}.py::{name}"
    summary = step.doc.strip().partition("\n\n")[0]
    return (where, *(line.strip() for line in summary.splitlines()))

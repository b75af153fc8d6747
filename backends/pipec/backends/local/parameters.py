"""The parameters of a run: checked before anything starts, kept as canonical JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.ir.types import may_hold
from pipec.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.model import Parameter, Pipeline


def bind(pipeline: Pipeline, given: Mapping[str, Any]) -> tuple[dict[str, str], list[Diagnostic]]:
    """The value of every parameter, given or by default, and what is wrong with them.

    Args:
        pipeline: the program.
        given: Python values by name.
    """
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    faults = [_unknown(name, known, pipeline) for name in given if name not in known]
    texts: dict[str, str] = {}
    for name, parameter in known.items():
        if name in given:
            found = _checked(parameter, given[name])
        elif parameter.default is not None:
            found = codec.text(parameter.default.value)
        else:
            message = f"the parameter `{name}` has no value"
            found = Diagnostic("PC0701", message, parameter.span, help=f"give one with `-p {name}=…`, or a default")
        if isinstance(found, Diagnostic):
            faults.append(found)
        else:
            texts[name] = found
    return texts, faults


def _unknown(name: str, known: Mapping[str, Parameter], pipeline: Pipeline) -> Diagnostic:
    near = near_names(name, known)
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    help_ = help_ or f"it has {', '.join(f'`{one}`' for one in known) or 'none'}"
    return Diagnostic("PC0505", f"the pipeline `{pipeline.name}` has no parameter `{name}`", pipeline.span, help=help_)


def _checked(parameter: Parameter, value: Any) -> str | Diagnostic:
    try:
        json = codec.encode(value)
    except codec.NotCanonical as reason:
        message = f"the parameter `{parameter.name}` cannot be {reason}"
        return Diagnostic("PC0506", message, parameter.span)
    if not may_hold(parameter.type, value):
        message = f"the parameter `{parameter.name}` is `{parameter.type}`, not {codec.text(json):.60}"
        return Diagnostic("PC0506", message, parameter.span)
    return codec.text(json)

"""Values that parameters get from outside the program: the command line, and run configurations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Fault
from pipec.compiler.ir import types
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipec.compiler.frontend.values import Setting
    from pipec.compiler.ir.types import Type


@dataclass(frozen=True, slots=True)
class Bindings:
    """Values given beside the program: `defaults` replace a parameter's default, `fixed` remove the parameter.

    `frozen` are parameters that turned out to shape the graph, with values of the evaluator. What a run configuration
    gives has a place in `places`; the rest was given on the command line.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    frozen: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Setting] = field(default_factory=dict)

    def beneath(self, parameters: Mapping[str, Setting]) -> Bindings:
        """These, and the `parameters` of a run configuration that the command line does not give."""
        left = {name: one for name, one in parameters.items() if name not in self.defaults and name not in self.fixed}
        values = {name: one.value for name, one in left.items()}
        return Bindings({**values, **self.defaults}, self.fixed, self.frozen, {**self.places, **left})


def given_value(name: str, value: Any, type_: Type, setting: Setting | None = None) -> Any:
    """A value from outside the program for a parameter of `type_`: text is JSON, unless the parameter takes text.

    `setting` is where a run configuration gives it, None for the command line.

    Raises:
        Fault: the text is not JSON, or the value is certainly not of the type.
    """
    place = None if setting is None else setting.span
    if isinstance(value, str):
        members = types.members(type_)
        if types.STR in members and not (value == "null" and types.NONE in members):
            return value
        try:
            value = json.loads(value)
        except ValueError:
            choices = [choice for member in members for choice in member.choices]
            if type_ == types.ANY or value in choices:
                return value
            if choices:
                help_ = f"it is one of {', '.join(f'`{choice}`' for choice in choices)}"
                message = f"`{value}` is not a value of `{name}`"
                raise Fault(Diagnostic("PC0506", message, help=help_)) from None
            message = f"the value of `{name}` is not JSON: `{value}`"
            if setting is not None:
                message = f"`{json.dumps(value)}` is not a value of `{name}`"
            raise Fault(Diagnostic("PC0506", message, place, help=f"`{name}` takes `{type_}`")) from None
    if not types.may_hold(type_, value):
        message = f"`{json.dumps(value)}` is not a value of `{name}`, which takes `{type_}`"
        raise Fault(Diagnostic("PC0506", message, place))
    return value


def unknown_parameter(pipeline: str, name: str, known: Collection[str], setting: Setting | None) -> Diagnostic:
    """What is said for a value that a parameter would get which the pipeline does not have.

    `setting` is where a run configuration gives it: there it is a warning, unless it is misspelled.
    """
    from pipec.compiler.diagnostics.near import near_names
    from pipec.compiler.frontend.configuration_keys import is_misspelled

    near = near_names(name, known)
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    help_ = help_ or (f"it has {', '.join(f'`{one}`' for one in known)}" if known else "it has none")
    place = None if setting is None else setting.name_span
    fault = Diagnostic("PC0505", f"the pipeline `{pipeline}` has no parameter `{name}`", place, help=help_)
    if is_misspelled(name, known, place):
        return fault
    return replace(fault, severity=Severity.WARNING, notes=("it has no effect",))

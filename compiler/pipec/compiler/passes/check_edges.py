"""Compares the type of what flows into an input with the type that the input states.

Before:  train(data: pandas.DataFrame, lr: float) called as train(data=Const("a.csv"), lr=Output(load, rows): int)
After:   an error at `data`; an `int` serves for a `float`

Only what is certain is an error: both sides must be built-in types, or one of them a class that no built-in value is of.
What a parameter may hold beside `None`, unions with a fitting member, `Any` and classes of the same kind say nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Const
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Call, Pipeline, StepDef, StepInput
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Value

_BUILT_IN = frozenset({"none", "bool", "int", "float", "str", "bytes", "list", "dict", "tuple", "set"})
_SERVES = frozenset(
    {
        ("int", "float"), ("bool", "int"), ("bool", "float"), ("list", "tuple"), ("tuple", "list"), ("list", "set"),
        ("tuple", "set"), ("set", "list"),
    }
)  # fmt: skip
"""Pairs of a producer's and a consumer's type that the runtime converts, as pydantic does (`reference/zenml.md` §7)."""

_PLAIN_CLASSES = frozenset({"pandas.DataFrame", "pandas.Series", "numpy.ndarray", "polars.DataFrame"})
"""Classes that no plain value converts to."""


def check_edges(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline as it is, and an error for each argument that certainly does not fit its input."""
    found: list[Diagnostic] = []
    for call in calls(pipeline.body):
        step = pipeline.steps[call.step]
        inputs = {one.name: one for one in step.inputs}
        for name, value in call.arguments.items():
            if name in inputs and not fits(value.type, inputs[name].type):
                found.append(_diagnostic(call, step, inputs[name], value))
    return pipeline, found


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of `given` may serve where `wanted` is stated; False only where it certainly may not."""
    return any(_member_fits(one, other) for one in types.members(given) for other in types.members(wanted))


def _member_fits(given: Type, wanted: Type) -> bool:
    if types.ANY in (given, wanted) or given.name == wanted.name or (given.name, wanted.name) in _SERVES:
        return given.name != wanted.name or _arguments_fit(given, wanted)
    if wanted.name == "literal" or wanted.choices or given.name == "literal" or given.choices:
        return True
    if given.name in _BUILT_IN and wanted.name in _BUILT_IN:
        return False
    if given.name in _BUILT_IN:
        return wanted.name not in _PLAIN_CLASSES
    return wanted.name not in _BUILT_IN or given.name not in _PLAIN_CLASSES


def _arguments_fit(given: Type, wanted: Type) -> bool:
    if not given.arguments or not wanted.arguments or len(given.arguments) != len(wanted.arguments):
        return True
    return all(fits(one, other) for one, other in zip(given.arguments, wanted.arguments, strict=True))


def _diagnostic(call: Call, step: StepDef, wanted: StepInput, value: Value) -> Diagnostic:
    what = "a constant" if isinstance(value, Const) else "a value"
    return Diagnostic(
        "PC0207",
        f"`{wanted.name}` of `{step.name}` takes `{wanted.type}`, and gets {what} of type `{value.type}`",
        call.span,
        related=(Label(step.span, "the step is defined here"),),
        help="pass a value of that type, or change one of the two annotations",
    )

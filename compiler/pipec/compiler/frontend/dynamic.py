"""What dynamic pipelines add: `submit`, `map`, `product`, and the futures that they return.

In a static graph a future is the result itself: `.load()` and `.result()` give it back. A mapped call is one loop with one
call in it, or one call per item where the items are known.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import operations
from pipec.compiler.frontend.calls import Arguments
from pipec.compiler.frontend.control import element_type
from pipec.compiler.frontend.step_calls import after_ids, bind_inputs, call_step
from pipec.compiler.frontend.values import (
    Fault,
    MapResult,
    Setting,
    Spread,
    StepResult,
    StepValue,
    Symbolic,
    find_unknown,
    is_open,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Item, Output
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.ir.model import StepDef
    from pipec.compiler.source import Span


def map_step(interpreter: Interpreter, step: StepValue, arguments: Arguments, is_product: bool, span: Span) -> Any:
    """`step.map(…)`, or `step.product(…)`: the list of what the calls return.

    Raises:
        Fault: there is nothing to map over, or the lists differ in length.
    """
    if interpreter.graph is None:
        return call_step(interpreter, step, arguments, span)
    definition = interpreter.program.step(interpreter, step, span)
    given = dict(arguments.keywords)
    if (refused := given.pop("start_after", None)) is not None:
        raise Fault(_start_after(refused.span))
    order, bound = given.pop("after", None), given.pop("max_parallelism", None)
    preset = step.options.get("parameters")
    inputs = bind_inputs(definition, arguments.positional, given, preset, span, interpreter.table.root)
    if unknown := find_unknown([one.value for one in inputs.values()]):
        raise Fault(unknown.diagnostic)
    mapped = {
        name: found
        for name, one in inputs.items()
        if (found := _mapped(interpreter, name, one, definition)) is not None
    }
    rest = {name: one for name, one in inputs.items() if name not in mapped}
    if not mapped:
        raise Fault(_nothing_to_map(definition.name, span))
    known = {name: value for name, value in mapped.items() if isinstance(value, list)}
    if not is_product and len({len(value) for value in known.values()}) > 1:
        raise Fault(_lengths_differ(known, span))
    limit = None if bound is None else _limit(bound)
    call = _Mapped(step, definition, rest, is_product, span)
    if len(known) == len(mapped) and limit is None:
        return _unrolled(interpreter, call, known, order)
    after = () if order is None else tuple(dict.fromkeys(after_ids(interpreter, order)))
    return _looped(interpreter, call, mapped, after, limit)


@dataclass(frozen=True, slots=True)
class _Mapped:
    """A mapped call: the step, and the arguments that go to each of its calls."""

    step: StepValue
    definition: StepDef
    rest: Mapping[str, Setting]
    is_product: bool
    span: Span


def _mapped(interpreter: Interpreter, name: str, setting: Setting, definition: StepDef) -> Any:
    """What an argument is mapped over, a list or a value of the run; None for one that goes to every call."""
    value = setting.value
    if isinstance(value, StepResult) and value.outputs:
        return list(value.outputs)
    if isinstance(value, list | tuple | range) and not is_open(value):
        return list(value)
    value = interpreter.settle_open(value, setting.span)
    if not isinstance(value, Symbolic):
        return None
    kinds = {member.name for member in types.members(value.value.type)}
    if kinds <= {"list", "tuple", "none"} and kinds != {"none"}:
        return interpreter.run_time_items(value, setting.span)
    if "any" in kinds and not isinstance(value.value, Output):
        return value
    if kinds & {"any", "list", "tuple", "pandas.Series", "numpy.ndarray", "pandas.core.series.Series"}:
        raise Fault(_unclear(name, definition.name, value, setting.span))
    return None


def _unrolled(
    interpreter: Interpreter, call: _Mapped, mapped: Mapping[str, list[Any]], order: Setting | None
) -> MapResult:
    """One call for each item: all items are known."""
    rows = itertools.product(*mapped.values()) if call.is_product else zip(*mapped.values(), strict=True)
    results: list[Any] = []
    for row in rows:
        values = {name: Setting(one, call.span) for name, one in zip(mapped, row, strict=True)}
        extra = {} if order is None else {"after": order}
        results.append(call_step(interpreter, call.step, Arguments([], {**call.rest, **values, **extra}), call.span))
    columns = (
        tuple([one.outputs[i] for one in results] for i in range(len(call.definition.outputs)))
        if (len(call.definition.outputs) > 1)
        else (results,)
    )
    return MapResult(results, columns)


def _looped(
    interpreter: Interpreter, call: _Mapped, mapped: Mapping[str, Any], after: tuple[str, ...], limit: int | None
) -> MapResult:
    """A loop with one call."""
    names = list(mapped)
    lists = [one if isinstance(one, Symbolic) else interpreter.seal(one, call.span) for one in mapped.values()]
    elements = tuple(element_type(one.value.type) for one in lists)
    if len(lists) == 1:
        items = lists[0]
    else:
        kind = Type("list", (Type("tuple", elements),))
        items = operations.symbolic("product" if call.is_product else "zip_strict", lists, kind, call.span)
    outputs = call.definition.outputs
    columns: list[list[Any]] = [[] for _ in outputs or (None,)]

    def body(item: Symbolic) -> None:
        assert isinstance(item.value, Item)
        parts = (
            [item]
            if len(names) == 1
            else [Symbolic(Item(item.value.operation, kind, (i,))) for i, kind in enumerate(elements)]
        )
        values = {name: Setting(part, call.span) for name, part in zip(names, parts, strict=True)}
        result = call_step(interpreter, call.step, Arguments([], {**call.rest, **values}), call.span)
        given = result.outputs if isinstance(result, StepResult) and len(outputs) > 1 else (result,)
        for column, one in zip(columns, given, strict=True):
            interpreter.journal.touch(column)
            column.append(one)

    hints = [one.name if one.name != "output" else call.definition.name for one in outputs] or [call.definition.name]
    interpreter.temporaries.extend(zip(hints, columns, strict=True))
    try:
        interpreter.each(items, names[0], call.span, body, after, limit)
    finally:
        del interpreter.temporaries[-len(columns) :]
    if len(columns) == 1:
        return MapResult(columns[0], tuple(columns))
    rows = operations.symbolic(
        "zip", columns, Type("list", (Type("tuple", tuple(one.type for one in outputs)),)), call.span
    )
    return MapResult([Spread(rows)], tuple(columns))


def of_map_result(receiver: MapResult, name: str) -> Any:
    """A method of what a mapped call returned."""
    match name:
        case "wait":
            return None
        case "running":
            return False
        case "unpack":
            return tuple(receiver.columns)
        case _:
            return receiver


def of_future(receiver: Symbolic | StepResult, name: str, arguments: Arguments, span: Span) -> Any:
    """A method of what a call returned: the result itself, whenever it is there.

    Raises:
        Fault: there is no such output, or it cannot be taken apart.
    """
    positional, keywords = arguments.values()
    match name:
        case "wait":
            return None
        case "running":
            return False
        case "get_artifact":
            wanted = positional[0] if positional else keywords.get("name")
            named = _outputs(receiver)
            if wanted not in named:
                known = ", ".join(f"`{one}`" for one in named)
                raise Fault(
                    Diagnostic("PC0205", f"there is no output `{wanted}`", span, help=f"the outputs are {known}")
                )
            return named[wanted]
        case "chunk":
            index = positional[0] if positional else keywords.get("index")
            if not isinstance(receiver, Symbolic) or receiver.value.type.name not in {"list", "tuple"}:
                raise Fault(_no_chunk(span))
            return operations.symbolic("index", [receiver, index], element_type(receiver.value.type), span)
        case _:
            return receiver


def _outputs(receiver: Symbolic | StepResult) -> dict[str, Any]:
    if isinstance(receiver, StepResult):
        return dict(zip(receiver.names, receiver.outputs, strict=True))
    name = receiver.value.name if isinstance(receiver.value, Output) else "output"
    return {name: receiver}


def _limit(setting: Setting) -> int | None:
    value = setting.value
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        message = "`max_parallelism=` takes a number from 1 that is known at compile time"
        raise Fault(Diagnostic("PC0502", message, setting.span))
    return value


def waiting(span: Span) -> Diagnostic:
    """The fault of waiting for a human in a pipeline."""
    return Diagnostic(
        "PC0329",
        "`wait()` pauses the run for input from outside, which no target can do",
        span,
        help="end the pipeline here, and start another with the answer as a parameter",
    )


def _start_after(span: Span) -> Diagnostic:
    message = "`start_after=` orders the starts of steps, which no target can do"
    return Diagnostic("PC0329", message, span, help="use `after=`, which waits for the end")


def _no_chunk(span: Span) -> Diagnostic:
    message = "`.chunk()` takes apart a result that only a step can take apart"
    help_ = "annotate the step to return a list, or take the part inside a step"
    return Diagnostic("PC0329", message, span, help=help_)


def _nothing_to_map(step: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0330",
        f"no argument of this call of `{step}` is a list to map over",
        span,
        help="pass a list, or call the step directly",
    )


def _lengths_differ(known: Mapping[str, list[Any]], span: Span) -> Diagnostic:
    sizes = ", ".join(f"`{name}` {len(value)}" for name, value in known.items())
    help_ = "pass lists of one length, use `.product(…)`, or `unmapped(…)` for what goes to every call"
    return Diagnostic("PC0330", f"the lists to map over differ in length: {sizes}", span, help=help_)


def _unclear(name: str, step: str, value: Symbolic, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0330",
        f"whether `{name}` of `{step}` is mapped over is not known: its type is `{value.value.type}`",
        span,
        help=f"annotate what it comes from as a list, or write `unmapped(…)` if all of it goes to every call of `{step}`",
    )

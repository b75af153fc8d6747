"""The IR as text for people and for expected files: stable, in the order of the source, what is not set left out.

    pipeline "churn" (pipelines.training:churn)
      parameter test_size: float = 0.2
      step steps.data:load() -> (output: pandas.DataFrame artifact)
      body
        load = call steps.data:load()
        score = call steps.train:score(data=%load.output, size=$test_size) after [load]
        if_1 = if %score.output > 0.9
            deploy = call steps.serve:deploy()
          else
          -> (url = %deploy.output | None)
      output url: str = %if_1.url

`%x.y` is an output, `$x` a parameter, `item(x)` an item of the loop `x`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.config import CachePolicy, Config, Hook, Hooks, Resources, Retry, Schedule
from pipec.compiler.ir.constants import text
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact
from pipec.compiler.record import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipec.compiler.ir.model import Block, Operation, Pipeline, StepDef
    from pipec.compiler.ir.values import Json, Value

_INDENT = "  "
_NO_HOOKS = Hooks()
_BINARY = {"+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "|", "&", "^"}


def print_pipeline(pipeline: Pipeline) -> str:
    """The text of a pipeline, with a newline at the end."""
    return "\n".join(_pipeline(pipeline)) + "\n"


def print_block(block: Block, depth: int = 0) -> str:
    """The text of a block's operations alone."""
    return "".join(f"{line}\n" for line in _block(block, depth))


def _pipeline(pipeline: Pipeline) -> Iterator[str]:
    yield f'pipeline "{pipeline.name}" ({pipeline.symbol})'
    for parameter in pipeline.parameters:
        default = "" if parameter.default is None else f" = {text(parameter.default.value)}"
        yield f"  parameter {parameter.name}: {parameter.type}{default}"
    for name, frozen in pipeline.frozen.items():
        yield f"  frozen {name} = {text(frozen.value)}"
    if pipeline.schedule is not None:
        yield f"  schedule {_record(pipeline.schedule)}"
    yield from _config(pipeline.config, 1)
    for step in pipeline.steps.values():
        yield from _step(step)
    yield "  body"
    yield from _block(pipeline.body, 2)
    for output in pipeline.outputs:
        yield f"  output {output.name}: {output.value.type} = {print_value(output.value)}"
    for file in pipeline.code:
        yield f"  code {file.path} ({file.text.count(chr(10))} lines)"


def _step(step: StepDef) -> Iterator[str]:
    inputs = [
        f"{item.name}: {item.type}"
        + (f" = {text(item.default.value)}" if item.default is not None else "" if item.is_required else " = …")
        for item in step.inputs
    ]
    outputs = [
        f"{output.name}: {output.type} {output.carrier}"
        + (f" by {output.materializer}" if output.materializer is not None else "")
        + (f" as {text(output.registered)}" if output.registered else "")
        for output in step.outputs
    ]
    returned = "tuple " if step.returns_tuple else ""
    yield f"  step {step.symbol}({', '.join(inputs)}) -> {returned}({', '.join(outputs)})"
    if step.closure.requirements:
        yield f"    requires {', '.join(step.closure.requirements)}"
    if step.closure.files:
        yield f"    files {', '.join(step.closure.files)}"


def _block(block: Block, depth: int) -> Iterator[str]:
    for operation in block.operations:
        yield from _operation(operation, depth)


def _operation(operation: Operation, depth: int) -> Iterator[str]:
    pad = _INDENT * depth
    after = f" after [{', '.join(operation.after)}]" if operation.after else ""
    match operation:
        case Call():
            yield f"{pad}{operation.id} = call {operation.step}({_named(operation.arguments)}){after}{_call_notes(operation)}"
            yield from _config(operation.config, depth + 1)
        case If(arms=arms, results=results):
            for index, arm in enumerate(arms):
                word = f"{operation.id} = if" if index == 0 else f"{_INDENT}elif"
                condition = "" if arm.condition is None else f" {print_value(arm.condition)}"
                head = f"{word}{condition}" if condition or index == 0 else f"{_INDENT}else"
                yield f"{pad}{head}{after if index == 0 else ''}"
                yield from _block(arm.body, depth + 2)
            if results:
                rows = (f"{name} = {' | '.join(map(print_value, values))}" for name, values in results.items())
                yield f"{pad}  -> ({', '.join(rows)})"
        case ForEach(items=items, variable=variable, body=body, max_parallelism=bound):
            limit = "" if bound is None else f" at most {bound} at once"
            yield f"{pad}{operation.id} = for {variable} in {print_value(items)}{limit}{after}"
            yield from _body(body, operation.results, depth)
        case Group(pipeline=name, body=body):
            yield f"{pad}{operation.id} = group {name}{after}"
            yield from _body(body, operation.results, depth)


def _body(body: Block, results: Mapping[str, Value], depth: int) -> Iterator[str]:
    yield from _block(body, depth + 2)
    if results:
        rows = (f"{name} = {print_value(value)}" for name, value in results.items())
        yield f"{_INDENT * (depth + 1)}-> ({', '.join(rows)})"


def _call_notes(call: Call) -> str:
    label = "" if call.label is None else f" label {print_value(call.label)}"
    mirrored = f" mirrored [{', '.join(call.mirrored)}]" if call.mirrored else ""
    return label + mirrored


def _named(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={print_value(value)}" for name, value in values.items())


def print_value(value: Value) -> str:
    """The text of a value."""
    match value:
        case Const(value=constant):
            return text(constant)
        case Param(name=name):
            return f"${name}"
        case Output(operation=operation, name=name):
            return f"%{operation}.{name}"
        case Item(operation=operation, path=path):
            return f"item({operation})" + "".join(f"[{index}]" for index in path)
        case ListOf(items=items, is_tuple=is_tuple):
            inside = ", ".join(map(print_value, items))
            return f"({inside}{',' * (len(items) == 1)})" if is_tuple else f"[{inside}]"
        case DictOf(entries=entries):
            return "{" + ", ".join(f"{text(key)}: {print_value(item)}" for key, item in entries) + "}"
        case Expr(op=op, operands=operands):
            return _expression(op, operands)
        case Lazy(kind=kind, query=query):
            return f"lazy {kind}({_json_arguments(query)})"
        case RunFact(kind=kind, place=place):
            return f"fact {kind}({place})"


def _expression(op: str, operands: tuple[Value, ...]) -> str:
    if op in _BINARY and len(operands) == 2:
        left, right = map(_operand, operands)
        return f"{left} {op} {right}"
    return f"{op}({', '.join(map(print_value, operands))})"


def _operand(value: Value) -> str:
    printed = print_value(value)
    return f"({printed})" if isinstance(value, Expr) and value.op in _BINARY else printed


def _json_arguments(query: Mapping[str, Json]) -> str:
    return ", ".join(f"{name}={text(item)}" for name, item in query.items())


def _config(config: Config, depth: int) -> Iterator[str]:
    pad = _INDENT * depth
    for name, value in set_fields(config):
        if name != "places":
            yield f"{pad}{name}: {print_setting(value)}"


def set_fields(
    record: Config | Retry | Resources | Hooks | CachePolicy | Schedule | Hook,
) -> Iterator[tuple[str, object]]:
    """The fields of a record that differ from what they are when nobody sets them; its span and closure aside."""
    for field in fields(record):
        value: object = getattr(record, field.name)
        is_unset = value in (None, {}, field.default, _NO_HOOKS)
        if not is_unset and field.name not in {"span", "closure"}:
            yield field.name, value


def _record(record: Config | Retry | Resources | Hooks | CachePolicy | Schedule | Hook) -> str:
    return ", ".join(f"{name}={print_setting(value)}" for name, value in set_fields(record))


def print_setting(value: object) -> str:
    """The text of what a field of a configuration holds."""
    match value:
        case Retry() | Resources() | CachePolicy() | Hooks() | Schedule() | Hook():
            return f"({_record(value)})"
        case Const() | Lazy():
            return print_value(value)
        case dict():
            return "{" + ", ".join(f"{print_setting(key)}: {print_setting(item)}" for key, item in _items(value)) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(print_setting, _elements(value))) + "]"
        case None | bool() | int() | float() | str():
            return text(value)
        case _:
            return str(value)


def _items(value: Mapping[object, object]) -> Iterable[tuple[object, object]]:
    return value.items()


def _elements(value: Iterable[object]) -> Iterable[object]:
    return value

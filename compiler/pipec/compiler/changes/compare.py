"""Two versions of a pipeline, compared in meaning: what is told is what a run would do otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.changes.code import CodeTable, code_differences
from pipec.compiler.changes.flow import flow_differences
from pipec.compiler.changes.matching import match
from pipec.compiler.changes.model import Difference
from pipec.compiler.changes.settings import config_differences
from pipec.compiler.changes.wording import plainly, seconds, shown, turned, words
from pipec.compiler.ir.constants import text as constant_text
from pipec.compiler.ir.model import Call
from pipec.compiler.record import fields, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pipec.compiler.changes.matching import Matching
    from pipec.compiler.ir.model import Pipeline, StepDef
    from pipec.compiler.ir.values import Const


def compare(before: Pipeline, after: Pipeline, causes: Collection[str] = ()) -> tuple[Difference, ...]:
    """What is different, in the order: the pipeline, its parameters, the graph, each step.

    Args:
        before: the old version, after all passes.
        after: the new one, likewise.
        causes: files that declare requirements and are not as they were, to say why requirements changed.
    """
    found = match(before, after)
    whole = [*_pipeline(before, after), *config_differences("", before.config, after.config)]
    told = [*whole, *_parameters(before, after), *flow_differences(found)]
    told += _steps(found, before, after, causes)
    told += _outputs(before, after, found)
    return tuple(_gathered(told, whole, found))


def _pipeline(before: Pipeline, after: Pipeline) -> Iterator[Difference]:
    if before.name != after.name:
        yield Difference("", "name", f"name `{before.name}` → `{after.name}`", after.span)
    if before.symbol != after.symbol:
        text = f"pipeline `{before.symbol}` is now `{after.symbol}`"
        yield Difference("", "moved", text, after.span, is_meaning=False)
    if before.doc != after.doc:
        yield Difference("", "description", "description of the pipeline changed", after.span, is_meaning=False)
    for name in (*before.frozen, *(one for one in after.frozen if one not in before.frozen)):
        old, new = before.frozen.get(name), after.frozen.get(name)
        if old is None or new is None:
            text = f"parameter `{name}` is {'no longer fixed' if new is None else f'fixed to {_constant(new)}'}"
            yield Difference("", "frozen", text, after.span)
        elif old.value != new.value:
            text = f"parameter `{name}` fixed to {_constant(old)} → {_constant(new)}"
            yield Difference("", "frozen", text, after.span)
    yield from _schedule(before, after)


def _schedule(before: Pipeline, after: Pipeline) -> Iterator[Difference]:
    old, new = before.schedule, after.schedule
    if old is None and new is None:
        return
    if old is None or new is None:
        one = new or old
        assert one is not None
        when = shown(one.cron) if one.cron else seconds(one.interval) if one.interval else shown(one.run_once_at or "")
        text = "schedule removed" if new is None else f"new schedule {when}"
        yield Difference("", "schedule", text, one.span)
        return
    for field in fields(type(new)):
        first, second = getattr(old, field.name), getattr(new, field.name)
        if field.name != "span" and first != second:
            yield Difference("", "schedule", f"schedule: {field.name} {turned(first, second)}", new.span)


def _constant(value: Const | None) -> str:
    if value is None:
        return "none"
    plain = value.value
    return (
        plainly(plain)
        if isinstance(plain, int | float) and not isinstance(plain, bool)
        else shown(constant_text(plain))
    )


def _parameters(before: Pipeline, after: Pipeline) -> Iterator[Difference]:
    old = {one.name: one for one in before.parameters}
    new = {one.name: one for one in after.parameters}
    for name, parameter in old.items():
        if name not in new and name not in after.frozen:
            yield Difference("", "parameter removed", f"parameter `{name}` is gone", parameter.span)
    for name, parameter in new.items():
        if name not in old:
            default = "" if parameter.default is None else f" = {_constant(parameter.default)}"
            text = f"new parameter `{name}`: {parameter.type}{default}"
            yield Difference("", "parameter added", text, parameter.span)
            continue
        first = old[name]
        if first.type != parameter.type:
            yield Difference(
                "", "parameter", f"parameter `{name}` type {first.type} → {parameter.type}", parameter.span
            )
        if (first.default is None) != (parameter.default is None) or (
            first.default and parameter.default and _exact(first.default) != _exact(parameter.default)
        ):
            text = f"parameter `{name}` default {_constant(first.default)} → {_constant(parameter.default)}"
            yield Difference("", "parameter", text, parameter.span)
        if first.doc != parameter.doc:
            text = f"description of parameter `{name}` changed"
            yield Difference("", "description", text, parameter.span, is_meaning=False)


def _exact(value: Const) -> str:
    return constant_text(value.value)


def _steps(found: Matching, before: Pipeline, after: Pipeline, causes: Collection[str]) -> Iterator[Difference]:
    """Each step's own: its signature, its code, its configuration."""
    tables = CodeTable(before), CodeTable(after)
    for old, new in found.pairs:
        if not isinstance(old, Call) or not isinstance(new, Call):
            continue
        first, second = before.steps.get(old.step), after.steps.get(new.step)
        if first is not None and second is not None:
            if first.symbol != second.symbol and first.symbol.rpartition(":")[2] == second.symbol.rpartition(":")[2]:
                text = f"moved from `{first.symbol.rpartition(':')[0]}` to `{second.symbol.rpartition(':')[0]}`"
                yield Difference(new.id, "moved", text, second.span, is_meaning=False)
            yield from _signature(new.id, first, second)
            yield from code_differences(new.id, first, second, *tables, causes)
        yield from config_differences(new.id, old.config, new.config)


def _signature(subject: str, old: StepDef, new: StepDef) -> Iterator[Difference]:
    inputs = {one.name: one for one in old.inputs}
    for one in new.inputs:
        first = inputs.pop(one.name, None)
        if first is None:
            yield Difference(subject, "input", f"new input `{one.name}`: {one.type}", new.span)
            continue
        if first.type != one.type:
            yield Difference(subject, "input", f"input `{one.name}` type {first.type} → {one.type}", new.span)
        if (first.is_required, first.default and _exact(first.default)) != (
            one.is_required,
            one.default and _exact(one.default),
        ):
            text = f"input `{one.name}` default {_constant(first.default)} → {_constant(one.default)}"
            yield Difference(subject, "input", text, new.span)
    for name in inputs:
        yield Difference(subject, "input", f"input `{name}` is gone", new.span)
    yield from _given(subject, old, new)


def _given(subject: str, old: StepDef, new: StepDef) -> Iterator[Difference]:
    outputs = {one.name: one for one in old.outputs}
    for result in new.outputs:
        known = outputs.pop(result.name, None)
        if known is None:
            yield Difference(subject, "output", f"new output `{result.name}`: {result.type}", new.span)
            continue
        if known.type != result.type:
            yield Difference(subject, "output", f"output `{result.name}` type {known.type} → {result.type}", new.span)
        elif known.carrier != result.carrier:
            text = f"output `{result.name}` travels as {result.carrier} (was {known.carrier})"
            yield Difference(subject, "output", text, new.span)
        if known.materializer != result.materializer:
            text = f"output `{result.name}` stored by {turned(known.materializer, result.materializer)}"
            yield Difference(subject, "output", text, new.span)
        if known.registered != result.registered:
            yield Difference(subject, "output", f"registration of output `{result.name}` changed", new.span)
    for name in outputs:
        yield Difference(subject, "output", f"output `{name}` is gone", new.span)


def _outputs(before: Pipeline, after: Pipeline, found: Matching) -> Iterator[Difference]:
    old = {one.name: words(one.value, found.renamed) for one in before.outputs}
    new = {one.name: words(one.value) for one in after.outputs}
    for name, value in old.items():
        if name not in new:
            yield Difference("", "result removed", f"the run no longer gives `{name}`", after.span)
        elif new[name] != value:
            yield Difference("", "result", f"result `{name}` {shown(value)} → {shown(new[name])}", after.span)
    for name, value in new.items():
        if name not in old:
            yield Difference("", "result added", f"the run also gives `{name}` ({shown(value)})", after.span)


def _gathered(told: list[Difference], whole: list[Difference], found: Matching) -> Iterator[Difference]:
    """Each once. What the pipeline's configuration says is not repeated for each step that it holds for."""
    general: set[tuple[str, str]] = {(one.kind, one.text) for one in whole}
    seen: set[tuple[str, str, str]] = set()
    everyone = [new.id for _, new in found.pairs if isinstance(new, Call)]
    by_text: dict[tuple[str, str], list[str]] = {}
    for one in told:
        if one.subject:
            by_text.setdefault((one.kind, one.text), []).append(one.subject)
    for one in told:
        key = (one.subject, one.kind, one.text)
        if key in seen or (one.subject and (one.kind, one.text) in general):
            continue
        seen.add(key)
        subjects = list(dict.fromkeys(by_text.get((one.kind, one.text), ())))
        if one.subject and len(subjects) > 1:
            if subjects[0] == one.subject:
                label = "every step" if len(subjects) == len(everyone) and len(subjects) > 2 else ", ".join(subjects)
                yield replace(one, subject=label)
            continue
        yield one

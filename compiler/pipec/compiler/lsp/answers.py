"""What the editor asks at a place: the words of a hover, the place of a definition, hints between the letters."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.graph.words import words
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.walk import operations
from pipec.compiler.lsp.checker import path_in
from pipec.compiler.lsp.places import Located, Text, bound, functions, holds, innermost, parameter, read, word
from pipec.compiler.record import dataclass
from pipec.compiler.source import Position, SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipec.compiler.ir.model import Operation, Pipeline, StepDef, StepOutput
    from pipec.compiler.lsp.checker import Checker, Program


@dataclass(frozen=True, slots=True)
class Hint:
    """A few words that the editor shows behind a place."""

    position: Position
    label: str
    tooltip: str


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a file of a project."""

    root: Path
    span: Span


def hover(checker: Checker, file: Path, text: str, position: Position) -> tuple[str, Span] | None:
    """Markdown about what stands at a place, and the stretch that it is about."""
    tree = read("", text)
    if tree is None:
        return None
    for program, pipeline in checker.pipelines(file):
        found = _hover(tree, path_in(program, file), pipeline, position)
        if found is not None:
            return found
    return None


def _hover(text: Text, path: str, pipeline: Pipeline, position: Position) -> tuple[str, Span] | None:
    around = text.at(position)
    node = around[0] if around else None
    every = list(operations(pipeline.body))
    if isinstance(node, ast.arg | ast.Name):
        name = node.arg if isinstance(node, ast.arg) else node.id
        about = _about_name(text, path, pipeline, every, node, name) if _is_within(text, around, pipeline, path) else ""
        if about:
            return about, text.span(node)
    found = innermost(every, path, position)
    if found and isinstance(node, ast.Name | ast.Attribute | ast.Call):
        return _about(pipeline, found), text.span(node)
    for step in pipeline.steps.values():
        function = _function_at(text, step.span, path)
        if function is not None and function.lineno == position.line:
            ids = [one.id for one in every if isinstance(one, Call) and one.step == step.symbol]
            where = step.span if node is None else text.span(node)
            return f"{_signature(step)}\n\nCalled as {_listed(ids)} in `{pipeline.name}`", where
    return None


def _is_within(text: Text, around: list[Located], pipeline: Pipeline, path: str) -> bool:
    """Whether a node stands in the function of the pipeline; another pipeline's names are its own."""
    own = [one for one in around if isinstance(one, ast.FunctionDef)]
    return bool(own) and own[-1].name == pipeline.symbol.rpartition(":")[2] and pipeline.span.path == path


def _about_name(
    text: Text, path: str, pipeline: Pipeline, every: list[Operation], node: ast.arg | ast.Name, name: str
) -> str:
    """A parameter, or a variable that holds what a call gave."""
    made = bound(text, node) if isinstance(node, ast.Name) else None
    if made is not None:
        span = text.span(made.value)
        calls = [one for one in every if isinstance(one, Call) and _same(one.span, span, path)]
        outputs = pipeline.steps[calls[0].step].outputs if calls else ()
        index = made.index or 0
        if calls and index < len(outputs) and (made.index is not None or len(outputs) == 1):
            listed = "a list of " if made.is_listed else ""
            return f"`{name}`: {listed}{_output(outputs[index], calls[0])} of `{calls[0].id}`"
        return ""
    for one in pipeline.parameters:
        if one.name == name:
            default = "" if one.default is None else f" = {words(one.default, {})}"
            doc = f"\n\n{one.doc}" if one.doc else ""
            return f"run parameter `{name}: {one.type}{default}`{doc}"
    if name in pipeline.frozen:
        value = words(pipeline.frozen[name], {})
        return f"`{name} = {value}`, fixed when the pipeline is compiled: no run can set it"
    return ""


def _same(span: Span, other: Span, path: str) -> bool:
    return span.path == path and (span.start, span.end) == (other.start, other.end)


def _about(pipeline: Pipeline, found: list[Operation]) -> str:
    first = found[0]
    ids = _listed([one.id for one in found])
    match first:
        case Call():
            step = pipeline.steps[first.step]
            waits = f"\n\nwaits for {_listed(list(first.after))}" if first.after else ""
            return f"id {ids}\n\n{_signature(step, first)}{waits}"
        case ForEach():
            return f"loop {ids}: once for each of `{words(first.items, {})}`"
        case Group():
            return f"nested pipeline `{first.pipeline}`, id {ids}"
        case If():
            return f"condition {ids}, decided in the run"


def _signature(step: StepDef, call: Call | None = None) -> str:
    inputs = ", ".join(
        f"{one.name}: {one.type}" + ("" if one.default is None else f" = {words(one.default, {})}")
        for one in step.inputs
    )
    lines = [f"```python\n{step.name}({inputs})\n```", f"step `{step.symbol}`"]
    lines += [f"- {_output(one, call)}" for one in step.outputs] or ["- returns nothing"]
    if step.doc:
        lines += ["", step.doc]
    return "\n".join(lines)


def _output(output: StepOutput, call: Call | None) -> str:
    carrier = f"{output.carrier} and parameter" if call and output.name in call.mirrored else output.carrier
    return f"`{output.name}: {output.type}`, travels as {carrier}"


def _listed(ids: list[str]) -> str:
    shown = [f"`{one}`" for one in ids[:6]]
    return ", ".join(shown) + (f" and {len(ids) - 6} more" if len(ids) > 6 else "")


def definition(checker: Checker, file: Path, text: str, position: Position) -> Target | None:
    """Where that which is named at a place is defined: a step, a call by its id, a parameter."""
    for program, pipeline in checker.pipelines(file):
        span = (
            _python_definition(text, path_in(program, file), pipeline, position)
            if file.suffix == ".py"
            else _key_definition(program, text, pipeline, position)
        )
        if span is not None:
            return Target(program.root, span)
    return None


def _python_definition(text: str, path: str, pipeline: Pipeline, position: Position) -> Span | None:
    tree = read(path, text)
    if tree is None:
        return None
    around = tree.at(position)
    node = around[0] if around else None
    every = list(operations(pipeline.body))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return next((one.span for one in every if one.id == node.value), None)
    if isinstance(node, ast.Name) and _is_within(tree, around, pipeline, path):
        for one in pipeline.parameters:
            if one.name == node.id:
                return one.span
    calls = [one for one in innermost(every, path, position) if isinstance(one, Call)]
    call_node = next((one for one in around if isinstance(one, ast.Call)), None)
    if calls and call_node is not None and holds(tree.span(call_node.func), position):
        return pipeline.steps[calls[0].step].span
    return None


def _key_definition(program: Program, text: str, pipeline: Pipeline, position: Position) -> Span | None:
    """A key of a run configuration or of `[tool.pipec.pipelines]`: a step's name or id, an input, a parameter."""
    source = SourceFile("", text)
    here = word(source, position)
    if here is None:
        return None
    name = here[0]
    for part in (name, name.rpartition(".")[2]):
        for one in operations(pipeline.body):
            if isinstance(one, Call) and part in (one.id, pipeline.steps[one.step].name):
                return pipeline.steps[one.step].span
        for parameter_ in pipeline.parameters:
            if parameter_.name == part and not _step_above(source, position, pipeline):
                return parameter_.span
    step = _step_above(source, position, pipeline)
    sources = program.good.sources
    if step is not None and step.span.path in sources:
        tree = read(step.span.path, sources[step.span.path].text)
        argument = None if tree is None else parameter(tree, step.symbol.rpartition(":")[2].rpartition(".")[2], name)
        if tree is not None and argument is not None:
            return tree.span(argument)
    return None


def _step_above(source: SourceFile, position: Position, pipeline: Pipeline) -> StepDef | None:
    """The step below whose key, by indentation, a line stands."""
    line = source.line(position.line)
    depth = len(line) - len(line.lstrip())
    names = {step.name: step for step in pipeline.steps.values()}
    names |= {one.id: pipeline.steps[one.step] for one in operations(pipeline.body) if isinstance(one, Call)}
    for number in range(position.line - 1, 0, -1):
        above = source.line(number)
        key, colon, _ = above.strip().partition(":")
        inner = len(above) - len(above.lstrip())
        if colon and inner < depth:
            depth = inner
            if key.strip("\"'") in names:
                return names[key.strip("\"'")]
    return None


def hints(checker: Checker, file: Path, text: str) -> Iterator[Hint]:
    """What is fixed when the pipeline is compiled, and ids that are not the name that is called."""
    tree = read("", text)
    if tree is None:
        return
    seen: set[tuple[Position, str]] = set()
    for program, pipeline in checker.pipelines(file):
        path = path_in(program, file)
        for hint in (*_frozen(tree, path, pipeline), *_ids(path, pipeline)):
            if (hint.position, hint.label) not in seen:
                seen.add((hint.position, hint.label))
                yield hint


def _frozen(tree: Text, path: str, pipeline: Pipeline) -> Iterator[Hint]:
    function = _function_at(tree, pipeline.span, path)
    if function is None:
        return
    arguments = function.args
    defaults: dict[str, ast.expr | ast.arg] = dict(
        zip([one.arg for one in arguments.args][::-1], arguments.defaults[::-1], strict=False)
    )
    defaults |= {one.arg: each for one, each in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if each}
    for one in (*arguments.args, *arguments.kwonlyargs):
        if one.arg in pipeline.frozen:
            end = tree.span(defaults.get(one.arg, one)).end
            value = words(pipeline.frozen[one.arg], {})
            yield Hint(end, f" fixed: {value:.60}", "It shapes the graph, so it is fixed when the pipeline is compiled")


def _ids(path: str, pipeline: Pipeline) -> Iterator[Hint]:
    by_place: dict[Position, list[Call]] = {}
    for one in operations(pipeline.body):
        if isinstance(one, Call) and one.span.path == path:
            by_place.setdefault(one.span.end, []).append(one)
    for end, calls in by_place.items():
        ids = [call.id for call in calls]
        if ids != [pipeline.steps[calls[0].step].name]:
            more = f", … {ids[-1]}" if len(ids) > 3 else ""
            yield Hint(
                end, f" id: {', '.join(ids[:3])}{more}", "The id of this call in the pipeline and in generated files"
            )


def _function_at(tree: Text, span: Span, path: str) -> ast.FunctionDef | None:
    """The function whose definition, decorators and all, begins where a span does."""
    if span.path != path:
        return None
    for one in functions(tree):
        first = min([one.lineno, *(each.lineno for each in one.decorator_list)])
        if first <= span.start.line <= one.lineno:
            return one
    return None

"""What the page shows of each node: where it comes from, what it reads and makes, how it is configured, what it became."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.graph.words import loop_variables, words
from pipec.compiler.ir.model import Call, ForEach, Group, If
from pipec.compiler.ir.printer import print_setting, set_fields
from pipec.compiler.ir.values import Item, Output
from pipec.compiler.ir.walk import leaves, operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Operation, Pipeline, StepDef
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import SourceFile, Span

_OWN_PLACE = frozenset({"places", "docker"})
INLINE = "none: the code travels in the generated files"


class Details:
    """The details of the nodes of one pipeline, as plain JSON."""

    def __init__(
        self,
        pipeline: Pipeline,
        sources: Mapping[str, SourceFile],
        images: Mapping[str, StepImage],
        instances: Mapping[str, str],
    ) -> None:
        """Remembers what the details are made of.

        Args:
            pipeline: after all passes.
            sources: the files that were read, by their path from the project root; empty for an `.ir.json`.
            images: the image of each call by its id; empty where code travels inline.
            instances: states in a run, by instance; empty where no run is shown.
        """
        self._pipeline = pipeline
        self._sources = sources
        self._images = images
        self._variables = loop_variables(pipeline)
        self._functions: dict[str, dict[int, tuple[int, int]]] = {}
        self._instances: dict[str, list[list[str]]] = {}
        for instance, state in instances.items():
            self._instances.setdefault(instance.partition("@")[0], []).append([instance, state])

    def all(self) -> dict[str, dict[str, Any]]:
        """By the id of the node; an arm has those of its `If`."""
        return {operation.id: self._of(operation) for operation in operations(self._pipeline.body)}

    def _of(self, operation: Operation) -> dict[str, Any]:
        shared: dict[str, Any] = {
            "id": operation.id,
            "called": place_of(operation.span),
            "after": list(operation.after),
        }
        match operation:
            case Call():
                return {**shared, **self._of_call(operation)}
            case ForEach(items=items, variable=variable, max_parallelism=bound):
                facts = [["items", *self._value(items)], ["variable", variable, []]]
                facts += [] if bound is None else [["at most", f"{bound} at once", []]]
                return {**shared, "kind": "loop", "inputs": facts, "results": self._results(operation.results)}
            case Group(pipeline=name):
                return {
                    **shared,
                    "kind": "group",
                    "inputs": [["pipeline", name, []]],
                    "results": self._results(operation.results),
                }
            case If():
                arms = [
                    [
                        "else" if arm.condition is None else "if" if not index else "elif",
                        *self._condition(arm.condition),
                    ]
                    for index, arm in enumerate(operation.arms)
                ]
                results = {
                    name: " | ".join(words(value, self._variables) for value in values)
                    for name, values in operation.results.items()
                }
                return {**shared, "kind": "choice", "inputs": arms, "results": [[k, v, []] for k, v in results.items()]}

    def _condition(self, value: Value | None) -> tuple[str, list[str]]:
        return ("", []) if value is None else self._value(value)

    def _value(self, value: Value) -> tuple[str, list[str]]:
        """In words, and the ids that it is read from."""
        read = (leaf.operation for leaf in leaves(value) if isinstance(leaf, Output | Item))
        return words(value, self._variables), list(dict.fromkeys(read))

    def _results(self, results: Mapping[str, Value]) -> list[list[Any]]:
        return [[name, *self._value(value)] for name, value in results.items()]

    def _of_call(self, call: Call) -> dict[str, Any]:
        step = self._pipeline.steps[call.step]
        image = self._images.get(call.id)
        inputs: list[list[Any]] = []
        for each in step.inputs:
            given = call.arguments.get(each.name)
            default = "its default" if each.default is None else words(each.default, {})
            text, read = (default, []) if given is None else self._value(given)
            inputs.append([each.name, str(each.type), text, read])
        return {
            "kind": "step",
            "step": step.name,
            "symbol": step.symbol,
            "place": place_of(step.span),
            "doc": step.doc,
            "label": "" if call.label is None else words(call.label, self._variables),
            "inputs": inputs,
            "outputs": [
                [each.name, str(each.type), "both" if each.name in call.mirrored else each.carrier]
                for each in step.outputs
            ],
            "settings": settings_of(call.config),
            "image": INLINE if image is None else image.reference,
            "requirements": list(step.closure.requirements),
            "files": list(step.closure.files),
            "source": self._source(step),
            "instances": self._instances.get(call.id, []),
        }

    def _source(self, step: StepDef) -> str:
        """The function as it is written; of an `.ir.json`, as it travels."""
        file = self._sources.get(step.span.path)
        if file is not None:
            return self._cut(step.span.path, file.text, step.span.start.line)
        module, _, name = step.symbol.partition(":")
        for code in self._pipeline.code:
            if code.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") == module:
                for node in ast.walk(ast.parse(code.text)):
                    if isinstance(node, ast.FunctionDef) and node.name == name.rpartition(".")[2]:
                        return _lines(code.text, _first_line(node), node.end_lineno or node.lineno)
        return ""

    def _cut(self, path: str, text: str, line: int) -> str:
        """The definition that begins or has a decorator on `line`."""
        if path not in self._functions:
            spans: dict[int, tuple[int, int]] = {}
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    first, last = _first_line(node), node.end_lineno or node.lineno
                    spans.update((number, (first, last)) for number in range(first, node.lineno + 1))
            self._functions[path] = spans
        first, last = self._functions[path].get(line, (line, line))
        return _lines(text, first, last)


def settings_of(config: Config) -> list[list[str]]:
    """What is set, as rows of name and text."""
    rows = [[name, print_setting(value)] for name, value in set_fields(config) if name not in _OWN_PLACE]
    if config.docker:
        rows.append(["docker", print_setting(dict(config.docker))])
    return rows


def place_of(span: Span) -> str:
    """`file.py:12`."""
    return str(span).rpartition(":")[0]


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _lines(text: str, first: int, last: int) -> str:
    return "\n".join(text.splitlines()[first - 1 : last])

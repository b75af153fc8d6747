"""A DAG: which tasks run, in which order, what they take from one another, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pipec.backends.argo_interpreter import expressions, values
from pipec.backends.argo_interpreter.faults import Broken, Refused
from pipec.backends.argo_interpreter.node import (
    ERROR,
    FAILED,
    OMITTED,
    SKIPPED,
    SUCCEEDED,
    Node,
    Object,
    Outputs,
    flags,
)
from pipec.backends.argo_interpreter.substitution import substitute

_NAME = re.compile(r"([A-Za-z0-9_-]+)(?:\.([A-Za-z]+))?")
_ARTIFACT_TAG = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
RESULTS = frozenset({"Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed"})


def dependencies(task: Mapping[str, Any]) -> list[str]:
    """The tasks that `depends` names."""
    return list(dict.fromkeys(match[1] for match in _NAME.finditer(task.get("depends", ""))))


def called(task: Mapping[str, Any]) -> str:
    """The template that a task calls: its name, with that of its object before it if it lies in another one."""
    if "templateRef" in task:
        return f"{task['templateRef']['name']}/{task['templateRef']['template']}"
    return str(task["template"])


def may_run(task: Mapping[str, Any], nodes: Mapping[str, Node]) -> bool:
    """Whether `depends` holds: names become identifiers, a bare one means that the task succeeded or was skipped."""
    text = task.get("depends", "")
    if not text:
        return True
    known = {name.replace("-", "_"): flags(task, nodes[name]) for name in dependencies(task)}

    def one(match: re.Match[str]) -> str:
        name = match[1].replace("-", "_")
        if match[2] is None:
            return f"({name}.Succeeded || {name}.Skipped || {name}.Daemoned)"
        if match[2] not in RESULTS:
            raise Broken(f"task result '{match[2]}' for task '{match[1]}' is invalid")
        return f"{name}.{match[2]}"

    try:
        return bool(expressions.evaluate(_NAME.sub(one, text), known))
    except values.Failed as fault:
        raise Broken(f"unable to evaluate expression '{text}': {fault}") from fault


def holds(when: str) -> bool:
    """Argo hands `when` to another language (govaluate), of which only the two words are known here."""
    if when not in ("true", "false"):
        raise Broken(f"Invalid 'when' expression '{when}': only true and false are known")
    return when == "true"


class Scope:
    """The variables of one DAG: its inputs, and what its tasks have given so far."""

    def __init__(self, inputs: Outputs, templates: Mapping[str, Object], tasks: Sequence[Object]) -> None:
        """`templates` tell what a task that was skipped would have given."""
        self.templates, self.tasks = templates, tasks
        self.variables: dict[str, Any] = {f"inputs.parameters.{k}": value for k, value in inputs.parameters.items()}
        self.artifacts: dict[str, Object] = {f"inputs.artifacts.{k}": value for k, value in inputs.artifacts.items()}

    def add(self, task: Mapping[str, Any], node: Node) -> None:
        """What a task has given, also a loop or a skipped one."""
        prefix = f"tasks.{task['name']}"
        self.variables[f"{prefix}.status"] = node.phase
        if node.children is not None:
            self.variables |= aggregate(prefix, node.children)
        elif node.outputs is not None:
            self.variables |= {f"{prefix}.outputs.parameters.{k}": v for k, v in node.outputs.parameters.items()}
            self.artifacts |= {f"{prefix}.outputs.artifacts.{k}": v for k, v in node.outputs.artifacts.items()}
        elif node.phase in (SKIPPED, OMITTED):
            declared = self.templates[called(task)].get("outputs", {}).get("parameters", [])
            for entry in declared:
                self.variables[f"{prefix}.outputs.parameters.{entry['name']}"] = entry["valueFrom"].get("default")

    def artifact(self, entry: Mapping[str, Any]) -> Object | None:
        """The artifact that `from`, `fromExpression` or a key names; None where it is missing and optional."""
        if "fromExpression" in entry:
            scope = expressions.environment({**self.variables, **self.artifacts})
            try:
                found = expressions.evaluate(entry["fromExpression"], scope)
            except values.Failed as fault:
                raise Broken(f"unable to resolve outputs from scope: {fault}") from fault
            if not isinstance(found, dict):
                raise Broken(f"Variable {entry['fromExpression']} is not an artifact")
            return dict(cast("Object", found))
        if "from" not in entry:
            return {key: value for key, value in entry.items() if key != "name"}
        match = _ARTIFACT_TAG.fullmatch(entry["from"])
        if match is None:
            raise Refused(f"from: {entry['from']}")
        if match[1] in self.artifacts:
            return dict(self.artifacts[match[1]])
        if entry.get("optional"):
            return None
        raise Broken(f"Unable to resolve: {entry['from']}")

    def outputs(self, template: Mapping[str, Any]) -> Outputs:
        """The outputs of a DAG that succeeded."""
        declared = template.get("outputs", {})
        found = Outputs()
        for entry in declared.get("parameters", []):
            found.parameters[entry["name"]] = self._parameter(entry["valueFrom"])
        for entry in declared.get("artifacts", []):
            artifact = self.artifact(entry)
            if artifact is not None:
                found.artifacts[entry["name"]] = artifact
        return found

    def _parameter(self, source: Mapping[str, Any]) -> str:
        try:
            value = self._value(source)
        except Broken:
            if "default" not in source:
                raise
            value = None
        if value is None:
            value = source.get("default")
        if value is None:
            raise Broken(f"{source} is an absent optional")
        return value if isinstance(value, str) else printed(value)

    def _value(self, source: Mapping[str, Any]) -> Any:
        if "expression" in source:
            try:
                value = expressions.evaluate(source["expression"], expressions.environment(self.variables))
            except values.Failed as fault:
                raise Broken(f"{source['expression']}: {fault}") from fault
            if value is None:
                raise Broken(f"failed to evaluate expression {source['expression']}")
            return value
        match = _ARTIFACT_TAG.fullmatch(source.get("parameter", ""))
        if match is None:
            raise Refused(f"valueFrom: {dict(source)}")
        if match[1] not in self.variables:
            raise Broken(f"Unable to resolve: {source['parameter']}")
        return self.variables[match[1]]


def printed(value: Any) -> str:
    """Go's `%v`: what an expression gives that is no text."""
    if isinstance(value, list | dict):
        raise Refused("an output parameter that is a list or a map, which Go prints in its own way")
    return values.go_json(value)


def aggregate(prefix: str, children: Sequence[Node]) -> dict[str, str]:
    """The lists that a loop gives: of its succeeded iterations only; decoded where every value is a list or a map."""
    values: dict[str, list[str]] = {}
    for child in children:
        if child.outputs is not None and child.phase == SUCCEEDED:
            for name, value in child.outputs.parameters.items():
                values.setdefault(name, []).append(value)
    return {f"{prefix}.outputs.parameters.{name}": _gathered(texts) for name, texts in values.items()}


def _gathered(texts: Sequence[str]) -> str:
    decoded: list[Any] = []
    for text in texts:
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, list | dict):
            return values.go_json(list(texts))
        decoded.append(floats(value))
    return values.go_json(decoded)


def floats(value: Any) -> Any:
    """Go decodes every JSON number as a float, and prints whole ones without a fraction."""
    if isinstance(value, list):
        return [floats(each) for each in value]
    if isinstance(value, dict):
        return {key: floats(each) for key, each in cast("Object", value).items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def items_of(task: Mapping[str, Any]) -> list[Any] | None:
    """The items of a loop; None where the task is none."""
    if "withItems" in task:
        return list(task["withItems"])
    if "withParam" in task:
        try:
            listed = json.loads(task["withParam"])
        except ValueError as fault:
            raise Broken(f"withParam value could not be parsed as a JSON list: {task['withParam']}") from fault
        if not isinstance(listed, list):
            raise Broken(f"withParam is no list: {task['withParam']}")
        return listed
    if "withSequence" in task:
        return list(_sequence(task["withSequence"]))
    return None


def _sequence(sequence: Mapping[str, Any]) -> list[str]:
    if "format" in sequence:
        raise Refused("withSequence.format")
    try:
        start = int(sequence.get("start", 0))
        if "end" in sequence:
            end = int(sequence["end"])
        else:
            count = int(sequence["count"])
            if count == 0:
                return []
            end = start + count - 1
    except ValueError as fault:
        raise Broken(f"withSequence: {fault}") from fault
    return [str(number) for number in (range(start, end + 1) if start <= end else range(start, end - 1, -1))]


def iteration(task: Object, item: Any, variables: Mapping[str, Any]) -> Object:
    """The task of one item: every tag must resolve now."""
    one = {key: value for key, value in task.items() if not key.startswith("with")}
    names: dict[str, Any] = dict(variables)
    if isinstance(item, dict):
        names |= {f"item.{key}": value if isinstance(value, str) else printed(value) for key, value in item.items()}
    names["item"] = item if isinstance(item, str) else values.go_json(floats(item))
    return substitute(one, names, ("",))


def phase_of(tasks: Sequence[Mapping[str, Any]], nodes: Mapping[str, Node], is_fail_fast: bool) -> str:
    """How a DAG ends: by its last tasks; one that was omitted counts as what comes before it."""
    waited = {name for task in tasks for name in dependencies(task)}
    by_name = {task["name"]: task for task in tasks}
    phases: dict[str, str] = {}

    def branch(name: str) -> str:
        if name not in phases:
            node = nodes[name]
            if node.phase not in (OMITTED, SKIPPED):
                phases[name] = node.phase
            else:
                before = [branch(other) for other in dependencies(by_name[name])]
                phases[name] = next((phase for phase in before if phase in (FAILED, ERROR)), SUCCEEDED)
        return phases[name]

    ends = [branch(name) for name in sorted(task["name"] for task in tasks) if name not in waited]
    failed = [phase for phase in ends if phase in (FAILED, ERROR)]
    return SUCCEEDED if not failed else failed[0 if is_fail_fast else -1]

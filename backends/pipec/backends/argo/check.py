"""Reads an emitted file as Kubernetes would and holds it to Argo's rules for names and references.

Any finding is a fault of ours. Nothing here is shared with what writes the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.lazy import pattern
from pipec.compiler.yaml_reader import read_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.backend import GeneratedFile

_LABEL = pattern(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_OBJECT = pattern(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_TAG = pattern(r"\{\{(.*?)\}\}", re.DOTALL)
_INPUT = pattern(r"inputs\.(parameters|artifacts)\.([A-Za-z0-9_-]+)")
_OUTPUT = pattern(r"tasks\.([a-z0-9-]+)\.outputs\.(parameters|artifacts)\.([A-Za-z0-9_-]+)")
_DEPENDS = pattern(r"([a-z0-9-]+)\.[A-Z]")
_TYPED = pattern(
    r'= replace\(replace\(workflow\.parameters\["([A-Za-z0-9_-]+)"\], "\{" \+ "\{", "\{\\\\u007b"\), "\$", "\\\\u0024"\) '
)
_READ = pattern(r"inputs\.parameters\['([A-Za-z0-9_-]+)'\]")
_PICKED = pattern(r"tasks\['([a-z0-9-]+)'\]\.(?:status|outputs\.(parameters|artifacts)\['([A-Za-z0-9_-]+)'\])")
_GLOBAL = {
    "workflow.name",
    "workflow.uid",
    "workflow.creationTimestamp.RFC3339",
    "workflow.failures",
    "retries",
    "item",
}

Document = dict[str, Any]


def check_text(file: GeneratedFile) -> list[Diagnostic]:
    """Every finding in the file."""
    try:
        documents = read_back(file.text)
    except ValueError as fault:
        return [_fault(file, f"no YAML: {fault}")]
    if not all(isinstance(one, dict) for one in documents):
        return [_fault(file, "a document that is no map")]
    return [_fault(file, finding) for finding in _findings(documents)]


def _fault(file: GeneratedFile, finding: str) -> Diagnostic:
    return Diagnostic("PC0902", f"`{file.path}`: {finding}", notes=("this is a fault of pipec, not of your program",))


def _findings(documents: list[Document]) -> Iterator[str]:
    kinds = [document.get("kind") for document in documents]
    further = [document for document in documents[1:] if document.get("kind") == "WorkflowTemplate"]
    kinds[1 : 1 + len(further)] = []
    if kinds[:1] != ["WorkflowTemplate"] or kinds[1:] not in (
        [],
        ["CronWorkflow"],
        ["ConfigMap"],
        ["CronWorkflow", "ConfigMap"],
    ):
        yield f"documents {kinds}"
        return
    for document in documents:
        if not _OBJECT.fullmatch(document["metadata"]["name"]):
            yield f"name `{document['metadata']['name']}`"
    template, code = documents[0], documents[-1] if kinds[-1] == "ConfigMap" else {"metadata": {"name": ""}, "data": {}}
    yield from _code(template["spec"], code)
    yield from _templates(template["spec"], {one["metadata"]["name"]: one["spec"]["templates"] for one in further})


def _code(spec: Mapping[str, Any], code: Document) -> Iterator[str]:
    name = code["metadata"]["name"]
    for volume in spec["volumes"]:
        items = volume.get("configMap", {"name": name, "items": ()})
        if items["name"] != name:
            yield f"code in `{items['name']}`, which is not in the file"
        for item in items["items"]:
            if item["key"] not in code["data"]:
                yield f"file `{item['path']}` is not in the ConfigMap"
    for key, text in code["data"].items():
        if not isinstance(text, str):
            yield f"`{key}` of the ConfigMap is no text"


def _templates(spec: Mapping[str, Any], further: Mapping[str, list[Any]]) -> Iterator[str]:
    listed = [*spec["templates"], *(template for each in further.values() for template in each)]
    templates: dict[str, Any] = {template["name"]: template for template in listed}
    if len(templates) != len(listed):
        yield "two templates of one name"
    for template in spec["templates"]:
        for task in template.get("dag", {}).get("tasks", ()):
            home = further.get(task.get("templateRef", {}).get("name"), spec["templates"])
            if _called(task) not in {template["name"] for template in home}:
                yield f"task `{task['name']}` calls nothing"
    if spec["entrypoint"] not in templates:
        yield "no entry point"
    arguments = _names(spec.get("arguments", {}), "parameters")
    for extra in _names(templates[spec["entrypoint"]].get("inputs", {}), "parameters", without="value") - arguments:
        yield f"input `{extra}` of `{spec['entrypoint']}` is no argument"
    for name, template in templates.items():
        if not _LABEL.fullmatch(name):
            yield f"template name `{name}`"
        for finding in [
            *_tags(_without_typed(template, spec), template, templates),
            *_expressions(template, templates),
            *_tasks(template, templates),
        ]:
            yield f"template `{name}`: {finding}"


def _names(group: Mapping[str, Any], kind: str, without: str = "") -> set[str]:
    return {entry["name"] for entry in group.get(kind, ()) if without not in entry}


def _called(task: Mapping[str, Any]) -> str:
    reference: Mapping[str, Any] = task.get("templateRef", task)
    return str(reference.get("template"))


def _tasks(template: Mapping[str, Any], templates: Mapping[str, Any]) -> Iterator[str]:
    tasks = template.get("dag", {}).get("tasks", ())
    names = {task["name"] for task in tasks}  # a task may wait for one that stands below it
    known: set[str] = set()
    for task in tasks:
        called = templates.get(_called(task))
        if called is None or task["name"] in known:
            yield f"task `{task['name']}` calls nothing or comes twice"
            continue
        for name in _DEPENDS.findall(task.get("depends", "")):
            if name not in names or name == task["name"]:
                yield f"task `{task['name']}` depends on `{name}`"
        for kind in ("parameters", "artifacts"):
            if _names(task.get("arguments", {}), kind) != _names(called.get("inputs", {}), kind, without="raw"):
                yield f"task `{task['name']}` hands over other {kind} than `{_called(task)}` takes"
        known.add(task["name"])


def _expressions(template: Mapping[str, Any], templates: Mapping[str, Any]) -> Iterator[str]:
    """Every input and output that an expression without braces reads exists; Argo does not look."""
    outputs = template.get("outputs", {})
    texts = [entry.get("valueFrom", {}).get("expression", "") for entry in outputs.get("parameters", ())]
    texts += [entry.get("fromExpression", "") for entry in outputs.get("artifacts", ())]
    for text in texts:
        if not _reads(text, template, templates):
            yield f"nothing has what `{text}` reads"


def _reads(text: str, template: Mapping[str, Any], templates: Mapping[str, Any]) -> bool:
    tags = [f"inputs.parameters.{name}" for name in _READ.findall(text)]
    tasks = {task["name"] for task in template.get("dag", {}).get("tasks", ())}
    for task, kind, name in _PICKED.findall(text):
        if task not in tasks:
            return False
        tags += [f"tasks.{task}.outputs.{kind}.{name}"] if kind else []
    return all(_resolves(tag, template, templates) for tag in tags)


def _tags(value: Any, template: Mapping[str, Any], templates: Mapping[str, Any]) -> Iterator[str]:
    """Every tag in every string names something that exists."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _tags(item, template, templates)
    elif isinstance(value, list):
        for item in value:
            yield from _tags(item, template, templates)
    elif isinstance(value, str) and "{{" in value:
        tags: list[str] = _TAG.findall(value)
        if "{{" in _TAG.sub("", value):
            yield f"a tag without its end in {value!r}"
        for tag in tags:
            if not _resolves(tag, template, templates):
                yield f"nothing is called `{tag}`"


def _without_typed(template: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The template without the inputs that are made of run parameters as they should be."""
    inputs = template.get("inputs", {})
    listed = [entry for entry in inputs.get("parameters", ()) if not _is_typed(entry.get("value", "")[2:-2], spec)]
    return {**template, "inputs": {**inputs, "parameters": listed}}


def _is_typed(tag: str, spec: Mapping[str, Any]) -> bool:
    """Whether an expression makes a run parameter's text inert, of a parameter that is there."""
    match = _TYPED.fullmatch(tag)
    return match is not None and match[1] in _names(spec.get("arguments", {}), "parameters")


def _resolves(tag: str, template: Mapping[str, Any], templates: Mapping[str, Any]) -> bool:
    if tag.startswith("="):
        return _reads(tag, template, templates)
    if match := _INPUT.fullmatch(tag):
        return match[2] in _names(template.get("inputs", {}), match[1])
    if match := _OUTPUT.fullmatch(tag):
        called = {task["name"]: _called(task) for task in template.get("dag", {}).get("tasks", ())}
        source = templates.get(called.get(match[1], ""), {})
        return match[3] in _names(source.get("outputs", {}), match[2])
    return tag in _GLOBAL

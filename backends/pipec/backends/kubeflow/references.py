"""References within a spec. KFP's backend finds a missing component when a spec is uploaded, all else only in a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMS = (("parameters", "Parameter"), ("artifacts", "Artifact"))


def loose_ends(spec: dict[str, Any]) -> Iterator[str]:
    """What is named in a spec and not there, and inputs that a task leaves out."""
    components: dict[str, Any] = spec["components"]
    executors = spec["deploymentSpec"]["executors"]
    for name, component in [("root", spec["root"]), *components.items()]:
        label = component.get("executorLabel")
        if label is not None and label not in executors:
            yield f"names the executor `{label}`, which is not there"
        if "dag" in component:
            for what in _of_dag(component, components):
                yield f"`{name}`: {what}"


def _of_dag(component: dict[str, Any], components: dict[str, Any]) -> Iterator[str]:
    tasks: dict[str, Any] = component["dag"]["tasks"]
    for key, task in tasks.items():
        target = task["componentRef"]["name"]
        if target not in components:
            yield f"task `{key}` names the component `{target}`, which is not there"
            continue
        yield from _of_control(key, task)
        yield from (
            f"task `{key}` waits for `{each}`, which is not there"
            for each in task.get("dependentTasks", [])
            if each not in tasks
        )
        for form, word in FORMS:
            given: dict[str, Any] = task.get("inputs", {}).get(form, {})
            wanted = _defined(components[target], "inputDefinitions", form)
            # Only iterations get the item.
            wanted -= {task.get("parameterIterator", {}).get("itemInput")}
            yield from (
                f"task `{key}` and its component differ in the input `{each}`" for each in sorted(wanted ^ set(given))
            )
            for source in given.values():
                yield from _of_source(source, word, form, component, components)
    for form, word in FORMS:
        chosen: dict[str, Any] = component["dag"].get("outputs", {}).get(form, {})
        wanted = _defined(component, "outputDefinitions", form)
        yield from (f"the output `{each}` is not both defined and chosen" for each in sorted(wanted ^ set(chosen)))
        for selector in chosen.values():
            for each in _selectors(selector):
                yield from _of_output(each["producerSubtask"], each[f"output{word}Key"], form, tasks, components)


def _of_control(key: str, task: dict[str, Any]) -> Iterator[str]:
    """Conditions and iterators read the task's own inputs."""
    given: dict[str, Any] = task.get("inputs", {}).get("parameters", {})
    condition = task.get("triggerPolicy", {}).get("condition", "")
    read = re.findall(r"inputs\.parameter_values\['([^']*)'\]", condition)
    iterated = task.get("parameterIterator", {}).get("items", {}).get("inputParameter")
    if iterated is not None:
        read.append(iterated)
    yield from (f"task `{key}` reads `{each}`, which is no input of it" for each in read if each not in given)


def _selectors(selector: dict[str, Any]) -> list[dict[str, Any]]:
    if "valueFromParameter" in selector:
        return [selector["valueFromParameter"]]
    if "valueFromOneof" in selector:
        return list(selector["valueFromOneof"]["parameterSelectors"])
    return list(selector["artifactSelectors"])


def _of_source(
    source: dict[str, Any], word: str, form: str, component: dict[str, Any], components: dict[str, Any]
) -> Iterator[str]:
    outer = source.get(f"componentInput{word}")
    if outer is not None and outer not in _defined(component, "inputDefinitions", form):
        yield f"the input `{outer}` is read and not defined"
    output = source.get(f"taskOutput{word}")
    if output is not None:
        tasks = component["dag"]["tasks"]
        yield from _of_output(output["producerTask"], output[f"output{word}Key"], form, tasks, components)


def _of_output(task: str, key: str, form: str, tasks: dict[str, Any], components: dict[str, Any]) -> Iterator[str]:
    target = components.get(tasks.get(task, {}).get("componentRef", {}).get("name"), {})
    if key not in _defined(target, "outputDefinitions", form):
        yield f"the output `{key}` of `{task}` is read and not there"


def _defined(component: dict[str, Any], direction: str, form: str) -> set[str]:
    return set(component.get(direction, {}).get(form, {}))

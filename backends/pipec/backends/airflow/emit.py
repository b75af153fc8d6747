"""Prints the DAG model: one block a step in the order of definition, the graph as `>>` lines at the end."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.airflow import edges
from pipec.backends.airflow.literals import Brackets, Node, call, docstring, functions, literal, quoted, render
from pipec.backends.airflow.model import Edge, Group, Loop, Task, everything, tasks
from pipec.compiler.backend import GeneratedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipec.backends.airflow.model import Dag, Member

_IGNORE = "[A-Za-z_]*\n"
"""`.airflowignore` of the code folder: obeyed as a glob and as a regular expression, so Airflow never imports the code."""

_TIMETABLES = ("CronTriggerTimetable", "DeltaTriggerTimetable")


def emit(dag: Dag) -> Sequence[GeneratedFile]:
    """The DAG file, then the files of the code folder."""
    folder = f"{dag.name}.pipec"
    return [
        GeneratedFile(f"{dag.name}.py", print_dag(dag)),
        GeneratedFile(f"{folder}/.airflowignore", _IGNORE, owns_folder=True),
        *(GeneratedFile(f"{folder}/{file.path}", file.text, owns_folder=True) for file in dag.code),
    ]


def print_dag(dag: Dag) -> str:
    """The text of the DAG file."""
    made = list(tasks(dag.members))
    lines = [f"# {_ascii(line)}" for line in dag.header]
    if dag.doc:
        lines += [docstring(dag.doc), ""]
    lines += [*_imports(dag, made), "", 'CODE = Path(__file__).with_suffix(".pipec")']
    if dag.image is not None:
        lines += [f"IMAGE = {quoted(dag.image)}"]
    for helper in _helpers(dag, made):
        lines += ["", "", helper]
    arguments = call("DAG", *((f"{name}=", node) for name, node in dag.options.items()), is_open=True)
    lines += ["", "", f"with {render(arguments)} as dag:"]
    awaited = {edge.before for edge in dag.edges} | {edge.after for edge in dag.edges}
    lines += _members(dag.members, 4, awaited)
    if dag.ending:
        lines += ["", "    # Fails the run where a step fails and all that needs it is skipped."]
        end = call("EmptyOperator", ("task_id=", quoted(dag.end[0])), ("trigger_rule=", quoted("none_failed")))
        lines += [f"    {dag.end[1]} = {render(end, 4, before=len(dag.end[1]) + 3)}"]
    shown = [*dag.edges, *(Edge(before, dag.end[1]) for before in dag.ending)]
    if shown:
        lines += ["", *edges.lines(shown, 4)]
    return "\n".join(lines) + "\n"


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _imports(dag: Dag, made: Sequence[Task]) -> Iterator[str]:
    used = set(functions(*dag.options.values(), *(node for task in made for node in task.options.values())))
    yield "import runpy"
    dates = [name for name in ("datetime", "timedelta") if name in used]
    if dates:
        yield f"from datetime import {', '.join([*dates, *(['timezone'] if 'datetime' in used else [])])}"
    yield "from pathlib import Path"
    yield ""
    names = {*_of_airflow(dag, made), *(used & {"Param"})}
    timetables = {"airflow.timetables.trigger": [name for name in _TIMETABLES if name in used]}
    shared = _lines(timetables | (_of_operator(dag.operator, used) if dag.image is not None else {}))
    if dag.version == "both":
        yield from [*shared, ""] if shared else []
        yield "try:"
        yield from (f"    {line}" for line in _of_release(names, "3"))
        yield "except ImportError:  # Airflow 2"
        yield from (f"    {line}" for line in _of_release(names, "2"))
    else:
        yield from sorted([*_of_release(names, dag.version), *shared], key=lambda line: line.split()[1])


def _of_airflow(dag: Dag, made: Sequence[Task]) -> Iterator[str]:
    """What the file needs that lies elsewhere in another release."""
    yield "DAG"
    if dag.image is None or any(task.maker == "flatten" for task in made):
        yield "task"
    if dag.image is None:
        yield "get_current_context"
    elif any(task.maker == "branch" for task in made):
        yield "BranchMixIn"
    for member in everything(dag.members):
        if not isinstance(member, Task):
            yield "TaskGroup" if isinstance(member, Group) else "task_group"
    if dag.ending:
        yield "EmptyOperator"


def _of_operator(operator: str, used: set[str]) -> dict[str, list[str]]:
    """The names by module that an operator and what it is given need."""
    if operator == "docker":
        names = [name for name in ("DeviceRequest",) if name in used]
        return {"airflow.providers.docker.operators.docker": ["DockerOperator"], "docker.types": [*names, "Mount"]}
    models = ["V1EnvVar", *(name for name in ("V1LocalObjectReference", "V1ResourceRequirements") if name in used)]
    return {
        "airflow.providers.cncf.kubernetes.operators.pod": ["KubernetesPodOperator"],
        "airflow.providers.cncf.kubernetes.secret": ["Secret"] if "Secret" in used else [],
        "kubernetes.client.models": models,
    }


_HOMES: Mapping[str, Mapping[str, str]] = {
    "3": {
        "EmptyOperator": "airflow.providers.standard.operators.empty",
        "BranchMixIn": "airflow.providers.standard.operators.branch",
    },
    "2": {
        "DAG": "airflow",
        "task": "airflow.decorators",
        "task_group": "airflow.decorators",
        "Param": "airflow.models.param",
        "EmptyOperator": "airflow.operators.empty",
        "BranchMixIn": "airflow.operators.branch",
        "get_current_context": "airflow.operators.python",
        "TaskGroup": "airflow.utils.task_group",
    },
}
"""The module of each name in a release; in Airflow 3 most are in `airflow.sdk`."""


def _of_release(names: Iterable[str], release: str) -> list[str]:
    """The imports of some names, in the order of their modules; names as isort has them: constants, classes, others."""
    modules: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name)):
        modules.setdefault(_HOMES[release].get(name, "airflow.sdk"), []).append(name)
    return _lines(modules)


def _lines(modules: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"from {module} import {', '.join(modules[module])}" for module in sorted(modules) if modules[module]]


def _helpers(dag: Dag, made: Sequence[Task]) -> Iterator[str]:
    """The functions that make tasks, those that the file needs."""
    makers = {task.maker for task in made}
    prefix = "" if dag.image is None else "image_"
    if dag.image is not None:
        yield _template(dag.operator)
    yield _template(f"{prefix}looped" if any(task.index for task in made) else f"{prefix}launcher")
    for maker in ("branch", "loop", "flatten", "last"):
        if maker in makers:
            yield _template(maker if maker == "flatten" else prefix + maker)


def _template(name: str) -> str:
    found = find_spec("pipec.templates")
    assert found is not None
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0], f"airflow/{name}.txt")
    return path.read_text(encoding="utf-8").rstrip("\n")


def _members(members: Sequence[Member], indent: int, awaited: set[str]) -> list[str]:
    lines: list[str] = []
    for member in members:
        lines += [""] if lines else []
        match member:
            case Task():
                lines += _task(member, indent)
            case Group():
                lines += _group(member, indent, awaited)
            case Loop():
                lines += _loop(member, indent)
    return lines or [" " * indent + "pass"]


def _task(task: Task, indent: int) -> list[str]:
    space = " " * indent
    block = call(task.maker, *_arguments(task), is_open=True)
    return [f"{space}# {_ascii(task.source)}", f"{space}{task.variable} = {render(block, indent)}"]


def _group(group: Group, indent: int, awaited: set[str]) -> list[str]:
    head = call("TaskGroup", ("", quoted(group.group_id)), ("prefix_group_id=", "False"))
    tail = f" as {group.variable}:" if group.variable in awaited else ":"
    opening = f"{' ' * indent}with {render(head, indent, before=5, after=len(tail))}{tail}"
    return [opening, *_members(group.members, indent + 4, awaited)]


def _loop(loop: Loop, indent: int) -> list[str]:
    space = " " * indent
    head = call("@task_group", ("group_id=", quoted(loop.group_id)), ("prefix_group_id=", "False"))
    function = call(f"def {loop.variable}", *(("", name) for name in loop.indices))
    lines = [space + render(head, indent), space + render(function, indent, after=1) + ":"]
    lines += _members(loop.members, indent + 4, set())
    if loop.edges:
        lines += ["", *edges.lines(loop.edges, indent + 4)]
    if loop.returned:
        lines += ["", f"{space}    return {', '.join(loop.returned)}"]
    is_single = len(loop.indices) == 1
    over = (f"{loop.indices[0]}=" if is_single else "", loop.over)
    mapped = call(f"{loop.variable}.{'expand' if is_single else 'expand_kwargs'}", over)
    assigned = f"{', '.join(loop.returned)} = " if loop.returned else ""
    return [*lines, "", space + assigned + render(mapped, indent, before=len(assigned))]


def _arguments(task: Task) -> Iterator[tuple[str, Node]]:
    yield "", quoted(task.task_id)
    if task.maker == "flatten":
        yield "", literal(list(task.names))
        yield "", task.inputs["counts"]
        yield from ((f"{name}=", node) for name, node in task.options.items())
        return
    yield "", literal(task.spec)
    if task.maker == "branch":
        yield "", literal([list(arm) for arm in task.arms])
    if task.inputs:
        yield "inputs=", Brackets("{", tuple((f"{quoted(slot)}: ", node) for slot, node in task.inputs.items()), "}")
    for name, given in (("params", task.params), ("settings", task.settings)):
        if given:
            yield f"{name}=", literal(given)
    if task.index:
        yield "index=", Brackets("[", tuple(("", name) for name in task.index), "]")
    if task.when is not None:
        gate, arm = task.when
        yield "when=", Brackets("[", (("", gate), ("", repr(arm))), "]")
    yield from ((f"{name}=", node) for name, node in task.options.items())

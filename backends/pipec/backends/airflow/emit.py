"""Prints the DAG model: one block a step in the order of definition, the graph as `>>` lines at the end."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.airflow import edges
from pipec.backends.airflow.literals import Brackets, Node, call, docstring, functions, literal, quoted, render
from pipec.backends.airflow.model import Group, Task
from pipec.backends.airflow.names import xcom_key
from pipec.compiler.backend import GeneratedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    lines = [f"# {_ascii(line)}" for line in dag.header]
    if dag.doc:
        lines += [docstring(dag.doc), ""]
    lines += [*_imports(dag), "", _launcher(), "", ""]
    arguments = call("DAG", *((f"{name}=", node) for name, node in dag.options.items()), is_open=True)
    lines.append(f"with {render(arguments)} as dag:")
    awaited = {edge.before for edge in dag.edges} | {edge.after for edge in dag.edges}
    lines += _members(dag.members, 4, awaited)
    if dag.edges:
        lines += ["", *edges.lines(dag.edges, 4)]
    return "\n".join(lines) + "\n"


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _imports(dag: Dag) -> Iterator[str]:
    used = set(
        functions(*dag.options.values(), *(node for task in tasks(dag.members) for node in task.options.values()))
    )
    yield "import runpy"
    dates = [name for name in ("datetime", "timedelta") if name in used]
    if dates:
        yield f"from datetime import {', '.join([*dates, *(['timezone'] if 'datetime' in used else [])])}"
    yield "from pathlib import Path"
    yield ""
    names = ["DAG", *(["Param"] if "Param" in used else [])]
    names += ["TaskGroup"] if any(isinstance(member, Group) for member in dag.members) else []
    yield f"from airflow.sdk import {', '.join([*names, 'get_current_context', 'task'])}"
    timetables = [name for name in _TIMETABLES if name in used]
    if timetables:
        yield f"from airflow.timetables.trigger import {', '.join(timetables)}"


def _launcher() -> str:
    found = find_spec("pipec.templates")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0], "airflow/launcher.txt").read_text(encoding="utf-8").rstrip("\n")


def _members(members: Sequence[Member], indent: int, awaited: set[str]) -> list[str]:
    lines: list[str] = []
    for member in members:
        lines += [""] if lines else []
        lines += _task(member, indent) if isinstance(member, Task) else _group(member, indent, awaited)
    return lines or [" " * indent + "pass"]


def _task(task: Task, indent: int) -> list[str]:
    space = " " * indent
    block = call("step", *_arguments(task), is_open=True)
    return [f"{space}# {_ascii(task.source)}", f"{space}{task.variable} = {render(block, indent)}"]


def _group(group: Group, indent: int, awaited: set[str]) -> list[str]:
    head = call("TaskGroup", ("", quoted(group.group_id)), ("prefix_group_id=", "False"))
    tail = f" as {group.variable}:" if group.variable in awaited else ":"
    opening = f"{' ' * indent}with {render(head, indent, before=5, after=len(tail))}{tail}"
    return [opening, *_members(group.members, indent + 4, awaited)]


def _arguments(task: Task) -> Iterator[tuple[str, Node]]:
    yield "", quoted(task.task_id)
    yield "", literal(task.spec)
    if task.inputs:
        entries = (
            (f"{quoted(slot)}: ", f"{one}[{quoted(xcom_key(output))}]") for slot, (one, output) in task.inputs.items()
        )
        yield "inputs=", Brackets("{", tuple(entries), "}")
    for name, given in (("params", task.params), ("settings", task.settings)):
        if given:
            yield f"{name}=", literal(given)
    yield from ((f"{name}=", node) for name, node in task.options.items())


def tasks(members: Iterable[Member]) -> Iterator[Task]:
    """All tasks, those in groups included, in order."""
    for member in members:
        if isinstance(member, Group):
            yield from tasks(member.members)
        else:
            yield member

"""Prints the DAG model: one block a step in the order of definition, the graph as `>>` lines at the end."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.airflow.literals import Code, Plain, call, text_literal
from pipec.backends.airflow.model import Group, Task
from pipec.compiler.backend import GeneratedFile
from pipec.compiler.errors import InternalCompilerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipec.backends.airflow.model import Dag, Member

_IGNORE = "[A-Za-z_]*\n"
"""`.airflowignore` of the code folder: obeyed as a glob and as a regular expression, so Airflow never imports the code."""


def emit(dag: Dag) -> Sequence[GeneratedFile]:
    """The DAG file, then the files of the code folder."""
    text = print_dag(dag)
    _compare(dag, text)
    folder = f"{dag.name}.pipec"
    return [
        GeneratedFile(f"{dag.name}.py", text),
        GeneratedFile(f"{folder}/.airflowignore", _IGNORE, owns_folder=True),
        *(GeneratedFile(f"{folder}/{file.path}", file.text, owns_folder=True) for file in dag.code),
    ]


def print_dag(dag: Dag) -> str:
    """The text of the DAG file."""
    lines = [f"# {line}" for line in dag.header]
    lines += [_imports(dag), "", "", _launcher(), "", ""]
    lines.append(call("with DAG", list(dag.options.items()), 0, tail=" as dag:"))
    for member in dag.members:
        lines += _member(member, 4)
        lines.append("")
    if not dag.edges:
        lines.pop()
    lines += _edges(dag)
    return "\n".join(lines) + "\n"


def _imports(dag: Dag) -> str:
    names = ["DAG", *(["Param"] if "params" in dag.options else [])]
    names += ["TaskGroup"] if any(isinstance(member, Group) for member in dag.members) else []
    names += ["get_current_context", "task"]
    return "\n".join(
        [
            "import runpy",
            *(["from datetime import timedelta"] if dag.uses_timedelta else []),
            "from pathlib import Path",
            "",
            f"from airflow.sdk import {', '.join(names)}",
        ]
    )


def _launcher() -> str:
    found = find_spec("pipec.templates")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0], "airflow/launcher.txt").read_text(encoding="utf-8").rstrip("\n")


def _member(member: Member, indent: int) -> list[str]:
    space = " " * indent
    if isinstance(member, Task):
        return [f"{space}# {member.source}", call(f"{member.variable} = step", list(_arguments(member)), indent)]
    arguments: list[tuple[str, Plain]] = [("group_id", member.group_id), ("prefix_group_id", False)]
    lines = [call("with TaskGroup", arguments, indent, tail=f" as {member.variable}:")]
    for position, inner in enumerate(member.members):
        lines += [""] if position else []
        lines += _member(inner, indent + 4)
    return lines


def _arguments(task: Task) -> Iterator[tuple[str, Plain]]:
    yield "", task.task_id
    yield "", dict(task.spec)
    inputs = {one.slot: Code(f"{one.task}[{text_literal(one.output)}]") for one in task.inputs if one.task}
    if inputs:
        yield "inputs", inputs
    params = {one.slot: one.param for one in task.inputs if one.param}
    if params:
        yield "params", params
    if task.settings:
        yield "settings", dict(task.settings)
    yield from task.options.items()


def _edges(dag: Dag) -> list[str]:
    lines: list[str] = []
    for upstream, downstream in dag.edges.items():
        if len(downstream) == 1:
            lines.append(f"    {upstream} >> {downstream[0]}")
            continue
        flat = f"    {upstream} >> [{', '.join(downstream)}]"
        if len(flat) <= 88:
            lines.append(flat)
        else:
            lines += [f"    {upstream} >> [", *(f"        {one}," for one in downstream), "    ]"]
    return lines


def _compare(dag: Dag, text: str) -> None:
    """Reads every step's static half back from the file.

    Raises:
        InternalCompilerError: it is not what was meant.
    """
    printed = [
        ast.literal_eval(node.args[1])
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "step"
    ]
    meant = [task.spec for task in _tasks(dag.members)]
    if sorted(map(repr, printed)) != sorted(map(repr, meant)):
        raise InternalCompilerError(f"the steps of {dag.name}.py do not read back as they were meant")


def _tasks(members: Sequence[Member]) -> Iterator[Task]:
    for member in members:
        if isinstance(member, Group):
            yield from _tasks(member.members)
        else:
            yield member

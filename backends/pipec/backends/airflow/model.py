"""The pipeline as Airflow will have it: legal names, options in Airflow's words, edges. Ready to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.backends.airflow.literals import Node
    from pipec.backends.airflow.runner import Operator
    from pipec.compiler.ir.model import CodeFile
    from pipec.compiler.ir.values import Json

Maker = Literal["step", "branch", "loop", "flatten", "last"]
"""The function of the file that makes a task: one that runs a step, one that decides which arm of a condition runs, one
that lists the indices of a loop, one that lists those of a loop in a loop, one that comes after all others."""


@dataclass(frozen=True, slots=True)
class Task:
    """One call of a step, or of a gate.

    Attributes:
        variable: its name in the DAG file.
        source: `path::qualified.name` of the step, or the place and text of a condition or a loop.
        spec: the static half of the invocation; empty for `flatten`.
        inputs: for each slot that a task or a loop fills, where its value comes from.
        params: for each slot that a run parameter fills, its name, or that and how to read it.
        settings: `environment`, `secrets`, `extra` and `python` of the step, for the launcher.
        index: in a loop, the variables that hold its indices, outer loop first.
        when: in a loop, the gate of the condition around it, and the number of its arm.
        arms: of a branch, for each arm the ids of the tasks that run first.
        names: of a `flatten`, the variables of the loops.
        options: keyword arguments of the operator.
    """

    variable: str
    task_id: str
    source: str
    spec: Mapping[str, Json]
    inputs: Mapping[str, Node]
    params: Mapping[str, Json]
    settings: Mapping[str, Json]
    options: Mapping[str, Node]
    maker: Maker = "step"
    index: tuple[str, ...] = ()
    when: tuple[Node, int] | None = None
    arms: tuple[tuple[str, ...], ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A nested pipeline."""

    variable: str
    group_id: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop, or the part of one that stands before, between or after the loops in it: a mapped task group.

    Attributes:
        variable: the name of the function that makes its tasks.
        indices: the function's parameters: the indices of the loops around the tasks, outer first.
        over: what is mapped over: the task that lists the indices, or the list itself.
        edges: those among the tasks inside.
        returned: the variables of its tasks that are read outside.
    """

    variable: str
    group_id: str
    indices: tuple[str, ...]
    over: Node
    members: tuple[Member, ...]
    edges: tuple[Edge, ...]
    returned: tuple[str, ...]


Member = Task | Group | Loop


def everything(members: Iterable[Member]) -> Iterator[Member]:
    """All members, those in groups and loops included, in order."""
    for member in members:
        yield member
        if not isinstance(member, Task):
            yield from everything(member.members)


def tasks(members: Iterable[Member]) -> Iterator[Task]:
    """All tasks, those in groups and loops included, in order."""
    return (member for member in everything(members) if isinstance(member, Task))


@dataclass(frozen=True, slots=True)
class Edge:
    """The variables of two members, of which the second waits for the first."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Dag:
    """The whole file.

    Attributes:
        header: comment lines, without their sign.
        doc: the module's docstring, which is also what Airflow shows.
        options: keyword arguments of `DAG`, in order.
        edges: in the order in which those that wait are defined.
        ending: the variables of tasks whose failure nothing else that is sure to be looked at would show.
        end: the id and variable of the task that looks at them.
        version: the release of Airflow: `3`, `2` or `both`.
        operator: what starts a step.
        image: the image of the tasks that name none; None where steps run on the worker.
    """

    name: str
    header: tuple[str, ...]
    doc: str
    options: Mapping[str, Node]
    members: tuple[Member, ...]
    edges: tuple[Edge, ...]
    code: tuple[CodeFile, ...]
    ending: tuple[str, ...] = ()
    end: tuple[str, str] = ("end", "end")
    version: str = "3"
    operator: Operator = "python"
    image: str | None = None

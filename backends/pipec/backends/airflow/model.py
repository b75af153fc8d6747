"""The pipeline as Airflow will have it: legal names, options in Airflow's words, edges. Ready to print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from pipec.backends.airflow.literals import Node
    from pipec.compiler.ir.model import CodeFile
    from pipec.compiler.ir.values import Json


@dataclass(frozen=True, slots=True)
class Task:
    """One call of a step.

    Attributes:
        variable: its name in the DAG file.
        source: `path::qualified.name` of the step.
        spec: the static half of the invocation.
        inputs: for each slot that a task fills, the task's variable and the output.
        params: for each slot that a run parameter fills, its name, or that and how to read it.
        settings: `environment`, `secrets`, `extra` and `python` of the step, for the launcher.
        options: keyword arguments of the operator.
    """

    variable: str
    task_id: str
    source: str
    spec: Mapping[str, Json]
    inputs: Mapping[str, tuple[str, str]]
    params: Mapping[str, Json]
    settings: Mapping[str, Json]
    options: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Group:
    """A nested pipeline."""

    variable: str
    group_id: str
    members: tuple[Member, ...]


Member = Task | Group


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
    """

    name: str
    header: tuple[str, ...]
    doc: str
    options: Mapping[str, Node]
    members: tuple[Member, ...]
    edges: tuple[Edge, ...]
    code: tuple[CodeFile, ...]

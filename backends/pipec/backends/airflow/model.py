"""The DAG as it will be printed: legal names, options in Airflow's words, edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipec.backends.airflow.literals import Plain
from pipec.compiler.ir.model import CodeFile


@dataclass(frozen=True, slots=True)
class Input:
    """Where a slot of a step gets its value: from an output of a task, or from a param of the run."""

    slot: str
    task: str = ""
    output: str = ""
    param: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One call of a step.

    Attributes:
        variable: its name in the DAG file.
        source: `path::qualified.name` of the step.
        options: keyword arguments of the operator.
        settings: `environment` and `extra` of the step, for the launcher.
    """

    variable: str
    task_id: str
    source: str
    spec: Mapping[str, Plain]
    inputs: tuple[Input, ...]
    options: Mapping[str, Plain]
    settings: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Group:
    """A nested pipeline."""

    variable: str
    group_id: str
    source: str
    members: tuple[Member, ...]
    options: Mapping[str, Plain]


Member = Task | Group


@dataclass(frozen=True, slots=True)
class Dag:
    """The whole file. `edges` are the variables downstream of each variable, both in the order of definition."""

    name: str
    header: tuple[str, ...]
    options: Mapping[str, Plain]
    members: tuple[Member, ...]
    edges: Mapping[str, tuple[str, ...]]
    code: tuple[CodeFile, ...]
    uses_timedelta: bool

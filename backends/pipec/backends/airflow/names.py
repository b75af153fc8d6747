"""Legal names: DAG and task ids, and the variables that hold tasks in the file.

Airflow takes `[A-Za-z0-9_.-]` and 250 characters (reference/airflow.md §5). Groups put no prefix on their tasks' ids, since
the ids of operations are unique in the whole pipeline.
"""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

from pipec.compiler.ir.model import If
from pipec.compiler.ir.walk import operations

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Pipeline

LONGEST_ID = 200
"""Characters of an id; Airflow takes 250 for a task and 200 for a group."""

_OF_THE_FILE = frozenset(
    "CODE DAG EmptyOperator Param Path TaskGroup branch flatten last loop step task task_group dag datetime timedelta timezone "
    "get_current_context runpy CronTriggerTimetable DeltaTriggerTimetable IMAGE DockerOperator KubernetesPodOperator "
    "BranchMixIn Mount DeviceRequest Secret V1EnvVar V1LocalObjectReference V1ResourceRequirements".split()
)
_TAKEN = frozenset({*_OF_THE_FILE, *keyword.kwlist, *keyword.softkwlist, *dir(builtins)})


class Names:
    """An operation keeps its id where that is legal, in Airflow and as a variable in the file.

    Attributes:
        ids: the task or group id of each operation; a condition has none, being its gate and what follows.
        variables: its variable.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.ids: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self._ids: set[str] = set()
        self._variables = {name.casefold() for name in _TAKEN}
        for operation in operations(pipeline.body):
            if not isinstance(operation, If):
                self.add(operation.id, operation.id)

    def add(self, key: str, name: str) -> None:
        """Give what is known as `key` an id and a variable that read like `name`."""
        self.ids[key] = _unique(legal_id(name) or "step", self._ids)
        self.variables[key] = self.variable(self.ids[key])

    def variable(self, name: str) -> str:
        """A variable that reads like `name` and that nothing else has."""
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
        return _unique(f"step_{plain}" if plain[0].isdecimal() else plain, self._variables)


def legal_id(name: str) -> str:
    """`name` as an id that is also a file name: ASCII letters, digits, `_` and `-`; empty if nothing of it is left."""
    legal = re.sub(r"[^A-Za-z0-9_-]+", "_", name)
    return legal[:LONGEST_ID] if re.search("[A-Za-z0-9]", legal) else ""


def _unique(name: str, taken: set[str]) -> str:
    """Upper and lower case are one: ids become folders."""
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate.casefold())
    return candidate


def xcom_key(output: str) -> str:
    """The XCom key of an output, as `airflow_inputs.key_of` makes it: its name, with what cannot stand in a path spelled out."""
    return "".join(
        each if each.isascii() and (each.isalnum() or each in "_.-") else f"_u{ord(each):x}_" for each in output
    )

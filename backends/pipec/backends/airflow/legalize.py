"""From the IR to the DAG model: legal names, params with schemas, options in Airflow's words, limits."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipec.backends.airflow.literals import Code, Plain
from pipec.backends.airflow.model import Dag, Group, Input, Member, Task
from pipec.backends.airflow.params import param
from pipec.compiler.code_root import ReservedName, assemble
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.emit import header, one_line
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir import model as ir
from pipec.compiler.ir.values import Lazy, Output, Param
from pipec.compiler.ir.walk import calls, dependencies, operations

if TYPE_CHECKING:
    from pipec.compiler.backend import Request
    from pipec.compiler.ir.config import Config

NAME_LIMIT = 200
"""Characters of an id; Airflow takes 250, group prefixes included."""

TASKS_WARN, TASKS_MOST = 500, 5000
"""`reference/airflow.md` §5: beyond these, parsing nears Airflow's own time limits."""

_RESERVED = frozenset(
    {"CODE", "DAG", "Param", "Path", "TaskGroup", "step", "task", "timedelta", "get_current_context", "runpy"}
)


def legalize(pipeline: ir.Pipeline, request: Request) -> tuple[Dag | None, list[Diagnostic]]:
    """The DAG for `pipeline`, or None and why there is none."""
    faults = _limits(pipeline)
    try:
        code = assemble(pipeline, "airflow")
    except ReservedName as error:
        faults.append(Diagnostic("PC0208", str(error), pipeline.span, help="rename the module"))
        return None, faults
    params, more = _params(pipeline)
    faults += more
    names = _Names(pipeline)
    builder = _Builder(pipeline, names)
    members = tuple(builder.member(operation) for operation in pipeline.body.operations)
    uses_timedelta = "timedelta(" in repr([*_options(members), pipeline.config.timeout and "timedelta("])
    dag = Dag(
        name=names.dag_id,
        header=header(request, pipeline),
        options=_dag_options(pipeline, names, params),
        members=members,
        edges=builder.edges(),
        code=code,
        uses_timedelta=uses_timedelta,
    )
    return dag, faults


def _options(members: tuple[Member, ...]) -> list[Mapping[str, Plain]]:
    found: list[Mapping[str, Plain]] = []
    for member in members:
        found.append(member.options)
        if isinstance(member, Group):
            found += _options(member.members)
    return found


class _Names:
    """Legal, stable names: an operation keeps its id where that is legal, in the file as a variable and in Airflow."""

    def __init__(self, pipeline: ir.Pipeline) -> None:
        self.dag_id = legal_id(pipeline.name)
        self.ids: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        taken_ids: set[str] = set()
        taken_variables = {*_RESERVED, *keyword.kwlist, *keyword.softkwlist}
        for operation in operations(pipeline.body):
            self.ids[operation.id] = _unique(legal_id(operation.id), taken_ids)
            variable = re.sub(r"\W", "_", self.ids[operation.id], flags=re.ASCII)
            variable = f"_{variable}" if variable[:1].isdigit() else variable
            self.variables[operation.id] = _unique(variable, taken_variables)


def legal_id(name: str) -> str:
    """`name` as an id of Airflow's that is also a file name: ASCII letters, digits, `_` and `-`."""
    legal = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-") or "pipeline"
    return legal[:NAME_LIMIT]


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate


@dataclass(slots=True)
class _Builder:
    """Makes the members of the DAG and gathers their edges."""

    pipeline: ir.Pipeline
    names: _Names
    producers: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict[tuple[str, str], tuple[str, str]])

    def __post_init__(self) -> None:
        for operation in operations(self.pipeline.body):
            if isinstance(operation, ir.Group):
                for name, value in operation.results.items():
                    assert isinstance(value, Output), "the front end exports outputs only"
                    self.producers[operation.id, name] = (value.operation, value.name)

    def producer(self, operation: str, name: str) -> tuple[str, str]:
        """The call and output behind a result, through the groups that let it out."""
        while (operation, name) in self.producers:
            operation, name = self.producers[operation, name]
        return operation, name

    def member(self, operation: ir.Operation) -> Member:
        """What an operation becomes."""
        match operation:
            case ir.Call():
                return self._task(operation)
            case ir.Group():
                return Group(
                    self.names.variables[operation.id],
                    self.names.ids[operation.id],
                    operation.pipeline,
                    tuple(self.member(one) for one in operation.body.operations),
                    {},
                )
            case _:
                raise AssertionError("the ledger refuses run-time control flow")

    def _task(self, call: ir.Call) -> Task:
        step = self.pipeline.steps[call.step]
        static = static_invocation(call, step)
        inputs: list[Input] = []
        for slot, leaf in static.slots.items():
            if isinstance(leaf, Param):
                inputs.append(Input(slot, param=leaf.name))
            elif isinstance(leaf, Output):
                operation, output = self.producer(leaf.operation, leaf.name)
                inputs.append(Input(slot, task=self.names.variables[operation], output=output))
        source = f"{step.span.path}::{step.symbol.rpartition(':')[2]}"
        settings: dict[str, Plain] = {}
        if call.config.environment:
            settings["environment"] = {name: _variable(value) for name, value in call.config.environment.items()}
        if call.config.extra:
            settings["extra"] = dict(call.config.extra)
        return Task(
            self.names.variables[call.id],
            self.names.ids[call.id],
            one_line(source),
            dict(static.spec),
            tuple(inputs),
            _task_options(call.config, step.doc),
            settings,
        )

    def edges(self) -> dict[str, tuple[str, ...]]:
        """For each variable those that wait for it, in the order of definition."""
        downstream: dict[str, dict[str, None]] = {}
        for operation in operations(self.pipeline.body):
            if isinstance(operation, ir.Group):
                awaited = [self.names.variables[one] for one in operation.after]
            else:
                awaited = [self.names.variables[one] for one in self._upstream(operation)]
            for one in awaited:
                downstream.setdefault(one, {})[self.names.variables[operation.id]] = None
        order = [self.names.variables[one.id] for one in operations(self.pipeline.body)]
        return {one: tuple(downstream[one]) for one in order if one in downstream}

    def _upstream(self, operation: ir.Operation) -> list[str]:
        """What a call waits for: the calls behind its data, and what `after` names."""
        found: dict[str, None] = {}
        after = set(operation.after)
        for one in dependencies(operation):
            if one in after:
                found[one] = None
            else:
                found.update(dict.fromkeys(self._calls_behind(one, operation)))
        return list(found)

    def _calls_behind(self, identifier: str, operation: ir.Operation) -> list[str]:
        assert isinstance(operation, ir.Call)
        static = static_invocation(operation, self.pipeline.steps[operation.step])
        leaves = [leaf for leaf in static.slots.values() if isinstance(leaf, Output) and leaf.operation == identifier]
        return [self.producer(leaf.operation, leaf.name)[0] for leaf in leaves]


def _variable(value: str | Lazy) -> Plain:
    if isinstance(value, str):
        return value
    return {"from": str(value.query["name"]), "default": value.query.get("default")}


def _task_options(config: Config, doc: str) -> dict[str, Plain]:
    options: dict[str, Plain] = {}
    if doc:
        options["doc_md"] = doc
    if config.retry is not None:
        options["retries"] = config.retry.max_retries
        options["retry_delay"] = _seconds(config.retry.delay)
        if config.retry.backoff != 1:
            options["retry_exponential_backoff"] = _number(config.retry.backoff)
    if config.timeout is not None:
        options["execution_timeout"] = _seconds(config.timeout)
    return options


def _seconds(seconds: float) -> Code:
    return Code(f"timedelta(seconds={_number(seconds)!r})")


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _dag_options(pipeline: ir.Pipeline, names: _Names, params: Mapping[str, Plain]) -> dict[str, Plain]:
    options: dict[str, Plain] = {"dag_id": names.dag_id}
    if names.dag_id != pipeline.name:
        options["dag_display_name"] = pipeline.name
    options["doc_md"] = _docs(pipeline)
    options["schedule"] = None
    options["catchup"] = False
    options["default_args"] = {"owner": "pipec", "retries": 0}
    if pipeline.config.timeout is not None:
        options["dagrun_timeout"] = _seconds(pipeline.config.timeout)
    if pipeline.config.max_parallelism is not None:
        options["max_active_tasks"] = pipeline.config.max_parallelism
    options["tags"] = list(dict.fromkeys(["pipec", *pipeline.config.tags]))
    if params:
        options["params"] = params
    return options


def _docs(pipeline: ir.Pipeline) -> str:
    """The docstring, and which steps make what the pipeline returns."""
    lines = [pipeline.doc or pipeline.name]
    made = [(output.name, output.value) for output in pipeline.outputs if isinstance(output.value, Output)]
    if made:
        lines.append("\nReturns:\n")
        lines += [f"- `{name}`: `{value.name}` of `{value.operation}`" for name, value in made]
    return "\n".join(lines)


def _params(pipeline: ir.Pipeline) -> tuple[dict[str, Plain], list[Diagnostic]]:
    found: dict[str, Plain] = {}
    faults: list[Diagnostic] = []
    for parameter in pipeline.parameters:
        made = param(parameter)
        if isinstance(made, Diagnostic):
            faults.append(made)
        else:
            found[parameter.name] = made
    return found, faults


def _limits(pipeline: ir.Pipeline) -> list[Diagnostic]:
    count = sum(1 for _ in calls(pipeline.body))
    if count > TASKS_MOST:
        message = f"the pipeline has {count:,} steps; Airflow parses at most about {TASKS_MOST:,} in time"
        return [Diagnostic("PC0403", message, pipeline.span, help="split the pipeline, or loop inside a step")]
    if count > TASKS_WARN:
        message = f"the pipeline has {count:,} steps; Airflow gets slow beyond {TASKS_WARN}"
        return [Diagnostic("PC0407", message, pipeline.span, severity=Severity.WARNING)]
    return []

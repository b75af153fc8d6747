"""From the IR to the DAG model: legal names, params with schemas, options in Airflow's words, edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from pipec.backends.airflow import limits, options, schedule
from pipec.backends.airflow.model import Dag, Edge, Group, Member, Task
from pipec.backends.airflow.names import Names, legal_id
from pipec.backends.airflow.parameters import param, reading
from pipec.compiler.code_root import ReservedName, assemble
from pipec.compiler.diagnostics import Diagnostic, has_errors
from pipec.compiler.emit import header, one_line
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir import model as ir
from pipec.compiler.ir.values import Output, Param
from pipec.compiler.ir.walk import leaves, operations
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.backends.airflow.literals import Node
    from pipec.compiler.backend import Request
    from pipec.compiler.ir.values import Json, Value


def legalize(pipeline: ir.Pipeline, request: Request) -> tuple[Dag | None, list[Diagnostic]]:
    """The DAG for `pipeline`, or None and why there is none."""
    found = [*limits.faults(pipeline, request), *schedule.faults(pipeline)]
    params, faults = _params(pipeline)
    found += faults
    dag_id = legal_id(pipeline.name)
    if not dag_id:
        message = f"the name `{pipeline.name}` has none of the letters and digits that Airflow takes"
        found.append(Diagnostic("PC0406", message, pipeline.span, help="give the pipeline a `name=`"))
    if has_errors(found):
        return None, found
    try:
        code = assemble(pipeline, "airflow")
    except ReservedName as problem:
        return None, [*found, Diagnostic("PC0208", str(problem), pipeline.span, help="rename the module")]
    python = request.options.get("python")
    builder = _Builder(pipeline, Names(pipeline), _producers(pipeline), str(python) if python else None)
    edges = tuple(builder.edges())
    found += limits.edges(len(edges), pipeline)
    doc = _doc(pipeline, builder)
    dag = Dag(
        name=dag_id,
        header=(*header(request, pipeline), *_needs(pipeline)),
        doc=doc,
        options=options.of_dag(pipeline, dag_id, params, bool(doc)),
        members=tuple(builder.member(operation) for operation in pipeline.body.operations),
        edges=edges,
        code=code,
    )
    return dag, found


def _params(pipeline: ir.Pipeline) -> tuple[dict[str, Node], list[Diagnostic]]:
    found: dict[str, Node] = {}
    faults: list[Diagnostic] = []
    for parameter in pipeline.parameters:
        made = param(parameter)
        if isinstance(made, Diagnostic):
            faults.append(made)
        else:
            found[parameter.name] = made
    return found, faults


def _needs(pipeline: ir.Pipeline) -> Sequence[str]:
    """The line that says what must be installed where the steps run."""
    needed = sorted({one for step in pipeline.steps.values() for one in step.closure.requirements})
    return [f"Steps need: {one_line(', '.join(needed))}"] if needed else []


def _doc(pipeline: ir.Pipeline, builder: _Builder) -> str:
    """The docstring, and where what the pipeline returns will be."""
    lines = [line.rstrip() for line in pipeline.doc.strip().splitlines()]
    if pipeline.outputs:
        lines += ["", "Outputs of a run:", ""] if lines else ["Outputs of a run:", ""]
        lines += [f"- `{output.name}`: {builder.whence(output.value)}" for output in pipeline.outputs]
    return "\n".join(lines)


_Result = tuple[str, str]


def _producers(pipeline: ir.Pipeline) -> dict[_Result, _Result]:
    """For each result that a group lets out, the operation and output inside."""
    found: dict[_Result, _Result] = {}
    for operation in operations(pipeline.body):
        if isinstance(operation, ir.Group):
            for name, value in operation.results.items():
                assert isinstance(value, Output), "the front end exports outputs only"
                found[operation.id, name] = (value.operation, value.name)
    return found


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the members of the DAG and its edges."""

    pipeline: ir.Pipeline
    names: Names
    producers: Mapping[_Result, _Result]
    python: str | None

    def member(self, operation: ir.Operation) -> Member:
        """What an operation becomes."""
        match operation:
            case ir.Call():
                return self._task(operation)
            case ir.Group(id=id_, body=body):
                members = tuple(self.member(one) for one in body.operations)
                return Group(self.names.variables[id_], self.names.ids[id_], members)
            case _:
                raise AssertionError("the ledger refuses run-time control flow")

    def _task(self, call: ir.Call) -> Task:
        step = self.pipeline.steps[call.step]
        static = static_invocation(call, step)
        inputs: dict[str, tuple[str, str]] = {}
        params: dict[str, Json] = {}
        for slot, leaf in static.slots.items():
            if isinstance(leaf, Output):
                operation, output = self._producer(leaf)
                inputs[slot] = (self.names.variables[operation], output)
            elif isinstance(leaf, Param):
                params[slot] = _param(leaf, is_direct=slot in call.arguments)
        return Task(
            variable=self.names.variables[call.id],
            task_id=self.names.ids[call.id],
            source=one_line(f"{step.span.path}::{step.symbol.rpartition(':')[2]}"),
            spec=_compact(static.spec),
            inputs=inputs,
            params=params,
            settings=options.of_launcher(call, self.pipeline, self.python),
            options=options.of_task(call.config, step.doc),
        )

    def whence(self, value: Value) -> str:
        """Where a person finds a value of the pipeline once a run is over."""
        made = [self._producer(leaf) for leaf in leaves(value) if isinstance(leaf, Output)]
        found = [f"XCom `{output}` of `{self.names.ids[operation]}`" for operation, output in made]
        return ", ".join(found) or "known before the run"

    def _producer(self, leaf: Output) -> _Result:
        """The call and output behind a result, through the groups that let it out."""
        result = (leaf.operation, leaf.name)
        while result in self.producers:
            result = self.producers[result]
        return result

    def edges(self) -> Iterator[Edge]:
        """Who waits for whom: for data call by call, for `after` also whole groups."""
        variables = self.names.variables
        order = {id_: place for place, id_ in enumerate(variables)}
        for operation in operations(self.pipeline.body):
            before: dict[str, None] = {}
            if isinstance(operation, ir.Call):
                read = [leaf for value in operation.arguments.values() for leaf in leaves(value)]
                before.update((self._producer(leaf)[0], None) for leaf in read if isinstance(leaf, Output))
            before.update(dict.fromkeys(operation.after))
            for one in sorted(before, key=order.__getitem__):
                yield Edge(variables[one], variables[operation.id])


def _param(leaf: Param, is_direct: bool) -> Json:
    """The parameter's name; where the step computes with it before it is an argument, also how to read its JSON."""
    how = reading(leaf.type)
    # An argument is held to its annotation, which makes a number of the right kind.
    if how is None or (is_direct and how in {"int", "float"}):
        return leaf.name
    return [leaf.name, how]


def _compact(spec: Mapping[str, Json]) -> dict[str, Json]:
    """The static half, an output being one word where that says all."""
    described = cast("Mapping[str, Mapping[str, Json]]", spec["outputs"])
    outputs: dict[str, Json] = {name: _word(output) for name, output in described.items()}
    return {key: outputs if key == "outputs" else value for key, value in spec.items() if key != "outputs" or outputs}


def _word(output: Mapping[str, Json]) -> Json:
    words: dict[tuple[str, ...], Json] = {("carrier",): output["carrier"], ("carrier", "mirrored"): "mirrored"}
    return words.get(tuple(output), output)

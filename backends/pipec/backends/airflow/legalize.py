"""From the IR to the DAG model: legal names, params with schemas, options in Airflow's words, edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow import facts, limits, loops, options, schedule
from pipec.backends.airflow.members import Members
from pipec.backends.airflow.model import Dag
from pipec.backends.airflow.names import legal_id
from pipec.backends.airflow.parameters import param
from pipec.backends.airflow.runner import runner_of
from pipec.compiler.code_root import ReservedName, assemble
from pipec.compiler.diagnostics import Diagnostic, has_errors
from pipec.compiler.emit import header, one_line
from pipec.compiler.gates import insert_gates
from pipec.compiler.ir.model import CodeFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.backends.airflow.literals import Node
    from pipec.compiler.backend import Request
    from pipec.compiler.ir.model import Pipeline


def legalize(pipeline: Pipeline, request: Request) -> tuple[Dag | None, list[Diagnostic]]:
    """The DAG for `pipeline`, or None and why there is none."""
    runner = runner_of(pipeline, request)
    found = [*limits.faults(pipeline, request, runner), *schedule.faults(pipeline)]
    params, faults = _params(pipeline)
    found += faults
    dag_id = legal_id(_name(pipeline))
    if not dag_id:
        message = f"the name `{pipeline.name}` has none of the letters and digits that Airflow takes"
        found.append(Diagnostic("PC0406", message, pipeline.span, help="give the pipeline a `name=`"))
    if has_errors(found):
        return None, found
    try:
        code = _code(pipeline, request)
    except ReservedName as problem:
        return None, [*found, Diagnostic("PC0208", str(problem), pipeline.span, help="rename the module")]
    version = str(request.options.get("airflow_version") or "3")
    gated = loops.with_gates(insert_gates(pipeline))
    root = request.options.get("artifact_root")
    builder = Members(gated, runner)
    members, edges = builder.members(), builder.edges()
    found += [*limits.edges(len(edges), pipeline)]
    if has_errors(found):
        return None, found
    doc = _doc(pipeline, builder)
    dag = Dag(
        name=dag_id,
        header=(*header(request, pipeline), *_needs(pipeline)),
        doc=doc,
        options=options.of_dag(pipeline, dag_id, params, bool(doc), request, runner),
        members=members,
        edges=edges,
        code=_with_facts(code, facts.text(gated, builder, str(root) if root else None)),
        operator=runner.operator,
        image=runner.image,
        ending=builder.ending(),
        end=builder.end(),
        version=version,
    )
    return dag, found


def _name(pipeline: Pipeline) -> str:
    if not pipeline.config.settings:
        return pipeline.name
    from pipec.backends.airflow import settings

    return settings.dag_id(pipeline)


_ON_THE_WORKER = frozenset(
    f"pipec/runtime/{name}.py"
    for name in "airflow airflow_ending airflow_environment airflow_image airflow_inputs store/layout".split()
)
"""The part of the runtime that works in Airflow's own process."""


def _code(pipeline: Pipeline, request: Request) -> tuple[CodeFile, ...]:
    """The code beside the DAG file: all, or where it lies in the images what starts them."""
    files = assemble(pipeline, "airflow")
    if not request.images or not all(image.has_code for image in request.images.values()):
        return files
    return tuple(file for file in files if file.path in _ON_THE_WORKER)


def _with_facts(code: Sequence[CodeFile], text: str) -> tuple[CodeFile, ...]:
    return tuple(sorted([*code, CodeFile(facts.PATH, text)], key=lambda file: file.path))


def _params(pipeline: Pipeline) -> tuple[dict[str, Node], list[Diagnostic]]:
    found: dict[str, Node] = {}
    faults: list[Diagnostic] = []
    for parameter in pipeline.parameters:
        made = param(parameter)
        if isinstance(made, Diagnostic):
            faults.append(made)
        else:
            found[parameter.name] = made
    return found, faults


def _needs(pipeline: Pipeline) -> Sequence[str]:
    """The line that says what must be installed where the steps run."""
    needed = sorted({one for step in pipeline.steps.values() for one in step.closure.requirements})
    return [f"Steps need: {one_line(', '.join(needed))}"] if needed else []


def _doc(pipeline: Pipeline, builder: Members) -> str:
    """The docstring, and where what the pipeline returns will be."""
    lines = [line.rstrip() for line in pipeline.doc.strip().splitlines()]
    if pipeline.outputs:
        lines += ["", "Outputs of a run:", ""] if lines else ["Outputs of a run:", ""]
        lines += [f"- `{output.name}`: {builder.whence(output.value)}" for output in pipeline.outputs]
    return "\n".join(lines)

"""The outputs of a pipeline at the end of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.backends.local.graph import Blocked, Element, Stored, blockers
from pipec.backends.local.recipes import Evaluator, NotPlain, leaf
from pipec.backends.local.result import Failure

if TYPE_CHECKING:
    from pipec.backends.local.graph import Scope
    from pipec.compiler.ir.model import Pipeline


def outputs_of(
    pipeline: Pipeline, body: Scope, evaluator: Evaluator
) -> tuple[dict[str, Any], dict[str, Stored], tuple[Failure, ...]]:
    """The pipeline's outputs that are there: values where they are plain data, else where they lie."""
    outputs: dict[str, Any] = {}
    stored: dict[str, Stored] = {}
    faults: list[Failure] = []
    for output in pipeline.outputs:
        if not _is_there(Element(output.value, body)):
            continue
        try:
            outputs[output.name] = evaluator.evaluate(output.value, body)
        except NotPlain:
            whole = leaf(output.value, body, evaluator.parameters)
            if whole is not None:
                stored[output.name] = whole
        except Exception as problem:
            text = f"it could not be computed: {type(problem).__name__}: {problem}"
            faults.append(Failure(f"output {output.name}", output.name, text))
    return outputs, stored, tuple(faults)


def _is_there(element: Element) -> bool:
    try:
        return not blockers([element])
    except Blocked:
        return False

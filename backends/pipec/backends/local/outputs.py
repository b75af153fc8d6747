"""The outputs of a pipeline at the end of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.backends.local.graph import Blocked, Element, Stored, blockers
from pipec.backends.local.recipes import Evaluator, NotPlain, leaf
from pipec.backends.local.result import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.backends.local.graph import Scope
    from pipec.compiler.ir.model import Pipeline

    Compute = Callable[[str, Element], Stored | Failure]


def outputs_of(
    pipeline: Pipeline, body: Scope, evaluator: Evaluator, compute: Compute
) -> tuple[dict[str, Any], dict[str, Stored], tuple[Failure, ...]]:
    """The pipeline's outputs that are there: values where they are plain data, else where they lie.

    `compute` puts together what is made of more than plain data, where this process may not look.
    """
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
            found = compute(output.name, Element(output.value, body)) if whole is None else whole
            if isinstance(found, Failure):
                faults.append(found)
            else:
                stored[output.name] = found
        except Exception as problem:
            text = f"it could not be computed: {type(problem).__name__}: {problem}"
            faults.append(Failure(f"output {output.name}", output.name, text))
    return outputs, stored, tuple(faults)


def _is_there(element: Element) -> bool:
    try:
        return not blockers([element])
    except Blocked:
        return False

"""A loop over constants in another loop gets a gate, as a loop over results has one: its indices join those around it.

Before:   for_x = for x in %for_x_gate.indices
              for_y = for y in [0, 1]
After:    for_x = for x in %for_x_gate.indices
              for_y_gate = call pipec.runtime.gates:count(items=[0, 1])
              for_y = for y in %for_y_gate.indices
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.gates import COUNT, INDICES
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.model import Call, Closure, ForEach, StepDef, StepInput, StepOutput
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.types import ANY, INT
from pipec.compiler.ir.values import Const, Output
from pipec.compiler.ir.walk import operations
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.ir.model import Operation, Pipeline


def with_gates(pipeline: Pipeline) -> Pipeline:
    """The pipeline, in which every loop in a loop runs over what a gate lists."""
    inner = {
        one.id
        for loop in operations(pipeline.body)
        if isinstance(loop, ForEach)
        for one in operations(loop.body)
        if isinstance(one, ForEach) and isinstance(one.items, Const)
    }
    if not inner:
        return pipeline
    taken = {operation.id for operation in operations(pipeline.body)}
    steps = dict(pipeline.steps)

    def gated(operation: Operation) -> Sequence[Operation]:
        if operation.id not in inner or not isinstance(operation, ForEach):
            return (operation,)
        id_ = f"{operation.id}_gate"
        while id_ in taken:
            id_ += "_"
        taken.add(id_)
        steps.setdefault(
            COUNT,
            StepDef(
                COUNT,
                "count",
                (StepInput("items", ANY, True),),
                (StepOutput("indices", INDICES, "artifact"), StepOutput("count", INT, "parameter")),
                operation.span,
                Closure(""),
                returns_tuple=True,
            ),
        )
        gate = Call(id_, COUNT, {"items": operation.items}, operation.span, Config(cache=False), operation.after)
        return gate, replace(operation, items=Output(id_, "indices", INDICES))

    return replace(pipeline, body=rewrite(pipeline.body, gated), steps=steps)

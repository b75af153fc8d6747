"""Plans a branch: a DAG template with one task for each arm that does something, each with its condition.

    - name: if-score
      inputs: {parameters: [{name: score-output}]}
      dag:
        tasks:
          - name: deploy
            template: deploy
            when: "{{= float(inputs.parameters['score-output']) > 0.9 }}"
          - name: notify
            template: notify
            when: "{{= !(float(inputs.parameters['score-output']) > 0.9) }}"
      outputs:
        artifacts:
          - name: url
            fromExpression: "tasks['deploy'].status == 'Succeeded' ? tasks['deploy'].outputs.artifacts['url'] : …"

The conditions read the template's own inputs only, and results leave by expressions without braces: what behaves alike
on all versions of Argo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo import conditions
from pipec.backends.argo.model import Let, Scope, Task
from pipec.backends.argo.plan import Inside
from pipec.backends.argo.text import number
from pipec.compiler.gates import ARM
from pipec.compiler.ir.types import ANY
from pipec.compiler.ir.values import Const, Output, Param
from pipec.compiler.ir.walk import ids
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.backends.argo.carriers import Export
    from pipec.backends.argo.loops import PlanBody
    from pipec.backends.argo.plan import Body, Plan, Reads
    from pipec.compiler.ir.model import Block, If
    from pipec.compiler.ir.values import Value

_NOTHING = "'null'"


def plan_branch(plan: Plan, branch: If, name: str, plan_body: PlanBody) -> Reads:
    """Adds the DAG template of the branch and those of its arms; gives what it reads."""
    index = plan.reserve()
    inside = Inside(plan.carriers)
    exports = plan.carriers.exports.get(branch.id, {})
    texts = conditions.of_arms(
        [arm.condition for arm in branch.arms],
        lambda leaf: inside.input(leaf, "parameters"),
        lambda id_: id_ in plan.carriers.calls and plan.carriers.calls[id_].step == ARM,
    )
    bodies: list[Body | None] = []
    tasks: list[Task] = []
    for place, (arm, text) in enumerate(zip(branch.arms, texts, strict=True)):
        if not arm.body.operations:
            bodies.append(None)
            continue
        label = _label(branch, place)
        made = _made(exports, place, arm.body)
        body = plan_body(plan, arm.body, f"{branch.id}-{label}", f"`{label}` of `{branch.id}`", made)
        bodies.append(body)
        tasks.append(_task(inside, body, text))
    arms = _Arms(inside, bodies, texts)
    parameters: list[Let] = []
    artifacts: list[Let] = []
    for export, each in exports.items():
        output = Output(branch.id, export, ANY)
        if plan.carriers.has_parameter(output):
            parameters.append(Let(export, expression=arms.parameter(export, each)))
        if plan.carriers.kind(output) == "artifact":
            artifacts.append(arms.artifact(export, each))
    note = (f"Branch `{branch.id}`",)
    plan.scopes[index] = Scope(name, note, inside.inputs(), tuple(tasks), tuple(parameters), tuple(artifacts))
    return inside.reads()


def _label(branch: If, place: int) -> str:
    if branch.arms[place].condition is None:
        return "else"
    return "then" if place == 0 else "elif" if place == 1 else f"elif-{place}"


def _made(exports: Mapping[str, Export], place: int, body: Block) -> dict[str, Output]:
    """What the arm itself gives to the exports of its branch."""
    own = ids(body)
    leaves = {name: export.leaves[place] for name, export in exports.items()}
    return {name: leaf for name, leaf in leaves.items() if isinstance(leaf, Output) and leaf.operation in own}


def _task(inside: Inside, body: Body, condition: str) -> Task:
    return Task(
        body.template,
        body.template,
        (),
        {name: inside.parameter(leaf) for name, leaf in body.reads.parameters.items()},
        {name: inside.artifact(leaf) for name, leaf in body.reads.artifacts.items()},
        f"{{{{= {condition} }}}}",
    )


@dataclass(frozen=True, slots=True)
class _Arms:
    """What the arms of a branch let out.

    Attributes:
        bodies: None for an arm that does nothing.
        conditions: for each arm, when it runs.
    """

    inside: Inside
    bodies: Sequence[Body | None]
    conditions: Sequence[str]

    def parameter(self, name: str, export: Export) -> str:
        """The expression of a parameter: that of the arm that has run, `null` where it has none."""
        return self.chain([self.value(name, "parameters", place, leaf) for place, leaf in enumerate(export.leaves)])

    def artifact(self, name: str, export: Export) -> Let:
        """An artifact that each arm has, or that of the one arm which has it."""
        texts = [self.value(name, "artifacts", place, leaf) for place, leaf in enumerate(export.leaves)]
        if None not in export.leaves:
            return Let(name, expression=self.chain(texts))
        place = next(place for place, leaf in enumerate(export.leaves) if leaf is not None)
        body = self.bodies[place]
        assert body is not None, "an arm with a result of its own"
        tag = f"tasks.{body.template}.outputs.artifacts.{body.outlets[name]}"
        return Let(name, f"{{{{{tag}}}}}", is_optional=True)

    def value(self, name: str, kind: str, place: int, leaf: Value | None) -> str:
        body = self.bodies[place]
        match leaf:
            case None:
                return _NOTHING
            case Const(value=constant):
                return f"'{number(constant)}'"
            case Output() | Param() if body is None or name not in body.outlets:
                return f"inputs.parameters['{self.inside.input(leaf, 'parameters')}']"
            case _:
                assert body is not None, "an arm with a result of its own"
                return f"tasks['{body.template}'].outputs.{kind}['{body.outlets[name]}']"

    def chain(self, texts: Sequence[str]) -> str:
        """`first ran ? its value : second ran ? …`; the last arm needs no condition, nor do those that equal it."""
        chained = texts[-1]
        for body, condition, text in reversed(list(zip(self.bodies, self.conditions, texts, strict=True))[:-1]):
            if text != chained:
                ran = condition if body is None else f"tasks['{body.template}'].status == 'Succeeded'"
                chained = f"{ran} ? {text} : {chained}"
        return chained

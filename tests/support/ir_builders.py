"""Short ways to write pipelines in tests: types from annotations, steps from signatures, operations on lines of their own."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pipec.compiler.ir import types, walk
from pipec.compiler.ir.config import Config
from pipec.compiler.ir.constants import encode, type_of
from pipec.compiler.ir.model import (
    Arm,
    Block,
    Call,
    Closure,
    ForEach,
    Group,
    If,
    Operation,
    Parameter,
    Pipeline,
    PipelineOutput,
    StepDef,
    StepInput,
    StepOutput,
)
from pipec.compiler.ir.types import ANY, Type
from pipec.compiler.ir.values import Const, Expr, Item, Output, Param, Value
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def type_(annotation: str) -> Type:
    """The type of an annotation: `dict[str, int] | None`, `tuple[int, ...]`, `Literal['a', 1]`, `pandas.DataFrame`."""
    return _type(ast.parse(annotation, mode="eval").body)


def _type(node: ast.expr) -> Type:
    match node:
        case ast.BinOp(left=left, right=right):
            return Type("union", (*types.members(_type(left)), *types.members(_type(right))))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inside):
            return Type("literal", choices=tuple(ast.literal_eval(each) for each in _elements(inside)))
        case ast.Subscript(value=base, slice=inside):
            elements = _elements(inside)
            is_variadic = ast.unparse(elements[-1]) == "..."
            return Type(ast.unparse(base), tuple(map(_type, elements[: -1 if is_variadic else None])), (), is_variadic)
        case _:
            name = ast.unparse(node)
            return Type({"Any": "any", "None": "none"}.get(name, name))


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def const(value: object) -> Const:
    """A constant."""
    encoded = encode(value)
    return Const(encoded, type_of(encoded))


@dataclass(slots=True)
class Builder:
    """A program in the making. Each operation and definition gets a line of its own in `p.py`."""

    steps: dict[str, StepDef] = field(default_factory=dict[str, StepDef])
    parameters: list[Parameter] = field(default_factory=list[Parameter])
    line: int = 0

    def span(self) -> Span:
        self.line += 1
        return Span("p.py", Position(self.line, 5), Position(self.line, 20))

    def step(self, name: str, inputs: str = "", outputs: str = "") -> None:
        """A step with `inputs` as in a signature (`a: int, b: str = 1`) and `outputs` as `name: type, …`."""
        arguments = cast("ast.FunctionDef", ast.parse(f"def f({inputs}): ...").body[0]).args
        first_default = len(arguments.args) - len(arguments.defaults)
        taken = [
            StepInput(each.arg, _type(each.annotation) if each.annotation else ANY, index < first_default)
            for index, each in enumerate(arguments.args)
        ]
        given = cast("ast.FunctionDef", ast.parse(f"def f({outputs}): ...").body[0]).args.args
        made = [(each.arg, _type(each.annotation) if each.annotation else ANY) for each in given]
        self.steps[f"steps:{name}"] = StepDef(
            f"steps:{name}",
            name,
            tuple(taken),
            tuple(StepOutput(n, t, "parameter" if types.is_number_like(t) else "artifact") for n, t in made),
            self.span(),
            Closure(f"sha256:{name}"),
            returns_tuple=len(made) > 1,
        )

    def param(self, name: str, annotation: str = "int", default: Const | None = None) -> Param:
        """A parameter of the pipeline, and a read of it."""
        self.parameters.append(Parameter(name, type_(annotation), self.span(), default))
        return Param(name, type_(annotation))

    def call(
        self, id_: str, *, step: str = "", after: Sequence[str] = (), config: Config | None = None, **arguments: Value
    ) -> Call:
        """A call of `step` (by default the id without its number), which is defined without annotations if it is not."""
        name = step or id_.rstrip("0123456789_")
        if f"steps:{name}" not in self.steps:
            self.step(name, ", ".join(arguments), "output: Any")
        return Call(id_, f"steps:{name}", arguments, self.span(), config or Config(), tuple(after))

    def branch(
        self,
        id_: str,
        *arms: tuple[Value | None, Sequence[Operation]],
        after: Sequence[str] = (),
        **results: tuple[Value, ...],
    ) -> If:
        """An `If`."""
        return If(
            id_,
            tuple(Arm(condition, Block(tuple(body))) for condition, body in arms),
            results,
            self.span(),
            tuple(after),
        )

    def loop(self, id_: str, items: Value, *body: Operation, after: Sequence[str] = (), **results: Value) -> ForEach:
        """A `ForEach`."""
        return ForEach(id_, items, Block(body), results, self.span(), tuple(after))

    def group(self, id_: str, *body: Operation, after: Sequence[str] = (), **results: Value) -> Group:
        """A `Group`."""
        return Group(id_, id_, Block(body), results, self.span(), tuple(after))

    def out(self, id_: str, name: str = "output") -> Output:
        """A read of an output, of the type that the step of that name gives it."""
        step = self.steps.get(f"steps:{id_.rstrip('0123456789_')}")
        given = {output.name: output.type for output in step.outputs} if step else {}
        return Output(id_, name, given.get(name, ANY))

    def pipeline(
        self, *operations: Operation, config: Config | None = None, outputs: Mapping[str, Value] | None = None
    ) -> Pipeline:
        """The program; steps that it does not call are left out."""
        body = Block(operations)
        called = dict.fromkeys(call.step for call in walk.calls(body))
        return Pipeline(
            "p",
            "p:p",
            tuple(self.parameters),
            body,
            tuple(PipelineOutput(name, value) for name, value in (outputs or {}).items()),
            {symbol: self.steps[symbol] for symbol in called},
            config or Config(),
            self.span(),
        )


def item(loop: str, annotation: str = "Any") -> Item:
    """The item of a loop."""
    return Item(loop, type_(annotation))


def expr(op: str, *operands: Value, annotation: str = "bool") -> Expr:
    """An expression."""
    return Expr(op, operands, type_(annotation))

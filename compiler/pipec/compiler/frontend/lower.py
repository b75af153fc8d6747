"""From a pipeline function to the IR: parameters, the evaluated body, outputs, configuration, closures."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity, has_errors
from pipec.compiler.frontend.annotations import artifact_name, read_annotation
from pipec.compiler.frontend.bindings import Bindings, given_value, unknown_parameter
from pipec.compiler.frontend.configuration import check_options, configure, pipeline_config
from pipec.compiler.frontend.docstrings import docstring
from pipec.compiler.frontend.freezing import as_member, freeze
from pipec.compiler.frontend.graph import GraphBuilder
from pipec.compiler.frontend.jumps import Returned
from pipec.compiler.frontend.names import module_attribute
from pipec.compiler.frontend.pipeline_calls import pipeline_name
from pipec.compiler.frontend.steps import Function, define_step
from pipec.compiler.frontend.transport import const_type, to_ir, to_json
from pipec.compiler.frontend.values import (
    EnumMember,
    Fault,
    Frame,
    Freeze,
    FunctionValue,
    PipelineValue,
    Raised,
    Setting,
    StepResult,
    StepValue,
    Symbolic,
    Unknown,
    describe,
    is_known,
    is_open,
)
from pipec.compiler.ir.model import Call, Parameter, Pipeline, PipelineOutput, StepDef
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.values import Const, Output, Param
from pipec.compiler.ir.walk import calls
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.run_configuration import Layers, RunConfiguration
    from pipec.compiler.ir.config import Schedule
    from pipec.compiler.ir.model import Block, Operation
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span


@dataclass(slots=True)
class Program:
    """What is gathered while one pipeline's body runs.

    Attributes:
        options: the pipeline's own options, which its steps inherit in part.
        run: what the run configuration says; None where no pipeline is compiled.
        name: the pipeline's name.
        steps: the steps called so far, by symbol, in order of first call.
        tuples: how many values a step without a return annotation returns, by symbol, where each `return` says it.
        labels: the computed names that calls in loops were given as their ids, with the ids that they have.
    """

    options: Mapping[str, Setting] = field(default_factory=dict)
    name: str = ""
    run: RunConfiguration | None = None
    steps: dict[str, StepDef] = field(default_factory=dict)
    tuples: dict[str, int] = field(default_factory=dict[str, int])
    _orders: list[tuple[str, str | None, tuple[str, ...]]] = field(
        default_factory=list[tuple[str, str | None, tuple[str, ...]]]
    )
    labels: list[tuple[Value, str]] = field(default_factory=list[tuple["Value", str]])
    _awaited: list[tuple[str, Span]] = field(default_factory=list)
    _defined: dict[tuple[int, str], StepDef] = field(default_factory=dict)

    def step(self, interpreter: Interpreter, step: StepValue, span: Span) -> StepDef:
        """The definition of `step`, made at its first call.

        Raises:
            Fault: it is not a valid step.
        """
        materializers = step.options.get("output_materializers")
        key = (id(step.definition), str(id(materializers.value)) if materializers is not None else "")
        if key not in self._defined:
            definition = define_step(interpreter, step, span)
            self._defined[key] = definition
            self.steps.setdefault(definition.symbol, definition)
        return self._defined[key]

    def order(self, step: StepDef, other: str | None, ids: tuple[str, ...]) -> None:
        """Remembers that every call of `step` waits for every call of the step `other`, or for the operations `ids`."""
        self._orders.append((step.symbol, other, ids))

    def ordered(self, body: Block) -> Block:
        """The body with what `order` asked for."""
        if not self._orders:
            return body
        of_step: dict[str, list[str]] = {}
        for call in calls(body):
            of_step.setdefault(call.step, []).append(call.id)
        waits: dict[str, list[str]] = {}
        for symbol, other, ids in self._orders:
            waits.setdefault(symbol, []).extend([*of_step.get(other or "", ()), *ids])

        def ordered(operation: Operation) -> tuple[Operation, ...]:
            extra = waits.get(operation.step, []) if isinstance(operation, Call) else []
            after = tuple(dict.fromkeys([*operation.after, *(one for one in extra if one != operation.id)]))
            return (operation if after == operation.after else replace(operation, after=after),)

        return rewrite(body, ordered)

    def await_id(self, name: str, span: Span) -> None:
        """Remembers that `after=` names `name`, which may be made later."""
        self._awaited.append((name, span))

    def check_awaited(self, graph: GraphBuilder) -> list[Diagnostic]:
        """The ids that `after=` names and no call has."""
        from pipec.compiler.diagnostics.near import near_names

        found: list[Diagnostic] = []
        for name, span in self._awaited:
            if not graph.is_known(name):
                near = near_names(name, graph.order)
                help_ = (
                    f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
                    if near
                    else "the ids are those of the calls before and after it"
                )
                found.append(Diagnostic("PC0304", f"no call has the id `{name}`", span, help=help_))
        return found

    def function_at(self, interpreter: Interpreter, dotted: str, setting: Setting) -> Any:
        """The function that a dotted name in a setting means.

        Raises:
            Fault: the project has none there.
        """
        module_name, _, name = dotted.rpartition(".")
        module = interpreter.table.get(module_name) if module_name else None
        if isinstance(module, Diagnostic):
            raise Fault(module)
        found = None if module is None else module_attribute(interpreter, module, name)
        if found is None:
            raise Fault(Diagnostic("PC0510", f"the project has no function `{dotted}`", setting.span))
        return found.value


def lower_pipeline(
    interpreter: Interpreter,
    pipeline: PipelineValue,
    bindings: Bindings,
    layers: Layers | None = None,
    driver: Mapping[str, Setting] | None = None,
) -> Pipeline | None:
    """The IR of `pipeline`, without closures; None, with errors reported, where it cannot be had.

    `layers` is what project, stack and command line configure, `driver` what the driver of its file does.
    """
    function = pipeline.definition
    node = function.node
    if isinstance(node, ast.Lambda):
        interpreter.report(Diagnostic("PC0319", "a lambda cannot be a pipeline", function.module.span(node)))
        return None
    said = len(interpreter.diagnostics)
    frozen: list[Diagnostic] = []
    try:
        check_options({key: one for key, one in pipeline.options.items() if key not in pipeline.changed}, "pipeline")
        pipeline, run = configure(interpreter, pipeline, layers, driver or {})
    except Fault as fault:
        interpreter.report(fault.diagnostic)
        return None
    if run is not None:
        bindings = bindings.beneath(run.parameters)
    while True:  # once for each parameter that must be frozen
        program, graph = Program(pipeline.options, run=run), GraphBuilder()
        interpreter.begin(program, graph, function)
        try:
            lowered = _lower(interpreter, pipeline, node, bindings, program, graph)
        except Fault as fault:
            interpreter.report(fault.diagnostic)
            lowered = None
        except Freeze as wish:
            del interpreter.diagnostics[said:]
            try:
                bindings, notes = freeze(interpreter, function, bindings, wish)
            except Fault as fault:
                interpreter.report(fault.diagnostic)
                return None
            frozen += notes
            continue
        finally:
            interpreter.end()
        for diagnostic in frozen:
            interpreter.report(diagnostic)
        return lowered


def _lower(
    interpreter: Interpreter,
    pipeline: PipelineValue,
    node: Function,
    bindings: Bindings,
    program: Program,
    graph: GraphBuilder,
) -> Pipeline | None:
    function = pipeline.definition
    place = function.module.source.span(
        node.lineno, node.col_offset, node.lineno, node.col_offset + len("def ") + len(node.name)
    )
    program.name = pipeline_name(pipeline)
    parameters, arguments, frozen = _parameters(interpreter, function, node, bindings)
    config = pipeline_config(interpreter, pipeline.options)
    schedule = _schedule(interpreter, program)
    frame = Frame(function.module, arguments, function.frame, f"{function.qualified_name}.<locals>")
    try:
        returned = interpreter.execute_function(node, frame)
    except Raised:  # whatever a run decides, it ends with an exception
        returned = Returned(None)
    if not has_errors(interpreter.diagnostics):  # a faulty statement may have kept the call from being made
        for diagnostic in program.check_awaited(graph):
            interpreter.report(diagnostic)
        if program.run is not None and program.run.steps:
            from pipec.compiler.frontend.run_configuration import check_steps

            for diagnostic in check_steps(program.run, list(graph.order)):
                interpreter.report(diagnostic)
    outputs = () if has_errors(interpreter.diagnostics) else _outputs(interpreter, function, node, returned)
    if not graph.size and not has_errors(interpreter.diagnostics):
        message = f"the pipeline `{function.qualified_name}` calls no step"
        interpreter.report(Diagnostic("PC0308", message, place, help="call a `@step` function in its body"))
    if has_errors(interpreter.diagnostics):
        return None
    called = {call.step for call in calls(graph.body())}
    steps = {symbol: step for symbol, step in program.steps.items() if symbol in called}
    return Pipeline(
        name=pipeline_name(pipeline),
        symbol=f"{function.module.name}:{function.qualified_name}",
        parameters=parameters,
        body=program.ordered(graph.body()),
        outputs=outputs,
        steps=steps,
        config=config,
        span=place,
        schedule=schedule,
        doc=docstring(node),
        frozen=frozen,
    )


def _schedule(interpreter: Interpreter, program: Program) -> Schedule | None:
    setting = None if program.run is None else program.run.schedule
    if setting is None or setting.value is None:
        return None
    from pipec.compiler.frontend.schedules import read_schedule

    return read_schedule(interpreter, setting)


def _parameters(
    interpreter: Interpreter, function: FunctionValue, node: Function, bindings: Bindings
) -> tuple[tuple[Parameter, ...], dict[str, Any], dict[str, Const]]:
    """The run parameters, the local names that the body starts with, and what was fixed."""
    arguments = node.args
    for star in (arguments.vararg, arguments.kwarg):
        if star is not None:
            message = f"the pipeline takes `{'*' if star is arguments.vararg else '**'}{star.arg}`"
            help_ = "name each parameter: a target needs to know them"
            raise Fault(Diagnostic("PC0319", message, function.module.span(star), help=help_))
    nodes = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    known = [one.arg for one in nodes]
    for name in (*bindings.defaults, *bindings.fixed):
        if name not in known:
            interpreter.report(unknown_parameter(function.qualified_name, name, known, bindings.places.get(name)))
    parameters: list[Parameter] = []
    names: dict[str, Any] = {}
    frozen: dict[str, Const] = {}
    for one in nodes:
        span = function.module.span(one)
        type_ = read_annotation(interpreter, one.annotation, Frame(function.module, function.module.names)).type
        if one.arg in bindings.fixed or one.arg in bindings.frozen:
            if one.arg in bindings.frozen:
                value = bindings.frozen[one.arg]
            else:
                value = given_value(one.arg, bindings.fixed[one.arg], type_)
            value = as_member(interpreter, one.annotation, function.module, value)
            names[one.arg] = value
            frozen[one.arg] = Const(to_json(value, span), const_type(value))
            continue
        default = _default(interpreter, function, one.arg, span, bindings, type_)
        parameters.append(Parameter(one.arg, type_, span, default))
        names[one.arg] = Symbolic(Param(one.arg, type_))
    return tuple(parameters), names, frozen


def _default(
    interpreter: Interpreter, function: FunctionValue, name: str, span: Span, bindings: Bindings, type_: Type
) -> Const | None:
    if name in bindings.defaults:
        span = bindings.places[name].span if name in bindings.places else span
        value = given_value(name, bindings.defaults[name], type_, bindings.places.get(name))
    elif name in function.defaults:
        value = function.defaults[name]
    else:
        return None
    if isinstance(value, Unknown) or not is_known(value):
        reason = value.diagnostic.message if isinstance(value, Unknown) else f"{describe(value)} is not known"
        interpreter.report(
            Diagnostic(
                "PC0204",
                f"the default of `{name}` is not known at compile time",
                span,
                severity=Severity.WARNING,
                notes=(reason,),
                help=f"a value must be given for each run; set a default with `-p {name}=VALUE`",
            )
        )
        return None
    plain = value.value if isinstance(value, EnumMember) else value  # a run is given the member's value
    return Const(to_json(plain, span), const_type(plain))


def _outputs(
    interpreter: Interpreter, function: FunctionValue, node: Function, returned: Returned
) -> tuple[PipelineOutput, ...]:
    """What the pipeline returns, named by its return annotation, else by the steps' own names."""
    value = returned.value
    if value is None or (isinstance(value, StepResult) and not value.outputs):
        return ()
    span = function.module.span(returned.node) if returned.node is not None else function.module.span(node)
    named = _annotated_names(interpreter, function, node)
    found: dict[str, PipelineOutput] = {}
    for index, (key, part) in enumerate(_parts(value)):
        if is_known(part):
            continue  # ZenML drops what is no result from a pipeline's outputs, too (`reference/zenml.md` §1.2)
        inner = to_ir(part, span)
        name = (named[index] if index < len(named) else None) or key or _own_name(inner, index)
        if name in found:
            name = f"{inner.operation}_{name}" if isinstance(inner, Output) else f"{name}_{index}"
        while name in found:
            name += "_"
        found[name] = PipelineOutput(name, inner)
    return tuple(found.values())


def _parts(value: Any) -> list[tuple[str, Any]]:
    match value:
        case list() | tuple() | dict() if is_open(value):
            return [("", value)]
        case StepResult(outputs=outputs):
            return [("", one) for one in outputs]
        case list() | tuple():
            return [("", one) for one in value]
        case dict():
            return [(str(key), one) for key, one in value.items()]
        case _:
            return [("", value)]


def _own_name(value: Any, index: int) -> str:
    if isinstance(value, Output):
        return value.operation if value.name == "output" else value.name
    return f"output_{index}" if index else "output"


def _annotated_names(interpreter: Interpreter, function: FunctionValue, node: Function) -> list[str | None]:
    if node.returns is None:
        return []
    from pipec.compiler.frontend.steps import tuple_parts

    frame = Frame(function.module, function.module.names)
    parts = tuple_parts(interpreter, node.returns, frame) or [node.returns]
    names: list[str | None] = []
    for part in parts:
        try:
            names.append(artifact_name(read_annotation(interpreter, part, frame).metadata))
        except Fault:
            names.append(None)
    return names

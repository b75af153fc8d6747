"""Calls: of functions and classes of the project, of Python's own, of the authoring API, of steps and pipelines."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend import builtin_calls, operations
from pipec.compiler.frontend.values import (
    Builtin,
    ClassValue,
    External,
    Fault,
    Frame,
    FunctionValue,
    InstanceValue,
    Method,
    ModuleValue,
    PipelineValue,
    SdkSymbol,
    ServerValue,
    Setting,
    SettingsValue,
    StepResult,
    StepValue,
    Symbolic,
    Unknown,
    describe,
    find_unknown,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Expr, Param
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span


@dataclass(slots=True)
class Arguments:
    """What a call passes: each value with its place. A spread mapping that is unknown makes `unknown`."""

    positional: list[Setting] = field(default_factory=list)
    keywords: dict[str, Setting] = field(default_factory=dict)
    unknown: Unknown | None = None

    def values(self) -> tuple[list[Any], dict[str, Any]]:
        """The bare values."""
        return [one.value for one in self.positional], {name: one.value for name, one in self.keywords.items()}


EFFECTS = frozenset({"print", "breakpoint", "help"})
"""Built-in functions that are left out: nothing that they give is used."""


class CallMixin:
    """Evaluates calls; part of `Interpreter`."""

    def evaluate_call(self, node: ast.Call, frame: Frame) -> Any:
        """The value of a call.

        Raises:
            Fault: it fails, or what is called cannot be called.
        """
        this = cast("Interpreter", self)
        function = this.evaluate(node.func, frame)
        if isinstance(function, ServerValue):
            from pipec.compiler.frontend.lookups import call_server

            return call_server(function, self.arguments_of(node, frame), this.span(node, frame))
        if isinstance(function, Unknown) or (isinstance(function, Builtin) and function.name in EFFECTS):
            self._arguments_of_effect(node, frame)
            return (
                function
                if isinstance(function, Unknown)
                else builtin_calls.effect(function.name, this.span(node, frame))
            )
        arguments = self.arguments_of(node, frame)
        if arguments.unknown is not None:
            if isinstance(function, StepValue | PipelineValue):
                raise Fault(arguments.unknown.diagnostic)
            return arguments.unknown
        return self.call(function, arguments, node, frame)

    def _arguments_of_effect(self, node: ast.Call, frame: Frame) -> None:
        """The arguments of a call that is left out: only the steps that they call matter, not what becomes of the text."""
        this = cast("Interpreter", self)
        if this.graph is None:
            return
        for one in (*node.args, *(keyword.value for keyword in node.keywords)):
            if not any(isinstance(inner, ast.Call) for inner in ast.walk(one)):
                continue
            before = this.graph.size
            try:
                this.evaluate(one.value if isinstance(one, ast.Starred) else one, frame)
            except Fault:
                if this.graph.size > before:
                    raise

    def arguments_of(self, node: ast.Call, frame: Frame) -> Arguments:
        """The evaluated arguments of a call."""
        this = cast("Interpreter", self)
        found = Arguments()
        for one in node.args:
            span = this.span(one, frame)
            if isinstance(one, ast.Starred):
                value = this.evaluate(one.value, frame)
                if isinstance(value, Unknown):
                    found.unknown = value
                    continue
                found.positional.extend(Setting(item, span) for item in this.iterate(value, span, "a spread"))
            else:
                found.positional.append(Setting(this.evaluate(one, frame), span))
        for keyword in node.keywords:
            span = this.span(keyword, frame)
            value = this.evaluate(keyword.value, frame)
            if keyword.arg is not None:
                if keyword.arg in found.keywords:
                    raise Fault(Diagnostic("PC0314", f"`{keyword.arg}` is passed twice", span))
                found.keywords[keyword.arg] = Setting(
                    value, this.span(keyword.value, frame), frame.module.keyword_span(keyword)
                )
            elif isinstance(value, Unknown):
                found.unknown = value
            else:
                self._spread(value, span, found)
        return found

    def _spread(self, value: Any, span: Span, found: Arguments) -> None:
        for key, part in self.as_mapping(value, span).items():
            if not isinstance(key, str):
                raise Fault(Diagnostic("PC0206", f"`**` needs string keys, and {key!r} is not one", span))
            if key in found.keywords:
                raise Fault(Diagnostic("PC0314", f"`{key}` is passed twice", span))
            found.keywords[key] = Setting(part, span)

    def as_mapping(self, value: Any, span: Span) -> Mapping[Any, Any]:
        """The entries of what stands behind `**`.

        Raises:
            Fault: it is no mapping, or not known.
        """
        match value:
            case Unknown(diagnostic=diagnostic):
                raise Fault(diagnostic)
            case dict():
                return value
            case SettingsValue(fields=fields):
                return fields
            case InstanceValue(fields=fields):
                return fields
            case _:
                raise Fault(Diagnostic("PC0206", f"{describe(value)} cannot be spread with `**`", span))

    def call(self, function: Any, arguments: Arguments, node: ast.Call, frame: Frame) -> Any:  # noqa: C901 - a flat dispatch over kinds of value
        """Calls `function`, whatever it is."""
        this = cast("Interpreter", self)
        span = this.span(node, frame)
        match function:
            case StepValue():
                from pipec.compiler.frontend.step_calls import call_step

                return call_step(this, function, arguments, span)
            case PipelineValue():
                from pipec.compiler.frontend.pipeline_calls import call_pipeline

                return call_pipeline(this, function, arguments, span, frame)
            case FunctionValue():
                positional, keywords = arguments.values()
                return self.call_function(function, positional, keywords, span, frame)
            case ClassValue():
                return self._instantiate(function, arguments, span, frame)
            case SdkSymbol():
                from pipec.compiler.frontend.sdk import call_sdk

                return call_sdk(this, function, arguments, node, frame)
            case Method():
                from pipec.compiler.frontend.method_calls import call_method

                return call_method(this, function, arguments, node, frame)
            case Builtin(name=name):
                return builtin_calls.call_builtin(this, name, arguments, span)
            case External(path=path):
                from pipec.compiler.frontend.external_calls import call_external

                return call_external(this, path, arguments, span)
            case _:
                if isinstance(function, Symbolic) and isinstance(function.value, Expr) and function.value.op == "attr":
                    positional, keywords = arguments.values()
                    found = find_unknown([*positional, *keywords.values()])
                    return found or operations.call_in_run(function, positional, keywords, types.ANY, span)
                if isinstance(function, Symbolic) and isinstance(function.value, Param) and this.pipeline_stack:
                    raise Fault(self._steps_as_arguments(function.value, frame))
                raise Fault(not_callable(function, span))

    def _steps_as_arguments(self, parameter: Param, frame: Frame) -> Diagnostic:
        """One fault for each pipeline, at its head."""
        from pipec.compiler.frontend.legacy import steps_as_arguments

        node = cast("Interpreter", self).pipeline_stack[0]
        first = next((one.arg for one in node.args.args), parameter.name)
        end = node.col_offset + len("def ") + len(node.name)
        return steps_as_arguments(
            node.name, first, frame.module.source.span(node.lineno, node.col_offset, node.lineno, end)
        )

    def call_function(
        self, function: FunctionValue, positional: Sequence[Any], keywords: Mapping[str, Any], span: Span, frame: Frame
    ) -> Any:
        """Runs a function of the project.

        Raises:
            Fault: the arguments do not fit, or the calls nest too deep.
        """
        this = cast("Interpreter", self)
        if this.depth >= this.depth_bound:
            message = f"calls of `{function.qualified_name}` nest deeper than {this.depth_bound} levels"
            raise Fault(Diagnostic("PC0209", message, span, help="use a loop, or compute it inside a step"))
        names = bind(function, positional, keywords, span)
        inner = Frame(
            function.module, names, function.frame, f"{function.qualified_name}.<locals>", depth=frame.depth + 1
        )
        this.depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return this.evaluate(function.node.body, inner)
            if _is_generator(function.node):
                message = f"`{function.qualified_name}` is a generator, which is not evaluated at compile time"
                return Unknown(Diagnostic("PC0204", message, span, help="return a list"))
            return this.execute_function(function.node, inner).value
        finally:
            this.depth -= 1

    def _instantiate(self, cls: ClassValue, arguments: Arguments, span: Span, frame: Frame) -> Any:
        from pipec.compiler.frontend.instances import instantiate

        return instantiate(cast("Interpreter", self), cls, arguments, span, frame)

    def raised(self, node: ast.expr, frame: Frame) -> tuple[BaseException | None, str]:
        """The exception that a `raise` names, if it is one of Python's, and its text."""
        this = cast("Interpreter", self)
        import builtins

        called = isinstance(node, ast.Call)
        function = this.evaluate(cast("ast.Call", node).func if called else node, frame)
        name = getattr(function, "name", "") or getattr(function, "qualified_name", "") or getattr(function, "path", "")
        detail = ""
        if called:
            positional, _ = self.arguments_of(cast("ast.Call", node), frame).values()
            if positional and isinstance(positional[0], str):
                detail = positional[0]
        exception: BaseException = Exception(detail)
        candidate = getattr(builtins, name, None) if isinstance(function, Builtin) else None
        if isinstance(candidate, type) and issubclass(candidate, BaseException):
            exception = candidate(detail)
        text = detail.splitlines()[0][:200] if detail else ""
        return exception, f"{name}: {text}" if text else str(name)

    @property
    def depth_bound(self) -> int:
        """How deep calls of the project's functions may nest."""
        return 100

    def matches(self, pattern: ast.pattern, subject: Any, frame: Frame, bindings: dict[str, Any]) -> bool:
        """Whether `subject` matches a `case` pattern, entering what it captures into `bindings`."""
        from pipec.compiler.frontend.patterns import matches

        return matches(cast("Interpreter", self), pattern, subject, frame, bindings)


def bind(function: FunctionValue, positional: Sequence[Any], keywords: Mapping[str, Any], span: Span) -> dict[str, Any]:
    """The local names of a call: its arguments by parameter, defaults filled in.

    Raises:
        Fault: an argument is missing, unknown, or given twice.
    """
    arguments = function.node.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    bound: dict[str, Any] = dict(zip(names, positional, strict=False))
    rest = list(positional[len(names) :])
    if arguments.vararg is not None:
        bound[arguments.vararg.arg] = tuple(rest)
    elif rest:
        message = (
            f"`{function.qualified_name}` takes {len(names)} positional arguments, and {len(positional)} are given"
        )
        raise Fault(Diagnostic("PC0302", message, span))
    allowed = {*names, *(one.arg for one in arguments.kwonlyargs)}
    extra: dict[str, Any] = {}
    for name, value in keywords.items():
        if name in bound and name in allowed:
            raise Fault(Diagnostic("PC0314", f"`{name}` is passed twice", span))
        if name in allowed:
            bound[name] = value
        elif arguments.kwarg is not None:
            extra[name] = value
        else:
            raise Fault(unknown_argument(function.qualified_name, name, allowed, span))
    if arguments.kwarg is not None:
        bound[arguments.kwarg.arg] = extra
    missing = [
        name
        for name in (*names, *(one.arg for one in arguments.kwonlyargs))
        if name not in bound and name not in function.defaults
    ]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        raise Fault(Diagnostic("PC0301", f"the call of `{function.qualified_name}` leaves out {listed}", span))
    for name, default in function.defaults.items():
        bound.setdefault(name, default)
    return bound


def unknown_argument(callee: str, name: str, allowed: set[str], span: Span) -> Diagnostic:
    """The fault of passing an argument that `callee` does not take."""
    from pipec.compiler.diagnostics.near import near_names

    near = near_names(name, allowed)
    if near:
        help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
    elif allowed:
        help_ = f"it takes {', '.join(f'`{one}`' for one in sorted(allowed))}"
    else:
        help_ = "it takes no arguments"
    return Diagnostic("PC0302", f"`{callee}` has no argument `{name}`", span, help=help_)


def not_callable(value: Any, span: Span) -> Diagnostic:
    """The fault of calling what cannot be called."""
    help_ = ""
    if isinstance(value, Symbolic | StepResult):
        help_ = "a result exists only inside a step; call it there"
    if isinstance(value, ModuleValue):
        name = value.module.name
        help_ = f"name the function in the module, `{name}.…`"
    return Diagnostic("PC0206", f"{describe(value)} cannot be called", span, help=help_)


def _is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    pending: list[ast.AST] = list(node.body)
    while pending:
        inner = pending.pop()
        if isinstance(inner, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(inner))
    return False

"""Hooks: functions of the project called around a step or a run, and what each must accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.placed import entries_of
from pipec.compiler.frontend.transport import const_type, to_json
from pipec.compiler.frontend.values import Fault, FunctionValue, SdkSymbol, Setting, Unknown, describe, find_unknown
from pipec.compiler.ir.config import Hook, Hooks
from pipec.compiler.ir.model import Closure
from pipec.compiler.ir.values import Const

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter


NAMES = ("on_start", "on_end", "on_success", "on_failure", "on_init", "on_cleanup")
"""The hooks that a run or a step may have."""

NEVER = frozenset({"on_pause", "on_resume"})
"""Hooks of ZenML's that never fire here, since no run pauses."""


def read_hooks(interpreter: Interpreter, given: Mapping[str, Setting], init_arguments: Setting | None) -> Hooks:
    """The hooks of a run or a step.

    Raises:
        Fault: one is not a function that can be called as a hook.
    """
    hooks = {name: _hook(interpreter, setting, name) for name, setting in given.items()}
    if "on_init" in hooks:
        arguments = _init_arguments(interpreter, given["on_init"], init_arguments)
        hooks["on_init"] = Hook(hooks["on_init"].symbol, hooks["on_init"].closure, arguments)
    elif init_arguments is not None and init_arguments.value:
        message = "`on_init_kwargs` is given, and there is no `on_init`"
        raise Fault(Diagnostic("PC0510", message, init_arguments.name_span))
    return Hooks(**hooks)


def _init_arguments(interpreter: Interpreter, hook: Setting, given: Setting | None) -> dict[str, Const]:
    """The keyword arguments of `on_init`, bound to its signature."""
    value = {} if given is None or given.value is None else given.value
    if unknown := find_unknown(value):
        raise Fault(unknown.diagnostic)
    span = hook.span if given is None else given.span
    if not isinstance(value, dict):
        raise Fault(Diagnostic("PC0502", f"`on_init_kwargs` takes a dict, not {describe(value)}", span))
    function = _function(interpreter, hook, "on_init")
    if isinstance(function, FunctionValue):
        arguments = function.node.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        for key, entry in entries_of(value, span).items():
            if key not in names and arguments.kwarg is None:
                message = f"the hook `{function.qualified_name}` has no parameter `{key}`"
                raise Fault(Diagnostic("PC0510", message, entry.name_span))
        missing = [one for one in names if one not in function.defaults and one not in value]
        if missing:
            listed = ", ".join(f"`{one}`" for one in missing)
            message = f"the hook `{function.qualified_name}` needs {listed}, which `on_init_kwargs` leaves out"
            raise Fault(Diagnostic("PC0510", message, span))
    return {str(key): Const(to_json(one, span), const_type(one)) for key, one in value.items()}


def _function(interpreter: Interpreter, setting: Setting, name: str) -> FunctionValue | SdkSymbol:
    value = setting.value
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, str):
        if value.startswith(("zenml.", "pipec.sdk.")):
            return SdkSymbol(value.rpartition(".")[2], value)
        value = interpreter.program.function_at(interpreter, value, setting)
    if isinstance(value, SdkSymbol):
        return value
    if isinstance(value, FunctionValue) and value.frame is None and hasattr(value.node, "name"):
        return value
    help_ = "give a function at the top of a module, or its dotted name"
    raise Fault(Diagnostic("PC0510", f"`{name}` takes a function, not {describe(value)}", setting.span, help=help_))


def _hook(interpreter: Interpreter, setting: Setting, name: str) -> Hook:
    value = _function(interpreter, setting, name)
    if isinstance(value, SdkSymbol):
        return _library_hook(value, setting, name)
    arguments = value.node.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    required = [one for one in names if one not in value.defaults]
    required += [one.arg for one in arguments.kwonlyargs if one.arg not in value.defaults]
    bound = 1 if name in {"on_failure", "on_end"} else 0
    if name != "on_init" and (len(required) > bound or any(one not in names for one in required)):
        count = f"{len(required)} argument{'s' if len(required) != 1 else ''}"
        message = f"the hook `{value.qualified_name}` needs {count}; `{name}` is called with {bound}"
        raise Fault(Diagnostic("PC0510", message, setting.span))
    takes_exception = bound == 1 and (bool(names) or arguments.vararg is not None)
    return Hook(f"{value.module.name}:{value.qualified_name}", Closure(""), takes_exception=takes_exception)


_LIBRARY = {"alerter_success_hook": "on_success", "alerter_failure_hook": "on_failure"}
"""ZenML's own hooks, and what each is for."""


def _library_hook(value: SdkSymbol, setting: Setting, name: str) -> Hook:
    module, _, function = value.path.rpartition(".")
    if function not in _LIBRARY:
        message = f"`{value.path}` is not a hook"
        listed = " and ".join(f"`zenml.hooks.{one}`" for one in _LIBRARY)
        raise Fault(Diagnostic("PC0510", message, setting.span, help=f"ZenML's own are {listed}"))
    takes_exception = _LIBRARY[function] == "on_failure"
    if takes_exception and name not in {"on_failure", "on_end"}:
        message = f"the hook `{function}` needs 1 argument; `{name}` is called with 0"
        raise Fault(Diagnostic("PC0510", message, setting.span))
    return Hook(f"{module}:{function}", Closure(""), takes_exception=takes_exception)

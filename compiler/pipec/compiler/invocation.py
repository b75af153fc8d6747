"""The static half of a step's invocation: which function, its constants, how inputs are put together, its outputs.

A target prints it as one JSON argument of the step; the runtime (`pipec.runtime.invocation`) completes it with where each
input lies and where each output goes. What is known only at run time reaches the step through *slots*: one leaf value
each (a parameter, a result, a loop item, a fact of the run), carried in the target's own way.

Before (IR):   train(data=Output(load, output), lr=Const(0.1), frames=ListOf(Output(a, output), Output(b, output)))
After:         spec  = {"function": "steps.train:train", "values": {"lr": 0.1},
                        "compose": {"frames": {"list": [{"slot": "frames_0"}, {"slot": "frames_1"}]}}, "outputs": …}
               and, as far as the call is so configured, "hooks", "attempts", "model", "off", "substitutions", "cache"
               slots = {"data": Output(load, output), "frames_0": Output(a, output), "frames_1": Output(b, output)}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.ir.config import CachePolicy
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.config import Config, Hook, Hooks
    from pipec.compiler.ir.model import Call, StepDef
    from pipec.compiler.ir.values import Json, Value

Leaf = Param | Output | Item
"""What a slot carries."""


@dataclass(frozen=True, slots=True)
class StaticInvocation:
    """`spec` is canonical JSON, `slots` the leaves by slot name, in order of the step's signature.

    A slot whose name is an input's own fills that input directly; every other slot occurs in `spec["compose"]`.
    """

    spec: Mapping[str, Json]
    slots: Mapping[str, Leaf]


def static_invocation(call: Call, step: StepDef, *, is_cached: bool = False) -> StaticInvocation:
    """The static invocation of `call`, deterministic and without anything of a target's.

    Args:
        call: the call.
        step: its step.
        is_cached: the target leaves caching to the runtime, which then needs to know what the key is made of. A target
            with a cache of its own has no use for digests that change with each edit.
    """
    values: dict[str, Json] = {}
    compose: dict[str, Json] = {}
    slots: dict[str, Leaf] = {}
    taken = set(call.arguments)
    for name, value in call.arguments.items():
        match value:
            case Const(value=constant):
                values[name] = constant
            case Param() | Output() | Item(path=()):
                slots[name] = value
            case _:
                compose[name] = _template(value, name, slots, taken)
    spec: dict[str, Json] = {"function": step.symbol}
    if values:
        spec["values"] = values
    if compose:
        spec["compose"] = compose
    spec["outputs"] = {output.name: _output(call, step, index) for index, output in enumerate(step.outputs)}
    if step.returns_tuple:
        spec["returns_tuple"] = True
    spec.update(configured(call.config))
    if is_cached and (cache := cache_entry(call.config, step)) is not None:
        spec["cache"] = cache
    return StaticInvocation(spec, slots)


def _output(call: Call, step: StepDef, index: int) -> dict[str, Json]:
    output = step.outputs[index]
    described: dict[str, Json] = {"carrier": output.carrier}
    if output.name in call.mirrored:
        described["mirrored"] = True
    if output.materializer is not None:
        described["materializer"] = output.materializer
    if output.registered:
        described["registered"] = dict(output.registered)
    return described


def configured(config: Config) -> dict[str, Json]:
    """The entries of `spec` for the configuration of a call: hooks, model, what is switched off."""
    hooks = step_hooks(config.hooks)
    has_last = "on_failure" in hooks and config.retry is not None
    entries: dict[str, Json] = {
        "hooks": hooks,
        # Only that hook asks whether an attempt is the last.
        "attempts": config.retry.max_retries + 1 if has_last and config.retry is not None else None,
        "model": None if config.model is None else dict(config.model),
        "off": sorted(name for name, is_on in config.toggles.items() if not is_on and name in _TOGGLES),
        "substitutions": dict(config.substitutions),
    }
    return {name: entry for name, entry in entries.items() if entry}


_TOGGLES = ("enable_artifact_metadata", "enable_artifact_visualization")
"""What the runtime itself does or leaves; logs are the executor's."""

STEP_HOOKS = ("on_start", "on_end", "on_success", "on_failure")
"""Hooks that the runtime calls around a step."""


def step_hooks(hooks: Hooks) -> dict[str, Json]:
    """The hooks that the runtime calls around a step."""
    found = {name: getattr(hooks, name) for name in STEP_HOOKS}
    return {
        name: {"function": hook.symbol, **({"takes_exception": True} if hook.takes_exception else {})}
        for name, hook in found.items()
        if hook is not None
    }


def hook_invocation(name: str, hook: Hook) -> dict[str, Json]:
    """The static invocation of a hook of the run; that of `on_init` has one output, `state`.

    Args:
        name: `on_init`, `on_start`, `on_end`, `on_success`, `on_failure` or `on_cleanup`.
        hook: the hook.
    """
    values = {argument: constant.value for argument, constant in hook.arguments.items()}
    about: dict[str, Json] = {"name": name, **({"takes_exception": True} if hook.takes_exception else {})}
    outputs: dict[str, Json] = {"state": {"carrier": "artifact"}} if name == "on_init" else {}
    return {"function": hook.symbol, **({"values": values} if values else {}), "outputs": outputs, "hook": about}


def cache_entry(config: Config, step: StepDef) -> dict[str, Json] | None:
    """What the runtime makes the step's cache key of; None where its result is not reused. Caching is on unless off."""
    if config.cache is False:
        return None
    policy = config.cache_policy or CachePolicy()
    included = {
        "parameters": policy.include_step_parameters,
        "values": policy.include_artifact_values,
        "ids": policy.include_artifact_ids,
    }
    files = {*policy.file_dependencies, *(step.closure.files if policy.include_step_code else ())}
    entries: dict[str, Json] = {
        "digest": step.closure.digest if policy.include_step_code else None,
        "distributions": sorted({_distribution(each) for each in step.closure.requirements}),
        "environment": sorted(config.environment),
        "files": sorted(files),
        "sources": list(policy.source_dependencies),
        "function": policy.cache_func,
        "ignored": list(policy.ignored_inputs),
        "without": [name for name, is_included in included.items() if not is_included],
        "expires_after": policy.expires_after,
    }
    return {name: entry for name, entry in entries.items() if entry not in (None, [])}


def _distribution(requirement: str) -> str:
    """The name in a requirement.

    >>> _distribution("scikit-learn[extra]>=1.5; python_version > '3'")
    'scikit-learn'
    """
    for at, letter in enumerate(requirement.strip()):
        if not (letter.isalnum() or letter in "-_."):
            return requirement.strip()[:at]
    return requirement.strip()


def _template(value: Value, prefix: str, slots: dict[str, Leaf], taken: set[str]) -> dict[str, Json]:
    """The recipe that puts `value` together, its leaves entered into `slots` under names that start with `prefix`."""
    match value:
        case Const(value=constant):
            return {"const": constant}
        case Item(path=path) if path:
            base = _slot(Item(value.operation, value.type), prefix, slots, taken)
            return {"item": [{"slot": base}, list(path)]}
        case Param() | Output() | Item():
            return {"slot": _slot(value, prefix, slots, taken)}
        case ListOf(items=items, is_tuple=is_tuple):
            parts = [_template(item, f"{prefix}_{i}", slots, taken) for i, item in enumerate(items)]
            return {"tuple" if is_tuple else "list": parts}
        case DictOf(entries=entries):
            return {
                "dict": [[key, _template(item, f"{prefix}_{i}", slots, taken)] for i, (key, item) in enumerate(entries)]
            }
        case Expr(op=op, operands=operands):
            return {"expr": [op, *(_template(item, f"{prefix}_{i}", slots, taken) for i, item in enumerate(operands))]}
        case Lazy(kind=kind, query=query):
            return {"lazy": [kind, dict(query)]}
        case RunFact(kind=kind, place=place):
            return {"fact": [kind, place]}


def _slot(leaf: Leaf, prefix: str, slots: dict[str, Leaf], taken: set[str]) -> str:
    for name, known in slots.items():
        if known == leaf and name not in taken:
            return name
    name = prefix
    while name in slots or name in taken:
        name += "_"
    slots[name] = leaf
    return name

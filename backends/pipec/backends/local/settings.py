"""The configuration of a call as its invocation says it: hooks, model, cache, what is switched off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipec.compiler.ir.config import CachePolicy, Hooks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.ir.config import Config, Hook
    from pipec.compiler.ir.model import StepDef, StepOutput

_UNNAMED = re.compile(r"output(_\d+)?")
"""Outputs that the user gave no name."""

_POLICY = CachePolicy()
AROUND = ("on_start", "on_end", "on_success", "on_failure")
"""Hooks of a step, which its own process calls."""


def configured(config: Config, step: StepDef) -> dict[str, Any]:
    """The entries of `spec` that say how the step is configured."""
    entries: dict[str, Any] = {
        "hooks": around(config.hooks),
        "attempts": None if config.retry is None else config.retry.max_retries + 1,
        "cache": cache(config, step),
        "model": None if config.model is None else dict(config.model),
        "off": sorted(name for name, is_on in config.toggles.items() if not is_on),
        "substitutions": dict(config.substitutions),
    }
    return {name: entry for name, entry in entries.items() if entry}


def declared(output: StepOutput) -> dict[str, Any]:
    """An output as `spec` declares it; one that has a name of its own is registered in the store."""
    entries: dict[str, Any] = {"carrier": output.carrier}
    if output.materializer is not None:
        entries["materializer"] = output.materializer
    if _UNNAMED.fullmatch(output.name) is None:
        entries["registered"] = {"name": output.name}
    return entries


def around(hooks: Hooks) -> dict[str, Any]:
    """The hooks that the step's process calls."""
    found: Mapping[str, Hook | None] = {name: getattr(hooks, name) for name in AROUND}
    return {
        name: {"function": hook.symbol, "takes_exception": hook.takes_exception}
        for name, hook in found.items()
        if hook is not None
    }


def cache(config: Config, step: StepDef) -> dict[str, Any] | None:
    """What the step's cache key is made of; None where its result is not reused. The cache is on unless it is off."""
    if config.cache is False:
        return None
    policy = config.cache_policy or _POLICY
    without = {
        "parameters": policy.include_step_parameters,
        "values": policy.include_artifact_values,
        "ids": policy.include_artifact_ids,
    }
    entries: dict[str, Any] = {
        "digest": step.closure.digest if policy.include_step_code else None,
        "distributions": sorted({_distribution(each) for each in step.closure.requirements}),
        "environment": sorted(config.environment),
        "files": sorted({*policy.file_dependencies, *(step.closure.files if policy.include_step_code else ())}),
        "sources": list(policy.source_dependencies),
        "function": policy.cache_func,
        "ignored": list(policy.ignored_inputs),
        "without": [name for name, is_included in without.items() if not is_included],
        "expires_after": policy.expires_after,
    }
    return {name: entry for name, entry in entries.items() if entry}


def _distribution(requirement: str) -> str:
    """The name in a requirement.

    >>> _distribution("scikit-learn[extra]>=1.5; python_version > '3'")
    'scikit-learn'
    """
    name = requirement.strip()
    for at, letter in enumerate(name):
        if not (letter.isalnum() or letter in "-_."):
            return name[:at]
    return name

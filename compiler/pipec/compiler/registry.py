"""Which backends there are. A built-in one is imported when its name is asked for; entry points are read for other names."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.diagnostics.near import near_names

if TYPE_CHECKING:
    from pipec.compiler.backend import Backend, Executor, ImageBuilder, Verifier
    from pipec.compiler.submission import Submitter

BUILT_IN = ("airflow", "kubeflow", "argo")
EXECUTOR = "local"
"""The backend that runs pipelines instead of writing files."""

BUILDER = "containers"
"""The backend that builds images."""

VERIFIERS = {"argo": "pipec.backends.argo_interpreter.command"}
"""The modules that run what was emitted, as `pipec verify` does. They share nothing with what emits."""

SUBMITTERS = {"argo": "pipec.backends.argo.submit"}
"""The modules that hand what was emitted to the engine itself, as `pipec submit` does."""

IR_TARGET = "ir"
"""The target that writes the intermediate representation itself."""

GROUP = "pipec.backends"
"""The entry-point group in which other distributions name their backends."""


def find_backend(name: str) -> Backend[Any] | Diagnostic:
    """The backend of target `name`, or why there is none."""
    if name in BUILT_IN:
        backend: Backend[Any] = importlib.import_module(f"pipec.backends.{name}").backend
        return backend
    unknown = unknown_target(name)
    if unknown is not None:
        return unknown
    try:
        loaded: Backend[Any] = _entry_points()[name].load()
    except Exception as error:
        message = f"the target `{name}` cannot be loaded: {type(error).__name__}: {error}"
        return Diagnostic("PC0405", message, help=f"mend or uninstall the distribution that provides `{name}`")
    return loaded


def find_executor() -> Executor:
    """What `pipec run` and its kin are carried out by."""
    executor: Executor = importlib.import_module(f"pipec.backends.{EXECUTOR}.backend").backend
    return executor


def find_builder() -> ImageBuilder | Diagnostic:
    """What builds and pushes images, or why nothing does."""
    if importlib.util.find_spec(f"pipec.backends.{BUILDER}") is None:
        help_ = "`--plan` says which images there are, `--emit DIR` writes their contexts for another builder"
        return Diagnostic("PC0405", "nothing here builds images", help=help_)
    builder: ImageBuilder = importlib.import_module(f"pipec.backends.{BUILDER}.builder").builder
    return builder


def find_verifier(name: str) -> Verifier | Diagnostic:
    """What runs the files of target `name` without its engine, or why nothing does."""
    if name not in VERIFIERS:
        unknown = unknown_target(name)
        message = f"nothing here runs the files of `{name}`"
        return unknown or Diagnostic("PC0405", message, help=f"there is one for {', '.join(VERIFIERS)}")
    verifier: Verifier = importlib.import_module(VERIFIERS[name]).verify
    return verifier


def find_submitter(name: str) -> Submitter | Diagnostic:
    """What hands the files of target `name` to its engine, or why nothing does."""
    if name not in SUBMITTERS:
        message = f"nothing here submits the files of `{name}`"
        return unknown_target(name) or Diagnostic("PC0405", message, help=f"there is one for {', '.join(SUBMITTERS)}")
    submitter: Submitter = importlib.import_module(SUBMITTERS[name]).submit
    return submitter


def unknown_target(name: str) -> Diagnostic | None:
    """Why there is no target `name`; None where there is one. No backend is imported for the answer."""
    if name in BUILT_IN or name == IR_TARGET:
        return None
    if name == EXECUTOR:
        return Diagnostic(
            "PC0405", f"`{name}` is no target to compile for", help="`pipec run FILE` runs a pipeline here"
        )
    others = _entry_points()
    if name in others:
        return None
    near = near_names(name, [*BUILT_IN, IR_TARGET, *others])
    listed = ", ".join(f"`{one}`" for one in sorted({*BUILT_IN, IR_TARGET, *others}))
    help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else f"there are {listed}"
    return Diagnostic("PC0405", f"there is no target `{name}`", help=help_)


def names() -> list[str]:
    """All targets, ours first."""
    return [*BUILT_IN, *sorted(set(_entry_points()) - set(BUILT_IN)), EXECUTOR, IR_TARGET]


def _entry_points() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {one.name: one for one in entry_points(group=GROUP) if one.name not in (*BUILT_IN, EXECUTOR)}

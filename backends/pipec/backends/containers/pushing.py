"""Pushes an image through the engine; its registry's answer is the digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.backends.containers.faults import BuildFailed, disk_full, is_full, is_unreachable, one_line
from pipec.backends.containers.registries import RegistryFault, parse
from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from pipec.backends.containers.engine import Engine
    from pipec.backends.containers.registries import Registries


def push(engine: Engine, registries: Registries, repository: str, tag: str, name: str) -> str:
    """Pushes `repository:tag`; gives its digest.

    Raises:
        BuildFailed: the registry does not answer (PC0618), refuses (PC0619), or a disk is full (PC0620).
    """
    from docker.errors import DockerException

    digest: str | None = None
    try:
        for record in engine.api.push(repository, tag=tag, stream=True, decode=True):
            if "error" in record:
                raise _refused(name, repository, str(record["error"]))
            aux: Any = record.get("aux")
            if isinstance(aux, dict) and aux.get("Digest"):
                digest = str(aux["Digest"])
    except (DockerException, OSError) as problem:
        raise _refused(name, repository, str(getattr(problem, "explanation", None) or problem)) from None
    if digest is None:
        try:
            digest = registries.digest(f"{repository}:{tag}")
        except RegistryFault as fault:
            raise unreachable(fault, name) from None
    if digest is None:
        message = f"the image `{name}` was pushed, and `{parse(repository).registry}` does not have it"
        raise BuildFailed(Diagnostic("PC0619", message))
    return digest


def _refused(name: str, repository: str, reason: str) -> BuildFailed:
    registry = parse(repository).registry
    if is_full(reason):
        return BuildFailed(disk_full(name, f"the registry `{registry}` or the engine"))
    said = one_line(reason)
    if is_unreachable(reason):
        return unreachable(RegistryFault(registry, said), name)
    message = f"`{registry}` refuses the image `{name}`: {said}"
    help_ = f"`docker login {registry}`, with an account that may write to `{parse(repository).name}`"
    return BuildFailed(Diagnostic("PC0619", message, help=help_))


def unreachable(fault: RegistryFault, name: str) -> BuildFailed:
    """A registry that does not answer, or not to us."""
    if fault.is_refused:
        message = f"`{fault.registry}` refuses to say whether it has the image `{name}`: {fault.reason}"
        return BuildFailed(Diagnostic("PC0619", message, help=f"`docker login {fault.registry}`"))
    message = f"the registry `{fault.registry}` does not answer: {fault.reason}"
    help_ = "`registry` in `[tool.pipec.image]` or in the stack says where images are pushed; without `--push` none is asked for"
    return BuildFailed(Diagnostic("PC0618", message, help=help_))

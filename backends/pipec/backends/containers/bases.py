"""Base images: the digest that their tag has now, which `pipec.lock` then pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.containers.registries import Registries, RegistryFault, parse
from pipec.compiler.images.plan import bases_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipec.backends.containers.engine import Engine
    from pipec.backends.containers.progress import Progress
    from pipec.compiler.images.plan import ImagePlan


def digests(
    plans: Iterable[ImagePlan], engine: Engine, registries: Registries, progress: Progress
) -> Mapping[str, str]:
    """The digest of each base that nothing pins yet.

    One that no registry tells is left out: an image that only this engine has, or a registry that does not answer. What is
    built on it is not pinned, and PC0607 goes on to say so.
    """
    found: dict[str, str] = {}
    plans = list(plans)
    pinned = {name: digest for plan in plans for name, digest in plan.lock.base.items()}
    for base in dict.fromkeys(one for plan in plans for one in bases_of(plan)):
        try:
            digest = registries.digest(base)
        except RegistryFault as fault:
            digest = pinned.get(base) or _of_engine(base, engine)
            if digest is None:
                progress.say(base, f"not pinned: {fault}")
        if digest is None:
            continue
        found[base] = digest
        if digest != pinned.get(base):
            progress.say(base, f"pinned to {digest}")
    return found


def _of_engine(base: str, engine: Engine) -> str | None:
    """The digest under which the engine once pulled the image."""
    wanted = parse(base)
    known = engine.inspect(base) or {}
    for one in known.get("RepoDigests") or ():
        parts = parse(one)
        if (parts.registry, parts.name) == (wanted.registry, wanted.name):
            return parts.tag
    return None

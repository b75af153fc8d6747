"""What registries say of the images of a plan: for `pipec build --plan`, which needs no engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pipec.backends.containers.registries import Registries, RegistryFault, has_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipec.compiler.images.plan import ImagePlan

PATIENCE = 3
"""Seconds that a registry has to answer: a plan is read in passing."""


def states_of(plans: Iterable[ImagePlan]) -> Mapping[str, str]:
    """By the reference of each image that is built and has a registry, what that says."""
    names = {
        image.reference: f"{image.repository}:{image.tag}"
        for plan in plans
        for image in plan.images
        if image.recipe is not None and has_registry(image.repository)
    }
    registries = Registries(timeout=PATIENCE)

    def ask(name: str) -> str:
        try:
            digest = registries.digest(name)
        except RegistryFault as fault:
            return f"not known: {fault}"
        return "missing in the registry" if digest is None else f"in the registry, {digest}"

    if not names:
        return {}
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(names, pool.map(ask, names.values()), strict=True))

"""The plan of images as text: `pipec build --plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.images.context import context_of
from pipec.compiler.images.dockerfile import needs_buildkit
from pipec.compiler.images.model import EVERY_STEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.images.model import Image
    from pipec.compiler.images.plan import ImagePlan


def plan_text(plan: ImagePlan, states: Mapping[str, str] | None = None) -> str:
    """The images of a pipeline: what each is called, which steps run in it, on what it is built, why it differs.

    Args:
        plan: of one pipeline.
        states: by the reference of an image, what a registry says of it; what `pipec.lock` knows where nobody asked.
    """
    count = len(plan.images)
    lines = [f"{plan.code.pipeline}: {count} image{'s' if count != 1 else ''}"]
    for image in plan.images:
        lines += ["", *(f"  {line}" for line in _image(plan, image, (states or {}).get(image.reference)))]
    return "\n".join(lines) + "\n"


def _image(plan: ImagePlan, image: Image, state: str | None) -> Iterator[str]:
    yield plan.reference(image)
    yield f"  steps     {', '.join('gates and hooks' if one == EVERY_STEP else one for one in image.calls)}"
    if image.recipe is None:
        yield "  used      as it is: `skip_build`"
        return
    recipe = image.recipe
    yield f"  on        {recipe.base}" + (
        "" if image.parent is None else ", which is built from the project's own Dockerfile"
    )
    names = [line for file in recipe.requirements if not file.is_included for line in file.text.splitlines()]
    shown = [line for line in names if line and not line.startswith("#")]
    if shown:
        yield f"  installs  {', '.join(shown)}"
    if recipe.packages:
        yield f"  packages  {', '.join(recipe.packages)}"
    if image.why:
        yield f"  differs   {image.why}"
    context = context_of(image, plan.code, "buildkit")
    builder = "BuildKit" if needs_buildkit(recipe) else "any builder"
    yield f"  context   {len(context.files)} files, {_size(context.size)}; {builder}"
    yield f"  state     {state or ('in pipec.lock' if plan.digest(image) else 'not in pipec.lock')}"


def _size(count: int) -> str:
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024))} KiB"
    return f"{count / 1024 / 1024:.1f} MiB"

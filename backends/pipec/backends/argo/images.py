"""The image that each call runs in, and whether its code lies in it.

code inline        the image that the settings or `-O image=` name; the code comes in a ConfigMap
code in images     the image that the request names for the call; one that is used as it is gets its code likewise
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.options import DEFAULT_IMAGE, text_option
from pipec.compiler.images.model import EVERY_STEP, StepImage
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.backend import Request
    from pipec.compiler.ir.model import Call


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a pipeline.

    Attributes:
        built: the image of each call by its id, and under `EVERY_STEP` that of the others; empty where code travels inline.
        plain: the image of a step that names none, where code travels inline.
    """

    built: Mapping[str, StepImage]
    plain: str

    def of(self, call: Call) -> StepImage:
        """The image of a call."""
        if not self.built:
            return StepImage(str((call.config.docker or {}).get("parent_image") or self.plain), has_code=False)
        return self.built.get(call.id) or self.common

    @property
    def common(self) -> StepImage:
        """The image of gates and hooks: that of most steps, and what the template's defaults name."""
        if not self.built:
            return StepImage(self.plain, has_code=False)
        return self.built.get(EVERY_STEP) or next(iter(self.built.values()))

    @property
    def needs_code(self) -> bool:
        """Whether code travels in the file, for some steps at least."""
        return not self.built or not all(one.has_code for one in self.built.values())

    @property
    def mounts_code(self) -> bool:
        """Whether every container gets the code from the file."""
        return not any(one.has_code for one in self.built.values())


def images_of(request: Request) -> Images:
    """The images that a request names, or the one of its option."""
    return Images(request.images, text_option(request.options, "image") or DEFAULT_IMAGE)

"""How a generated file names the image of a step."""

from __future__ import annotations

from pipec.compiler.record import dataclass

CODE_ROOT = "/pipec"
"""Where the code root lies in an image that pipec built: a step starts as `python -I /pipec ADAPTER …`."""


@dataclass(frozen=True, slots=True)
class StepImage:
    """The image that a step runs in.

    Attributes:
        reference: `registry/repository@sha256:…`, or `registry/repository:tag` while nobody has pushed it.
        has_code: whether the code root lies in it, at `CODE_ROOT`. An image that is used as it is (`skip_build`) has none:
            there the code travels as it does inline, into that image.
        python: the interpreter in it.
    """

    reference: str
    has_code: bool = True
    python: str = "python"


EVERY_STEP = "*"
"""The key of the image for what is no step of the user's: gates, joins, the hooks of a run."""

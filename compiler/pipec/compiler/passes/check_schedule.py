"""A run that a schedule starts gets no values: PC0440 for each parameter of a scheduled pipeline that has none.

It is asked once for all targets that write files, not in a run on this machine, which nobody schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.ir.model import Pipeline


def check_schedule(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """The parameters without a value of a pipeline that has a schedule."""
    for parameter in pipeline.parameters:
        if parameter.default is None:
            yield Diagnostic(
                "PC0440",
                f"the parameter `{parameter.name}` has no value, and the pipeline is scheduled",
                parameter.span,
                notes=("a run that starts by itself has nobody who gives it one",),
                help=f"give it a default, or compile with `-p {parameter.name}=VALUE`",
            )

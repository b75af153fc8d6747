"""Takes out settings of components that the target is not, with a warning for each: they have no effect there.

ZenML hands `settings={"orchestrator.sagemaker": …}` to a stack whose orchestrator is SageMaker, and to no other. What is
about serving a pipeline (`deployment`) or about a tracker means nothing to any target. Settings of the target's own, of
Kubernetes, which all targets can run on, and of no flavor in particular (`orchestrator`) stay: the target says what it
does with them.

Before:   train = call steps:train()  settings: {"orchestrator.sagemaker": …, "orchestrator.kubernetes": …}
After:    train = call steps:train()  settings: {"orchestrator.kubernetes": …}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.source import Span

_ORCHESTRATOR = "orchestrator"


def drop_foreign_settings(pipeline: Pipeline, target: str, title: str) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline without settings that `target` (its name) has nothing to do with, and the warnings (by its `title`)."""
    found: dict[str, Diagnostic] = {}

    def without(config: Config, place: Span) -> Config:
        foreign = [key for key, fields in config.settings.items() if fields and is_foreign(key, target)]
        for key in foreign:
            found.setdefault(key, _warning(key, title, config.places.get(f"settings.{key}", place)))
        if not foreign:
            return config
        return replace(config, settings={key: one for key, one in config.settings.items() if key not in foreign})

    def change(operation: Operation) -> tuple[Operation, ...]:
        if not isinstance(operation, Call):
            return (operation,)
        config = without(operation.config, operation.span)
        return (operation if config is operation.config else replace(operation, config=config),)

    config = without(pipeline.config, pipeline.span)
    body = rewrite(pipeline.body, change)
    return replace(pipeline, config=config, body=body) if found else pipeline, list(found.values())


def is_foreign(key: str, target: str) -> bool:
    """Whether a key of `settings=` is of a component that `target` is not. What looks like one of its own is not."""
    component, *flavor = re.split(r"[.:]", key, maxsplit=1)
    own = ("kubernetes", target)
    return component != _ORCHESTRATOR or (bool(flavor) and not near_names(flavor[0], own) and flavor[0] not in own)


def _warning(key: str, title: str, place: Span) -> Diagnostic:
    return Diagnostic(
        "PC0535",
        f"the settings `{key}` have no effect on {title}",
        place,
        severity=Severity.WARNING,
        notes=("they are for another component of a stack",),
        help=f"what pods are to be like stands under `{_ORCHESTRATOR}.kubernetes`"
        if key.startswith(_ORCHESTRATOR)
        else "",
    )

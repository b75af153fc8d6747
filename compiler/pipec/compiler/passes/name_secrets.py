"""Gives the secrets of steps names that Kubernetes takes, for targets that run there; a warning says which one is meant.

ZenML's names are free text, those of a Kubernetes Secret are lower-case letters, digits, `-` and `.`.

Before:   train = call steps:train()  secrets: aws_credentials
After:    train = call steps:train()  secrets: aws-credentials
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.source import Span


def name_secrets(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline with `_` and capitals replaced in the names of secrets, and a warning for each; others stay as they are."""
    found: dict[str, Diagnostic] = {}

    def named(config: Config, place: Span) -> Config:
        names = tuple(dict.fromkeys(_name(one) for one in config.secrets))
        for before in config.secrets:
            if _name(before) != before:
                found.setdefault(before, _warning(before, config.places.get("secrets", place)))
        return config if names == config.secrets else replace(config, secrets=names)

    def change(operation: Operation) -> tuple[Operation, ...]:
        if not isinstance(operation, Call) or not operation.config.secrets:
            return (operation,)
        return (replace(operation, config=named(operation.config, operation.span)),)

    config, body = named(pipeline.config, pipeline.span), rewrite(pipeline.body, change)
    return replace(pipeline, config=config, body=body) if found else pipeline, list(found.values())


def _name(secret: str) -> str:
    return secret.lower().replace("_", "-")


def _warning(secret: str, place: Span) -> Diagnostic:
    return Diagnostic(
        "PC0536",
        f"the secret `{secret}` is the Kubernetes Secret `{_name(secret)}`",
        place,
        severity=Severity.WARNING,
        notes=("the name of a Secret has lower-case letters, digits, `-` and `.`",),
        help=f"call it `{_name(secret)}` to say so",
    )

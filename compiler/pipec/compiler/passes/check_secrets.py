"""Refuses literal credentials (PC0507): everything in the IR reaches a file that is committed. Changes nothing.

Two signs: a name that ends like that of a credential, with literal text as its value, in the environment, the Docker
settings or component settings; and text that has the shape of a known kind of token, anywhere. A diagnostic names the
place and never the value.

Refused:  train = call steps:train()
            environment: {"HF_TOKEN": "abc"}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.values import Const
from pipec.compiler.ir.walk import calls, leaves
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json
    from pipec.compiler.source import Span

_NAME = pattern(
    r"(?:^|_)(?:password|passwd|pwd|passphrase|secret|token|api_?key|access_?key|secret_?key|private_?key"
    r"|account_?key|credentials?)$"
)
_CAMEL = pattern(r"(?<=[a-z0-9])(?=[A-Z])")

# Kubernetes and its relatives use these for the *name* of a secret.
_REFERENCES = {"secret", "image_pull_secret", "pull_secret", "artifact_secret"}

_TOKENS = pattern(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key id
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22}"
    r"|\bglpat-[\w-]{20}"
    r"|\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20}"
    r"|\bhf_[A-Za-z0-9]{30}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10}"
    r"|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10}"  # JSON web token
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
)
_URL_PASSWORD = pattern(r"://[^\s/:@]{1,200}:(?![$<{])[^\s/:@]{1,200}@")

# A reference to something that is resolved later, or a switch, is no credential.
_HARMLESS = pattern(r"\{\{.*\}\}|\$\{?\w+\}?|<[^<>]*>|\*+|true|false|yes|no|none|null|[01]", re.IGNORECASE | re.DOTALL)

_HELP = "put it into a secret and name that in `secrets=[…]`, or read it from the environment inside the step"


def apply(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pass."""
    found = list(_in_config(pipeline.config, "the pipeline", pipeline.span))
    for parameter in pipeline.parameters:
        if parameter.default is not None:
            found.extend(_in_value(parameter.default.value, f"the default of `{parameter.name}`", parameter.span))
    seen: set[int] = set()
    for call in calls(pipeline.body):
        # Calls that set nothing of their own often share one configuration.
        if id(call.config) not in seen:
            seen.add(id(call.config))
            found.extend(_in_config(call.config, f"`{call.id}`", call.span))
        for name, value in call.arguments.items():
            for leaf in leaves(value):
                if isinstance(leaf, Const):
                    found.extend(_in_value(leaf.value, f"argument `{name}` of `{call.id}`", call.span))
    return pipeline, list({(d.message, d.span): d for d in found}.values())


def _in_config(config: Config, owner: str, span: Span) -> Iterator[Diagnostic]:
    for field, document in _documents(config):
        place = config.places.get(field, config.places.get(field.partition(".")[0], span))
        is_named = not field.startswith(("extra", "labels", "model", "run_name", "substitutions", "tags"))
        for key, value in _texts(document):
            if _is_token(value):
                yield _diagnostic(
                    f"`{key}` in the {_words(field)} of {owner}" if key else f"the {_words(field)} of {owner}", place
                )
            elif (
                is_named
                and _is_credential_name(key, field)
                and not _HARMLESS.fullmatch(value.strip())
                and value.strip()
            ):
                yield _diagnostic(f"`{key}` in the {_words(field)} of {owner}", place)


def _documents(config: Config) -> Iterator[tuple[str, Json]]:
    yield "environment", {name: value for name, value in config.environment.items() if isinstance(value, str)}
    yield "docker", config.docker
    for key, settings in config.settings.items():
        yield f"settings.{key}", settings
    yield "extra", config.extra
    yield "labels", config.labels
    yield "model", config.model
    yield "substitutions", config.substitutions
    yield "tags", config.tags
    yield "run_name", config.run_name


def _texts(document: Json) -> Iterator[tuple[str, str]]:
    """Every text in the document with the nearest key above it; `{"name": N, "value": V}` counts as key N."""
    pending: list[tuple[str, Json]] = [("", document)]
    while pending:
        key, value = pending.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            entries = cast("Mapping[str, Json]", value)
            name = entries.get("name")
            for inner, item in reversed(list(entries.items())):
                pending.append((name if inner == "value" and isinstance(name, str) else inner, item))
        elif isinstance(value, list | tuple):
            pending.extend((key, item) for item in reversed(cast("Sequence[Json]", value)))


def _is_credential_name(key: str, field: str) -> bool:
    name = _CAMEL.sub("_", key).replace("-", "_").lower()
    return bool(_NAME.search(name)) and (field == "environment" or name not in _REFERENCES)


def _is_token(value: str) -> bool:
    return bool(_TOKENS.search(value) or _URL_PASSWORD.search(value))


def _in_value(value: Json, where: str, span: Span) -> Iterator[Diagnostic]:
    if any(_is_token(item) for _, item in _texts(value)):
        yield _diagnostic(where, span)


def _diagnostic(where: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0507",
        f"{where} holds a literal credential",
        span,
        notes=("generated files are committed, and everybody who reads them could use it",),
        help=_HELP,
    )


def _words(field: str) -> str:
    table, _, key = field.partition(".")
    return {"docker": "Docker settings", "settings": f"settings `{key}`"}.get(table, table)

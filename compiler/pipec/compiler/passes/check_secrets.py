"""Refuses literal credentials: whatever stands in a generated file is committed, reviewed and logged.

Before:  environment {"OPENAI_API_KEY": "sk-…"}
After:   an error that names the variable, and never shows the value
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.source import Span

_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL)", re.IGNORECASE)
_NOT_A_SECRET = re.compile(r"(_NAME|_PATH|_FILE|_URL|_ID|_REF|MAX_TOKENS|TOKENS|TOKENIZER\w*)$", re.IGNORECASE)
_SHAPES = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|xox[abp]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{30,}"
    r"|hf_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_NOT_SET = frozenset({"", "true", "false", "0", "1", "none", "null"})


def check_secrets(pipeline: Pipeline) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline as it is, and an error for each value that looks like a credential."""
    found: dict[tuple[Span | None, str], Diagnostic] = {}
    for config in (pipeline.config, *(call.config for call in calls(pipeline.body))):
        for name, value, place in _texts(config):
            if _is_credential(name, value):
                found.setdefault((place, name), _diagnostic(name, place))
    return pipeline, list(found.values())


def _texts(config: Config) -> Iterator[tuple[str, str, Span | None]]:
    for name, value in config.environment.items():
        if isinstance(value, str):
            yield name, value, config.places.get("environment")
    for key, settings in {"docker": config.docker or {}, **config.settings}.items():
        place = config.places.get("docker" if key == "docker" else f"settings.{key}")
        yield from ((name, value, place) for name, value in _leaves(settings))


def _leaves(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    pending: list[tuple[str, Any]] = list(settings.items())
    while pending:
        name, value = pending.pop()
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            pending += [(str(key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            pending += [(name, inner) for inner in value]


def _is_credential(name: str, value: str) -> bool:
    if _SHAPES.search(value):
        return True
    return bool(_NAME.search(name)) and not _NOT_A_SECRET.search(name) and value.strip().lower() not in _NOT_SET


def _diagnostic(name: str, place: Span | None) -> Diagnostic:
    return Diagnostic(
        "PC0507",
        f"the value of `{name}` looks like a credential and would be written into a file that is committed",
        place,
        help="keep it in a secret and name that: `secrets=[…]`; or read it from the environment with `os.environ`",
    )

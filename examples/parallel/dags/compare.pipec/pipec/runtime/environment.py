"""Variables of the step's process: those that the executor gives, and the keys of secrets.

A secret is said by where it lies, one of

    {"file": "/run/secrets/db.json"}      a JSON object, or lines `KEY=value` as in a dotenv file
    {"folder": "/var/secrets/db"}         one file for each key, as Kubernetes mounts them
    {"prefix": "PIPEC_SECRET_DB_"}        variables that begin so, exported without it

and may say its `name`, for messages. Values are never printed.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any, cast

from pipec.runtime.errors import InvalidInvocation
from pipec.runtime.invocation import Invocation


def export(invocation: Invocation) -> None:
    """Set the variables of this process; what the executor gives goes before secrets.

    Raises:
        InvalidInvocation: when a secret is not there or cannot be read.
    """
    for secret in invocation.secrets:
        os.environ.update(_keys(secret))
    for name, value in invocation.environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _keys(secret: Mapping[str, str]) -> dict[str, str]:
    name = secret.get("name", next(iter(secret.values()), "?"))
    try:
        if "file" in secret:
            return read_file(pathlib.Path(secret["file"]))
        if "folder" in secret:
            # Kubernetes keeps its own links there, with two dots.
            files = [each for each in pathlib.Path(secret["folder"]).iterdir() if not each.name.startswith("..")]
            return {each.name: each.read_text(encoding="utf-8") for each in files if each.is_file()}
        prefix = secret["prefix"]
    except (OSError, ValueError) as problem:
        # The problem of a parser quotes what it has read.
        reason = problem.strerror if isinstance(problem, OSError) else "neither a JSON object nor lines `KEY=value`"
        raise InvalidInvocation(f"the secret `{name}` cannot be read: {reason}") from None
    except KeyError:
        raise InvalidInvocation(f"the secret `{name}` has none of `file`, `folder` and `prefix`") from None
    found = {key.removeprefix(prefix): value for key, value in os.environ.items() if key.startswith(prefix)}
    if not found:
        raise InvalidInvocation(f"the secret `{name}` is not there: no variable begins with {prefix}")
    return found


def read_file(path: pathlib.Path) -> dict[str, str]:
    """The keys and values of a JSON object or a dotenv file.

    Raises:
        OSError: when it cannot be read.
        ValueError: when it is neither.
    """
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        content = json.loads(text)
        entries = cast("dict[str, Any]", content)
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in entries.items()}
    found: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip().removeprefix("export ")
        if stripped and not stripped.startswith("#"):
            key, sign, value = stripped.partition("=")
            if not sign or not key.strip():
                raise ValueError("no `KEY=value`")
            found[key.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        inner = value[1:-1]
        return inner.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\") if value[0] == '"' else inner
    return value.partition(" #")[0].rstrip()

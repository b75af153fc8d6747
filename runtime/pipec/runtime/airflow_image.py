"""Steps in images: how Airflow's process hands a step to a container, and how the container gives its results back.

    Airflow's process                                     the container
    variables PIPEC_INVOCATION_0, _1 …: the invocation    python -I /pipec airflow image
    the last lines of its log, or                   <──   pipec:result:1:2:…, pipec:result:2:2:…
    what it left in /airflow/xcom/return.json

Both are compressed JSON in Base64: no template language, shell or Kubernetes finds anything in it. `airflow.py` reads this file in
Airflow's process, too: the standard library, nothing of pipec.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import signal
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

FOLDER = "/tmp/pipec"
CODE = "/pipec"
_NAME = "PIPEC_INVOCATION_"
_PART = 96 * 1024
"""Characters of a variable; Linux takes 128 KiB."""

_MOST = 768 * 1024
"""Characters of an invocation; a pod's description must stay below 1.5 MB, and all variables of a process below 2 MB."""

_MARK = "pipec:result:"
_LINE = 3000
"""Characters of a line of the log: what is shorter than a page is written as a whole."""

_RETURNED = pathlib.Path("/airflow/xcom/return.json")
"""Where KubernetesPodOperator looks, in a folder that it mounts."""

Container = Callable[[Sequence[str], Mapping[str, str], Sequence[Mapping[str, Any]]], Any]
"""Runs a command with some variables and mounts in a container; gives its log's lines, or what it left as JSON."""


def run(
    settings: Mapping[str, Any],
    document: Mapping[str, Any],
    variables: Mapping[str, str],
    mounts: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """Run a step in a container: for each output the text by which other tasks find it.

    Args:
        settings: `container`, what runs it, and `python`, the interpreter in the image.
        document: the invocation.
        variables: of the container.
        mounts: `source`, `target`, and whether `read_only`.

    Raises:
        Exception: whatever the operator raises where the container fails.
        RuntimeError: the invocation is too large, or the container said nothing.
    """
    text = _packed(document)
    if len(text) > _MOST:
        raise RuntimeError(f"the inputs of the step take {len(text):,} characters, more than a container can be given")
    parts = {f"{_NAME}{number}": text[at : at + _PART] for number, at in enumerate(range(0, len(text), _PART))}
    container: Container = settings["container"]
    command = [settings.get("python") or "python", "-I", CODE, "airflow", "image"]
    returned = container(command, {**variables, **parts}, mounts)
    if isinstance(returned, Mapping):
        return {str(key): str(value) for key, value in returned.items()}
    found = _read(returned)
    if found is None:
        raise RuntimeError("the container has ended well, but its log does not end with what it made")
    return found


def _packed(value: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode()


def _unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def _read(returned: Any) -> dict[str, str] | None:
    """The result that the last lines of a log hold."""
    lines = returned.splitlines() if isinstance(returned, str) else returned or []
    marked = [str(line).partition(_MARK)[2].split(":", 2) for line in lines if _MARK in str(line)]
    parts = {int(number): text.strip() for number, _, text in marked}
    count = int(marked[-1][1]) if marked else 0
    if not count or not all(number in parts for number in range(1, count + 1)):
        return None
    found: dict[str, str] = _unpacked("".join(parts[number] for number in range(1, count + 1)))
    return found


def main() -> int:
    """The first process of a container: runs the step; the status."""
    document = _take()
    if "finish" in document:
        from pipec.runtime.airflow_ending import finish

        status, found = finish(document), dict[str, str]()
    else:
        from pipec.runtime.airflow_inputs import made
        from pipec.runtime.execute import execute

        status = execute(document)
        found = made(document, pathlib.Path(FOLDER)) if status == 0 else {}
    if status == 0:
        _give(found)
    return status


def _take() -> dict[str, Any]:
    """In the container: the invocation document. What starts after it does not see the variables that it came in."""
    parts: list[str] = []
    while (part := os.environ.pop(f"{_NAME}{len(parts)}", None)) is not None:
        parts.append(part)
    document: dict[str, Any] = _unpacked("".join(parts))
    for name, looked_up in document.pop("variables", {}).items():
        found = os.environ.get(looked_up["from"], looked_up.get("default"))
        if found is not None:
            os.environ[name] = found
    pathlib.Path(FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    # The first process of a container is not ended by this signal unless it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return document


def _give(made: Mapping[str, str]) -> None:
    """In the container: the results, where the operator looks for them."""
    if _RETURNED.parent.is_dir():
        _RETURNED.write_text(json.dumps(made), encoding="utf-8")
        return
    text = _packed(made)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    sys.stdout.flush()
    for number, line in enumerate(lines, 1):
        os.write(1, f"{_MARK}{number}:{len(lines)}:{line}\n".encode())

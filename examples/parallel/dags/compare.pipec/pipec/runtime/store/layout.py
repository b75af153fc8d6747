"""Where everything lies below the artifact root (docs/internals/store.md).

runs/<pipeline>/<run>/run.json                          run.notes/<n>.json
runs/<pipeline>/<run>/<instance>/<attempt>/             <output>/…  <name>.saved/…  record.json  error.json
artifacts/<name>/<version>.json                         <version>.notes/<n>.json
models/<name>/<number>.json                             <number>.notes/<n>.json
models/<name>/stages/<n>.json
cache/<key>.json                                        last/<pipeline>/<step>.json
"""

from __future__ import annotations

import hashlib

RUN, RECORD, ERROR = "run.json", "record.json", "error.json"
RESERVED = (".json", ".notes", ".saved")
"""Endings of the store's own files and folders."""
_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~ +@=:,"
_LONGEST = 200


def file_name(name: str) -> str:
    """A file name that reads like `name`: never `.` or `..`, hidden, too long, or one of the documents' own names."""
    encoded = name.encode("utf-8", "surrogatepass")
    quoted = name
    if encoded.translate(None, _PLAIN):
        quoted = "".join([chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in encoded])
    if quoted.startswith(".") or quoted.endswith(RESERVED):
        quoted = quoted.replace(".", "%2E")
    if len(quoted) > _LONGEST or not quoted:
        return f"{quoted[: _LONGEST - 20]}~{hashlib.sha256(encoded).hexdigest()[:16]}"
    return quoted


def run_folder(pipeline: str, run: str) -> str:
    """The folder of a run."""
    return f"runs/{file_name(pipeline)}/{file_name(run)}"


def attempt_folder(pipeline: str, run: str, instance: str, attempt: int) -> str:
    """The folder of one attempt; `instance` is `train`, in a loop `train@2`, in a loop of a loop `train@2.0`."""
    return f"{run_folder(pipeline, run)}/{file_name(instance)}/{attempt}"

"""The step runtime as one compressed text, for targets where it travels in a file that holds other things as well.

    bzip2 of the JSON [[path, text], …], in base64, 100 characters a line

It is the same for every pipeline that one pipec compiles, so a diff shows it only after an upgrade. bzip2, because what
zlib and xz write differs between their versions.

Packing takes 20 ms, a fifth of a compilation: the result lies in `__pycache__` beside this module, as bytecode does,
and counts as long as no module of the runtime has another size or time. Deleting it changes nothing but time.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.code_root import PACKAGES, installed, runtime_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.ir.model import CodeFile

WIDTH = 100
"""Characters a line."""


def packed_runtime(adapter: str) -> str:
    """The runtime for the steps of a target, packed; ends with a newline. Same pipec, same text.

    Raises:
        ValueError: there is no such adapter.
    """
    place, stamp = _place(adapter), _stamp()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        known, _, text = place.read_text(encoding="ascii").partition("\n\n")
        if known == stamp:
            return text
    text = pack(runtime_files(adapter))
    if not sys.dont_write_bytecode:
        _keep(place, f"{stamp}\n\n{text}")
    return text


def pack(files: Iterable[CodeFile]) -> str:
    """Files as text in the form above."""
    import base64
    import bz2
    import json

    content = json.dumps([[file.path, file.text] for file in files], ensure_ascii=True)
    encoded = base64.b64encode(bz2.compress(content.encode(), 9)).decode()
    return "".join(f"{encoded[at : at + WIDTH]}\n" for at in range(0, len(encoded), WIDTH))


def _place(adapter: str) -> Path:
    import importlib.util

    module = importlib.util.cache_from_source(__file__)
    return Path(module).with_name(f"runtime-{adapter}.packed")


def _stamp() -> str:
    """What tells one state of the installed runtime from another."""
    own = Path(__file__)
    states = [(one.name, one.stat()) for one in (own, own.with_name("code_root.py"))]
    for package in PACKAGES:
        states += _modules(installed(f"pipec.{package}"), package)
    return "\n".join(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states)


def _modules(folder: Path | str, shown: str) -> list[tuple[str, os.stat_result]]:
    """The modules in a folder and below, by path, and their states. A walk by `pathlib` would cost five times as much."""
    found: list[tuple[str, os.stat_result]] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.name.endswith(".py"):
                found.append((f"{shown}/{entry.name}", entry.stat()))
            elif entry.is_dir() and entry.name != "__pycache__":
                found += _modules(entry.path, f"{shown}/{entry.name}")
    return found


def _keep(place: Path, text: str) -> None:
    """Writes the file at once or not at all; a folder that cannot be written to costs time and nothing else."""
    temporary = place.with_name(f"{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(exist_ok=True)
        temporary.write_text(text, encoding="ascii")
        temporary.replace(place)

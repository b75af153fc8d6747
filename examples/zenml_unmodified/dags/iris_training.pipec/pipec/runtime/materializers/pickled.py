"""The last resort: pickle. It is read only after its digest was verified."""

from __future__ import annotations

import contextlib
import importlib
import pathlib
import pickle
import platform
from typing import Any

from pipec.runtime.artifacts import Workspace

_PROTOCOL = 5


class Pickle:
    """cloudpickle where it is installed, which also takes functions and classes without a name; else pickle."""

    name = "pickle"

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the value, and the version of Python that did."""
        dump: Any = pickle.dump
        with contextlib.suppress(ImportError):
            dump = importlib.import_module("cloudpickle").dump
        with (folder / "data.pkl").open("wb") as file:
            dump(value, file, protocol=_PROTOCOL)
        (folder / "python.txt").write_text(platform.python_version() + "\n", encoding="ascii")

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the value; where that fails, say which Python wrote it."""
        try:
            with (folder / "data.pkl").open("rb") as file:
                return pickle.load(file)
        except Exception as problem:
            wrote = (folder / "python.txt").read_text(encoding="ascii").strip()
            problem.add_note(f"it was pickled by Python {wrote}; this is Python {platform.python_version()}")
            raise

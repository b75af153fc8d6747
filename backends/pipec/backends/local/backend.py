"""The local executor, as the command line finds it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pipec.backends.local.ledger import LEDGER

if TYPE_CHECKING:
    import argparse

    from pipec.compiler.backend import Ledger, Program


class LocalExecutor:
    """See `pipec.compiler.backend.Executor`."""

    title = "this machine"
    ledger: Ledger = LEDGER

    def run(self, program: Program, parsed: argparse.Namespace) -> int:
        """`pipec run`."""
        status: int = importlib.import_module("pipec.backends.local.commands.run").run(program, parsed)
        return status

    def inspect(self, command: str, parsed: argparse.Namespace) -> int:
        """`pipec runs`, `models`, `artifacts`, `debug`."""
        status: int = importlib.import_module(f"pipec.backends.local.commands.{command}").run(parsed)
        return status


backend = LocalExecutor()

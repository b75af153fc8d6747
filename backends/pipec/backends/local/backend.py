"""The local executor, as the command line finds it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pipec.backends.local.ledger import LEDGER

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pipec.compiler.backend import Ledger, Program
    from pipec.compiler.diagnostics import Diagnostic


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

    def states(self, program: Program, run: str, root: str | None) -> tuple[str, Mapping[str, str]] | Diagnostic:
        """How each instance of a run ended."""
        from pipec.backends.local.commands.states import states_of

        return states_of(program, run, root)


backend = LocalExecutor()

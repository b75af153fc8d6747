"""`pipec lsp`: the language server, spoken to by an editor over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.cli.session import Session, show
from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    import argparse


def run(parsed: argparse.Namespace) -> int:
    """Serves until the editor goes away; 1 where the library for it is not installed."""
    try:
        from pipec.compiler.lsp.server import make
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        session = Session(parsed)
        message = "the language server needs a library, which is not installed"
        session.add([Diagnostic("PC0556", message, help="pip install 'pipec[lsp]'")])
        show(session)
        return 1
    make().start_io()
    return 0

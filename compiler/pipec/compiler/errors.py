"""Exceptions of the compiler itself. A fault of the user's program is a `Diagnostic`, never one of these."""

from __future__ import annotations


class InternalCompilerError(Exception):
    """An invariant of ours is broken. The command line exits with 70 and says how to report it."""


class CompilationFailedError(Exception):
    """Raised at the library boundary by callers that want an exception instead of diagnostics."""

"""The command line. Each command lives in a module of its own, imported when it is called."""

from __future__ import annotations

import gc
import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
INTERNAL = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `pipec` with `arguments` (by default the process's own) and returns the exit status.

    0 clean; 1 the program has errors, or `--check` found a difference; 2 wrong usage; 70 a fault of pipec's own;
    130 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        from pipec.compiler.version import __version__

        print(f"pipec {__version__}")
        return 0
    # A compilation makes a great many objects and hardly a circle among them: 5 % less CPU, and linear in the program.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 is no reason to fail
    try:
        return _run(words)
    except KeyboardInterrupt:
        print("pipec: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()


def _run(words: list[str]) -> int:
    from pipec.compiler.cli.arguments import parse
    from pipec.compiler.errors import InternalCompilerError

    try:
        parsed = parse(words)
        status: int = parsed.run(parsed)
        sys.stdout.flush()
    except InternalCompilerError as error:
        return _report_own_fault(str(error))
    except (KeyboardInterrupt, BrokenPipeError, SystemExit):
        raise
    except Exception as error:
        return _report_own_fault(f"{type(error).__name__}: {error}", error)
    return status


def _report_own_fault(what: str, error: BaseException | None = None) -> int:
    """Says that the fault is ours, and what to send us."""
    from pipec.compiler.version import __version__

    print(f"pipec: internal error: {what}", file=sys.stderr)
    if error is not None:
        import traceback

        frames = traceback.extract_tb(error.__traceback__)[-6:]
        for frame in frames:
            print(f"  {frame.filename.rpartition('/pipec/')[2]}:{frame.lineno} in {frame.name}", file=sys.stderr)
    version = ".".join(map(str, sys.version_info[:3]))
    print(
        f"This is a fault of pipec {__version__} (Python {version}), not of your program; nothing was written.\n"
        "Please report it with the lines above and, if you can, the smallest program that shows it.",
        file=sys.stderr,
    )
    return INTERNAL


def _closed_pipe() -> int:
    """The reader of our output went away (`pipec … | head`): say nothing more, at exit either."""
    import os

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        return 1
    return 0

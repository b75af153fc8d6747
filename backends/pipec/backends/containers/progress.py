"""What is printed while images are built: a line for each step of each image, to standard error, as it happens."""

from __future__ import annotations

import re
import sys
import threading
from collections import deque

from pipec.compiler.diagnostics.text import printable

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

KEPT = 400
"""Lines of a build's log that are kept, to be shown where it fails."""


class Progress:
    """Prints lines of several builds that run at once; safe to be called from their threads.

    Args:
        is_quiet: nothing is printed.
        width: columns of the longest name of an image.
        is_verbose: what the commands of a build print is shown too, and not only where one fails.
    """

    def __init__(self, *, is_quiet: bool, width: int = 0, is_verbose: bool = False) -> None:
        self._is_quiet, self._width, self._is_verbose = is_quiet, width, is_verbose
        self._lock = threading.Lock()

    def say(self, name: str, text: str) -> None:
        """Prints a line about the image `name`."""
        if not self._is_quiet:
            with self._lock:
                print(f"{name.ljust(self._width)}  {printable(text)}", file=sys.stderr, flush=True)

    def log(self, name: str) -> BuildLog:
        """The log of a build."""
        return BuildLog(self, name, self._is_verbose)


class BuildLog:
    """The log of one build: steps are printed, what their commands say is kept."""

    def __init__(self, progress: Progress, name: str, is_verbose: bool) -> None:
        self._progress, self._name, self._is_verbose = progress, name, is_verbose
        self._lines: deque[str] = deque(maxlen=KEPT)

    def step(self, text: str) -> None:
        """A step begins."""
        self._progress.say(self._name, text)
        self._lines.clear()

    def output(self, text: str) -> None:
        """The command of a step printed something."""
        for line in text.splitlines():
            # A progress bar writes over its own line: what it ends with counts.
            last = _COLOUR.sub("", line.rstrip("\r").rpartition("\r")[2]).rstrip()
            if last:
                self._lines.append(last)
                if self._is_verbose:
                    self._progress.say(self._name, f"  {last}")

    def tail(self, count: int) -> tuple[str, ...]:
        """The last lines of the step that ran last."""
        return tuple(self._lines)[-count:]

"""A run as people see it: lines on a log, a live table on a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TextIO

from pipec.backends.local import graph
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pathlib import Path

    from pipec.backends.local.journal import Entry

_WORDS = {
    graph.SUCCEEDED: "done",
    graph.CACHED: "cached",
    graph.FAILED: "failed",
    graph.SKIPPED: "skipped",
    graph.UPSTREAM_FAILED: "not run: something before it failed",
    graph.NOT_RUN: "not run",
    graph.STOPPED: "stopped",
}


@dataclass(slots=True)
class _Tail:
    """How far the log of a running attempt has been shown."""

    path: Path
    position: int = 0
    rest: bytes = b""
    started: float = field(default_factory=time.monotonic)


class Lines:
    """One line for each thing that happens, and what steps print under their names."""

    def __init__(self, stream: TextIO) -> None:
        """Nothing is written before something happens."""
        self.stream = stream
        self.tails: dict[str, _Tail] = {}

    def started(self, instance: str, number: int, log: Path) -> None:
        """What the attempt prints is shown from now on."""
        self._show(instance)
        self.tails[instance] = _Tail(log)

    def failed_attempt(self, instance: str, number: int, message: str, delay: float) -> None:
        """Say so, and when the next one starts."""
        self._show(instance, is_over=True)
        when = f" in {delay:g} s" if delay else ""
        self.line(f"{instance}: attempt {number} failed: {_first_line(message)}; trying again{when}")

    def ended(self, entry: Entry) -> None:
        """Say how it ended."""
        self._show(entry.instance, is_over=True)
        took = "" if entry.seconds is None else f" ({entry.seconds:.1f} s)"
        reason = f": {_first_line(entry.message)}" if entry.message else ""
        self.line(f"{entry.instance}: {_WORDS.get(entry.state, entry.state)}{took}{reason}")

    def tick(self) -> None:
        """Show what running steps have printed since."""
        for instance in self.tails:
            self._show(instance)

    def close(self) -> None:
        """Nothing is left open."""

    def line(self, text: str) -> None:
        """Write one line."""
        encoding = self.stream.encoding or "utf-8"
        self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self.stream.flush()

    def _show(self, instance: str, *, is_over: bool = False) -> None:
        tail = self.tails.pop(instance, None) if is_over else self.tails.get(instance)
        if tail is None:
            return
        try:
            with tail.path.open("rb") as file:
                file.seek(tail.position)
                added = file.read()
        except OSError:
            return
        tail.position += len(added)
        *lines, tail.rest = (tail.rest + added).split(b"\n")
        if is_over and tail.rest:
            lines.append(tail.rest)
        for line in lines:
            self.line(f"{instance} | {line.decode(errors='backslashreplace')}")


class Live(Lines):
    """The lines above a table of what runs, with rich."""

    def __init__(self, stream: TextIO) -> None:
        """Takes the last lines of the terminal until `close`."""
        super().__init__(stream)
        from rich.console import Console
        from rich.live import Live as Display

        self.console = Console(file=stream, highlight=False, soft_wrap=True)
        self.counts: dict[str, int] = {}
        self.begun = time.monotonic()
        self.display = Display(console=self.console, refresh_per_second=8, get_renderable=self._table, transient=True)
        self.display.start()

    def ended(self, entry: Entry) -> None:
        """Count it too."""
        self.counts[entry.state] = self.counts.get(entry.state, 0) + 1
        super().ended(entry)

    def line(self, text: str) -> None:
        """Write one line above the table."""
        from rich.text import Text

        self.console.print(Text(text))

    def close(self) -> None:
        """Take the table away."""
        self.display.stop()

    def _table(self) -> Any:
        from rich.text import Text

        now = time.monotonic()
        rows = [f"  {instance}  {now - tail.started:.0f} s" for instance, tail in list(self.tails.items())[:12]]
        if len(self.tails) > len(rows):
            rows.append(f"  and {len(self.tails) - len(rows)} more")
        counted = ", ".join(
            f"{number} {_WORDS.get(state, state).partition(':')[0]}" for state, number in self.counts.items()
        )
        head = f"{now - self.begun:.0f} s: {len(self.tails)} running" + (f", {counted}" if counted else "")
        return Text("\n".join([head, *rows]))


class Quiet(Lines):
    """Nothing but what failed."""

    def tick(self) -> None:
        """Nothing."""

    def ended(self, entry: Entry) -> None:
        """Say so if it failed."""
        self.tails.pop(entry.instance, None)
        if entry.state == graph.FAILED:
            super().ended(entry)

    def failed_attempt(self, instance: str, number: int, message: str, delay: float) -> None:
        """Nothing: another one follows."""


def reporter_for(stream: TextIO, *, is_quiet: bool) -> Lines:
    """What suits a stream: the table on a terminal, lines in a log."""
    import os

    if is_quiet:
        return Quiet(stream)
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    return Live(stream) if is_terminal else Lines(stream)


def _first_line(text: str | None) -> str:
    first = (text or "").strip().partition("\n")[0]
    return first if len(first) <= 200 else f"{first[:199]}…"

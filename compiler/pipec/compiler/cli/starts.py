"""Which file says how a pipeline is started, where no file is named.

ZenML projects define pipelines in one place and start them in another, `run.py`, with a run configuration and options.
Found by chance, such a pipeline is compiled as it is started, and not a second time as it is defined.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label, Severity
from pipec.compiler.frontend import starts_of
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pathlib import Path

    from pipec.compiler.cli.session import Program, Session
    from pipec.compiler.source import Span

_DEFINES = re.compile(rb"^[ \t]*@(\w+\.)*pipeline\b", re.MULTILINE)
_GIVES_OPTIONS = b"with_options"


def as_started(session: Session, programs: list[Program]) -> list[Program]:
    """`programs`, each pipeline in the one file that counts for it.

    Where two files start a pipeline with options, the first by path counts, and a note says so.
    """
    taken: dict[tuple[str, str], Span] = {}
    started: dict[Path, list[Program]] = {}
    for program in programs:
        if not _may_start(program.file):
            continue
        starts, sources = starts_of(program.project.root, program.file)
        if not starts:
            continue
        own: list[Program] = []
        for place, span, has_options in starts:
            if has_options and place in taken:
                session.add([_twice(place, taken[place], span)], sources, program.project.root)
            elif has_options:
                taken[place] = span
                own.append(replace(program, pipeline=place[1], is_start=True))
        # the file whole, as it is compiled where it is named, if nothing in it is compiled elsewhere
        started[program.file] = own if len(own) < len(starts) else [replace(program, is_start=True)]
    left_out = frozenset(taken)
    return [
        one for program in programs for one in started.get(program.file, ()) or (replace(program, without=left_out),)
    ]


def _may_start(file: Path) -> bool:
    try:
        data = file.read_bytes()
    except OSError:
        return False
    return _GIVES_OPTIONS in data and not _DEFINES.search(data)


def _twice(place: tuple[str, str], first: Span, second: Span) -> Diagnostic:
    return Diagnostic(
        "PC0521",
        f"`{first.path}` starts `{place[1]}` too, and counts where no file is named",
        second,
        severity=Severity.NOTE,
        related=(Label(first, "the first start"),),
        help=f"to compile it as it is started here: `pipec compile {second.path}:{place[1]}`",
    )

"""The store that a command looks into, and what tables look like."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.local.journal import Journal
from pipec.backends.local.options import artifact_root, local_folder, root_of
from pipec.compiler.driver import open_project
from pipec.compiler.project import find_root
from pipec.compiler.record import dataclass
from pipec.runtime.store import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pipec.runtime.store import Artifact, ModelVersion, Run

CANNOT = 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A store, the local folder with its journal, and the project.

    Attributes:
        folder: where journal, logs and documents lie.
        journal: None where nothing was run here yet.
    """

    project: Path
    store: Store
    folder: Path
    journal: Journal | None


class NotThere(Exception):
    """What the command names is not in the store."""


def open_store(parsed: argparse.Namespace) -> Opened:
    """The store of `--artifact-root`, else of the project around the current folder."""
    project = find_root(Path.cwd())
    configured, _ = open_project(project, getattr(parsed, "stack", None))
    root = root_of(project, parsed.artifact_root or artifact_root(configured))
    folder = local_folder(project, root)
    journal = Journal(folder) if (folder / "journal.sqlite").exists() else None
    return Opened(project, Store(root), folder, journal)


def find_run(opened: Opened, name: str) -> Run:
    """A run by its identity, its name or the beginning of one.

    Raises:
        NotThere: when there is none, or several.
    """
    try:
        return opened.store.runs.find(name)
    except KeyError as problem:
        raise NotThere(str(problem.args[0])) from None


def all_artifacts(store: Store) -> list[Artifact]:
    """Every version of every registered artifact."""
    newest = store.artifacts.list()
    return [
        store.artifacts.get(each.name, version) for each in newest for version in store.artifacts.versions(each.name)
    ]


def all_models(store: Store) -> list[ModelVersion]:
    """Every version of every model."""
    newest = store.models.list()
    return [store.models.get(each.name, number) for each in newest for number in store.models.numbers(each.name)]


def print_json(content: Any) -> None:
    """For machines."""
    json.dump(content, sys.stdout, indent=2)
    print()


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """For people: columns as wide as what is in them."""
    lines = [[*head], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def size_text(size: int) -> str:
    """Bytes for people.

    >>> [size_text(each) for each in (17, 2048, 5_000_000)]
    ['17 B', '2.0 KiB', '4.8 MiB']
    """
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError

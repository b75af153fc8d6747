"""The journal of runs: SQLite in the store's folder, where each end of a step is committed before it is reported.

The store's documents say what was made; the journal says how far each run is, at every moment, and what the cache has.
Several processes may write at once. A process that is killed loses what it had not committed, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any

from pipec.backends.local.graph import Stored
from pipec.compiler.record import dataclass, field, fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run TEXT PRIMARY KEY, pipeline TEXT NOT NULL, state TEXT NOT NULL, started TEXT NOT NULL, ended TEXT,
    source TEXT NOT NULL, tags TEXT NOT NULL, process INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instances (
    run TEXT NOT NULL, instance TEXT NOT NULL, operation TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL,
    seconds REAL, key TEXT, outputs TEXT, message TEXT,
    PRIMARY KEY (run, instance)
) WITHOUT ROWID;
"""
_VERSION = 1
_WAIT = 60.0


class StoreUnusable(Exception):
    """The folder of the store cannot be written, is full, or holds a journal of another version."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of an instance.

    Attributes:
        state: `running`, or how it ended.
        attempt: the last one.
        seconds: from the start of the first attempt to the end of the last.
        key: its cache key, if it has one.
        outputs: where what it gave lies.
        message: why it failed.
    """

    instance: str
    operation: str
    state: str
    attempt: int = 1
    seconds: float | None = None
    key: str | None = None
    outputs: Mapping[str, Stored] = field(default_factory=dict[str, Stored])
    message: str | None = None


class Journal:
    """The journal in a folder, made if it is not there.

    Raises:
        StoreUnusable: it cannot be opened; so does every method where it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sqlite"
        with self._guarded():
            folder.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
            self.connection.execute("PRAGMA journal_mode = WAL")
            # A commit survives the death of the process; only a power cut may take the last ones.
            self.connection.execute("PRAGMA synchronous = NORMAL")
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise StoreUnusable(f"{self.path} has version {version}; this pipec reads version {_VERSION}")
            if version == 0:
                self.connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")

    @contextlib.contextmanager
    def _guarded(self) -> Any:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise StoreUnusable(f"{self.path.parent} cannot be written: {problem}") from problem

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()

    def begin(self, run: str, pipeline: str, started: str, source: str, tags: tuple[str, ...]) -> None:
        """A run starts, or goes on."""
        with self._guarded():
            self.connection.execute(
                "INSERT INTO runs VALUES (?, ?, 'running', ?, NULL, ?, ?, ?) "
                "ON CONFLICT (run) DO UPDATE SET state = 'running', ended = NULL, process = excluded.process",
                (run, pipeline, started, source, json.dumps(tags), os.getpid()),
            )

    def finish(self, run: str, state: str, ended: str) -> None:
        """A run is over."""
        with self._guarded():
            self.connection.execute("UPDATE runs SET state = ?, ended = ? WHERE run = ?", (state, ended, run))

    def put(self, run: str, *entries: Entry) -> None:
        """What is known of instances, in one commit."""
        rows = [
            (
                *(run, entry.instance, entry.operation, entry.state, entry.attempt, entry.seconds, entry.key),
                json.dumps({name: _plain(stored) for name, stored in entry.outputs.items()}),
                entry.message,
            )
            for entry in entries
        ]
        with self._guarded():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                self.connection.executemany("INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def entries(self, run: str) -> dict[str, Entry]:
        """What is known of the instances of a run, by name."""
        with self._guarded():
            rows = self.connection.execute(
                "SELECT instance, operation, state, attempt, seconds, key, outputs, message FROM instances WHERE run = ?",
                (run,),
            ).fetchall()
        return {row[0]: _entry(*row) for row in rows}

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the newest first. A run whose process has gone without a word is `interrupted`."""
        with self._guarded():
            cursor = self.connection.execute("SELECT * FROM runs ORDER BY started DESC, run DESC")
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        for run in found:
            run["tags"] = json.loads(run["tags"])
            if run["state"] == "running" and not _is_alive(run["process"]):
                run["state"] = "interrupted"
        return found

    def results(self, pipeline: str) -> dict[str, Entry]:
        """The newest result of each instance, of whatever run of the pipeline."""
        with self._guarded():
            rows = self.connection.execute(
                "SELECT instance, operation, instances.state, attempt, seconds, key, outputs, message FROM instances "
                "JOIN runs USING (run) WHERE pipeline = ? AND instances.state IN ('succeeded', 'cached') "
                "ORDER BY started, run",
                (pipeline,),
            ).fetchall()
        return {row[0]: _entry(*row) for row in rows}

    def forget(self, run: str) -> None:
        """Remove a run."""
        with self._guarded():
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute("DELETE FROM instances WHERE run = ?", (run,))
            self.connection.execute("DELETE FROM runs WHERE run = ?", (run,))
            self.connection.execute("COMMIT")


def _plain(stored: Stored) -> dict[str, Any]:
    every = {each.name: getattr(stored, each.name) for each in fields(Stored)}
    return {name: value for name, value in every.items() if value not in (None, "", 0)}


def _entry(instance: str, operation: str, state: str, attempt: int, seconds: float, key: str, *rest: str) -> Entry:
    outputs, message = rest
    return Entry(instance, operation, state, attempt, seconds, key, _outputs(outputs), message)


def _outputs(text: str | None) -> dict[str, Stored]:
    return {name: Stored(**each) for name, each in json.loads(text or "{}").items()}


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

"""Runs and the attempts of their steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipec.runtime import codec
from pipec.runtime.store import documents, layout
from pipec.runtime.store.documents import Document
from pipec.runtime.store.files import Files

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline, as `run.json` has it; what the executor does not know stays empty.

    Attributes:
        pipeline: name of the pipeline.
        run: identity of the run on its executor.
        name: its name, if it has one besides.
        state: `running`, `succeeded` or `failed`.
        started: ISO time with its zone.
        ended: the same, when it is over.
        parameters: canonical JSON by name.
        digest: digest of the IR.
        tags: its tags.
        outputs: canonical JSON of small outputs, or `{"artifact": place, "digest": …}`, by name.
        operations: how each instance ended: `succeeded`, `failed`, `skipped`, `cached`, `upstream_failed`.
        facts: whatever else is worth keeping: target, versions, environment, model.
        metadata: what steps recorded of the run, canonical JSON.
    """

    pipeline: str
    run: str
    name: str | None = None
    state: str = RUNNING
    started: str | None = None
    ended: str | None = None
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    digest: str | None = None
    tags: Sequence[str] = ()
    outputs: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    operations: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of an instance: its record, and its error document where it failed; None where it died without one."""

    instance: str
    number: int
    folder: str
    record: Document | None
    error: Document | None


class Runs:
    """The runs of a store."""

    def __init__(self, files: Files) -> None:
        """`files` are the store's."""
        self._files = files

    def is_begun(self, pipeline: str, run: str) -> bool:
        """Whether somebody has written `run.json`."""
        return self._files.exists(_path(pipeline, run))

    def begin(self, run: Run) -> bool:
        """Write `run.json` unless it is there: the first of all that know of the run writes it.

        Returns:
            Whether it was written.
        """
        return self._files.create(_path(run.pipeline, run.run), documents.dumps(_document(run)))

    def write(self, run: Run) -> None:
        """Replace `run.json`: for the one executor of the run."""
        path = _path(run.pipeline, run.run)
        self._files.put(path, documents.dumps(_document(run)), is_durable=True)

    def finish(self, pipeline: str, run: str, state: str, **changes: Any) -> Run:
        """End a run.

        Args:
            pipeline: name of the pipeline.
            run: identity of the run.
            state: `succeeded` or `failed`.
            changes: further fields of `Run`: `outputs`, `operations`, `facts`; `ended` is now unless given.
        """
        found = documents.read(self._files, _path(pipeline, run))
        before = Run(pipeline, run) if found is None else Run(**found)
        ended = dataclasses.replace(before, state=state, **{"ended": documents.now(), **changes})
        self.write(ended)
        return ended

    def get(self, pipeline: str, run: str) -> Run | None:
        """A run with the tags and metadata that its steps recorded, None where there is none."""
        found = documents.read(self._files, _path(pipeline, run))
        if found is None:
            return None
        whole = documents.with_notes(self._files, _path(pipeline, run), found)
        del whole["links"]
        return Run(**whole)

    def note(self, pipeline: str, run: str, **content: Any) -> None:
        """Add `metadata={}`, `tags=[]` or `untag=[]` to a run; several steps may do so at once."""
        documents.note(self._files, _path(pipeline, run), **content)

    def list(self, pipeline: str | None = None) -> list[Run]:
        """All runs, of one pipeline or of all, the newest first."""
        pipelines = self._files.names("runs") if pipeline is None else [layout.file_name(pipeline)]
        places = [
            f"runs/{each}/{run}/{layout.RUN}"
            for each in pipelines
            for run in self._files.names(f"runs/{each}")
            if not run.endswith(layout.RESERVED)
        ]
        found = [(place, documents.read(self._files, place)) for place in places]
        whole = [documents.with_notes(self._files, place, each) for place, each in found if each is not None]
        runs = [Run(**{name: value for name, value in each.items() if name != "links"}) for each in whole]
        return sorted(runs, key=lambda run: run.started or "", reverse=True)

    def find(self, name: str, pipeline: str | None = None) -> Run:
        """A run by its identity, its name or an unambiguous beginning of one; the newest of several with that name.

        Raises:
            KeyError: when there is none, or several whose names only begin with it.
        """
        runs = self.list(pipeline)
        exact = [run for run in runs if name in (run.run, run.name)]
        near = exact[:1] or [run for run in runs if run.run.startswith(name) or (run.name or "").startswith(name)]
        if len(near) != 1:
            listed = ", ".join(run.run for run in near[:5])
            raise KeyError(
                f"there is no run `{name}`" if not near else f"`{name}` is the beginning of several: {listed}"
            )
        return near[0]

    def report(self, document: Mapping[str, Any], name: str) -> None:
        """Write the record (`layout.RECORD`) or error document (`layout.ERROR`) of the attempt that it names."""
        about = [document[key] for key in ("pipeline", "run", "instance", "attempt")]
        self._files.put(f"{layout.attempt_folder(*about)}/{name}", codec.document(document).encode())

    def attempts(self, pipeline: str, run: str) -> Iterator[Attempt]:
        """All attempts of a run: instances by their file name, attempts in order."""
        folder = layout.run_folder(pipeline, run)
        for instance in self._files.names(folder):
            if instance.endswith(layout.RESERVED):
                continue
            for number in sorted(int(each) for each in self._files.names(f"{folder}/{instance}") if each.isdigit()):
                place = f"{folder}/{instance}/{number}"
                record = self._record(place)
                error = documents.read(self._files, f"{place}/{layout.ERROR}", "version")
                yield Attempt((record or error or {}).get("instance", instance), number, place, record, error)

    def _record(self, place: str) -> Document | None:
        path = f"{place}/{layout.RECORD}"
        record = documents.read(self._files, path, "version")
        if record is not None:
            later = list(documents.notes(self._files, path))
            if later:
                record["recorded"] = [*record.get("recorded", ()), *({"kind": "step", **note} for note in later)]
        return record

    def note_attempt(self, attempt: Attempt, **content: Any) -> None:
        """Add `metadata={}` or `tags=[]` to an attempt that has ended."""
        documents.note(self._files, f"{attempt.folder}/{layout.RECORD}", **content)

    def note_pipeline(self, pipeline: str, **content: Any) -> None:
        """Add `metadata={}`, `tags=[]` or `untag=[]` to a pipeline."""
        documents.note(self._files, f"runs/{layout.file_name(pipeline)}/pipeline.json", **content)

    def pipeline_tags(self, pipeline: str) -> Sequence[str]:
        """The tags of a pipeline."""
        path = f"runs/{layout.file_name(pipeline)}/pipeline.json"
        tags: Sequence[str] = documents.with_notes(self._files, path, {})["tags"]
        return tags


def _path(pipeline: str, run: str) -> str:
    return f"{layout.run_folder(pipeline, run)}/{layout.RUN}"


def _document(run: Run) -> Document:
    return {field.name: getattr(run, field.name) for field in dataclasses.fields(run)}

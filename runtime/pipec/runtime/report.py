"""What is written about an attempt: its record, its error document, and in the store what it has made.

The record and the error document go where the invocation says, and into the store where there is one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipec.runtime import artifacts, codec, imports, outputs, places
from pipec.runtime.artifacts import Manifest
from pipec.runtime.context import LiveStep
from pipec.runtime.errors import InputFault, OutputFault
from pipec.runtime.invocation import VERSION, Invocation, is_registered
from pipec.sdk.context import Subject

if TYPE_CHECKING:
    from pipec.runtime.store import Store

_LONGEST = 10_000
"""Characters of a parameter that the record repeats."""


class Report:
    """What one attempt has made so far."""

    def __init__(self, invocation: Invocation, live: LiveStep) -> None:
        """`live` gathers metadata and tags."""
        self._about, self._live, self._lookups = invocation, live, live.lookups
        self._started = _now()
        self._stored: dict[str, dict[str, Any]] = {}
        self._manifests: dict[str, Manifest] = {}
        self._kept: dict[str, str] = {}
        self._cache: dict[str, Any] | None = None
        self._parts: Mapping[str, str] = {}

    def place(self, name: str) -> str | None:
        """Where an output goes as an artifact: where it is wanted, else into the store if it is registered there."""
        about = self._about
        if name in about.results and about.results[name].artifact is not None:
            return about.results[name].artifact
        if about.spec.hook is None and is_registered(name, about.spec.outputs[name], about.spec):
            store = self._lookups.open_store()
            if store is not None:
                return store.output(about.pipeline, about.run, about.instance, about.attempt, name)
        return None

    def stored(self, name: str, manifest: Manifest, place: str) -> None:
        """Note an output that was stored as an artifact."""
        self._manifests[name] = manifest
        facts = {fact: getattr(manifest, fact) for fact in ("materializer", "type", "digest", "size")}
        self._stored[name] = {"place": place, **facts}

    def register(self) -> None:
        """Register the outputs that have names, and link them to the step's model.

        Raises:
            OutputFault: when a version is taken or the store cannot be written.
        """
        spec = self._about.spec
        if spec.hook is not None or not any(is_registered(*output, spec) for output in spec.outputs.items()):
            return
        if self._lookups.open_store() is None:
            if spec.model is not None:
                print(
                    f"pipec: there is no artifact root: nothing is linked to the model `{spec.model['name']}`",
                    file=sys.stderr,
                )
            return
        try:
            for output, id in self._live.stored.outputs(self._stored, self._keep).items():
                self._stored[output]["registered"] = id
        except (OSError, KeyError) as problem:
            raise OutputFault(f"step `{self._about.step}`: the outputs cannot be registered: {problem}") from problem

    def _keep(self, name: str) -> str:
        """A place of the output below the artifact root; a copy where its own place is elsewhere."""
        store, about = self._lookups.store("an output"), self._about
        place = str(self._stored[name]["place"])
        if store.relative(place) != place:
            return place
        if name not in self._kept:
            self._kept[name] = store.output(about.pipeline, about.run, about.instance, about.attempt, name)
            artifacts.copy(place, self._kept[name], self._live.workspace, self._stored[name]["digest"])
        return self._kept[name]

    def cached(self, key: str, parts: Mapping[str, str], entry: Mapping[str, Any] | None, why: Sequence[str]) -> bool:
        """Note the cache key; with an entry, make its result that of this attempt.

        Returns:
            Whether there is an entry.
        """
        self._cache, self._parts = {"key": key, "is_hit": entry is not None, "why": list(why)}, parts
        if entry is None:
            return False
        store, results = self._lookups.store("the cache"), self._about.results
        try:
            for name, output in entry["outputs"].items():
                self._stored[name] = {**output, "place": self._taken(store, name, output)}
        except InputFault as fault:
            self._stored.clear()
            self._cache |= {"is_hit": False, "why": [str(fault)]}
            return False
        for name, text in entry["parameters"].items():
            file = results[name].parameter if name in results else None
            if file is not None:
                outputs.write(file, text)
        self._cache["from"] = entry["origin"]
        self._replay(store, entry["recorded"])
        print(
            f"pipec: step `{self._about.step}` is cached: the result of run `{entry['origin']['run']}`", file=sys.stderr
        )
        self._write("cached")
        return True

    def _taken(self, store: Store, name: str, output: Mapping[str, Any]) -> str:
        """Where an output of an earlier run is now: a copy, where it is wanted outside of the store."""
        place, results = store.absolute(output["place"]), self._about.results
        wanted = results[name].artifact if name in results else None
        if wanted is None or store.relative(wanted) != wanted:
            return place
        artifacts.copy(place, wanted, self._live.workspace, output["digest"])
        return wanted

    def _replay(self, store: Store, recorded: Sequence[Mapping[str, Any]]) -> None:
        for each in recorded:
            if each["kind"] in ("step", "run", "pipeline", "model"):
                name = {"step": None, "run": None}.get(each["kind"], each["name"])
                # The run's own version of a model, not that of the run that made the entry.
                subject = Subject(each["kind"], name)
                self._live.log_metadata(
                    subject, {key: codec.decode(value, is_trusted=True) for key, value in each["metadata"].items()}
                )
                self._live.add_tags(subject, each["tags"])
        if self._about.spec.model is not None:
            for output in self._stored.values():
                if "registered" in output:
                    found = store.artifacts.get(output["registered"])
                    store.models.link(self._lookups.own_model(), found.name, found.version)

    def succeeded(self) -> None:
        """Write everything down."""
        self._amend()
        if self._cache is not None and (store := self._lookups.open_store()) is not None:
            try:
                self._cache_put(store)
            except OSError as problem:
                print(f"pipec: the result cannot be kept for reuse: {problem}", file=sys.stderr)
        self._write("succeeded")

    def _amend(self) -> None:
        """Hooks may have recorded more of an output after it was stored."""
        for name, manifest in self._manifests.items():
            subject = Subject("output", name)
            metadata = {**manifest.metadata, **self._live.recorded.get(subject, {})}
            tags = self._live.tagged.get(subject, manifest.tags)
            if metadata != manifest.metadata or list(tags) != list(manifest.tags):
                changed = dataclasses.replace(manifest, metadata=metadata, tags=tags)
                artifacts.amend(changed, self._stored[name]["place"])

    def _cache_put(self, store: Store) -> None:
        about = self._about
        cache: Any = self._cache
        kept = {name: store.relative(self._keep(name)) for name in self._stored}
        parameters = {
            name: places.local_path(result.parameter).read_text(encoding="utf-8")
            for name, result in about.results.items()
            if result.parameter is not None
        }
        entry = {
            "parts": dict(self._parts),
            "outputs": {name: {**facts, "place": kept[name]} for name, facts in self._stored.items()},
            "parameters": parameters,
            "recorded": self._live.recording(),
            "origin": {"pipeline": about.pipeline, "run": about.run, "instance": about.instance},
        }
        store.cache.put(cache["key"], about.pipeline, about.step, entry)

    def failed(self, error: Mapping[str, Any]) -> None:
        """Write the error document and the record.

        Raises:
            OSError: when they cannot be written.
        """
        document = {**self._head(), **error}
        if self._about.error is not None:
            outputs.write(self._about.error, codec.document(document))
        store = self._lookups.open_store()
        if store is not None and not self._is_place(self._about.error, store, "error.json"):
            store.runs.report(document, "error.json")
        self._write("failed")

    def _write(self, state: str) -> None:
        store = self._lookups.open_store()
        record = {**self._head(), "state": state, **self._facts()}
        if self._about.record is not None:
            outputs.write(self._about.record, codec.document(record))
        if store is not None:
            self._begin(store)
            if not self._is_place(self._about.record, store, "record.json"):
                store.runs.report(record, "record.json")
            self._note(store)

    def _is_place(self, file: str | None, store: Store, name: str) -> bool:
        about = self._about
        return (
            file is not None
            and f"{store.attempt(about.pipeline, about.run, about.instance, about.attempt)}/{name}" == file
        )

    def _head(self) -> dict[str, Any]:
        names = ("pipeline", "step", "instance", "run", "attempt")
        return {"version": VERSION, **{name: getattr(self._about, name) for name in names}}

    def _facts(self) -> dict[str, Any]:
        about, live = self._about, self._live
        optional = {
            "cache": self._cache,
            "image": about.image,
            "lookups": self._lookups.used,
            "registered": live.registered,
        }
        return {
            "function": about.spec.function,
            "started": self._started,
            "ended": _now(),
            "parameters": _shown(live.parameters),
            "inputs": {
                name: {"place": slot.artifact, "digest": slot.digest}
                for name, slot in about.slots.items()
                if slot.artifact
            },
            "outputs": self._stored,
            "recorded": live.recording(),
            **{name: value for name, value in optional.items() if value},
        }

    def _begin(self, store: Store) -> None:
        """The first step of a run that no executor of ours has begun writes what it knows of it."""
        about = self._about
        if store.runs.is_begun(about.pipeline, about.run):
            return
        run_class = imports.own("pipec.runtime.store").Run
        start = about.start_time.isoformat() if about.start_time is not None else self._started
        store.runs.begin(run_class(about.pipeline, about.run, about.run_name, started=start))

    def _note(self, store: Store) -> None:
        about, live = self._about, self._live
        for subject in (Subject("run", about.run), Subject("pipeline", about.pipeline)):
            found: dict[str, Any] = {
                "metadata": live.recorded.get(subject),
                "tags": live.tagged.get(subject),
                "untag": live.untagged.get(subject),
            }
            content = {name: value for name, value in found.items() if value}
            if content and subject.kind == "run":
                store.runs.note(about.pipeline, about.run, **content)
            elif content:
                store.runs.note_pipeline(about.pipeline, **content)


def _shown(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as canonical JSON, as far as they are and are not long."""
    shown: dict[str, Any] = {}
    for name, value in parameters.items():
        try:
            encoded = codec.encode(value)
        except codec.NotCanonical:
            continue
        if len(codec.text(encoded)) <= _LONGEST:
            shown[name] = encoded
    return shown


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")

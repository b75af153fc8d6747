"""What a step writes to the store by name: artifacts it saves or registers, links to models, notes on what others made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pipec.runtime import artifacts, codec, places
from pipec.runtime.errors import InputFault
from pipec.runtime.invocation import has_name, is_registered
from pipec.runtime.materializers import registry
from pipec.runtime.materializers.registry import base_value
from pipec.runtime.store import Artifact, Store, layout
from pipec.sdk.artifacts import ArtifactVersion
from pipec.sdk.context import Subject

if TYPE_CHECKING:
    from pipec.runtime.context import LiveStep
    from pipec.sdk.settings.model import Model


class Stored:
    """The writing side of the store for one attempt."""

    def __init__(self, live: LiveStep) -> None:
        """`live` is the attempt."""
        self._live, self._lookups, self._about = live, live.lookups, live.invocation

    def subject(self, subject: Subject) -> tuple[Subject, Callable[..., None]]:
        """A subject in the store under its full name, and what adds a note to it.

        Raises:
            KeyError: when there is none.
            ValueError: for a kind of thing that pipec does not have.
        """
        name = subject.name or ""
        store = self._lookups.store(f"the {subject.kind} `{name}`")
        match subject.kind:
            case "artifact":
                found = self._lookups.artifact(name, subject.version)
                return Subject("artifact", found.name, found.version), partial(store.artifacts.note, found)
            case "model":
                model = self._lookups.model(name, subject.version)
                return Subject("model", model.name, model.number), partial(store.models.note, model)
            case "run":
                run = store.runs.find(name)
                return Subject("run", run.run), partial(store.runs.note, run.pipeline, run.run)
            case "pipeline":
                return subject, partial(store.runs.note_pipeline, name)
            case "step":
                return self._other_step(store, name, None if subject.version is None else str(subject.version))
            case _:
                raise ValueError(f"pipec has no `{subject.kind}`, which a ZenML server has")

    def _other_step(self, store: Store, name: str, run: str | None) -> tuple[Subject, Callable[..., None]]:
        # The id of a step is `run/step`, see `StepContext.step_run`.
        run, name = name.rpartition("/")[::2] if run is None and "/" in name else (run, name)
        found = store.runs.find(run or self._about.run, None if run else self._about.pipeline)
        attempts = [each for each in store.runs.attempts(found.pipeline, found.run) if each.instance == name]
        if not attempts or attempts[-1].record is None:
            raise KeyError(f"the run `{found.run}` has no step `{name}` that has ended")
        return Subject("step", name, found.run), partial(store.runs.note_attempt, attempts[-1])

    def save(
        self,
        data: Any,
        name: str,
        *,
        version: str | int | None = None,
        artifact_type: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any],
        materializer: Any = None,
        uri: str | None = None,
    ) -> ArtifactVersion:
        """Store a value and register it; it is linked to the step's model.

        Raises:
            ValueError: when `uri` lies outside of the artifact root.
            OutputFault: when the version is taken.
        """
        store = self._lookups.store(f"the artifact `{name}`")
        self._live.saves += 1
        about = self._about
        folder = store.attempt(about.pipeline, about.run, about.instance, about.attempt)
        place = f"{folder}/{layout.file_name(name)}.{self._live.saves}.saved"
        if uri is not None:
            place = store.absolute(uri)
            if store.relative(place) == place:
                raise ValueError(f"save_artifact(): `uri` {uri!r} is outside of the artifact root {store.root}")
        encoded = {str(key): codec.encode(value, base_value) for key, value in metadata.items()}
        manifest = registry.store(
            data,
            place,
            self._live.workspace,
            symbol=_symbol(materializer),
            metadata=encoded,
            tags=tags,
            is_described="enable_artifact_metadata" not in about.spec.off,
        )
        facts: dict[str, Any] = {fact: getattr(manifest, fact) for fact in ("digest", "type", "materializer", "size")}
        saved = self._register(store, name, version, place, artifact_type, tags, manifest.metadata, facts)
        return saved

    def register(
        self,
        uri: str,
        name: str,
        *,
        version: str | int | None = None,
        artifact_type: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any],
    ) -> ArtifactVersion:
        """Name what lies at a place: an artifact of pipec's, or any file or folder, which is read as a path.

        Raises:
            FileNotFoundError: when nothing lies there.
        """
        store = self._lookups.store(f"the artifact `{name}`")
        place = store.absolute(uri.rstrip("/"))
        encoded = {str(key): codec.encode(value, base_value) for key, value in metadata.items()}
        try:
            manifest = artifacts.read_manifest(place)
        except InputFault:
            if not places.exists(place):
                raise FileNotFoundError(f"register_artifact(): there is nothing at {uri}") from None
            return self._register(store, name, version, place, artifact_type, tags, encoded, {})
        facts: dict[str, Any] = {fact: getattr(manifest, fact) for fact in ("digest", "type", "materializer", "size")}
        return self._register(store, name, version, place, artifact_type, tags, {**manifest.metadata, **encoded}, facts)

    def _register(
        self,
        store: Store,
        name: str,
        version: str | int | None,
        place: str,
        artifact_type: str | None,
        tags: Sequence[str],
        metadata: Mapping[str, Any],
        facts: Mapping[str, Any],
    ) -> ArtifactVersion:
        about = self._about
        origin = {"pipeline": about.pipeline, "run": about.run, "instance": about.instance, "attempt": about.attempt}
        registered = store.artifacts.register(
            Artifact(
                self._lookups.filled(name),
                "" if version is None else str(version),
                place,
                artifact_type=str(artifact_type or "DataArtifact"),
                tags=list(tags),
                metadata=metadata,
                origin=origin,
                **facts,
            )
        )
        self._live.registered.append(registered.id)
        if about.spec.model is not None:
            store.models.link(self._lookups.own_model(), registered.name, registered.version)
        listed: ArtifactVersion = self._lookups.version_of(registered)
        return listed

    def outputs(self, stored: Mapping[str, Mapping[str, Any]], keep: Callable[[str], str]) -> dict[str, str]:
        """Register the outputs that have names, and all of a step that has a model.

        Args:
            stored: the stored outputs, as the record has them.
            keep: makes sure that an output lies below the artifact root, and says where.

        Returns:
            The identity in the store by output.
        """
        about, store = self._about, self._lookups.store("a registered artifact")
        found: dict[str, str] = {}
        for output, facts in stored.items():
            declared = about.spec.outputs[output]
            if not is_registered(output, declared, about.spec):
                continue
            named = declared.registered or {}
            version = named.get("version")
            manifest = artifacts.read_manifest(facts["place"])
            origin = {"pipeline": about.pipeline, "run": about.run, "instance": about.instance}
            registered = store.artifacts.register(
                Artifact(
                    self._lookups.filled(named.get("name") or self._name(output)),
                    "" if version is None else str(version),
                    keep(output),
                    **{name: facts[name] for name in ("digest", "type", "materializer", "size")},
                    artifact_type=named.get("type") or "DataArtifact",
                    tags=list(manifest.tags),
                    metadata=manifest.metadata,
                    origin={**origin, "attempt": about.attempt, "output": output},
                )
            )
            found[output] = registered.id
            if about.spec.model is not None:
                store.models.link(self._lookups.own_model(), registered.name, registered.version)
        return found

    def _name(self, output: str) -> str:
        return output if has_name(output) else f"{self._about.pipeline}::{self._about.step}::{output}"

    def link(self, artifact: ArtifactVersion, model: Model | None) -> None:
        """Link a registered artifact to a version of a model.

        Raises:
            ValueError: when the artifact is not registered, or there is no model.
        """
        if model is None and self._about.spec.model is None:
            raise ValueError("link_artifact_to_model(): neither the step nor its pipeline names a model")
        store = self._lookups.store(f"the artifact `{artifact.name}`")
        try:
            found = store.artifacts.get(artifact.name, artifact.version)
        except KeyError:
            raise ValueError(f"link_artifact_to_model(): `{artifact.name}` is not a registered artifact") from None
        version = self._lookups.own_model() if model is None else self._lookups.model(model.name, model.version)
        store.models.link(version, found.name, found.version)


def _symbol(materializer: Any) -> str | None:
    if materializer is None:
        return None
    if not isinstance(materializer, str):
        symbol = codec.symbol_of(materializer)
        if symbol is None:
            raise ValueError(f"save_artifact(): {materializer!r} cannot be imported by its name")
        return symbol
    module, _, name = materializer.rpartition(".")
    return materializer if ":" in materializer else f"{module}:{name}"

"""What a step reads from the store: registered artifacts, versions of models, their metadata.

`Lookups` answers both what the pipeline's body looked up (`Lazy` of the IR) and what the step's own code asks for.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipec.runtime import codec, fitting, imports, places
from pipec.runtime.artifacts import Workspace
from pipec.runtime.errors import InputFault, InvalidInvocation
from pipec.runtime.invocation import Invocation, Slot, fill
from pipec.runtime.materializers import registry
from pipec.sdk.artifacts import ArtifactVersion
from pipec.sdk.exceptions import PipecError

if TYPE_CHECKING:
    from pipec.runtime.store import Artifact, ModelVersion, Store

ROOT_VARIABLE = "PIPEC_ARTIFACT_ROOT"


class NeedsStore(PipecError, RuntimeError):
    """The store was needed, and nobody has said where it is."""


class Lookups:
    """Look-ups of one invocation.

    Attributes:
        used: identities of the artifacts and model versions that were found, for the record.
    """

    def __init__(self, invocation: Invocation, workspace: Workspace) -> None:
        """Nothing is read yet; files of artifacts live as long as `workspace`."""
        self.invocation, self._workspace = invocation, workspace
        self.used: list[str] = []
        self._store: Store | None = None
        self._own: ModelVersion | None = None

    def open_store(self) -> Store | None:
        """The store, None where there is no artifact root."""
        root = self.invocation.artifact_root or os.environ.get(ROOT_VARIABLE)
        if self._store is None and root:
            self._store = imports.own("pipec.runtime.store").Store(root)
        return self._store

    def store(self, what: str) -> Store:
        """The store.

        Raises:
            NeedsStore: when there is no artifact root; `what` is what needs it.
        """
        store = self.open_store()
        if store is None:
            raise NeedsStore(
                f"{what} is in the store, and neither `artifact_root` nor {ROOT_VARIABLE} says where that is"
            )
        return store

    def artifact(self, name: str, version: str | int | None = None) -> Artifact:
        """A registered artifact; KeyError where there is none."""
        found = self.store(f"the artifact `{name}`").artifacts.get(name, version)
        self._note(found.id)
        return found

    def linked(self, model: str, model_version: str | int | None, name: str, version: str | int | None) -> Artifact:
        """An artifact that is linked to a version of a model.

        Raises:
            KeyError: when there is no such model, version or link.
        """
        models, wanted = self.store(f"the model `{model}`").models, None if version is None else str(version)
        return self.artifact(name, models.linked(self.model(model, model_version), name, wanted))

    def model(self, name: str, version: str | int | None = None) -> ModelVersion:
        """A version of a model: without `version` the one that this run has made, else the newest.

        Raises:
            KeyError: when there is none.
        """
        about, own = self.invocation, self.invocation.spec.model
        models = self.store(f"the model `{name}`").models
        if own is not None and own["name"] == name and version in (None, own.get("version")):
            return self.own_model()
        found = models.made_by(name, about.pipeline, about.run) if version is None else None
        found = models.get(name, version) if found is None else found
        self._note(found.id)
        return found

    def own_model(self) -> ModelVersion:
        """The version of the step's model that this run makes or uses.

        Raises:
            KeyError: when it names a version that does not exist.
            InvalidInvocation: when the step has no model.
        """
        about, spec = self.invocation, self.invocation.spec
        if spec.model is None:
            raise InvalidInvocation(f"step `{about.step}` has no model")
        if self._own is None:
            name, version = spec.model["name"], spec.model.get("version")
            models = self.store(f"the model `{name}`").models
            described = {key: value for key, value in spec.model.items() if key in _DESCRIBING}
            tags: list[str] = spec.model.get("tags") or []
            if version is None:
                self._own = models.of_run(name, about.pipeline, about.run, about=described, tags=tags)
            elif isinstance(version, int) or version in ("none", "staging", "production", "archived", "latest"):
                self._own = models.get(name, version)
            else:
                origin = {"pipeline": about.pipeline, "run": about.run}
                self._own = models.named(name, self.filled(version), origin, about=described, tags=tags)
            self._note(self._own.id)
        return self._own

    def filled(self, name: str) -> str:
        """A name with its placeholders replaced: `{date}`, `{time}` and the substitutions of the step."""
        return fill(name, self.invocation.start_time, self.invocation.spec.substitutions)

    def version_of(self, artifact: Artifact, class_: Any = ArtifactVersion) -> Any:
        """A registered artifact as user code sees it, unread."""
        return class_(
            name=artifact.name,
            version=artifact.version,
            uri=artifact.place,
            load=lambda: self.value(artifact),
            id=artifact.id,
            type=artifact.artifact_type,
            run_metadata=decoded(artifact.metadata),
            tags=artifact.tags,
        )

    def unregistered(self, name: str, output: Mapping[str, Any]) -> ArtifactVersion:
        """An output of another step, as its record has it."""
        slot = Slot(artifact=self.store("an output").absolute(output["place"]), digest=output["digest"])
        return ArtifactVersion(
            name=name, version=output["digest"], uri=slot.artifact or "", load=lambda: self.artifact_at(slot)
        )

    def value(self, artifact: Artifact) -> Any:
        """The value; of what no step has written, a path to the files.

        Raises:
            InputFault: when the files are gone or are not what the digest says.
        """
        if artifact.digest:
            try:
                return registry.load(artifact.place, fitting.ANY, self._workspace, artifact.digest)
            except InputFault as fault:
                raise InputFault(f"the artifact `{artifact.id}` of the store: {fault}") from fault.__cause__
        if not places.is_url(artifact.place):
            return pathlib.Path(places.local_path(artifact.place))
        system, root = places.remote(artifact.place)
        target = self._workspace.folder() / root.rpartition("/")[2]
        system.get(root, str(target), recursive=True)
        return target

    def artifact_at(self, slot: Slot) -> Any:
        """The value of a slot that is an artifact."""
        return registry.load(slot.artifact or "", fitting.ANY, self._workspace, slot.digest)

    def _note(self, id: str) -> None:
        if id not in self.used:
            self.used.append(id)

    def evaluate(self, kind: str, query: Mapping[str, Any]) -> Any:
        """The value of a look-up of the pipeline's body.

        Raises:
            InputFault: when it finds nothing, names what was looked for.
        """
        return self._answered(kind, query, self._evaluate)

    def identity(self, kind: str, query: Mapping[str, Any]) -> str:
        """What tells the answer to a look-up from another one, without reading an artifact; raises as `evaluate`."""
        if kind not in ("artifact", "model_artifact"):
            return repr(self.evaluate(kind, query))
        found = self._answered(kind, query, self._found)
        return str(found.digest or found.id)

    def _answered(self, kind: str, query: Mapping[str, Any], answer: Callable[..., Any]) -> Any:
        try:
            return answer(kind, query)
        except (KeyError, NeedsStore, ImportError) as problem:
            message = problem.args[0] if isinstance(problem, KeyError) else problem
            raise InputFault(f"the look-up {_spelled(kind, query)} failed: {message}") from None

    def _evaluate(self, kind: str, query: Mapping[str, Any]) -> Any:
        if kind in ("artifact", "model_artifact"):
            return self.value(self._found(kind, query))
        if kind == "metadata":
            of = query["of"]
            found = self._found(of["kind"], of)
            if query["key"] not in found.metadata:
                listed = ", ".join(f"`{key}`" for key in found.metadata) or "none"
                raise KeyError(f"`{found.id}` has no metadata `{query['key']}`; there is {listed}")
            return codec.decode(found.metadata[query["key"]], is_trusted=True)
        if kind == "model":
            return model_attribute(self._found(kind, query), query["attribute"])
        if kind == "artifact_attribute":
            of = query["of"]
            return getattr(self.version_of(self._found(of["kind"], of)), query["attribute"])
        raise InvalidInvocation(f"`{kind}` is no look-up of this runtime")

    def _found(self, kind: str, query: Mapping[str, Any]) -> Any:
        if kind == "artifact":
            return self.artifact(query["name"], query.get("version"))
        if kind == "model_artifact":
            model, version = query["model"], query.get("model_version")
            return self.linked(model, version, query["name"], query.get("version"))
        return self.model(query["model"], query.get("model_version"))


def model_attribute(found: ModelVersion, name: str) -> Any:
    """An attribute of a model's version as ZenML calls it: `number`, `version`, `stage`, `id`, `description` and so on.

    Raises:
        KeyError: when it has none of that name.
    """
    if name == "run_metadata":
        return decoded(found.metadata)
    if name in _DESCRIBING:
        return found.about.get(name)
    if name in ("name", "number", "version", "stage", "id", "tags"):
        value = getattr(found, name)
        return list(value) if name == "tags" else value
    raise KeyError(f"a version of a model has no `{name}`")


def decoded(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as Python values."""
    return {key: codec.decode(value, is_trusted=True) for key, value in metadata.items()}


_DESCRIBING = ("license", "description", "audience", "use_cases", "limitations", "trade_offs", "ethics")


def _spelled(kind: str, query: Mapping[str, Any]) -> str:
    return f"{kind}({', '.join(f'{name}={value!r}' for name, value in query.items())})"

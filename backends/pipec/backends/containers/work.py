"""The way of one image: asked for in its registry, else in the engine, else built; tried; pushed; noted in `pipec.lock`."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.containers import buildkit, classic, locking, pushing, smoke
from pipec.backends.containers.faults import BuildFailed, Interrupted
from pipec.backends.containers.model import Build
from pipec.backends.containers.registries import RegistryFault, has_registry
from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.images.context import context_of
from pipec.compiler.images.dockerfile import needs_buildkit
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.containers.engine import Engine
    from pipec.backends.containers.model import Asked
    from pipec.backends.containers.progress import Progress
    from pipec.backends.containers.registries import Registries
    from pipec.compiler.images.lock import Lock
    from pipec.compiler.images.model import Image, Parent
    from pipec.compiler.images.plan import ImagePlan


@dataclass(slots=True)
class Bench:
    """What all images of one command share.

    Attributes:
        engine: builds.
        registries: are asked.
        root: the project's, where `pipec.lock` lies.
        asked: the command line.
        progress: what is printed.
        bases: digests of base images that this command found.
        prefixes: by reference, what the classic builder makes first, because several images begin with it.
        stopped: set when the user interrupts.
        made: those of the prefixes that are made.
    """

    engine: Engine
    registries: Registries
    root: Path
    asked: Asked
    progress: Progress
    bases: Mapping[str, str]
    prefixes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    stopped: threading.Event = field(default_factory=threading.Event)
    made: set[str] = field(default_factory=set[str])
    _parents: dict[str, Any] = field(default_factory=dict)
    _guard: Any = field(default_factory=threading.Lock)

    def once(self, reference: str) -> threading.Lock:
        """A lock for what several images share."""
        with self._guard:
            lock: threading.Lock = self._parents.setdefault(reference, threading.Lock())
            return lock


@dataclass(frozen=True, slots=True)
class Made:
    """What became of an image: in words, and what is remarked."""

    image: Image
    words: str
    remarks: tuple[Diagnostic, ...] = ()


def make(bench: Bench, plan: ImagePlan, image: Image) -> Made:
    """Sees to one image.

    Raises:
        BuildFailed: it cannot be built or pushed, or does not work.
        Interrupted: the user stopped the command.
    """
    remarks: list[Diagnostic] = []
    found = _in_registry(bench, plan, image, remarks) if image.is_reused else None
    if found is not None:
        _note(bench, image, found, plan.lock, remarks)
        words = f"in the registry ({_short(found)})"
        if image.alias is not None and bench.asked.pushes and _give_alias(bench, image, found):
            words += f", now also as `{image.alias}`"
        return Made(image, words, tuple(remarks))
    name = f"{image.repository}:{image.tag}"
    if image.is_reused and bench.engine.inspect(name) is not None:
        words = "in the engine"
    else:
        _build(bench, plan, image)
        words = "built"
    if image.alias is not None:
        bench.engine.api.tag(name, image.repository, image.alias)
    if not bench.asked.pushes:
        _note(bench, image, None, plan.lock, remarks)
        return Made(image, words, tuple(remarks))
    _check(bench)
    bench.progress.say(image.name, f"push {name}")
    digest = pushing.push(bench.engine, bench.registries, image.repository, image.tag, image.name)
    if image.alias is not None:
        pushing.push(bench.engine, bench.registries, image.repository, image.alias, image.name)
    _check(bench)
    _note(bench, image, digest, plan.lock, remarks)
    return Made(image, f"{words}, pushed ({_short(digest)})", tuple(remarks))


def _short(digest: str) -> str:
    return digest[: len("sha256:") + 12]


def _check(bench: Bench) -> None:
    if bench.stopped.is_set():
        raise Interrupted


def _in_registry(bench: Bench, plan: ImagePlan, image: Image, remarks: list[Diagnostic]) -> str | None:
    """The digest of an image that needs no building: the one of `pipec.lock` if the registry still has it, else that of its tag."""
    if not has_registry(image.repository):
        return None
    known = plan.digest(image)
    try:
        if known is not None and bench.registries.digest(f"{image.repository}@{known}") is not None:
            return known
        return bench.registries.digest(f"{image.repository}:{image.tag}")
    except RegistryFault as fault:
        if bench.asked.pushes:
            raise pushing.unreachable(fault, image.name) from None
        message = f"nobody could say whether the registry has the image `{image.name}`: {fault}"
        remarks.append(Diagnostic("PC0618", message, severity=Severity.WARNING))
        return None


def _note(bench: Bench, image: Image, digest: str | None, lock: Lock, remarks: list[Diagnostic]) -> None:
    """Notes the digest, and those of bases; remarks on one that differs from the one that was noted."""
    before = lock.digest(image.repository, image.tag)
    if digest is not None and before not in {None, digest}:
        message = f"the image `{image.name}` has another digest than `pipec.lock` says: {digest}"
        notes = (f"it was {before}", "generated files that name the old digest are stale: compile again")
        help_ = "a registry that lost an image, or `prevent_build_reuse`, makes it anew: same inputs, other times in its layers"
        remarks.append(Diagnostic("PC0622", message, notes=notes, help=help_, severity=Severity.WARNING))

    def change(current: Lock) -> Lock:
        for reference, found in bench.bases.items():
            current = current.with_base(reference, found)
        return current if digest is None else current.with_image(image.repository, image.tag, digest)

    if digest is not None or bench.bases:
        locking.note(bench.root, change)


def _give_alias(bench: Bench, image: Image, digest: str) -> bool:
    """Lets `image_tag` name what the registry has under the content tag; whether it did not yet."""
    assert image.alias is not None
    if bench.registries.digest(f"{image.repository}:{image.alias}") == digest:
        return False
    bench.engine.api.pull(image.repository, tag=image.tag)
    bench.engine.api.tag(f"{image.repository}:{image.tag}", image.repository, image.alias)
    pushing.push(bench.engine, bench.registries, image.repository, image.alias, image.name)
    return True


def _build(bench: Bench, plan: ImagePlan, image: Image) -> None:
    recipe = image.recipe
    assert recipe is not None
    secrets = {} if recipe.index.secret is None else {recipe.index.secret: _secret(bench, image, recipe.index.secret)}
    is_buildkit = _takes_buildkit(bench, image)
    if image.parent is not None:
        with bench.once(image.parent.reference):
            _parent(bench, image, image.parent)
    context = context_of(image, plan.code, "buildkit" if is_buildkit else "classic")
    options = {**image.options, **({"platform": recipe.platform} if recipe.platform else {})}
    # The base is that of the digest already, and a parent is in no registry.
    options.pop("pull", None)
    wanted = Build(
        image.name,
        f"{image.repository}:{image.tag}",
        context.dockerfile,
        context.files,
        f"{image.name}/Dockerfile",
        _with_network(options, bench.asked),
        secrets,
    )
    if not is_buildkit and not options.get("no_cache"):
        _prefixes(bench, image, wanted)
    _run(bench, wanted, is_buildkit=is_buildkit)
    if bench.asked.is_smoke_tested:
        _check(bench)
        bench.progress.say(image.name, "try it: import what runs in it")
        try:
            smoke.try_image(bench.engine, image, plan)
        except BuildFailed:
            _forget(bench, image.reference)
            raise


def _prefixes(bench: Bench, image: Image, wanted: Build) -> None:
    for text in bench.prefixes.get(image.reference, ()):
        with bench.once(text):
            if text not in bench.made:
                _check(bench)
                files = tuple(file for file in wanted.files if not file.path.startswith("code/"))
                prefix = replace(wanted, reference=None, dockerfile=text, files=files)
                classic.build(bench.engine, prefix, bench.progress.log(wanted.name))
                bench.made.add(text)


def _parent(bench: Bench, image: Image, parent: Parent) -> None:
    """The image of the user's own Dockerfile; built once, whoever is built on it."""
    if image.is_reused and bench.engine.inspect(parent.reference) is not None:
        return
    options = _with_network(dict(parent.options), bench.asked)
    wanted = Build(f"{image.name}-parent", parent.reference, parent.dockerfile, parent.files, parent.path, options)
    is_buildkit = bench.asked.builder != "classic" and bench.engine.buildkit is not None and not _classic_only(options)
    _run(bench, wanted, is_buildkit=is_buildkit)


def _run(bench: Bench, wanted: Build, *, is_buildkit: bool) -> None:
    _check(bench)
    how = "BuildKit" if is_buildkit else "the classic builder"
    bench.progress.say(wanted.name, f"build {wanted.reference} with {how}")
    build = buildkit.build if is_buildkit else classic.build
    build(bench.engine, wanted, bench.progress.log(wanted.name))


def _forget(bench: Bench, reference: str) -> None:
    """Takes the name from an image that does not work, so that the next build does not find it; its layers stay as a cache."""
    from docker.errors import DockerException

    with contextlib.suppress(DockerException, OSError):
        bench.engine.api.remove_image(reference, force=True, noprune=True)


def _with_network(options: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    return {**options, **({} if asked.network is None else {"network_mode": asked.network})}


def _classic_only(options: Mapping[str, Any]) -> list[str]:
    return [name for name in buildkit.UNKNOWN if options.get(name) is not None]


def _takes_buildkit(bench: Bench, image: Image) -> bool:
    """Which builder: BuildKit where there is one, unless an option of the build is the classic one's alone.

    Raises:
        BuildFailed: a build secret is needed, and only the classic builder can be had (PC0611).
    """
    recipe = image.recipe
    assert recipe is not None
    only = _classic_only(image.options)
    wants = bench.asked.builder != "classic" and not only
    if wants and bench.engine.buildkit is not None:
        return True
    if not needs_buildkit(recipe):
        if bench.asked.builder == "buildkit":
            raise BuildFailed(_no_buildkit(f"the image `{image.name}`", only))
        return False
    raise BuildFailed(_no_buildkit(f"the image `{image.name}` installs from a private index, and", only))


def _no_buildkit(start: str, only: list[str]) -> Diagnostic:
    reason = f"`{only[0]}` is an option of the classic builder" if only else "no `docker` here builds with BuildKit"
    help_ = "install a `docker` with its plug-in buildx; or `pipec build --emit DIR`, for a builder with build secrets"
    notes = ("the classic builder has no build secrets, and an `ARG` would stay in the history of the image",)
    message = f"{start} {'needs' if ' and' not in start else 'it needs'} BuildKit: {reason}"
    return Diagnostic("PC0611", message, notes=notes, help=help_)


def _secret(bench: Bench, image: Image, name: str) -> Path:
    """The file of a build secret.

    Raises:
        BuildFailed: nobody says where it is (PC0623).
    """
    variable = "PIPEC_BUILD_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    named = os.environ.get(variable)
    found = bench.asked.secrets.get(name) or (Path(named) if named else None)
    if found is not None and found.is_file():
        return found.absolute()
    what = "is not named" if found is None else f"`{found.name}` is not there"
    message = f"the image `{image.name}` needs the build secret `{name}`, and its file {what}"
    help_ = f"`pipec build --secret {name}=FILE`, or the variable {variable}; FILE is a netrc"
    raise BuildFailed(Diagnostic("PC0623", message, help=help_))

"""Which images a pipeline needs, and what each is called: known before any is built, without an engine or a network.

    calls         merged DockerSettings + [tool.pipec.image] + requirements        images
    load          requirements=["pandas"]                       {pandas}           churn        load, split
    split         requirements=["pandas"]                       {pandas}
    train         requirements=["pandas"]                       {pandas, sklearn}  churn-train  train, *

One image for each distinct set. Its tag is a digest of all that is in it, so that everybody computes the same one; its digest
comes from `pipec.lock` once somebody has pushed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity, in_order
from pipec.compiler.images.bases import default_base
from pipec.compiler.images.configuration import Defaults, read_defaults
from pipec.compiler.images.context import Code, code_of, tag_of
from pipec.compiler.images.lock import Lock, read_lock
from pipec.compiler.images.model import EVERY_STEP, Image, StepImage
from pipec.compiler.images.project_files import parent_of
from pipec.compiler.images.settings import (
    Reader,
    alias_of,
    checked_reference,
    recipe_of,
    repository_of,
    unused_with_skip_build,
)
from pipec.compiler.ir.config import Hooks
from pipec.compiler.ir.model import ForEach, If
from pipec.compiler.ir.walk import calls, operations
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.project import Project
    from pipec.compiler.source import Span

_DRIVERS = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
    "http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol", "hf": "huggingface-hub",
}  # fmt: skip
"""What fsspec needs to reach a store, by the scheme of its URL."""


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """The images of one pipeline.

    Attributes:
        images: in the order of the first call of each.
        code: what lies in them.
        lock: the digests that are known.
        python: the interpreter in images that are used as they are.
        functions: `module:name` of the functions that run in the image of a call, by its id.
    """

    images: tuple[Image, ...]
    code: Code
    lock: Lock
    python: str = "python"
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def digest(self, image: Image) -> str | None:
        """The digest under which `pipec.lock` knows an image that is built."""
        return None if image.recipe is None else self.lock.digest(image.repository, image.tag)

    def reference(self, image: Image) -> str:
        """What a generated file calls the image."""
        digest = self.digest(image)
        return image.reference if digest is None else f"{image.repository}@{digest}"

    def step_images(self) -> Mapping[str, StepImage]:
        """The image of each call by its id, and of pipec's own small steps."""
        found: dict[str, StepImage] = {}
        for image in self.images:
            has_code = image.recipe is not None and image.recipe.has_code
            python = self.python if image.recipe is None else image.recipe.python
            found.update(dict.fromkeys(image.calls, StepImage(self.reference(image), has_code, python)))
        return found


def plan_images(pipeline: Pipeline, project: Project) -> tuple[ImagePlan | None, list[Diagnostic]]:
    """The images of a pipeline.

    Args:
        pipeline: after all passes.
        project: with its stack.

    Returns:
        The plan, None where there are errors; and what is wrong, or not pushed yet.

    Raises:
        ReservedName: a module of the user has a name of the code root's own.
    """
    defaults, found = read_defaults(project)
    lock, faults = read_lock(project.root)
    planner = _Planner(pipeline, project, defaults, lock, [*found, *faults])
    for call in calls(pipeline.body):
        planner.add(call.id, call.config, call.span, set(pipeline.steps[call.step].closure.requirements))
    planner.add(EVERY_STEP, pipeline.config, pipeline.span, planner.own_requirements())
    code = code_of(pipeline)
    images = planner.images(code)
    planner.check_names(images)
    plan = ImagePlan(images, code, lock, defaults.python, _functions(pipeline))
    found = in_order(planner.faults)
    if any(one.is_error for one in found):
        return None, found
    return plan, in_order([*found, *_unpushed(plan, pipeline), *_moving(plan, pipeline, lock)])


def with_bases(plan: ImagePlan, digests: Mapping[str, str]) -> ImagePlan:
    """The plan as it is once `pipec.lock` pins base images: `digests` by the reference that the program writes."""

    def pinned(reference: str) -> str:
        return f"{reference}@{digests[reference]}" if reference in digests else reference

    def settled(image: Image) -> Image:
        if image.recipe is None:
            return replace(image, repository=pinned(image.repository))
        if image.parent is not None:
            return image
        image = replace(image, recipe=replace(image.recipe, base=pinned(image.recipe.base)))
        return replace(image, tag=tag_of(image, plan.code))

    lock = plan.lock
    for reference, digest in digests.items():
        lock = lock.with_base(reference, digest)
    return replace(plan, images=tuple(map(settled, plan.images)), lock=lock)


def without_pins(plan: ImagePlan) -> ImagePlan:
    """The plan as it would be if `pipec.lock` pinned no base image."""
    pins = {f"{name}@{digest}": name for name, digest in plan.lock.base.items()}

    def loosened(image: Image) -> Image:
        if image.recipe is None:
            return replace(image, repository=pins.get(image.repository, image.repository))
        return replace(image, recipe=replace(image.recipe, base=pins.get(image.recipe.base, image.recipe.base)))

    return replace(plan, images=tuple(map(loosened, plan.images)))


def bases_of(plan: ImagePlan) -> tuple[str, ...]:
    """The images that others are built on, or that are used as they are, and that nothing pins yet."""
    found = [one.repository if one.recipe is None else one.recipe.base for one in plan.images if one.parent is None]
    return tuple(dict.fromkeys(one for one in found if "@" not in one))


def _functions(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """What runs in the image of each call: its step and the hooks around it; the hooks of the run are pipec's own calls."""
    found: dict[str, tuple[str, ...]] = {}
    for call in calls(pipeline.body):
        found[call.id] = (pipeline.steps[call.step].symbol, *_hooks(call.config.hooks))
    return {**found, EVERY_STEP: _hooks(pipeline.config.hooks)}


def _hooks(hooks: Hooks) -> tuple[str, ...]:
    every = (getattr(hooks, name) for name in _HOOKS)
    return tuple(dict.fromkeys(hook.symbol for hook in every if hook is not None))


_HOOKS = ("on_init", "on_start", "on_end", "on_success", "on_failure", "on_cleanup")


@dataclass(slots=True)
class _Group:
    """Calls that share an image, before it has a name and a tag."""

    image: Image
    calls: list[str] = field(default_factory=list[str])
    inferred: frozenset[str] = frozenset()
    span: Span | None = None


@dataclass(slots=True)
class _Planner:
    pipeline: Pipeline
    project: Project
    defaults: Defaults
    lock: Lock
    faults: list[Diagnostic]
    groups: list[_Group] = field(default_factory=list[_Group])

    def own_requirements(self) -> set[str]:
        """What gates, joins and hooks need: what hooks import, and whatever the steps do whose results a gate reads."""
        hooks = self.pipeline.config.hooks
        found: set[str] = set()
        for name in _HOOKS:
            hook = getattr(hooks, name)
            found |= set() if hook is None else set(hook.closure.requirements)
        if any(isinstance(one, If | ForEach) for one in operations(self.pipeline.body)) or self.pipeline.outputs:
            for step in self.pipeline.steps.values():
                found |= set(step.closure.requirements)
        return found

    def add(self, id_: str, config: Config, span: Span, inferred: set[str]) -> None:
        """Gives a call its image: one that is there already, if nothing tells them apart."""
        reader = Reader(
            config.docker or {},
            config.places.get("docker", span),
            self.project.root,
            (self.project.root / self.pipeline.span.path).parent,
            self.defaults,
        )
        if reader.docker.get("install_stack_requirements") is not False:
            inferred = inferred | self._store_requirements()
        if id_ == EVERY_STEP and self._shares(config, inferred):
            return
        image = self._image(reader, inferred)
        self.faults += reader.faults
        group = next((one for one in self.groups if one.image == image), None)
        if group is None:
            group = _Group(image, [], frozenset(inferred), span)
            self.groups.append(group)
        group.calls.append(id_)

    def _shares(self, config: Config, needed: set[str]) -> bool:
        """Whether pipec's own steps can run in an image that some step has: same settings, and all that they need."""
        hooks = self.pipeline.config.hooks
        docker = {call.id: call.config.docker or {} for call in calls(self.pipeline.body)}
        fitting = [
            one
            for one in self.groups
            if needed <= one.inferred and any(docker.get(id_) == (config.docker or {}) for id_ in one.calls)
        ]
        if not fitting and hooks == Hooks() and not needed:
            fitting = self.groups[:1]  # nothing of the pipeline's own is needed there
        if not fitting:
            return False
        min(fitting, key=lambda one: len(one.inferred)).calls.append(EVERY_STEP)
        return True

    def _store_requirements(self) -> set[str]:
        root = self.project.artifact_root or ""
        scheme = root.partition("://")[0] if "://" in root else ""
        return {"fsspec", _DRIVERS[scheme]} if scheme in _DRIVERS else {"fsspec"} if scheme else set()

    def _image(self, reader: Reader, inferred: set[str]) -> Image:
        base = checked_reference(reader)
        reuse = reader.docker.get("prevent_build_reuse") is not True
        if reader.is_used_as_it_is:
            unused_with_skip_build(reader)
            return Image("", self._pinned(base or ""), "", (), None)
        if base is None:
            base, fault = default_base(self.project.root, self.defaults.python_version)
            self.faults += [] if fault is None else [replace(fault, span=reader.span)]
        repository = repository_of(reader, self.pipeline.name)
        parent = parent_of(reader, repository)
        if parent is not None and reader.docker.get("parent_image"):
            reader.say(
                "PC0608", "`parent_image` has no effect beside `dockerfile`", "leave one of them out", Severity.WARNING
            )
        recipe, options = recipe_of(reader, self._pinned(base) if parent is None else parent.reference, inferred)
        return Image("", repository, "", (), recipe, parent, alias_of(reader), reuse, options.others)

    def _pinned(self, base: str) -> str:
        digest = self.lock.base.get(base)
        return base if digest is None or "@" in base else f"{base}@{digest}"

    def images(self, code: Code) -> tuple[Image, ...]:
        """The images with names, tags and what tells them apart."""
        import re

        stem = re.sub(r"[^a-z0-9]+", "-", self.pipeline.name.lower()).strip("-") or "pipeline"
        found: list[Image] = []
        for group in self.groups:
            first = re.sub(r"[^a-z0-9]+", "-", group.calls[0].lower()).strip("-") or "gates"
            name = stem if len(self.groups) == 1 else f"{stem}-{first}"
            while name in {one.name for one in found}:
                name += "-2"
            image = replace(group.image, name=name, calls=tuple(group.calls))
            tag = "" if image.recipe is None else tag_of(image, code)
            found.append(replace(image, tag=tag))
        return tuple(replace(one, why=_why(one, found[0])) for one in found)

    def check_names(self, images: Sequence[Image]) -> None:
        """Two images cannot have one tag."""
        seen: dict[str, Image] = {}
        for image, group in zip(images, self.groups, strict=True):
            if image.alias is None:
                continue
            other = seen.setdefault(image.reference, image)
            if other is not image:
                message = f"two images would both be called `{image.reference}`: that of `{other.calls[0]}` and that of `{image.calls[0]}`"
                help_ = "leave out `image_tag`, which pipec computes, or give one of them another `target_repository`"
                self.faults.append(Diagnostic("PC0606", message, group.span, help=help_))


def _why(image: Image, first: Image) -> str:
    """What tells an image from the first one of the pipeline, for people."""
    if image is first:
        return ""
    if image.recipe is None or first.recipe is None:
        return "used as it is" if image.recipe is None else "is built"
    texts = [
        {line for file in one.requirements for line in file.text.splitlines()} for one in (image.recipe, first.recipe)
    ]
    words = [f"+{one}" for one in sorted(texts[0] - texts[1])] + [f"-{one}" for one in sorted(texts[1] - texts[0])]
    skipped = {"requirements"}
    differing = [
        name
        for name in type(image.recipe).__dataclass_fields__
        if name not in skipped and getattr(image.recipe, name) != getattr(first.recipe, name)
    ]
    return ", ".join([*words, *(f"other {name.replace('_', ' ')}" for name in differing)]) or "other names"


def _unpushed(plan: ImagePlan, pipeline: Pipeline) -> list[Diagnostic]:
    """A warning where generated files name images that no registry is known to have."""
    unknown = [one for one in plan.images if one.recipe is not None and plan.digest(one) is None]
    if not unknown:
        return []
    local = [one for one in unknown if "/" not in one.repository]
    notes = (
        "no registry is set, so that only the engine that builds it has it: `registry` in `[tool.pipec.image]` or in the stack",
    )
    listed = ", ".join(f"`{one.reference}`" for one in unknown)
    verb = "are" if len(unknown) > 1 else "is"
    return [
        Diagnostic(
            "PC0601",
            f"{listed} {verb} not in `pipec.lock`: nobody has pushed {'them' if len(unknown) > 1 else 'it'} yet",
            pipeline.config.places.get("docker", pipeline.span),
            notes=notes if local else (),
            help="`pipec build --push` builds and pushes, and writes the digest that generated files then name",
            severity=Severity.WARNING,
        )
    ]


def _moving(plan: ImagePlan, pipeline: Pipeline, lock: Lock) -> list[Diagnostic]:
    """A warning for each base whose tag may be another image tomorrow."""
    bases = {one.repository if one.recipe is None else one.recipe.base for one in plan.images if one.parent is None}
    return [
        Diagnostic(
            "PC0607",
            f"the tag of `{base}` can move: it is another image after its next release",
            pipeline.config.places.get("docker", pipeline.span),
            help="`pipec build` writes the digest that it finds into `pipec.lock`, and the image is then built on that",
            severity=Severity.WARNING,
        )
        for base in sorted(bases)
        if "@" not in base and base not in lock.base
    ]

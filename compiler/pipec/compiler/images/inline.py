"""Docker settings where no image is built: what a plain image, or Airflow's worker, can honour, and what it cannot.

Before:   docker={"requirements": "requirements.txt", "required_integrations": ["sklearn"], "environment": {"debug": 1}}
After:    docker={"requirements": ["numpy==2.0", "scikit-learn"]}  environment={"DEBUG": "1"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Severity, in_order
from pipec.compiler.images.configuration import read_defaults
from pipec.compiler.images.requirements import requirement_lines
from pipec.compiler.images.settings import (
    Reader,
    checked_reference,
    is_set,
    listed_requirements,
    packages_of,
    refuse_local_environment,
    unused_with_skip_build,
    variables,
)
from pipec.compiler.ir.model import Call
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.images.configuration import Defaults
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Operation, Pipeline
    from pipec.compiler.ir.values import Json
    from pipec.compiler.project import Project
    from pipec.compiler.source import Span

_IMAGE_ONLY = ("dockerfile", "local_project_install_command", "user")
"""What only an image can hold, besides Debian packages."""

_OF_THE_BUILD = (
    "python_package_installer", "python_package_installer_cache_mount", "image_tag", "target_repository", "build_config",
    "build_options", "prevent_build_reuse", "dockerignore", "build_context_root", "parent_image_build_config",
)  # fmt: skip
"""What says how an image is built or called: without an image it changes nothing about a run."""

_HARMLESS = frozenset({"system", "no-cache-dir", "no-cache", "default-timeout", "timeout", "quiet", "verbose"})
"""Words for the installer that do not change what is installed."""


def settle_inline(
    pipeline: Pipeline, project: Project, *, has_images: bool, can_build: bool
) -> tuple[Pipeline, list[Diagnostic]]:
    """The pipeline with Docker settings that a backend can honour without building: an image, and a list of requirements.

    Args:
        pipeline: after all passes.
        project: with `[tool.pipec.image]`.
        has_images: whether the target runs steps in a plain image; if not, they run where its workers do.
        can_build: whether the target could run the steps in images that are built, which is then proposed.
    """
    defaults, faults = read_defaults(project)
    settling = _Settling(pipeline, project, defaults, has_images, can_build, faults)

    def settled(operation: Operation) -> tuple[Operation, ...]:
        if not isinstance(operation, Call):
            return (operation,)
        config = settling.config(operation.config, operation.span)
        return (operation if config is operation.config else replace(operation, config=config),)

    body = rewrite(pipeline.body, settled)
    config = settling.config(pipeline.config, pipeline.span)
    return replace(pipeline, body=body, config=config), in_order(settling.faults)


@dataclass(slots=True)
class _Settling:
    pipeline: Pipeline
    project: Project
    defaults: Defaults
    has_images: bool
    can_build: bool
    faults: list[Diagnostic]
    _known: dict[int, Config] = field(default_factory=dict)

    def config(self, config: Config, span: Span) -> Config:
        """The configuration with its Docker settings settled; calls that share one get one."""
        if config.docker is None and self.defaults == type(self.defaults)(registry=self.defaults.registry):
            return config
        if id(config) not in self._known:
            self._known[id(config)] = self._settled(config, config.places.get("docker", span))
        return self._known[id(config)]

    def _settled(self, config: Config, span: Span) -> Config:
        folder = (self.project.root / self.pipeline.span.path).parent
        reader = Reader(config.docker or {}, span, self.project.root, folder, self.defaults)
        docker: dict[str, Json] = {}
        image = checked_reference(reader)
        if image is not None and self.has_images:
            docker["parent_image"] = image
        if reader.is_used_as_it_is:
            unused_with_skip_build(reader)
            environment: Mapping[str, str] = {}
        else:
            refuse_local_environment(reader)
            requirements = self._requirements(reader)
            if requirements:
                docker["requirements"] = requirements
            environment = dict([*self.defaults.environment.items(), *variables(reader, "environment")])
            environment = {**environment, **dict(variables(reader, "runtime_environment"))}
            self._image_only(reader, image)
        self._without_effect(reader)
        self.faults += reader.faults
        return replace(config, docker=docker or None, environment={**environment, **config.environment})

    def _requirements(self, reader: Reader) -> list[str]:
        listed, export = listed_requirements(reader)
        found: list[str] = []
        for line in [*requirement_lines(listed.files.values()), *listed.lines]:
            if line.startswith(("-r", "--requirement ")):
                continue  # the file that it names is among the files
            if line.startswith("-") or "--hash=" in line:
                self._refuse(reader, f"`{line.split()[0] if line.startswith('-') else '--hash'}` in the requirements")
            else:
                found.append(line)
        if export is not None:
            self._refuse(reader, "an export of requirements from a `pyproject.toml`")
        words = [name for name in reader.table("python_package_installer_args") if name.lstrip("-") not in _HARMLESS]
        if words:
            self._refuse(reader, f"`--{words[0].lstrip('-')}` of the installer")
        if self.defaults.index_url or self.defaults.extra_index_urls:
            self._refuse(reader, "an index of its own")
        return list(dict.fromkeys(found))

    def _image_only(self, reader: Reader, image: str | None) -> None:
        asked = [f"`{name}`" for name in is_set(reader.docker, _IMAGE_ONLY)]
        packages = packages_of(reader)
        if packages:
            asked.append(
                f"the Debian package{'s' if len(packages) > 1 else ''} {', '.join(f'`{one}`' for one in packages)}"
            )
        if image is not None and not self.has_images:
            asked.insert(0, "`parent_image`")
        if asked:
            self._refuse(reader, ", ".join(asked))

    def _refuse(self, reader: Reader, what: str) -> None:
        """An error where steps run in a plain image; on a worker, which whoever said `inline` vouches for, a warning."""
        help_ = "take images: `-O code=image`" if self.can_build else ""
        if self.has_images:
            reader.say("PC0609", f"inline code cannot have {what}: no image is built", help_)
        else:
            message = f"steps run on the worker, which must have what stands for {what}"
            reader.say("PC0608", message, help_, Severity.WARNING)

    def _without_effect(self, reader: Reader) -> None:
        unused = [f"`{name}`" for name in is_set(reader.docker, _OF_THE_BUILD)]
        if unused and not reader.is_used_as_it_is:
            verb = "have" if len(unused) > 1 else "has"
            message = f"{', '.join(unused)} {verb} no effect: code travels inline, and no image is built"
            reader.say("PC0608", message, severity=Severity.NOTE)

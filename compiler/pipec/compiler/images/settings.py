"""`DockerSettings` as they were merged for one call, read for its image: every field means something, or is refused.

Before:   {"requirements": ["pandas"], "environment": {"debug": 1}, "required_integrations": ["mlflow"], "skip_build": False}
After:    Recipe(base="python:3.12-slim", environment=(("DEBUG", "1"),), requirements=(pandas, mlflow, …), …)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.images.build_options import BuildOptions, read_build_options
from pipec.compiler.images.model import Index, Recipe
from pipec.compiler.images.requirements import Listed
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipec.compiler.images.configuration import Defaults
    from pipec.compiler.images.model import Export
    from pipec.compiler.ir.values import Json
    from pipec.compiler.source import Span

_REFERENCE = pattern(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?/)?"
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_TAG = pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_USER = pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?")
_VARIABLE = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_PACKAGE = pattern(r"[a-z0-9][a-z0-9+.-]*(?:[:=/][A-Za-z0-9+.:~-]+)*")

_BUILDING = (
    "apt_packages", "build_config", "build_context_root", "build_options", "dockerfile", "dockerignore", "environment",
    "image_tag", "local_project_install_command", "parent_image_build_config", "prevent_build_reuse", "pyproject_path",
    "replicate_local_python_environment", "required_integrations", "requirements", "runtime_environment",
    "target_repository", "user",
)  # fmt: skip
"""What means nothing for an image that is used as it is."""


@dataclass(slots=True)
class Reader:
    """One reading of Docker settings.

    Attributes:
        docker: the merged settings as plain JSON.
        span: where they are, or the call's.
        root: the project's.
        folder: that of the file with the pipeline, where relative paths are looked for next.
        defaults: `[tool.pipec.image]`.
        faults: what is wrong.
    """

    docker: Mapping[str, Json]
    span: Span
    root: Path
    folder: Path
    defaults: Defaults
    faults: list[Diagnostic] = field(default_factory=list[Diagnostic])

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where relative paths are looked for: the folder of the pipeline, then each above it, up to the root.

        ZenML reads them from where the program is started, which is one of these.
        """
        above = [one for one in (self.folder, *self.folder.parents) if one.is_relative_to(self.root)]
        return (*above, self.root)

    def say(
        self, code: str, message: str, help_: str = "", severity: Severity = Severity.ERROR, notes: tuple[str, ...] = ()
    ) -> None:
        """Notes a fault at the place of the settings."""
        self.faults.append(Diagnostic(code, message, self.span, help=help_, severity=severity, notes=notes))

    def text(self, name: str) -> str | None:
        """A field that is a text; a look-up of the environment is refused, since an image is the same for all."""
        value = self.docker.get(name)
        if value is None or isinstance(value, str):
            return value or None
        self.say("PC0605", f"`{name}` must be known when the image is built, and it is read from the environment")
        return None

    def listed(self, name: str) -> list[str]:
        """A field that is a list of text."""
        value = self.docker.get(name)
        return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []

    def table(self, name: str) -> Mapping[str, Json]:
        """A field that is a table."""
        value = self.docker.get(name)
        return value if isinstance(value, Mapping) else {}

    @property
    def is_used_as_it_is(self) -> bool:
        """Whether `skip_build` is set."""
        return self.docker.get("skip_build") is True

    @property
    def has_code(self) -> bool:
        """Whether code may lie in the image."""
        return self.docker.get("allow_including_files_in_images") is not False


def checked_reference(reader: Reader) -> str | None:
    """`parent_image`, or the project's base; None where nobody names one, or it is no name of an image."""
    given = reader.text("parent_image") or reader.defaults.base
    if given is None or _REFERENCE.fullmatch(given):
        return given
    reader.say(
        "PC0605", f"`{given}` is no name of an image", "such as `python:3.12-slim` or `registry.example/team/base:1.4`"
    )
    return None


def unused_with_skip_build(reader: Reader) -> None:
    """Says which settings mean nothing because the parent image is used as it is."""
    set_ = [name for name in _BUILDING if reader.docker.get(name)]
    if set_:
        listed = ", ".join(f"`{name}`" for name in set_)
        verb = "have" if len(set_) > 1 else "has"
        reader.say(
            "PC0608",
            f"{listed} {verb} no effect with `skip_build`, which uses the image as it is",
            "leave them out, or `skip_build`",
            Severity.WARNING,
        )


def repository_of(reader: Reader, pipeline: str) -> str:
    """Where the image is pushed: the registry, and `target_repository`, the project's, or the pipeline's name."""
    import re

    below = reader.text("target_repository") or reader.defaults.repository
    below = below or re.sub(r"[^a-z0-9]+", "-", pipeline.lower()).strip("-") or "pipeline"
    registry = reader.defaults.registry
    name = below if registry is None else f"{registry.removeprefix('https://').rstrip('/')}/{below}"
    if not _REFERENCE.fullmatch(name) or "@" in name or ":" in name.rpartition("/")[2]:
        reader.say(
            "PC0605",
            f"`{name}` is no name of a repository",
            "lower-case letters, digits, `.`, `_`, `-` and `/`, without a tag",
        )
    return name


def alias_of(reader: Reader) -> str | None:
    """`image_tag`."""
    tag = reader.text("image_tag")
    if tag is not None and not _TAG.fullmatch(tag):
        reader.say("PC0605", f"`{tag}` is no tag of an image", "letters, digits, `.`, `_` and `-`, at most 128")
        return None
    return tag


def recipe_of(reader: Reader, base: str, inferred: Iterable[str]) -> tuple[Recipe, BuildOptions]:
    """What is in the image.

    Args:
        reader: the settings.
        base: what it is built on.
        inferred: what the steps that run in it import.
    """
    from pipec.compiler.images.project_files import project_of

    docker, defaults = reader.docker, reader.defaults
    refuse_local_environment(reader)
    options = read_build_options(reader, "build_config", with_old=True)
    listed, export = listed_requirements(reader)
    secret, url = defaults.index_secret, defaults.index_url
    installer = "pip" if docker.get("python_package_installer") == "pip" else "uv"
    command = reader.text("local_project_install_command")
    user = reader.text("user") or defaults.user
    if user is not None and not _USER.fullmatch(user):
        reader.say("PC0605", f"`{user}` is no name or number of a user")
    recipe = Recipe(
        base,
        python=defaults.python,
        packages=packages_of(reader),
        environment=tuple({**defaults.environment, **dict(variables(reader, "environment"))}.items()),
        runtime_environment=variables(reader, "runtime_environment"),
        build_arguments=options.arguments,
        installer=installer,
        installer_arguments=installer_arguments(reader),
        cache_mount=reader.text("python_package_installer_cache_mount"),
        requirements=listed.all_files(inferred),
        export=export,
        index=Index(url, defaults.extra_index_urls, secret),
        project=project_of(reader, options.ignored) if command is not None else (),
        install_command=command,
        user=user,
        labels=options.labels,
        platform=options.platform or defaults.platform,
        has_code=reader.has_code,
    )
    if options.ignored is not None and command is None:
        message = "`dockerignore` has no effect: only what the steps reach travels, and the files that are named"
        reader.say("PC0608", message, severity=Severity.NOTE)
    return recipe, options


def refuse_local_environment(reader: Reader) -> None:
    """Refuses `replicate_local_python_environment`."""
    if reader.docker.get("replicate_local_python_environment"):
        reader.say(
            "PC0602",
            "`replicate_local_python_environment` makes another image on every machine",
            'list the environment in a file of the project, `uv pip freeze > requirements.txt`, and set `requirements="requirements.txt"`',
            notes=("what happens to be installed here is in no file that is committed",),
        )


def listed_requirements(reader: Reader) -> tuple[Listed, Export | None]:
    """The requirements that settings and the project name, without those that steps import."""
    from pipec.compiler.images.project_files import export_of

    listed = Listed(reader.root, reader.span)
    folders = reader.folders
    requirements, pyproject = reader.docker.get("requirements"), reader.text("pyproject_path")
    if (
        reader.docker.get("disable_automatic_requirements_detection") is False
        and not requirements
        and pyproject is None
    ):
        if (reader.root / "requirements.txt").is_file():
            requirements = "requirements.txt"
        elif (reader.root / "pyproject.toml").is_file():
            pyproject = "pyproject.toml"
    for given in (reader.defaults.requirements, requirements):
        if isinstance(given, str):
            listed.add_file(given, folders)
        elif isinstance(given, list | tuple):
            listed.add_lines(one for one in given if isinstance(one, str))
    listed.add_lines(of_integrations(reader)[0])
    export = None
    if pyproject is not None:
        export, lines = export_of(reader, pyproject)
        listed.add_lines(lines)
    reader.faults += listed.faults
    listed.faults.clear()
    return listed, export


def of_integrations(reader: Reader) -> tuple[list[str], list[str]]:
    """Distributions and Debian packages of `required_integrations`."""
    names = reader.listed("required_integrations")
    if not names:
        return [], []
    from pipec.compiler.diagnostics.near import near_names
    from pipec.compiler.images.integrations import PACKAGES, REQUIREMENTS

    distributions: list[str] = []
    packages: list[str] = []
    for name in names:
        if name not in REQUIREMENTS:
            near = near_names(name, REQUIREMENTS)
            help_ = (
                f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
                if near
                else "put what it needs into `requirements`"
            )
            reader.say("PC0603", f"ZenML has no integration `{name}`", help_)
        distributions += REQUIREMENTS.get(name, ())
        packages += PACKAGES.get(name, ())
    return list(dict.fromkeys(distributions)), packages


def packages_of(reader: Reader) -> tuple[str, ...]:
    """Debian packages of the project, the settings and the integrations, each once."""
    found = dict.fromkeys([*reader.defaults.packages, *reader.listed("apt_packages"), *of_integrations(reader)[1]])
    for one in found:
        if not _PACKAGE.fullmatch(one):
            reader.say("PC0605", f"`{one}` is no name of a Debian package")
    return tuple(found)


def variables(reader: Reader, name: str) -> tuple[tuple[str, str], ...]:
    """Variables of the image, their names in upper case, as ZenML writes them."""
    found: dict[str, str] = {}
    for key, value in reader.table(name).items():
        if isinstance(value, Mapping) and _is_itself(key, value):
            message = f"`{key}` in `{name}` is that of the step's container: it is not in the image"
            help_ = "let the container have it, by `secrets=[…]` or where the target runs"
            reader.say("PC0608", message, help_, Severity.WARNING)
        elif isinstance(value, Mapping):
            reader.say(
                "PC0605",
                f"`{key}` in `{name}` is read from the environment, and an image is the same for all",
                "set it in the step's own `environment`, which the step's container reads",
            )
        elif not _VARIABLE.fullmatch(key) or "\n" in str(value):
            reader.say("PC0605", f"`{key}` in `{name}` cannot be a variable of an image")
        elif value is not None:
            found[key.upper()] = str(value)
    return tuple(found.items())


def _is_itself(key: str, value: Mapping[str, Json]) -> bool:
    """Whether a variable is looked up under its own name, without a default: in the step's container it says nothing new."""
    looked_up = value.get("$pipec")
    match looked_up:
        case ["environment", Mapping() as query]:
            return query.get("name") == key.upper() and query.get("default") is None
        case _:
            return False


def installer_arguments(reader: Reader) -> tuple[str, ...]:
    """`{flag: value or None}` as words."""
    import shlex

    found: list[str] = []
    for name, value in reader.table("python_package_installer_args").items():
        flag = f"--{str(name).lstrip('-')}"
        if "://" in str(value) and "@" in str(value).partition("://")[2].partition("/")[0]:
            help_ = (
                "name the index in `[tool.pipec.image] index_url`, and the build secret that opens it in `index_secret`"
            )
            reader.say("PC0610", f"`{flag}` holds a password, which would stay in the image", help_)
            continue
        found.append(flag if value is None or value is True else f"{flag}={shlex.quote(_word(value))}")
    return tuple(found)


def _word(value: Any) -> str:
    return str(value)


def is_set(docker: Mapping[str, Json], names: Sequence[str]) -> list[str]:
    """Which of the fields ask for something: a false or empty value does not."""
    return [name for name in names if docker.get(name) not in (None, False, "", [], (), {})]

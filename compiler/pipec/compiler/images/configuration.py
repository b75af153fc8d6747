"""`[tool.pipec.image]`: what the images of a project have in common, and where they are pushed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass, field
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from pipec.compiler.project import Project

KEYS = {
    "base": "text",
    "python": "text",
    "python_version": "text",
    "registry": "text",
    "repository": "text",
    "platform": "text",
    "user": "text",
    "requirements": "text or list",
    "apt_packages": "list",
    "environment": "table",
    "index_url": "text",
    "extra_index_urls": "list",
    "index_secret": "text",
}
"""Every key and what it takes."""

_ALIASES = {"parent_image": "base", "image": "base", "packages": "apt_packages", "name": "repository"}
_KINDS = {
    "text": "text",
    "list": "a list of text",
    "table": "a table of text",
    "text or list": "the name of a file or a list of requirements",
}
_VERSION = pattern(r"3\.\d+")
_SECRET = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the project says of its images; None and empty where it says nothing.

    Attributes:
        base: the image to build on, where Docker settings name none.
        python: the interpreter in it.
        python_version: `3.12`: which Python image to build on where no base is named.
        registry: `registry.example/team`.
        repository: below the registry; by default the pipeline's name.
        platform: `linux/amd64`.
        user: who runs steps.
        requirements: a file, or requirements, for every image.
        packages: Debian packages for every image.
        environment: variables of every image.
        index_url: in the place of the installer's own index.
        extra_index_urls: further indexes.
        index_secret: the build secret that opens them.
        places: where each key stands.
    """

    base: str | None = None
    python: str = "python"
    python_version: str | None = None
    registry: str | None = None
    repository: str | None = None
    platform: str | None = None
    user: str | None = None
    requirements: str | tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    index_secret: str | None = None
    places: Mapping[str, Span] = field(default_factory=dict[str, Span])


def read_defaults(project: Project) -> tuple[Defaults, list[Diagnostic]]:
    """What `[tool.pipec.image]` says, and the registry of the chosen stack, which goes before the project's."""
    table: Any = project.raw.get("image", {})
    stack = None if project.stack is None else project.stack.registry
    if not isinstance(table, dict):
        place = _places(project).get("", Span("pyproject.toml", Position(1, 1), Position(1, 1)))
        return Defaults(), [Diagnostic("PC0530", "`image` is a table, `[tool.pipec.image]`", place)]
    if not table:
        return Defaults(registry=stack), []
    places = _places(project)
    found: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    for key, value in table.items():
        where = places.get(key) or places.get("")
        if key not in KEYS:
            near = [_ALIASES[key]] if key in _ALIASES else near_names(key, KEYS)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            help_ = help_ or f"it has {', '.join(f'`{one}`' for one in KEYS)}"
            faults.append(Diagnostic("PC0530", f"`[tool.pipec.image]` has no key `{key}`", where, help=help_))
        elif not _fits(value, KEYS[key]):
            faults.append(Diagnostic("PC0531", f"`{key}` is {_KINDS[KEYS[key]]}", where))
        else:
            found[key] = tuple(value) if isinstance(value, list) else value
    faults += _wrong_values(found, places)
    fields = {"packages" if key == "apt_packages" else key: value for key, value in found.items()}
    if stack is not None:
        fields["registry"] = stack
    return Defaults(**fields, places=places), faults


def _fits(value: Any, kind: str) -> bool:
    is_list = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    if kind == "table":
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return (is_list and kind != "text") or (isinstance(value, str) and bool(value) and kind != "list")


def _wrong_values(found: Mapping[str, Any], places: Mapping[str, Span]) -> list[Diagnostic]:
    faults: list[Diagnostic] = []
    version, secret = found.get("python_version"), found.get("index_secret")
    if version is not None and not _VERSION.fullmatch(version):
        help_ = 'write major and minor, such as `python_version = "3.12"`'
        faults.append(
            Diagnostic(
                "PC0531", f"`{version}` is no version of Python for an image", places.get("python_version"), help=help_
            )
        )
    if secret is not None and not _SECRET.fullmatch(secret):
        help_ = "it is the id of the build secret, not its value: `pipec build` reads that from a file"
        faults.append(
            Diagnostic("PC0531", "`index_secret` is no name of a build secret", places.get("index_secret"), help=help_)
        )
    for key in ("index_url", "extra_index_urls"):
        urls = found.get(key, ())
        for url in (urls,) if isinstance(urls, str) else urls:
            if "@" in url.partition("://")[2].partition("/")[0]:
                help_ = "put user and password into a netrc file, and name its build secret in `index_secret`"
                faults.append(Diagnostic("PC0531", f"`{key}` holds credentials", places.get(key), help=help_))
    return faults


def _places(project: Project) -> dict[str, Span]:
    """Where each key stands; under the empty key the table itself."""
    if project.file is None:
        return {}
    from pipec.compiler.toml_places import places_of

    head = ("tool", "pipec", "image")
    found = places_of(project.file)
    places = {
        path[len(head)]: spans[0]
        for path, spans in found.items()
        if path[: len(head)] == head and len(path) == len(head) + 1
    }
    return places | ({"": found[head][0]} if head in found else {})

"""`DockerBuildConfig`: what of it shows in the image goes into the recipe, the rest to who builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.images.settings import Reader
    from pipec.compiler.ir.values import Json

_ALIASES = {"buildargs": "build_args", "cachefrom": "cache_from", "nocache": "no_cache", "shmsize": "shm_size"}

KNOWN = frozenset(
    """build_args cache_from labels no_cache pull rm shm_size platform target network_mode extra_hosts squash
    container_limits forcerm isolation timeout use_config_proxy""".split()
)
"""The options of Docker's build that mean something here; ZenML hands the others on unread."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What is told to the build.

    Attributes:
        arguments: `build_args`.
        labels: `labels`.
        platform: `platform`.
        ignored: path of the ignore file, if one is named.
        others: what only who builds reads.
    """

    arguments: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    ignored: str | None = None
    others: Mapping[str, Json] = field(default_factory=dict)


def read_build_options(reader: Reader, name: str, *, with_old: bool = False) -> BuildOptions:
    """The options in the field `name`; with ZenML's deprecated `build_options` and `dockerignore` below them."""
    config = reader.table(name)
    given: dict[str, Json] = dict(reader.table("build_options")) if with_old else {}
    inner = config.get("build_options")
    given.update(inner if isinstance(inner, Mapping) else {})
    options = {_ALIASES.get(key, key): value for key, value in given.items() if value is not None}
    unknown = [key for key in options if key not in KNOWN]
    if unknown:
        from pipec.compiler.diagnostics.near import near_names

        near = near_names(unknown[0], KNOWN)
        help_ = (
            f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
            if near
            else f"it takes {', '.join(f'`{one}`' for one in sorted(KNOWN))}"
        )
        reader.say("PC0615", f"a build of an image has no option `{unknown[0]}`", help_)
    ignored = config.get("dockerignore") or (reader.docker.get("dockerignore") if with_old else None)
    platform = options.pop("platform", None)
    return BuildOptions(
        _pairs(options.pop("build_args", None)),
        _pairs(options.pop("labels", None)),
        platform if isinstance(platform, str) else None,
        ignored if isinstance(ignored, str) else None,
        options,
    )


def _pairs(value: Json) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), str(one)) for key, one in value.items()) if isinstance(value, Mapping) else ()

"""Which pipeline of one version of a project is which of the other, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.changes.compare import compare
from pipec.compiler.changes.model import PipelineChanges
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from pipec.compiler.ir.model import Pipeline

_DECLARING = ("pyproject.toml", "requirements*.txt", "uv.lock", "poetry.lock", "Pipfile.lock")


@dataclass(slots=True)
class Version:
    """The pipelines of a project at one time.

    Attributes:
        pipelines: by file from the project root and name of the function.
        broken: why a file could not be compiled, by file.
    """

    pipelines: dict[tuple[str, str], Pipeline] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, source: str, pipelines: Sequence[Pipeline]) -> None:
        """Keeps what a file compiled to."""
        for one in pipelines:
            self.pipelines[one.span.path or source, one.symbol.rpartition(":")[2]] = one


def changes_between(
    before: Version, after: Version, causes: Collection[str] = (), at: str = ""
) -> list[PipelineChanges]:
    """What became of every pipeline, those of the new version first, in its order.

    `causes` are files that declare requirements and differ; `at` is how the old version is called, for what is said
    where it does not compile.
    """
    partners = _partners(before, after)
    found: list[PipelineChanges] = []
    for key, pipeline in after.pipelines.items():
        source = key[0]
        old = partners.get(key)
        if old is not None:
            differences = compare(before.pipelines[old], pipeline, causes)
            state = "changed" if differences else "unchanged"
            found.append(PipelineChanges(pipeline.name, source, state, differences))
        elif source in before.broken:
            unknown = f"`{source}` does not compile{f' at {at}' if at else ''}: {before.broken[source]}"
            found.append(PipelineChanges(pipeline.name, source, "changed", (), unknown))
        else:
            found.append(PipelineChanges(pipeline.name, source, "added"))
    taken = set(partners.values())
    for key, pipeline in before.pipelines.items():
        if key not in taken:
            unknown = f"`{key[0]}` does not compile now: {after.broken[key[0]]}" if key[0] in after.broken else ""
            found.append(PipelineChanges(pipeline.name, key[0], "changed" if unknown else "removed", (), unknown))
    return found


def _partners(before: Version, after: Version) -> dict[tuple[str, str], tuple[str, str]]:
    """For each new pipeline the old one: the same place, else the same name, else all that is left in one file."""
    found = {key: key for key in after.pipelines if key in before.pipelines}
    for key, pipeline in after.pipelines.items():
        if key not in found:
            free = [old for old in before.pipelines if old not in found.values() and old not in after.pipelines]
            alike = [old for old in free if before.pipelines[old].name == pipeline.name]
            alike = alike or [old for old in free if old[0] == key[0] and len([x for x in free if x[0] == key[0]]) == 1]
            if alike:
                found[key] = alike[0]
    return found


def declaring_files(before: Path, after: Path) -> list[str]:
    """The files in two roots of a project that declare requirements and are not the same, by name."""
    names = {path.name for root in (before, after) for pattern in _DECLARING for path in root.glob(pattern)}
    return sorted(name for name in names if _bytes(before / name) != _bytes(after / name))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None

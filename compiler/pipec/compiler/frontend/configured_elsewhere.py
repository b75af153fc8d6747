"""Which run configuration of the project gives what a call leaves out: `steps.<step>.parameters` of a YAML file.

Only looked for once a call is wrong, to say how it becomes right. A project with a driver that pipec cannot follow has
such files, and nothing in its pipelines names them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_FOLDERS = 1000
_MOST_FILES = 200
_MOST_BYTES = 100_000
_SKIPPED = frozenset({"node_modules", "site-packages", "build", "dist", "venv", "env", "__pycache__"})


def configurations_with(root: Path, step: str, parameters: Sequence[str]) -> list[str]:
    """The files below `root`, as paths from there, that give `step` all of `parameters`."""
    words = [step, "parameters", *parameters]
    found: list[str] = []
    for file in _yaml_files(root):
        try:
            text = file.read_text(encoding="utf-8") if file.stat().st_size <= _MOST_BYTES else ""
        except (OSError, UnicodeDecodeError):
            continue
        if all(word in text for word in words) and set(parameters) <= _given(text, step):
            found.append(file.relative_to(root).as_posix())
    return found


def _yaml_files(root: Path) -> Iterator[Path]:
    seen = 0
    for number, (folder, folders, files) in enumerate(os.walk(root)):
        if number == _MOST_FOLDERS:
            return
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _SKIPPED)
        for name in sorted(files):
            if name.endswith((".yaml", ".yml")):
                seen += 1
                if seen > _MOST_FILES:
                    return
                yield Path(folder) / name


def _given(text: str, step: str) -> set[str]:
    """The parameters of `step` in a run configuration; none where the text is something else."""
    import yaml

    try:
        found: Any = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return set()
    for key in ("steps", step, "parameters"):
        found = found.get(key) if isinstance(found, dict) else None
    return {name for name in found if isinstance(name, str)} if isinstance(found, dict) else set()

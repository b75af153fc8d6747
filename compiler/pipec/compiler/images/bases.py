"""The image that a step's image is built on, where nobody names one: the Python that the project asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""The versions that the step runtime is tested with."""

DEFAULT_PYTHON = "3.12"

_CLAUSE = pattern(r"\s*(===|==|!=|~=|>=|<=|>|<|\^|~)?\s*(\d+(?:\.\d+)*)(\.\*)?\s*")


def default_base(root: Path, version: str | None) -> tuple[str, Diagnostic | None]:
    """`python:X.Y-slim`: with the version that is asked for, else the lowest that `requires-python` allows.

    The lowest, because that is the one that the project certainly works with.
    """
    if version is not None:
        return f"python:{version}-slim", None
    wanted = _requires_python(root)
    if wanted is None:
        return f"python:{DEFAULT_PYTHON}-slim", None
    fitting = next((one for one in PYTHONS if allows(wanted, one)), None)
    if fitting is None:
        message = f"`requires-python = {wanted!r}` allows no version that steps run on"
        help_ = f"they run on {PYTHONS[0]} to {PYTHONS[-1]}; say which with `python_version` in `[tool.pipec.image]`"
        return f"python:{DEFAULT_PYTHON}-slim", Diagnostic("PC0605", message, help=help_)
    return f"python:{fitting}-slim", None


def _requires_python(root: Path) -> str | None:
    """`requires-python`, or poetry's `python`."""
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    project: Any = data.get("project")
    poetry: Any = data.get("tool", {}).get("poetry", {}) if isinstance(data.get("tool"), dict) else {}
    wanted = project.get("requires-python") if isinstance(project, dict) else None
    if wanted is None and isinstance(poetry, dict) and isinstance(poetry.get("dependencies"), dict):
        wanted = poetry["dependencies"].get("python")
    return wanted if isinstance(wanted, str) else None


def allows(wanted: str, version: str) -> bool:
    """Whether some release of `version` (`3.12`) fits a specifier; what cannot be read allows everything.

    >>> allows(">=3.10,<3.13", "3.12"), allows("~=3.11.4", "3.12"), allows("^3.11", "3.12"), allows("<3.12", "3.12")
    (True, False, True, False)
    """
    if "||" in wanted:
        return any(allows(one, version) for one in wanted.split("||"))
    return all(_allows(clause, tuple(map(int, version.split(".")))) for clause in wanted.split(",") if clause.strip())


def _allows(clause: str, version: tuple[int, ...]) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return True
    operator, bound = match[1] or "==", tuple(map(int, match[2].split(".")))
    minor = (*bound, 0)[:2]
    micro = bound[2] if len(bound) > 2 else 0
    match operator:
        case ">=" | ">":
            return version >= minor
        case "<=":
            return version <= minor
        case "<":
            return version < minor or (version == minor and micro > 0)
        case "!=":
            return len(bound) > 2 or version != minor
        case "^":
            return version >= minor and version[0] == minor[0]
        case "~=":
            return version >= minor and (version[0] == minor[0] if len(bound) == 2 else version == minor)
        case _:
            return version == minor or (len(bound) == 1 and version[0] == bound[0])

"""The sources of a git revision, in a folder of their own for as long as they are read. Nothing of the repository changes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


class RevisionError(Exception):
    """There is no git, no repository, or no such revision; the text says which."""


def _git(folder: Path, *words: str, index: Path | None = None, given: bytes | None = None) -> bytes:
    """What `git` prints.

    Raises:
        RevisionError: it failed, or is not installed.
    """
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    # No hook of the repository runs: reading a revision must not execute what it holds.
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False, env=environment)
    except OSError as error:
        raise RevisionError("`git` is not installed") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RevisionError(said[-1].removeprefix("fatal: ") if said else f"`git {words[0]}` failed")
    return done.stdout


def repository_of(folder: Path) -> Path:
    """The root of the working tree that `folder` lies in.

    Raises:
        RevisionError: it lies in none.
    """
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n")).resolve()
    except RevisionError as error:
        if "not a git repository" in str(error):
            raise RevisionError("this is not a git repository") from error
        raise


def resolve(repository: Path, revision: str) -> str:
    """The full name of a commit.

    Raises:
        RevisionError: there is none of that name.
    """
    try:
        return (
            _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
            .decode()
            .strip()
        )
    except RevisionError as error:
        if "is not installed" in str(error):
            raise
        raise RevisionError(f"the repository has no revision `{revision}`") from error


def commits_of(repository: Path, paths: Sequence[Path], most: int) -> list[str]:
    """The last commits that changed any of the files or folders, the newest first; none where it has no commit yet.

    Raises:
        RevisionError: git fails.
    """
    inside = [str(path.resolve()) for path in paths if path.resolve().is_relative_to(repository)]
    if not inside:
        return []
    try:
        return _git(repository, "log", f"-{most}", "--format=%H", "--", *inside).decode().split()
    except RevisionError as error:
        if "does not have any commits" in str(error):
            return []
        raise


def text_at(repository: Path, commit: str, path: Path) -> str | None:
    """A file, its path from the repository's root, as it is in a commit; None where it is not there."""
    try:
        return _git(repository, "show", f"{commit}:{path.as_posix()}").decode("utf-8", "surrogateescape")
    except RevisionError:
        return None


@contextmanager
def checked_out(repository: Path, commit: str, folder: Path) -> Generator[Path]:
    """A folder that holds `folder` of the working tree as it was in `commit`, without generated code folders.

    Attributes of the repository hold (line ends); links stay links. The folder goes away afterwards.

    Raises:
        RevisionError: git cannot read the commit.
    """
    inside = folder.resolve().relative_to(repository)
    with tempfile.TemporaryDirectory(prefix="pipec-revision-") as name:
        place = Path(name).resolve()
        # Named as it is: a project may import its own root folder as a package.
        index, tree = place / "index", place / "tree" / (repository.name or "root")
        tree.mkdir(parents=True)
        _git(repository, "read-tree", commit, index=index)
        listing = _git(repository, "ls-files", "-z", "--", inside.as_posix(), index=index)
        wanted = b"".join(one + b"\0" for one in listing.split(b"\0") if one and b".pipec/" not in one)
        _git(repository, "checkout-index", "-z", "--stdin", f"--prefix={tree}/", index=index, given=wanted)
        found = tree / inside
        found.mkdir(parents=True, exist_ok=True)
        yield found

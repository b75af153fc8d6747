"""A git repository in a folder of a test, and the command line called in this process."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from pipec.compiler.cli import main

TRAINING = """\
from pipec.sdk import pipeline, step

@step
def load() -> int:
    return 1

@step
def train(data: int, rate: float) -> float:
    return data * rate

@pipeline
def churn(rate: float = 0.1) -> float:
    return train(load(), rate)
"""
"""A small program."""

_WHO = {
    f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "t"), ("EMAIL", "t@t"))
}
_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class Said(NamedTuple):
    """What a command printed, and its exit status."""

    status: int
    out: str
    error: str


class Repository:
    """A work tree whose commits have fixed times."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        """What `git` prints."""
        environment = {**os.environ, **_WHO, **_SETTINGS}
        command = ["git", "-C", str(self.root), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def commit(self, message: str = "change") -> str:
        """Commits everything; the short name of the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()[:9]

    def write(self, path: str, text: str) -> None:
        """A file and its folders."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Changes the one place in a file that says `old`."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} says {text.count(old)} times {old!r}"
        self.write(path, text.replace(old, new))

    def pipec(self, *words: str) -> Said:
        """The command line, in this process and this folder."""
        out, error = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.chdir(self.root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            try:
                status = main(words)
            except SystemExit as leaving:
                status = int(leaving.code or 0)
        out.flush()
        printed = out.buffer
        assert isinstance(printed, io.BytesIO)
        return Said(status, printed.getvalue().decode(), error.getvalue())

"""What an image installs: requirements as lists and files, of integrations, of a `pyproject.toml`, and of what steps import.

A file travels as it is, with the files that it includes; its lines are read to know which distributions it names, so that
what steps import adds only what nobody has named. Line ends become those of Linux, so that a checkout on Windows gives the
same image.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.requirements import normalise
from pipec.compiler.images.model import RequirementsFile
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipec.compiler.source import Span

OWN_FILE = "pipec.txt"
"""The file of what is not in one of the user's."""

_NAME = pattern(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@(]|$)")
_INCLUDE = pattern(r"\s*(?:-r|-c|--requirement|--constraint)(?:\s+|=)\s*(\S+)")
_OPTION = pattern(r"\s*-")
_EDITABLE = pattern(r"\s*(?:-e|--editable)(?:\s+|=)\s*(\S+)")
_ITSELF = pattern(r"\.(?:/)?(?:\[[^\]]*\])?")
_LOCAL = pattern(r"\.{0,2}/|\.\.$|file:")
_VARIABLE = pattern(r"\$\{([A-Z0-9_]+)\}")
_PASSWORD = pattern(r"://[^\s/@]+@")


@dataclass(slots=True)
class Listed:
    """What is asked for so far.

    Attributes:
        root: the project's.
        span: the place that asks.
        files: by name.
        lines: requirements outside of files, in order.
        faults: what cannot be read, or cannot be the same on every machine.
    """

    root: Path
    span: Span
    files: dict[str, RequirementsFile] = field(default_factory=dict[str, RequirementsFile])
    lines: list[str] = field(default_factory=list[str])
    faults: list[Diagnostic] = field(default_factory=list[Diagnostic])

    def add_lines(self, lines: Iterable[str]) -> None:
        """Requirements as a list."""
        for line in lines:
            text = line.strip()
            if _EDITABLE.match(text) or _LOCAL.match(text) or _ITSELF.fullmatch(text):
                self.refuse(text)
            elif text:
                self._check(text, "the requirements")
                self.lines.append(text)

    def refuse(self, line: str) -> None:
        """A local project: not there when the image is built."""
        message = f"the requirement `{line}` is a folder of this machine"
        help_ = "code of the project travels by itself; to install it, use `local_project_install_command`"
        self.faults.append(Diagnostic("PC0604", message, self.span, help=help_))

    def add_file(self, name: str, folders: Iterable[Path]) -> None:
        """A file, searched for in `folders`."""
        tried = [folder / name for folder in dict.fromkeys(folders)]
        found = next((one for one in tried if one.is_file()), None)
        if found is None:
            message = f"the requirements file `{name}` is not there"
            help_ = "the path is read from the folder of the pipeline, then from each above it, up to the root of the project"
            self.faults.append(Diagnostic("PC0604", message, self.span, help=help_))
        else:
            self._read(found, is_included=False)

    def _read(self, file: Path, *, is_included: bool) -> None:
        file = file.resolve()
        if not file.is_relative_to(self.root):
            message = f"the requirements file `{file.name}` lies outside of the project"
            self.faults.append(Diagnostic("PC0604", message, self.span, help="copy it into the project"))
            return
        name = file.relative_to(self.root).as_posix()
        if name in self.files:
            return
        try:
            text = _decoded(file.read_bytes())
        except (OSError, UnicodeDecodeError):
            self.faults.append(Diagnostic("PC0604", f"the requirements file `{name}` cannot be read", self.span))
            return
        kept: list[str] = []
        includes: list[str] = []
        for line in text.splitlines():
            include = _INCLUDE.match(line)
            if include is not None:
                includes.append(include[1])
            if self._keeps(line, name):
                kept.append(line.rstrip())
        body = "\n".join(kept) + "\n"
        self.files[name] = RequirementsFile(name, body, "--hash=" in body, is_included)
        for one in includes:
            if (file.parent / one).is_file():
                self._read(file.parent / one, is_included=True)
            elif "://" not in one:
                message = f"`{name}` includes `{one}`, which is not there"
                self.faults.append(Diagnostic("PC0604", message, self.span))

    def _keeps(self, line: str, name: str) -> bool:
        """Whether a line stays; the project itself does not, since its code travels by itself."""
        text = line.split(" #", maxsplit=1)[0].strip()
        if not text or text.startswith("#"):
            return True
        self._check(text, f"`{name}`")
        editable = _EDITABLE.match(text)
        target = editable[1] if editable else text
        if _ITSELF.fullmatch(target):
            message = f"`{text}` in `{name}` is left out of the image: the code of the project travels by itself"
            help_ = "to install the project as well, use `local_project_install_command`"
            self.faults.append(Diagnostic("PC0604", message, self.span, help=help_, severity=Severity.WARNING))
            return False
        if _LOCAL.match(target):
            self.refuse(text)
        return True

    def _check(self, text: str, where: str) -> None:
        variable = _VARIABLE.search(text)
        if variable is not None or _PASSWORD.search(text):
            what = f"the variable `{variable[1]}` of who builds" if variable else "a password in a URL"
            message = f"{where} need {what}, which would stay in the image"
            help_ = (
                "name the index in `[tool.pipec.image] index_url`, and the build secret that opens it in `index_secret`"
            )
            self.faults.append(Diagnostic("PC0610", message, self.span, help=help_))

    def names(self) -> set[str]:
        """The distributions that are named, as PEP 503 compares them."""
        lines = [*self.lines, *(line for one in self.files.values() for line in one.text.splitlines())]
        return {normalise(name) for name in map(name_of, lines) if name}

    def all_files(self, inferred: Iterable[str]) -> tuple[RequirementsFile, ...]:
        """The files of the image: the user's, and one with the rest and what steps import."""
        known = self.names()
        added = [one for one in inferred if normalise(name_of(one) or one) not in known]
        lines = [*dict.fromkeys(self.lines), *sorted(set(added) - set(self.lines))]
        own = RequirementsFile(OWN_FILE, "".join(f"{line}\n" for line in lines), any("--hash=" in one for one in lines))
        files = [self.files[name] for name in sorted(self.files)]
        return (*files, own) if lines else tuple(files)


def _decoded(data: bytes) -> str:
    """The text of a file; PowerShell writes UTF-16 where `pip freeze` is redirected."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def name_of(line: str) -> str | None:
    """The distribution that a line names; None for options and comments.

    >>> name_of("scikit-learn>=1.5"), name_of("--extra-index-url https://x"), name_of("a @ https://x/a.whl")
    ('scikit-learn', None, 'a')
    """
    match = None if _OPTION.match(line) else _NAME.match(line.partition(" #")[0])
    return match[1] if match else None


def requirement_lines(files: Iterable[RequirementsFile]) -> Iterator[str]:
    """The lines of files that are no comments, joined where one goes on in the next."""
    for file in files:
        for line in file.text.replace("\\\n", " ").splitlines():
            text = line.split(" #")[0].strip()
            if text and not text.startswith("#"):
                yield text


def of_pyproject(file: Path) -> list[str]:
    """`[project] dependencies` of a `pyproject.toml`; nothing where it cannot be read."""
    import tomllib

    try:
        listed = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}).get("dependencies", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def below(path: str) -> str:
    """A path as it is written in settings, without a leading `./`."""
    return PurePosixPath(path.replace("\\", "/")).as_posix()

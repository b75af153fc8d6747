"""Files of the project that an image needs: for an export of requirements, an install command, the user's own Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.images.build_options import read_build_options
from pipec.compiler.images.ignoring import LeavesContext, TooLarge, context_files, read_rules
from pipec.compiler.images.model import ContextFile, Export, Parent
from pipec.compiler.images.requirements import of_pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from pipec.compiler.images.ignoring import Rules
    from pipec.compiler.images.settings import Reader

UV_EXPORT = "uv export --format=requirements-txt --directory={directory} --no-hashes --no-emit-project --frozen"
POETRY_EXPORT = "poetry export --format=requirements.txt --directory={directory} --without-hashes"
"""ZenML's own commands; uv's with `--frozen`, so that the lock decides and not the day of the build."""

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")


def export_of(reader: Reader, path: str) -> tuple[Export | None, list[str]]:
    """What is installed of a `pyproject.toml`: an export in the image's build, or its dependencies where nothing locks them.

    ZenML runs the command on the machine that compiles; here it runs in the build, from files that are hashed, so that the
    image does not depend on who built it.
    """
    file = _found(reader, path, "the project file")
    if file is None:
        return None, []
    locks = [name for name in _LOCKS if (file.parent / name).is_file()]
    command = " ".join(reader.listed("pyproject_export_command"))
    if not command and not {"uv.lock", "poetry.lock"} & set(locks):
        return None, of_pyproject(file)
    tools: tuple[str, ...] = ()
    if not command:
        command = UV_EXPORT if "uv.lock" in locks else POETRY_EXPORT
    if command.startswith("poetry "):
        tools = ("poetry", "poetry-plugin-export")
    elif command.startswith("uv ") and reader.docker.get("python_package_installer") == "pip":
        from pipec.compiler.images.dockerfile import UV

        tools = (UV,)
    files = tuple(ContextFile(name, _bytes(file.parent / name)) for name in sorted({file.name, *locks}))
    return Export(command, tools, files), []


def _bytes(file: Path) -> bytes:
    return file.read_bytes().replace(b"\r\n", b"\n")


def project_of(reader: Reader, ignored: str | None) -> tuple[ContextFile, ...]:
    """The project's files, for a command that installs it."""
    if not reader.has_code:
        reader.say(
            "PC0612",
            "`local_project_install_command` needs the project in the image, and `allow_including_files_in_images` is False",
            "leave one of them out",
        )
        return ()
    return _files(reader, reader.root, _rules(reader, reader.root, ignored))


def parent_of(reader: Reader, repository: str) -> Parent | None:
    """The image of the user's own `dockerfile`; None where there is none, or it cannot be read."""
    from pipec.compiler.images.context import digest_of

    path = reader.text("dockerfile")
    if path is None:
        return None
    file = _found(reader, path, "the Dockerfile")
    if file is None:
        return None
    options = read_build_options(reader, "parent_image_build_config")
    root = reader.text("build_context_root")
    files: tuple[ContextFile, ...] = ()
    if root is not None:
        folder = next((one / root for one in reader.folders if (one / root).is_dir()), None)
        if folder is None or not folder.resolve().is_relative_to(reader.root):
            what = "is not there" if folder is None else "lies outside of the project"
            reader.say("PC0612", f"the build context `{root}` {what}")
            return None
        files = _files(reader, folder.resolve(), _rules(reader, folder, options.ignored))
    text = _bytes(file).decode("utf-8", "surrogateescape")
    own = [ContextFile(" Dockerfile", text.encode("utf-8", "surrogateescape")), *files]
    shown = repr((options.arguments, options.labels, options.platform, sorted(options.others.items())))
    tag = digest_of([*own, ContextFile(" options", shown.encode())])[:16]
    given = {
        **options.others,
        "build_args": dict(options.arguments),
        "labels": dict(options.labels),
        "platform": options.platform,
    }
    where = file.resolve().relative_to(reader.root).as_posix()
    return Parent(f"{repository}:parent-{tag}", text, files, where, {name: one for name, one in given.items() if one})


def _found(reader: Reader, path: str, what: str) -> Path | None:
    """A file of the project: from its root, then from the folder of the pipeline."""
    file = next((one / path for one in reader.folders if (one / path).is_file()), None)
    if file is None:
        reader.say(
            "PC0612",
            f"{what} `{path}` is not there",
            "the path is read from the folder of the pipeline, then from each above it, up to the root of the project",
        )
    elif not file.resolve().is_relative_to(reader.root):
        reader.say("PC0612", f"{what} `{file.name}` lies outside of the project", "copy it into the project")
        return None
    return file


def _rules(reader: Reader, folder: Path, ignored: str | None) -> Rules:
    file = folder / ".dockerignore" if ignored is None else _found(reader, ignored, "the ignore file")
    if file is None or not file.is_file():
        return ()
    return read_rules(file.read_text(encoding="utf-8", errors="replace"))


def _files(reader: Reader, root: Path, rules: Rules) -> tuple[ContextFile, ...]:
    try:
        return context_files(root, rules)
    except TooLarge:
        reader.say("PC0612", "the build context has more than 512 MiB", "name what is not needed in a `.dockerignore`")
    except LeavesContext as fault:
        reader.say(
            "PC0612",
            f"`{fault}` in the build context is a link to a place outside of it",
            "copy the file, or name it in a `.dockerignore`",
        )
    except OSError as error:
        reader.say("PC0612", f"a file of the build context cannot be read: {error.strerror}")
    return ()

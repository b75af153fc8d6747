"""The code root: the folder of Python files that a step runs on.

    __main__.py          `python -I CODE_ROOT ADAPTER …`
    pipec/runtime/…      what loads inputs, calls the step and stores outputs, with the one adapter that is needed
    pipec/sdk/…          what the user's code imports
    zenml/__init__.py    `import zenml` in processes that a step starts (joblib, multiprocessing)
    steps/train.py, …    the user's modules, verbatim, under their dotted names

The runtime is read as text from where it is installed and never imported here.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pipec.compiler.ir.model import CodeFile
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.compiler.ir.model import Pipeline

ADAPTERS = frozenset({"airflow", "argo", "kubeflow"})
"""Modules of `pipec.runtime` of which a code root has one; the adapter `run` is in each."""

PACKAGES = ("runtime", "sdk")
"""What of `pipec` travels."""

_ENTRY = "entry.py"
_ZENML = '''"""Processes that a step starts find `zenml` here; the step itself answers it without this file."""

import sys

from pipec.runtime.imports import stand

sys.modules[__name__] = stand(__name__)
'''
_OWN = frozenset({"__main__", "pipec", "zenml"})


class ReservedName(ValueError):
    """A module of the user has a name that belongs to the code root itself."""


def assemble(pipeline: Pipeline, adapter: str, *, is_compact: bool = False) -> tuple[CodeFile, ...]:
    """The files of the code root of a pipeline, sorted by path; the same pipeline gives the same bytes.

    Args:
        pipeline: its `code` is the user's part.
        adapter: `airflow`, `argo`, `kubeflow`, or `run` for none but the general one.
        is_compact: pipec's own files come without docstrings and comments (the user's are never touched): for targets
            where nobody reads them and each byte counts.

    Raises:
        ReservedName: when a module of the user is called `pipec`, `zenml` or `__main__`.
        ValueError: when there is no such adapter.
    """
    files = _of_runtime(adapter)
    if is_compact:
        files = {path: compact(text) for path, text in files.items()}
    files.update(_of_user(pipeline))
    return _sorted(files)


def assemble_all(pipeline: Pipeline) -> tuple[CodeFile, ...]:
    """The code root of a pipeline with every adapter, sorted by path: what lies in an image, which any target may start.

    Raises:
        ReservedName: when a module of the user is called `pipec`, `zenml` or `__main__`.
    """
    files = {name: path.read_text(encoding="utf-8") for name, path in sources()}
    files = {"__main__.py": files.pop(f"pipec/runtime/{_ENTRY}"), "zenml/__init__.py": _ZENML, **files}
    files.update(_of_user(pipeline))
    return _sorted(files)


def runtime_files(adapter: str) -> tuple[CodeFile, ...]:
    """The runtime's part of a code root, compact, sorted by path.

    Raises:
        ValueError: when there is no such adapter.
    """
    return _sorted({path: compact(text) for path, text in _of_runtime(adapter).items()})


def user_files(pipeline: Pipeline) -> tuple[CodeFile, ...]:
    """The user's part of a code root, sorted by path.

    Raises:
        ReservedName: when a module of the user is called `pipec`, `zenml` or `__main__`.
    """
    return _sorted(_of_user(pipeline))


def _sorted(files: dict[str, str]) -> tuple[CodeFile, ...]:
    return tuple(CodeFile(path, files[path]) for path in sorted(files))


def sources() -> Iterator[tuple[str, Path]]:
    """The modules of the runtime and the SDK: their paths below the code root, and where they are installed."""
    for package in PACKAGES:
        folder = installed(f"pipec.{package}")
        for path in sorted(folder.rglob("*.py")):
            yield f"pipec/{package}/{path.relative_to(folder).as_posix()}", path


def _of_runtime(adapter: str) -> dict[str, str]:
    if adapter != "run" and adapter not in ADAPTERS:
        raise ValueError(f"`{adapter}` is no adapter")
    # An adapter may have further modules, `<adapter>_….py`.
    others = tuple(f"pipec/runtime/{other}{end}" for other in ADAPTERS - {adapter} for end in (".py", "_"))
    files = {name: path.read_text(encoding="utf-8") for name, path in sources() if not name.startswith(others)}
    if adapter != "run" and f"pipec/runtime/{adapter}.py" not in files:
        raise ValueError(f"`{adapter}` is no adapter of the installed runtime")
    return {"__main__.py": files.pop(f"pipec/runtime/{_ENTRY}"), "zenml/__init__.py": _ZENML, **files}


def _of_user(pipeline: Pipeline) -> dict[str, str]:
    """The user's modules, and an empty `__init__.py` for each folder that has none."""
    files: dict[str, str] = {}
    for file in pipeline.code:
        path = PurePosixPath(file.path)
        if path.parts[0].removesuffix(".py") in _OWN:
            raise ReservedName(f"`{file.path}` cannot travel: `{path.parts[0]}` is a name of the code root itself")
        files[file.path] = file.text
    modules = [PurePosixPath(path) for path in files if path.endswith(".py")]
    for path in modules:
        for folder in path.parents:
            if folder.parts:
                files.setdefault(f"{folder}/__init__.py", "")
    return files


def installed(package: str) -> Path:
    """The folder of one of pipec's own packages, which is not imported for it.

    Raises:
        RuntimeError: it is not there.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"`{package}` is not installed beside the compiler")
    return Path(next(iter(spec.submodule_search_locations)))


def compact(text: str) -> str:
    r"""One of pipec's own modules without docstrings, comments, blank lines and what is for type checkers only.

    It goes by lines and by this repository's style, because a parse of the whole runtime would double the time of a
    compilation; a test holds the syntax tree of every file to that of the original.

    >>> compact("import os\n\n\nclass A(Exception):\n    \"\"\"Doc.\"\"\"\n\n    # why\n    x = 1\n")
    'import os\nclass A(Exception):\n    pass\n    x = 1\n'
    """
    text = _MODULE_DOC.sub("", text, count=1)
    text = _DOC.sub(r"\1pass\n", text)
    text = _TYPES_ONLY.sub("", text)
    return _EMPTY.sub("", text)


_MODULE_DOC = pattern(r'\Ar?"""[\s\S]*?"""\n')
_DOC = pattern(r'^( +)r?"""[\s\S]*?"""\n', re.MULTILINE)
_TYPES_ONLY = pattern(r"^if TYPE_CHECKING:\n(?:(?: .*)?\n)+?(?=(?!else)\S)", re.MULTILINE)
_EMPTY = pattern(r"^ *(?:#.*)?\n", re.MULTILINE)

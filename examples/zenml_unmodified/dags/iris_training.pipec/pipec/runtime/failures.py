"""The error document: which exception, with what text, where in the user's source."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import pathlib
import traceback
from collections.abc import Iterator
from typing import Any

from pipec.runtime import codec

_OWN = tuple(str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("runtime", "sdk"))


def root_of(module: str) -> pathlib.Path | None:
    """The folder from which a module is imported: the code root, or the project's. Nothing is imported for it."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    locations = list(spec.submodule_search_locations or ())
    file = locations[0] if locations else spec.origin
    return pathlib.Path(file).parent if file is not None and (locations or spec.has_location) else None


def describe(problem: BaseException, root: pathlib.Path | None) -> dict[str, Any]:
    """An exception as part of the error document.

    Args:
        problem: the exception, with its traceback.
        root: folder of the user's code.

    Returns:
        what `named` gives, `traceback` (without frames of the runtime), `chain` where it came from others, and, where a frame of the user's code is in it,
        `file` (from the root), `line` and `function`.
    """
    shown = traceback.TracebackException.from_exception(problem)
    _strip(shown, set())
    described: dict[str, Any] = {**named(problem), "traceback": "".join(shown.format())}
    chain = [_one(each) for each in _chain(problem)]
    if chain:
        described["chain"] = chain
    for frame in reversed(shown.stack):
        file = None if root is None else _relative(frame.filename, root)
        if file is not None:
            return {**described, "file": file, "line": frame.lineno, "function": frame.name}
    return described


def named(problem: BaseException) -> dict[str, Any]:
    """What an exception is: `type` and `message`, and `class` and `args` where it can be made again of them."""
    found: dict[str, Any] = _one(problem)
    symbol = codec.symbol_of(type(problem))
    with contextlib.suppress(Exception):
        found |= {"class": symbol, "args": codec.encode(list(problem.args))} if symbol is not None else {}
    return found


def _one(problem: BaseException) -> dict[str, str]:
    try:
        message = str(problem)
    except Exception:
        message = "the exception has no printable text"
    return {"type": codec.type_name(type(problem)), "message": message}


def _chain(problem: BaseException) -> Iterator[BaseException]:
    """What an exception came from, the nearest first."""
    seen = {id(problem)}
    while True:
        before = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
        if before is None or id(before) in seen:
            return
        seen.add(id(before))
        problem = before
        yield before


def _strip(shown: traceback.TracebackException, seen: set[int]) -> None:
    """Take the runtime's frames out of an exception and of those that it came from."""
    if id(shown) in seen:
        return
    seen.add(id(shown))
    kept = [frame for frame in shown.stack if not _is_own(frame.filename)]
    shown.stack = traceback.StackSummary.from_list(kept)
    related = [shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())]
    for each in related:
        if each is not None:
            _strip(each, seen)


def _is_own(filename: str) -> bool:
    if filename.startswith("<frozen "):
        return True
    # A code root is reached through symbolic links on some engines (a mounted ConfigMap).
    return str(pathlib.Path(filename).resolve().parent).startswith(_OWN)


def _relative(filename: str, root: pathlib.Path) -> str | None:
    try:
        path = pathlib.Path(filename).resolve().relative_to(root.resolve())
    except ValueError:
        return None
    installed = "site-packages" in path.parts or path.suffix not in importlib.machinery.SOURCE_SUFFIXES
    return None if installed or path.name == "__main__.py" else path.as_posix()

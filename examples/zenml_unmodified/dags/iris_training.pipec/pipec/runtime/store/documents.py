"""JSON documents of the store: how they are read, numbered and added to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipec.runtime import codec
from pipec.runtime.errors import InputFault
from pipec.runtime.store.files import Files

Document = dict[str, Any]
VERSION = 1


def now() -> str:
    """The time, UTC, as the store writes it; such texts sort by time."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


def dumps(document: Mapping[str, Any]) -> bytes:
    """A document as bytes."""
    return codec.document({"format": VERSION, **document}).encode()


def read(files: Files, path: str, key: str = "format") -> Document | None:
    """A document; None where there is none. `key` says which entry is the version of its form.

    Raises:
        InputFault: when it cannot be read, or another version of pipec has written it in a way that this one does not know.
    """
    try:
        document = json.loads(files.read(path))
        version = document.pop(key)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as problem:
        raise InputFault(f"`{path}` of the store cannot be read: {problem}") from problem
    if version != VERSION:
        raise InputFault(f"`{path}` of the store has format {version}; this runtime reads format {VERSION}")
    return dict(document)


def numbers(files: Files, folder: str) -> list[int]:
    """The numbers of the documents `<number>.json` in a folder, ascending."""
    stems = (name.removesuffix(".json") for name in files.names(folder) if name.endswith(".json"))
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def claim(
    files: Files, folder: str, make: Callable[[int], Mapping[str, Any]], mine: Callable[[Document], bool] | None = None
) -> tuple[int, Document]:
    """A document under the next free number.

    Args:
        files: the store's files.
        folder: where the numbered documents lie.
        make: the document for a number.
        mine: whether an existing document is the one that is wanted. Of several that claim the same at once, one makes
            it and the others find it: what is not among the numbers that were listed can only come after them.

    Returns:
        The number and the document, made here or found.
    """
    known = numbers(files, folder)
    if mine is not None:
        for number in reversed(known):
            found = read(files, f"{folder}/{number}.json")
            if found is not None and mine(found):
                return number, found
    number = known[-1] + 1 if known else 1
    while True:
        made = dict(make(number))
        if files.create(f"{folder}/{number}.json", dumps(made)):
            return number, made
        found = read(files, f"{folder}/{number}.json") if mine is not None else None
        if found is not None and mine is not None and mine(found):
            return number, found
        number += 1


def note(files: Files, path: str, **content: Any) -> None:
    """Add to a document that others may add to at the same time: `metadata`, `tags`, `untag`, `link`."""
    claim(files, _notes(path), lambda _: {"at": now(), **content})


def with_notes(files: Files, path: str, document: Document) -> Document:
    """A document with what was added to it: `metadata`, `tags` and `links`."""
    metadata = dict(document.get("metadata") or {})
    tags, links = list(document.get("tags") or ()), list(document.get("links") or ())
    for each in notes(files, path):
        metadata.update(each.get("metadata", {}))
        tags = [tag for tag in tags if tag not in each.get("untag", ())]
        tags += [tag for tag in each.get("tags", ()) if tag not in tags]
        links += [each["link"]] if "link" in each else []
    return {**document, "metadata": metadata, "tags": tags, "links": links}


def notes(files: Files, path: str) -> Iterator[Document]:
    """What was added to a document, in order."""
    for number in numbers(files, _notes(path)):
        found = read(files, f"{_notes(path)}/{number}.json")
        if found is not None:
            yield found


def _notes(path: str) -> str:
    return path.removesuffix(".json") + ".notes"

"""`pipec artifacts list|show`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipec.backends.local.commands.opened import CANNOT, NotThere, open_store, print_json, print_table, size_text
from pipec.backends.local.journal import StoreUnusable
from pipec.runtime import codec

if TYPE_CHECKING:
    import argparse

    from pipec.runtime.store import Artifact, Store


def run(parsed: argparse.Namespace) -> int:
    """Carry it out."""
    actions = {"list": _list, "show": _show}
    try:
        actions[parsed.action](open_store(parsed).store, parsed)
    except (NotThere, StoreUnusable) as problem:
        print(f"pipec: {problem}", file=sys.stderr)
        return CANNOT
    return 0


def _list(store: Store, parsed: argparse.Namespace) -> None:
    found = [each for each in store.artifacts.list() if not parsed.tag or {*parsed.tag} <= {*each.tags}]
    if parsed.format == "json":
        print_json([_plain(each) for each in found])
        return
    rows = [(each.name, each.version, each.type, size_text(each.size), each.origin.get("run", "")) for each in found]
    print_table(("ARTIFACT", "VERSION", "TYPE", "SIZE", "RUN"), rows)


def _show(store: Store, parsed: argparse.Namespace) -> None:
    name, _, version = parsed.name.rpartition(":") if _has_version(store, parsed.name) else (parsed.name, "", "")
    try:
        found = store.artifacts.get(name, version or None)
    except KeyError as problem:
        raise NotThere(str(problem.args[0])) from None
    if parsed.format == "json":
        print_json(_plain(found))
        return
    print(f"{found.name}, version {found.version}")
    facts = {"place": found.place, "type": found.type, "size": size_text(found.size), "digest": found.digest}
    for title, value in {**facts, "created": found.created, **found.origin}.items():
        print(f"  {title}: {value}")
    if found.tags:
        print(f"  tags: {', '.join(found.tags)}")
    for title, value in found.metadata.items():
        print(f"  metadata {title} = {codec.text(value)}")


def _has_version(store: Store, word: str) -> bool:
    """Whether `NAME:VERSION` is meant: unnamed outputs have colons in their names."""
    return ":" in word and not store.artifacts.versions(word)


def _plain(artifact: Artifact) -> dict[str, object]:
    names = ("name", "version", "place", "digest", "type", "materializer", "size", "artifact_type", "metadata")
    found: dict[str, object] = {name: getattr(artifact, name) for name in names}
    return {**found, "created": artifact.created, "origin": dict(artifact.origin), "tags": [*artifact.tags]}

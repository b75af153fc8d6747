"""`pipec models list|show|promote`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipec.backends.local.commands.opened import CANNOT, NotThere, all_models, open_store, print_json, print_table
from pipec.backends.local.journal import StoreUnusable
from pipec.runtime import codec

if TYPE_CHECKING:
    import argparse

    from pipec.runtime.store import ModelVersion, Store


def run(parsed: argparse.Namespace) -> int:
    """Carry it out."""
    actions = {"list": _list, "show": _show, "promote": _promote}
    try:
        actions[parsed.action](open_store(parsed).store, parsed)
    except (NotThere, StoreUnusable) as problem:
        print(f"pipec: {problem}", file=sys.stderr)
        return CANNOT
    return 0


def _version(store: Store, word: str) -> ModelVersion:
    name, _, version = word.partition(":")
    try:
        return store.models.get(name, version or None)
    except KeyError as problem:
        raise NotThere(str(problem.args[0])) from None


def _list(store: Store, parsed: argparse.Namespace) -> None:
    versions = [each for each in all_models(store) if not parsed.tag or {*parsed.tag} <= {*each.tags}]
    if parsed.format == "json":
        print_json([_plain(each) for each in versions])
        return
    rows = [
        (each.name, each.version, each.stage or "", each.origin.get("run", ""), len(each.links)) for each in versions
    ]
    print_table(("MODEL", "VERSION", "STAGE", "RUN", "ARTIFACTS"), rows)


def _show(store: Store, parsed: argparse.Namespace) -> None:
    found = _version(store, parsed.name)
    if parsed.format == "json":
        print_json(_plain(found))
        return
    print(f"{found.name}, version {found.version}" + (f", {found.stage}" if found.stage else ""))
    for name, value in {**found.about, "created": found.created, **found.origin}.items():
        print(f"  {name}: {value}")
    if found.tags:
        print(f"  tags: {', '.join(found.tags)}")
    for name, value in found.metadata.items():
        print(f"  metadata {name} = {codec.text(value)}")
    for link in found.links:
        print(f"  artifact {link['name']}, version {link['version']}")


def _promote(store: Store, parsed: argparse.Namespace) -> None:
    found = _version(store, parsed.name)
    try:
        store.models.promote(found, parsed.stage, force=parsed.force)
    except ValueError as problem:
        raise NotThere(str(problem)) from None
    print(f"{found.name}, version {found.version}, is in stage {parsed.stage}")


def _plain(version: ModelVersion) -> dict[str, object]:
    names = ("name", "number", "version", "stage", "created", "origin", "about", "metadata")
    return {**{name: getattr(version, name) for name in names}, "tags": [*version.tags], "links": [*version.links]}

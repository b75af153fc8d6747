"""`pipec runs list|show|logs|gc`."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.local.commands.opened import (
    CANNOT,
    NotThere,
    all_artifacts,
    find_run,
    open_store,
    print_json,
    print_table,
    size_text,
)
from pipec.backends.local.journal import StoreUnusable
from pipec.runtime import codec, places
from pipec.runtime.store import layout

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pipec.backends.local.commands.opened import Opened
    from pipec.backends.local.journal import Entry
    from pipec.runtime.store import Run


def run(parsed: argparse.Namespace) -> int:
    """Carry it out."""
    actions = {"list": _list, "show": _show, "logs": _logs, "gc": _collect}
    try:
        actions[parsed.action](open_store(parsed), parsed)
    except (NotThere, StoreUnusable) as problem:
        print(f"pipec: {problem}", file=sys.stderr)
        return CANNOT
    return 0


def _states(opened: Opened) -> dict[str, str]:
    """States by run that only the journal knows: a run whose process is gone was interrupted."""
    return {} if opened.journal is None else {each["run"]: each["state"] for each in opened.journal.runs()}


def _list(opened: Opened, parsed: argparse.Namespace) -> None:
    states = _states(opened)
    runs = [
        each for each in opened.store.runs.list(parsed.pipeline) if not parsed.tag or set(parsed.tag) <= {*each.tags}
    ]
    if parsed.format == "json":
        print_json([_head(each, states) for each in runs])
        return
    rows = [
        (
            each.run,
            each.pipeline,
            states.get(each.run, each.state),
            _when(each.started),
            _took(each),
            ", ".join(each.tags),
        )
        for each in runs
    ]
    print_table(("RUN", "PIPELINE", "STATE", "STARTED", "TOOK", "TAGS"), rows)


def _head(run_: Run, states: Mapping[str, str]) -> dict[str, Any]:
    names = ("run", "name", "pipeline", "started", "ended", "parameters", "digest", "outputs", "facts", "metadata")
    found = {name: getattr(run_, name) for name in names}
    return {**found, "tags": list(run_.tags), "state": states.get(run_.run, run_.state)}


def _show(opened: Opened, parsed: argparse.Namespace) -> None:
    found = find_run(opened, parsed.run_name)
    entries = {} if opened.journal is None else opened.journal.entries(found.run)
    attempts = list(opened.store.runs.attempts(found.pipeline, found.run))
    records = {each.instance: each.record or each.error or {} for each in attempts}
    head = _head(found, _states(opened))
    states = {**dict(found.operations), **{name: each.state for name, each in entries.items()}}
    for name, record in records.items():
        states.setdefault(name, str(record.get("state", "failed")))
    if parsed.format == "json":
        instances = {name: {"state": state, "record": records.get(name, {})} for name, state in states.items()}
        print_json({**head, "instances": instances})
        return
    named = () if found.name in (None, found.run) else ("name",)
    for name in ("run", *named, "pipeline", "state", "started", "ended", "digest"):
        print(f"{name + ':':<12}{head[name] or ''}")
    for title, values in (("parameters", found.parameters), ("outputs", found.outputs), ("metadata", found.metadata)):
        for name, value in values.items():
            print(f"{title[:-1] if title[-1] == 's' else title} {name} = {codec.text(value):.200}")
    if found.tags:
        print(f"tags:       {', '.join(found.tags)}")
    print()
    rows = [
        (
            name,
            state,
            _seconds(entries.get(name)),
            _flow(records.get(name, {}), "inputs", opened),
            _made(records, entries, name),
        )
        for name, state in states.items()
    ]
    print_table(("STEP", "STATE", "TOOK", "READ", "MADE"), rows)


def _seconds(entry: Entry | None) -> str:
    return "" if entry is None or entry.seconds is None else f"{entry.seconds:.2f} s"


def _flow(record: Mapping[str, Any], key: str, opened: Opened) -> str:
    """What an instance read: each input, and which attempt made it."""
    parts: list[str] = []
    for name, about in record.get(key, {}).items():
        place = opened.store.relative(str(about["place"]))
        words = place.split("/")
        parts.append(f"{name} from {words[3]}" if words[0] == "runs" and len(words) > 4 else f"{name} from {place}")
    return ", ".join(parts)


def _made(records: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Entry], name: str) -> str:
    parts = [
        f"{output} {str(about['type']).rpartition(':')[2]} {size_text(about['size'])} {str(about['digest'])[7:19]}"
        for output, about in records.get(name, {}).get("outputs", {}).items()
    ]
    if name in entries:
        parts += [f"{output} = {each.json}"[:60] for output, each in entries[name].outputs.items() if each.json]
        message = entries[name].message
        parts += [message.partition("\n")[0][:80]] if message else []
    return ", ".join(parts)


def _when(started: str | None) -> str:
    if not started:
        return ""
    return dt.datetime.fromisoformat(started).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _took(run_: Run) -> str:
    if not run_.started or not run_.ended:
        return ""
    took = dt.datetime.fromisoformat(run_.ended) - dt.datetime.fromisoformat(run_.started)
    return f"{took.total_seconds():.1f} s"


def _logs(opened: Opened, parsed: argparse.Namespace) -> None:
    found = find_run(opened, parsed.run_name)
    folder = opened.folder / layout.run_folder(found.pipeline, found.run)
    logs = sorted(folder.glob("*/*.notes/log.txt"), key=lambda path: path.stat().st_mtime)
    wanted = None if parsed.step is None else layout.file_name(parsed.step)
    chosen = [path for path in logs if wanted is None or wanted in (path.parts[-3], path.parts[-3].partition("@")[0])]
    if not chosen:
        raise NotThere(
            f"run `{found.run}` has no log of `{parsed.step}`" if parsed.step else f"run `{found.run}` has no logs"
        )
    for path in chosen:
        attempt = path.parts[-2].removesuffix(".notes")
        if len(chosen) > 1:
            print(f"==> {path.parts[-3]}, attempt {attempt}")
        print(path.read_text(encoding="utf-8", errors="backslashreplace"), end="")


def _collect(opened: Opened, parsed: argparse.Namespace) -> None:
    """Remove old runs, and what of the cache leads into them; registered artifacts stay."""
    if places.is_url(opened.store.root):
        raise NotThere("`gc` is for a store in a folder; let the bucket's own rules expire the others")
    states = _states(opened)
    kept_by_pipeline: dict[str, int] = {}
    freed = removed = 0
    registered = {each.place for each in all_artifacts(opened.store)}
    for each in opened.store.runs.list():
        kept_by_pipeline[each.pipeline] = kept_by_pipeline.get(each.pipeline, 0) + 1
        is_tagged = bool(parsed.tag) and bool({*parsed.tag} & {*each.tags})
        if kept_by_pipeline[each.pipeline] <= parsed.keep or is_tagged or states.get(each.run) == "running":
            continue
        folder = opened.folder / layout.run_folder(each.pipeline, each.run)
        freed += _remove(folder, {Path(opened.store.absolute(place)) for place in registered})
        removed += 1
        if opened.journal is not None:
            opened.journal.forget(each.run)
    forgotten = _forget_lost(opened)
    print(f"{removed} runs removed, {size_text(freed)} freed, {forgotten} entries of the cache forgotten")


def _remove(folder: Path, registered: set[Path]) -> int:
    """Remove a run's folder, but for registered artifacts and the documents that tell their origin; bytes freed."""
    kept = {place for place in registered if place.is_relative_to(folder)}
    size = _size(folder)
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
        return size
    for attempt in folder.glob("*/*"):
        for path in list(attempt.iterdir()) if attempt.is_dir() else ():
            is_kept = path.suffix == ".json" or any(place == path or place.is_relative_to(path) for place in kept)
            if not is_kept and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
    return size - _size(folder)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _forget_lost(opened: Opened) -> int:
    forgotten = 0
    for path in sorted((Path(opened.store.root) / "cache").glob("*.json")):
        entry = opened.store.cache.get(path.stem)
        outputs: dict[str, Any] = {} if entry is None else entry.get("outputs", {})
        if entry is None or not all(places.exists(opened.store.absolute(each["place"])) for each in outputs.values()):
            opened.store.cache.remove(path.stem)
            forgotten += 1
    return forgotten

"""`compile --check` and `--diff`: which generated files are not what would be written now, why, and what that means."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.compiler.changes.history import Asked, History
from pipec.compiler.changes.programs import Version, changes_between
from pipec.compiler.changes.report import as_json, lines
from pipec.compiler.cli.session import pairs, show
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.emit import MARK, Change, starts_marked
from pipec.compiler.record import dataclass, field
from pipec.compiler.source import Position, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.changes.history import Past
    from pipec.compiler.changes.model import PipelineChanges
    from pipec.compiler.cli.compile import Outputs, Unit
    from pipec.compiler.cli.session import Session

_HEADER = re.compile(rf"{MARK}(.+?) \(pipeline `(.*)`\): do not edit")
_CODES = {
    "missing": "PC0509",
    "stale": "PC0509",
    "left over": "PC0509",
    "edited": "PC0550",
    "orphaned": "PC0551",
    "unknown": "PC0552",
    "foreign": "PC0508",
}
_HELPS = {
    "edited": "say it in the program and compile again; without `--check` the edit is overwritten",
    "orphaned": "remove it, and tell whoever runs it",
    "unknown": "move it away: pipec clears that folder when it compiles",
    "foreign": "move it away, choose another folder with `-o`, or overwrite it with `--force`",
}
_AGAIN = "run the same command without `--check` and commit the result"
_SEVERAL = 3
"""Files of a code folder that are named one by one; of more only the first is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file.

    Attributes:
        state: `missing`, `stale`, `left over` (ours, not generated any more), `edited`, `orphaned`, `unknown` (in a
            folder of ours) or `foreign` (in the place of a file of ours).
        reason: why it is so, in a sentence; empty where the state says it all.
    """

    path: Path
    state: str
    reason: str = ""
    change: Change | None = None


@dataclass(slots=True)
class Freshness:
    """All that is not as it would be written, and what it means."""

    verdicts: list[Verdict] = field(default_factory=list)
    meanings: dict[str, list[PipelineChanges]] = field(default_factory=dict)
    past_of: dict[Path, str] = field(default_factory=dict)
    count: int = 0


def report(session: Session, planned: Sequence[tuple[Outputs, list[Change]]]) -> int:
    """Prints what differs and returns the exit status: 1 if `--check` is given and anything does."""
    parsed = session.parsed
    found = judge(session, planned)
    if parsed.diff and parsed.format == "text":
        sys.stdout.write(_as_patch(found))
    if parsed.check:
        session.add(_diagnostics(found, in_place=parsed.format != "text"))
    if parsed.format == "json":
        _print_json(session, found)
    else:
        show(session, with_notes=False)
    if parsed.check and not found.verdicts and not parsed.quiet and parsed.format == "text":
        print(f"{found.count} file{'s are' if found.count != 1 else ' is'} up to date")
    return 1 if parsed.check and found.verdicts else 0


def judge(session: Session, planned: Sequence[tuple[Outputs, list[Change]]]) -> Freshness:
    """The state of each file that is not as it would be written, with the difference in meaning."""
    found = Freshness(count=sum(len(changes) for _, changes in planned))
    histories: dict[Path, History] = {}
    for output, changes in planned:
        by_path = {change.path: change for change in changes}
        for unit in output.units:
            own = _own(unit, output, by_path)
            different = [one for one in own if one.kind != "unchanged"]
            if different:
                root = unit.program.project.root
                history = histories.setdefault(root, History(unit.program.project))
                _judge_unit(session, found, unit, output, different, history)
        found.verdicts += _orphans(output)
    return found


def _own(unit: Unit, output: Outputs, changes: dict[Path, Change]) -> list[Change]:
    """The changes of one compilation's files, and of what is left in its code folders."""
    paths = {output.directory / file.path for file in unit.files}
    folders = [output.directory / file.path.partition("/")[0] for file in unit.files if file.owns_folder]
    return [
        change
        for path, change in changes.items()
        if path in paths or (change.kind == "orphaned" and any(path.is_relative_to(folder) for folder in folders))
    ]


def _judge_unit(
    session: Session, found: Freshness, unit: Unit, output: Outputs, changes: Sequence[Change], history: History
) -> None:
    parsed = session.parsed
    words = {
        "parameters": pairs(parsed.parameter, "-p"),
        "bind": pairs(parsed.bind, "--bind"),
        "options": pairs(parsed.option, "-O"),
        "config": parsed.config,
    }
    asked = Asked(unit.program.file, unit.program.pipeline, unit.target, parsed.stack, words)
    tops = sorted({output.directory / file.path.partition("/")[0] for file in unit.files})
    past = history.of(asked, tops) if any(one.kind != "new" for one in changes) else []
    now = {file.path: file.text for file in unit.files}
    owned = {output.directory / file.path for file in unit.files if file.owns_folder}
    for change in changes:
        name = change.path.relative_to(output.directory).as_posix()
        found.verdicts.append(_verdict(change, name, past, now, history, change.path in owned))
    if past:
        _mean(found, unit, past[0], tops)


def _verdict(
    change: Change, name: str, past: Sequence[Past], now: dict[str, str], history: History, is_owned: bool
) -> Verdict:
    if change.kind == "new":
        return Verdict(change.path, "missing", "", change)
    last = past[0] if past else None
    if change.kind == "orphaned":
        if last is not None and last.files is not None and name not in last.files:
            return Verdict(change.path, "unknown", "pipec did not write it", change)
        return Verdict(change.path, "left over", "it is not generated any more", change)
    if not is_owned and not starts_marked(change.before):
        return Verdict(change.path, "foreign", "", change)
    if last is None:
        return Verdict(change.path, "stale", "git knows no earlier version, so it may be edited by hand too", change)
    if last.files is None:
        return Verdict(change.path, "stale", f"the sources in {last.name} do not compile any more", change)
    if last.files.get(name) == change.before:
        return Verdict(change.path, "stale", "", change)
    return _touched(change, name, past, now, history)


def _touched(change: Change, name: str, past: Sequence[Past], now: dict[str, str], history: History) -> Verdict:
    """A file that is not what its commit's sources give."""
    last = past[0]
    assert last.files is not None
    committed = history.text(last.commit, change.path)
    if committed != change.before:
        if now == last.files:
            reason = f"it is not as in {last.name}, and nothing that it is made from has changed since"
            return Verdict(change.path, "edited", reason, change)
        reason = f"it is neither what the sources in {last.name} give nor what those of now do"
        return Verdict(change.path, "stale", f"{reason}: compiled in between, or edited by hand too", change)
    before = past[1] if len(past) > 1 else None
    if (
        before is not None
        and before.files is not None
        and before.files.get(name) == history.text(before.commit, change.path)
    ):
        return Verdict(change.path, "edited", f"the edit is in {last.name}", change)
    if last.files.get(name) == now.get(name):
        reason = f"the sources in {last.name} give what they give now: another version of pipec wrote it, or a hand"
        return Verdict(change.path, "stale", reason, change)
    return Verdict(change.path, "stale", f"another version of pipec wrote it in {last.name}, or a hand", change)


def _mean(found: Freshness, unit: Unit, past: Past, tops: Sequence[Path]) -> None:
    version = Version()
    root = unit.program.project.root
    file = unit.program.file
    version.add(
        file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name, unit.compilation.pipelines
    )
    key = f"{past.name}\0{unit.program.file}\0{unit.program.pipeline}"
    if key not in found.meanings:
        found.meanings[key] = changes_between(past.version, version, past.causes, past.name)
    for top in tops:
        found.past_of[top] = key


def _orphans(output: Outputs) -> list[Verdict]:
    """Files of ours in an output folder whose source is gone, or gives no such pipeline any more."""
    expected = {file.path.partition("/")[0] for file in output.files}
    roots = {unit.program.project.root for unit in output.units}
    here = output.directory.resolve()
    if len(roots) != 1 or not here.is_dir() or not here.is_relative_to(root := roots.pop()):
        return []  # a folder that several projects share: whose a file is cannot be told
    whole = {unit.program.file for unit in output.units if unit.program.pipeline is None}
    titles = {unit.program.file: {one.name for one in unit.compilation.pipelines} for unit in output.units}
    found: list[Verdict] = []
    for path in sorted(output.directory.iterdir()):
        if path.name in expected or not path.is_file():
            continue
        mark = _HEADER.search(path.read_bytes()[:4096].decode("utf-8", "replace"))
        if mark is None:
            continue
        source, pipeline = root / mark[1], mark[2]
        if not source.is_file():
            found.append(Verdict(path, "orphaned", f"`{mark[1]}`, which it was generated from, is gone"))
        elif source in whole and pipeline not in titles[source]:
            found.append(Verdict(path, "orphaned", f"`{mark[1]}` has no pipeline `{pipeline}` any more"))
    return found


def _diagnostics(found: Freshness, *, in_place: bool) -> list[Diagnostic]:
    """An error for each file; files of one folder that are in one state are one error."""
    from pipec.compiler.cli.compile import shown

    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for one in found.verdicts:
        top = next((parent for parent in (one.path, *one.path.parents) if parent in found.past_of), one.path)
        where = shown(one.path) if top == one.path or one.state == "unknown" else f"{shown(top)}/"
        groups.setdefault((where, one.state, one.reason), []).append(one)
    told: set[str] = set()
    diagnostics: list[Diagnostic] = []
    for (where, state, reason), some in groups.items():
        notes = [reason] if reason else []
        known = next((parent for parent in (some[0].path, *some[0].path.parents) if parent in found.past_of), None)
        if known is not None and state == "stale" and found.past_of[known] not in told:
            told.add(found.past_of[known])
            notes += _since(found, found.past_of[known])
        word = {"missing": "is missing", "left over": "is not generated any more", "edited": "was edited by hand"}
        words = {**word, "unknown": "was not written by pipec", "foreign": "was not written by pipec"}
        what = words.get(state, f"is {state}")
        if state == "left over":
            notes = notes[1:]
        name = shown(some[0].path) if len(some) == 1 else where
        if len(some) > 1:
            first = ", ".join(
                f"`{one.path.relative_to(known or one.path.parent).as_posix()}`" for one in some[:_SEVERAL]
            )
            notes.insert(0, f"{len(some)} files: {first}{', …' if len(some) > _SEVERAL else ''}")
        span = Span(shown(some[0].path), Position(1, 1), Position(1, 1)) if in_place else None
        diagnostics.append(
            Diagnostic(_CODES[state], f"`{name}` {what}", span, notes=tuple(notes), help=_HELPS.get(state, _AGAIN))
        )
    return diagnostics


def _since(found: Freshness, key: str) -> list[str]:
    """What changed in meaning since the files were last committed."""
    name = key.partition("\0")[0]
    notes: list[str] = []
    for changes in found.meanings[key]:
        if changes.state == "unchanged":
            notes.append(f"{changes.name}: no change in meaning since {name}")
            continue
        head, *rest = lines(changes)
        notes += [f"since {name}: {line.strip()}" for line in (rest or [head])]
    return notes


def _as_patch(found: Freshness) -> str:
    """What writing would change, as a patch; lines before each file, which `patch` passes over, say what it means."""
    import difflib

    from pipec.compiler.cli.compile import shown

    text: list[str] = []
    for key, all_changes in found.meanings.items():
        for changes in all_changes:
            if changes.state == "unchanged":
                text.append(
                    f"# {changes.name} ({changes.source}): no change in meaning since {key.partition(chr(0))[0]}\n"
                )
            else:
                text += [f"# {line}\n" for line in lines(changes)]
    for one in found.verdicts:
        if one.change is None:
            continue
        name, change = shown(one.path), one.change
        diff = difflib.unified_diff(
            change.before.splitlines(keepends=True),
            change.after.splitlines(keepends=True),
            "/dev/null" if change.kind == "new" else f"a/{name}",
            "/dev/null" if change.kind == "orphaned" else f"b/{name}",
        )
        text += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in diff]
    return "".join(text)


def _print_json(session: Session, found: Freshness) -> None:
    import json

    from pipec.compiler.cli.compile import shown
    from pipec.compiler.diagnostics import in_order
    from pipec.compiler.diagnostics.machine import as_json as diagnostic_as_json

    document = {
        "version": 1,
        "diagnostics": [diagnostic_as_json(one) for one in in_order(session.diagnostics)],
        "files": [
            {"path": shown(one.path), "state": one.state, "reason": one.reason or None} for one in found.verdicts
        ],
        "pipelines": [
            {**as_json(changes), "since": key.partition("\0")[0]}
            for key, some in found.meanings.items()
            for changes in some
        ],
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")

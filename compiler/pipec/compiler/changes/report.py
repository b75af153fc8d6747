"""Differences as text, JSON, GitHub annotations and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipec.compiler.changes.model import Difference, PipelineChanges


def sentences(differences: Iterable[Difference]) -> Iterator[str]:
    """One line for each subject: `` `train`: retries 0 → 2; caching on → off ``."""
    by_subject: dict[str, list[str]] = {}
    for one in differences:
        if one.subject:
            by_subject.setdefault(one.subject, []).append(one.text)
        else:
            by_subject[f"\0{len(by_subject)}"] = [one.text]
    for subject, texts in by_subject.items():
        yield f"{label(subject)}: {'; '.join(texts)}" if not subject.startswith("\0") else texts[0]


def label(subject: str) -> str:
    """The subject in backticks; several with commas, and `every step` as it is."""
    return subject if subject == "every step" else ", ".join(f"`{one}`" for one in subject.split(", "))


def lines(changes: PipelineChanges) -> list[str]:
    """What became of one pipeline, a line each; the first names it."""
    head = f"{changes.name} ({changes.source}): "
    if changes.unknown:
        return [f"{head}what changed is not known: {changes.unknown}"]
    if changes.state in {"added", "removed"}:
        return [f"{head}{'new pipeline' if changes.state == 'added' else 'the pipeline is gone'}"]
    means = [one for one in changes.differences if one.is_meaning]
    others = [one for one in changes.differences if not one.is_meaning]
    found = [f"  {one}" for one in sentences(means)]
    found += [f"  {one} (no change in meaning)" for one in sentences(others)]
    return [
        f"{head}{'' if means else 'no change in meaning'}".rstrip().removesuffix(":") + (":" if means else ""),
        *found,
    ]


def render_text(all_changes: Sequence[PipelineChanges]) -> str:
    """For people."""
    return "".join(f"{line}\n" for one in all_changes for line in lines(one))


def as_json(changes: PipelineChanges) -> dict[str, Any]:
    """Plain data for one pipeline."""
    return {
        "pipeline": changes.name,
        "source": changes.source,
        "state": changes.state,
        "means_another": changes.means_another,
        "unknown": changes.unknown or None,
        "differences": [
            {
                "subject": one.subject or None,
                "kind": one.kind,
                "text": one.text,
                "is_meaning": one.is_meaning,
                "path": None if one.span is None else one.span.path,
                "line": None if one.span is None else one.span.start.line,
            }
            for one in changes.differences
        ],
    }


def render_json(all_changes: Sequence[PipelineChanges]) -> str:
    """One document: `{"version": 1, "pipelines": […]}`."""
    import json

    return json.dumps({"version": 1, "pipelines": [as_json(one) for one in all_changes]}, indent=2) + "\n"


def render_github(all_changes: Sequence[PipelineChanges], prefix: str = "") -> str:
    """A notice at the line of each difference. `prefix` leads from the repository's root to the project."""
    from pipec.compiler.diagnostics.machine import command

    found: list[str] = []
    for changes in all_changes:
        if changes.unknown or changes.state in {"added", "removed"}:
            found.append(command("notice", {"title": changes.name}, lines(changes)[0]))
        for one in changes.differences:
            properties = {"title": f"{changes.name}: {one.kind}"}
            if one.span is not None:
                properties |= {"file": prefix + one.span.path, "line": str(one.span.start.line)}
            found.append(command("notice", properties, next(sentences([one]))))
    return "".join(f"{line}\n" for line in found)


def render_markdown(all_changes: Sequence[PipelineChanges]) -> str:
    """For the comment on a pull request."""
    found: list[str] = []
    for changes in all_changes:
        head, *rest = lines(changes)
        found.append(
            f"**{changes.name}** (`{changes.source}`)" + head.removeprefix(f"{changes.name} ({changes.source})")
        )
        found += ["", *(f"- {line.strip()}" for line in rest), ""] if rest else [""]
    return "\n".join(found).rstrip("\n") + "\n" if found else ""

"""The server: the editor's protocol on the one side, `checker`, `answers` and `fixes` on the other."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from pipec.compiler.diagnostics import Severity
from pipec.compiler.lsp.answers import definition, hints, hover
from pipec.compiler.lsp.checker import Checker, Program
from pipec.compiler.lsp.fixes import fixes
from pipec.compiler.source import Position, SourceFile, Span
from pipec.compiler.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.diagnostics import Diagnostic

_SEVERITIES = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.NOTE: lsp.DiagnosticSeverity.Information,
}
IDLE = 0.25
"""Seconds without a keystroke after which the targets and the other programs of the project are asked."""


class PipecServer(LanguageServer):
    """One editor's session."""

    def __init__(self) -> None:
        super().__init__("pipec", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.checker = Checker()
        self._waiting: dict[Path, Program] = {}
        self._worker: asyncio.Task[None] | None = None
        self._published: set[str] = set()

    def changed(self, uri: str, *, is_new: bool = False) -> None:
        """Checks what a change concerns: at once the program at hand, the others when nothing is typed for a moment."""
        file = path_of(uri)
        self.checker.hold(file, self.workspace.get_text_document(uri).source)
        new = self.checker.discover(file) if is_new else []
        concerned = self.checker.affected(file)
        if concerned:
            self.publish(self.checker.check(concerned[0], with_targets=False))
        self.later([*concerned, *new])

    def later(self, programs: Iterable[Program]) -> None:
        """Has programs checked, with the targets of their project, once nothing is typed."""
        self._waiting.update((one.file, one) for one in programs)
        if self._worker is not None:
            self._worker.cancel()
        self._worker = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        await asyncio.sleep(IDLE)
        while self._waiting:
            file = next(iter(self._waiting))
            self.publish(self.checker.check(self._waiting[file], with_targets=True))
            del self._waiting[file]
            await asyncio.sleep(0)  # a keystroke that came meanwhile goes first
        if self.client_capabilities.workspace and self.client_capabilities.workspace.inlay_hint:
            self.workspace_inlay_hint_refresh(None)

    def publish(self, files: Iterable[Path]) -> None:
        """Sends all diagnostics of some files."""
        for file in files:
            uri = uri_of(file)
            source = self.source(file)
            found = [self.shown(one, source, file) for one in self.checker.diagnostics(file)]
            if found or uri in self._published:
                self._published.add(uri)
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found))

    def source(self, file: Path) -> SourceFile:
        """The text of a file as the editor shows it, or as it is on the disk."""
        uri = uri_of(file)
        try:
            text = self.workspace.get_text_document(uri).source
        except OSError:
            text = ""
        return SourceFile("", text.replace("\r\n", "\n"))

    def shown(self, found: Diagnostic, source: SourceFile, file: Path) -> lsp.Diagnostic:
        """A diagnostic as the protocol has it."""
        assert found.span is not None, "the checker gives those with a place"
        text = "\n".join([found.message, *found.notes, *([f"help: {found.help}"] if found.help else [])])
        related = [
            lsp.DiagnosticRelatedInformation(lsp.Location(uri_of(file), self.range(one.span, source)), one.text)
            for one in found.related
            if one.span.path == found.span.path
        ]
        return lsp.Diagnostic(
            self.range(found.span, source),
            text,
            severity=_SEVERITIES[found.severity],
            code=found.code,
            source="pipec",
            related_information=related or None,
        )

    def range(self, span: Span, source: SourceFile) -> lsp.Range:
        """A span in the client's units."""
        lines = source.text.split("\n")
        return lsp.Range(self.position(span.start, lines), self.position(span.end, lines))

    def position(self, position: Position, lines: list[str]) -> lsp.Position:
        """A position in the client's units, which by default are those of UTF-16."""
        plain = lsp.Position(position.line - 1, position.column - 1)
        if plain.line < len(lines) and lines[plain.line].isascii():
            return plain
        return self.workspace.position_codec.position_to_client_units(lines, plain)

    def here(self, file: Path, position: lsp.Position) -> tuple[str, Position]:
        """The text of a file and, in our own units, a position of the client's."""
        text = self.source(file).text
        found = self.workspace.position_codec.position_from_client_units(text.split("\n"), position)
        return text, Position(found.line + 1, found.character + 1)


def path_of(uri: str) -> Path:
    """The file of an address."""
    return Path(to_fs_path(uri) or "").resolve()


def uri_of(file: Path) -> str:
    """The address of a file."""
    return from_fs_path(str(file)) or ""


def make() -> PipecServer:
    """A server with all that it can do."""
    server = PipecServer()
    kinds = lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)(_opened)
    server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(_changed)
    server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(_saved)
    server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_changed_on_disk)
    server.feature(lsp.TEXT_DOCUMENT_HOVER)(_hover)
    server.feature(lsp.TEXT_DOCUMENT_DEFINITION)(_definition)
    server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)(_inlay_hints)
    server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, kinds)(_code_actions)
    return server


def _opened(ls: PipecServer, parameters: lsp.DidOpenTextDocumentParams) -> None:
    ls.changed(parameters.text_document.uri, is_new=True)


def _changed(ls: PipecServer, parameters: lsp.DidChangeTextDocumentParams) -> None:
    ls.changed(parameters.text_document.uri)


def _saved(ls: PipecServer, parameters: lsp.DidSaveTextDocumentParams) -> None:
    ls.changed(parameters.text_document.uri, is_new=True)


def _closed(ls: PipecServer, parameters: lsp.DidCloseTextDocumentParams) -> None:
    file = path_of(parameters.text_document.uri)
    ls.checker.release(file)
    ls.later(ls.checker.affected(file))


def _changed_on_disk(ls: PipecServer, parameters: lsp.DidChangeWatchedFilesParams) -> None:
    for change in parameters.changes:
        ls.later(ls.checker.affected(path_of(change.uri)))


def _hover(ls: PipecServer, parameters: lsp.HoverParams) -> lsp.Hover | None:
    file = path_of(parameters.text_document.uri)
    text, position = ls.here(file, parameters.position)
    found = hover(ls.checker, file, text, position)
    if found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found[0])
    return lsp.Hover(content, ls.range(found[1], SourceFile("", text)))


def _definition(ls: PipecServer, parameters: lsp.DefinitionParams) -> lsp.Location | None:
    file = path_of(parameters.text_document.uri)
    text, position = ls.here(file, parameters.position)
    found = definition(ls.checker, file, text, position)
    if found is None:
        return None
    target = found.root / found.span.path
    return lsp.Location(uri_of(target), ls.range(found.span, ls.source(target)))


def _inlay_hints(ls: PipecServer, parameters: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    file = path_of(parameters.text_document.uri)
    source = ls.source(file)
    lines = source.text.split("\n")
    return [
        lsp.InlayHint(ls.position(one.position, lines), one.label, tooltip=one.tooltip)
        for one in hints(ls.checker, file, source.text)
        if parameters.range.start.line < one.position.line <= parameters.range.end.line + 1
    ]


def _code_actions(ls: PipecServer, parameters: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    uri = parameters.text_document.uri
    file = path_of(uri)
    source = ls.source(file)
    actions: list[lsp.CodeAction] = []
    for found in ls.checker.diagnostics(file):
        shown = ls.shown(found, source, file)
        if shown.range.end < parameters.range.start or parameters.range.end < shown.range.start:
            continue
        for index, fix in enumerate(fixes(found, source)):
            edits = [lsp.TextEdit(ls.range(one.span, source), one.replacement) for one in fix.edits]
            actions.append(
                lsp.CodeAction(
                    fix.title,
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[shown],
                    is_preferred=index == 0,
                    edit=lsp.WorkspaceEdit({uri: edits}),
                )
            )
    return actions

"""An editor's session with `pipec lsp`, in a process of its own, over the protocol."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Self

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.uris import from_fs_path, to_fs_path


class Editor:
    """Opens files, types in them, asks.

    async with Editor(folder) as editor:
        await editor.open("main.py")
        found = await editor.type("main.py", "lod(", "load(")
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("test", "1")
        self.texts: dict[str, str] = {}
        self.diagnostics: dict[str, list[lsp.Diagnostic]] = {}
        self._versions: dict[str, int] = {}
        self._news: asyncio.Queue[str] = asyncio.Queue()

        def published(parameters: lsp.PublishDiagnosticsParams) -> None:
            self._published(parameters)

        self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)

    def _published(self, parameters: lsp.PublishDiagnosticsParams) -> None:
        name = Path(to_fs_path(parameters.uri) or "").relative_to(self.folder.resolve()).as_posix()
        self.diagnostics[name] = list(parameters.diagnostics)
        self._news.put_nowait(name)

    async def __aenter__(self) -> Self:
        await self.client.start_io(sys.executable, "-m", "pipec", "lsp", cwd=str(self.folder))
        text_document = lsp.TextDocumentClientCapabilities()
        await self.client.initialize_async(
            lsp.InitializeParams(
                lsp.ClientCapabilities(text_document=text_document), root_uri=self.uri("."), process_id=None
            )
        )
        self.client.initialized(lsp.InitializedParams())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()  # type: ignore[no-untyped-call]

    def uri(self, name: str) -> str:
        return from_fs_path(str((self.folder / name).resolve())) or ""

    async def open(self, name: str) -> list[lsp.Diagnostic]:
        """Opens a file and gives what is wrong in it, once the whole project is checked."""
        self.texts[name] = (self.folder / name).read_text(encoding="utf-8")
        self._versions[name] = 1
        item = lsp.TextDocumentItem(self.uri(name), "python", 1, self.texts[name])
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        await self.rest()
        return self.diagnostics.get(name, [])

    async def change(self, name: str, old: str, new: str) -> None:
        """Replaces the first `old` by `new`, as a keystroke does, and waits for nothing."""
        text = self.texts[name]
        offset = text.index(old)
        edit = lsp.TextDocumentContentChangePartial(
            range=lsp.Range(self._place(text, offset), self._place(text, offset + len(old))), text=new
        )
        self.texts[name] = text[:offset] + new + text[offset + len(old) :]
        self._versions[name] += 1
        identifier = lsp.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, [edit]))

    async def type(self, name: str, old: str, new: str) -> list[lsp.Diagnostic]:
        """Replaces, and gives what is wrong in the file when the server is at rest."""
        await self.change(name, old, new)
        await self.rest()
        return self.diagnostics.get(name, [])

    async def timed(self, name: str, old: str, new: str) -> float:
        """Seconds from a keystroke to an answer that was asked for after it: what is typed next waits no longer."""
        started = time.perf_counter()
        await self.change(name, old, new)
        await self.client.text_document_hover_async(lsp.HoverParams(self._identifier(name), lsp.Position(0, 0)))
        return time.perf_counter() - started

    async def rest(self, seconds: float = 0.6) -> None:
        """Waits until the server has said nothing for a while."""
        while True:
            try:
                await asyncio.wait_for(self._news.get(), seconds)
            except TimeoutError:
                return

    async def hover(self, name: str, at: str, inside: int = 0) -> str | None:
        """The text of a hover over the first `at`, `inside` characters into it."""
        found = await self.client.text_document_hover_async(
            lsp.HoverParams(self._identifier(name), self.place(name, at, inside))
        )
        return None if found is None else found.contents.value  # type: ignore[union-attr]

    async def definition(self, name: str, at: str, inside: int = 0) -> str | None:
        """`file:line: text` of the definition, the text that its range holds."""
        found: Any = await self.client.text_document_definition_async(
            lsp.DefinitionParams(self._identifier(name), self.place(name, at, inside))
        )
        if found is None:
            return None
        file = Path(to_fs_path(found.uri) or "")
        line = file.read_text(encoding="utf-8").splitlines()[found.range.start.line]
        units = line.encode("utf-16-le")
        held = units[2 * found.range.start.character : 2 * found.range.end.character].decode("utf-16-le")
        return f"{file.relative_to(self.folder.resolve()).as_posix()}:{found.range.start.line + 1}: {held}"

    async def hints(self, name: str) -> list[tuple[int, str]]:
        """Line and label of every inlay hint."""
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(10_000, 0))
        found = await self.client.text_document_inlay_hint_async(lsp.InlayHintParams(self._identifier(name), whole))
        return [(one.position.line + 1, str(one.label)) for one in found or ()]

    async def actions(self, name: str, at: str) -> dict[str, str]:
        """The text of the file after each code action that is offered at the first `at`, by title."""
        place = self.place(name, at, 0)
        context = lsp.CodeActionContext([])
        found: Any = await self.client.text_document_code_action_async(
            lsp.CodeActionParams(self._identifier(name), lsp.Range(place, place), context)
        )
        return {one.title: self._edited(name, one.edit.changes[self.uri(name)]) for one in found or ()}

    def place(self, name: str, at: str, inside: int) -> lsp.Position:
        return self._place(self.texts[name], self.texts[name].index(at) + inside)

    def _identifier(self, name: str) -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri(name))

    @staticmethod
    def _place(text: str, offset: int) -> lsp.Position:
        """In UTF-16, as the protocol counts."""
        before = text[:offset]
        line = before.count("\n")
        column = before.rpartition("\n")[2]
        return lsp.Position(line, len(column.encode("utf-16-le")) // 2)

    def _edited(self, name: str, edits: list[lsp.TextEdit]) -> str:
        text = self.texts[name]

        def offset(position: lsp.Position) -> int:
            lines = text.split("\n")
            start = sum(len(line) + 1 for line in lines[: position.line])
            return start + len(lines[position.line].encode("utf-16-le")[: 2 * position.character].decode("utf-16-le"))

        for edit in sorted(edits, key=lambda one: offset(one.range.start), reverse=True):
            text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
        return text

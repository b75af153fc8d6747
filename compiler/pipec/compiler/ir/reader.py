"""Reading a `.ir.json` file: every fault of it is a diagnostic at its place (PC0107)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn, cast

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.json import VERSION
from pipec.compiler.ir.verifier import verify
from pipec.compiler.source import SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from pipec.compiler.ir.model import Pipeline

_MOST_SHOWN = 20
_BLANK = re.compile(r"[ \t\n\r]*")
_HELP = "write the file again with `pipec compile FILE --target ir`"


def read(text: str, path: str) -> tuple[Pipeline | None, list[Diagnostic]]:
    """The pipeline in the text of a `.ir.json` file; None with at least one error where it is not sound.

    Args:
        text: the file's text.
        path: its path from the project root, for the diagnostics.
    """
    file = SourceFile(path, text)
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return None, [_fault(file, f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.pos, error.pos + 1)]
    except (ValueError, RecursionError) as error:
        what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        return None, [_fault(file, f"not JSON that can be read: {what}", 0, 1)]
    if (fault := _version_fault(file, document)) is not None:
        return None, [fault]
    return _checked(file, document)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _version_fault(file: SourceFile, document: object) -> Diagnostic | None:
    if not isinstance(document, dict) or "pipec_ir" not in document:
        return _fault(file, "not a pipeline of pipec: it has no `pipec_ir`", 0, 1)
    version = cast("dict[str, object]", document)["pipec_ir"]
    if version == VERSION and version is not True:
        return None
    start, end = _locate(file.text, ("pipec_ir",))
    return _fault(
        file, f"version {json.dumps(version)[:40]} of the form is not the one that is read, {VERSION}", start, end
    )


def _checked(file: SourceFile, document: object) -> tuple[Pipeline | None, list[Diagnostic]]:
    from pydantic_core import ValidationError

    from pipec.compiler.ir.schema import validator

    try:
        pipeline = cast("Pipeline", validator().validate_python(document))
        violations = verify(pipeline)
    except ValidationError as error:
        rows = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [_structural(file, document, row) for row in rows[:_MOST_SHOWN]]
    except RecursionError:
        return None, [_fault(file, "operations or values are nested too deep", 0, 1)]
    return (None if violations else pipeline), [_fault(file, violation, 0, 1) for violation in violations[:_MOST_SHOWN]]


def _structural(file: SourceFile, document: object, row: ErrorDetails) -> Diagnostic:
    place = row["loc"]
    path = _path_in(document, place)
    start, end = _locate(file.text, path)
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    at = f"`{shown}`" if shown else "the pipeline"
    if row["type"] == "missing":
        return _fault(file, f"{at} has no `{place[-1]}`", start, end)
    if row["type"] == "unexpected_keyword_argument":
        return _fault(file, f"{at} is not a field of this form", start, end)
    return _fault(file, f"{at}: {row['msg'][:1].lower()}{row['msg'][1:]}", start, end)


def _path_in(document: object, place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The part of pydantic's location that exists in the document: without its words for members of unions."""
    path: list[int | str] = []
    node = document
    for part in place:
        if isinstance(node, dict) and part in node:
            node = cast("Mapping[object, object]", node)[part]
        elif isinstance(node, list) and isinstance(part, int) and part < len(cast("list[object]", node)):
            node = cast("list[object]", node)[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _locate(text: str, path: tuple[int | str, ...]) -> tuple[int, int]:
    """Start and end of the value at `path`, which exists, in the text of a JSON document."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    for part in path:
        at = _skip(text, at + 1)
        index = 0
        while True:
            key: object = index
            if isinstance(part, str):
                key, at = decoder.raw_decode(text, at)
                at = _skip(text, _skip(text, at) + 1)
            if key == part:
                break
            at = _skip(text, _skip(text, decoder.raw_decode(text, at)[1]) + 1)
            index += 1
    return at, decoder.raw_decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()


def _fault(file: SourceFile, message: str, start: int, end: int) -> Diagnostic:
    first, last = file.position(start), file.position(min(end, len(file.text)))
    if last.line != first.line:
        # Only the first line of a long value: the headline names its path.
        last = file.position(file.offset(first) + len(file.line(first.line)) - first.column + 1)
    return Diagnostic("PC0107", f"`{file.path}` is not valid IR: {message}", Span(file.path, first, last), help=_HELP)

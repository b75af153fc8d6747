"""Docker's classic builder, through the SDK: works with every engine and with Podman; knows no secrets and no cache mounts."""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING, Any

from pipec.backends.containers.faults import BuildFailed, disk_full, is_full, one_line
from pipec.backends.containers.instructions import instructions_of, span_of
from pipec.backends.containers.packing import pack, with_dockerfile
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.source import SourceFile

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

    from pipec.backends.containers.engine import Engine
    from pipec.backends.containers.instructions import Instruction
    from pipec.backends.containers.model import Build
    from pipec.backends.containers.progress import BuildLog
    from pipec.compiler.ir.values import Json

from pipec.compiler.lazy import pattern

SHOWN = 20
"""Lines of the log that are shown of a build that fails."""

_STEP = pattern(r"Step (\d+)/(\d+) : ?(.*)")
_NAMES = {"no_cache": "nocache", "shm_size": "shmsize", "build_args": "buildargs"}
_IN_MEMORY = 16 * 1024 * 1024


def build(engine: Engine, wanted: Build, log: BuildLog) -> str:
    """Builds an image; gives its id.

    Raises:
        BuildFailed: an instruction fails, the disk is full, the engine is gone.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as archive:
        pack(with_dockerfile(wanted.dockerfile, wanted.files), archive)
        archive.seek(0)
        return _follow(_records(engine, wanted, archive), wanted, log)


def _records(engine: Engine, wanted: Build, archive: IO[bytes]) -> Iterable[dict[str, Any]]:
    from docker.errors import DockerException

    try:
        yield from engine.api.build(
            fileobj=archive,
            custom_context=True,
            tag=wanted.reference,
            decode=True,
            forcerm=True,
            **_arguments(wanted.options),
        )
    except (DockerException, OSError) as problem:
        # What the SDK's transport raises (requests, urllib3) are OSErrors or wrapped in them.
        yield {"error": str(getattr(problem, "explanation", None) or problem)}


def _arguments(options: Mapping[str, Json]) -> dict[str, Any]:
    found: dict[str, Any] = {"rm": True}
    for name, value in options.items():
        found[_NAMES.get(name, name)] = _argument(name, value)
    found.pop("forcerm", None)  # always: nothing of a failed build is left
    return found


def _argument(name: str, value: Json) -> Any:
    if name == "extra_hosts" and isinstance(value, list | tuple):
        return dict(str(one).split(":", 1) for one in value)
    if name == "shm_size":
        from docker.utils import parse_bytes

        return parse_bytes(value)
    return value


def _follow(records: Iterable[dict[str, Any]], wanted: Build, log: BuildLog) -> str:
    """Prints what happens; gives the id of the image."""
    instructions = instructions_of(wanted.dockerfile)
    running: Instruction | None = None
    image = ""
    for record in records:
        if "error" in record:
            raise BuildFailed(*failure(wanted, running, str(record["error"]), log))
        if isinstance(record.get("aux"), dict) and "ID" in record["aux"]:
            image = str(record["aux"]["ID"])
        text = str(record.get("stream") or "")
        step: re.Match[str] | None = _STEP.match(text)
        if step is not None:
            number = int(step[1])
            running = instructions[number - 1] if number <= len(instructions) else None
            log.step(f"{step[1]}/{step[2]}  {' '.join(step[3].split())[:160]}")
        elif text.startswith((" --->", "Removing intermediate", "Successfully")):
            continue
        elif text:
            log.output(text)
        elif record.get("status") and not record.get("progressDetail"):
            log.output(f"{record['status']} {record.get('id', '')}".strip())
    return image


def failure(
    wanted: Build, instruction: Instruction | None, reason: str, log: BuildLog
) -> tuple[Diagnostic, dict[str, SourceFile]]:
    """What is said of a build that failed: at the instruction, with the end of its log."""
    tail = log.tail(SHOWN)
    if is_full(reason) or any(is_full(line) for line in tail):
        return disk_full(wanted.name, "the engine"), {}
    source = SourceFile(wanted.path, wanted.dockerfile)
    span = None if instruction is None else span_of(instruction, wanted.path, wanted.dockerfile)
    said = one_line(reason)
    message = (
        f"the image `{wanted.name}` cannot be built: {said}"
        if instruction is None
        else _headline(wanted, instruction, said)
    )
    return Diagnostic("PC0617", message, span, notes=tail), {source.path: source}


def _headline(wanted: Build, instruction: Instruction, reason: str) -> str:
    word = instruction.text.split(maxsplit=1)[0].upper()
    if word == "FROM":
        return f"the image `{wanted.name}` cannot be built: its base cannot be had: {reason}"
    if "returned a non-zero code" in reason or "exit code" in reason:
        code = reason.rpartition(":")[2].strip() if "exit code" in reason or "code:" in reason else ""
        return f"the image `{wanted.name}` cannot be built: the command ends with {code or 'a fault'}"
    return f"the image `{wanted.name}` cannot be built: {reason}"

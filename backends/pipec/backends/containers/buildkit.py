"""BuildKit, through the `docker` command line that a trial has found: cache mounts and build secrets."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.containers.classic import failure
from pipec.backends.containers.faults import BuildFailed
from pipec.backends.containers.instructions import instructions_of, nearest
from pipec.backends.containers.packing import pack, with_dockerfile
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from pipec.backends.containers.engine import Engine
    from pipec.backends.containers.instructions import Instruction
    from pipec.backends.containers.model import Build
    from pipec.backends.containers.progress import BuildLog
    from pipec.compiler.ir.values import Json

UNKNOWN = ("container_limits", "isolation", "use_config_proxy", "timeout")
"""Options of a build that only the classic builder has."""

_STEP = pattern(r"#(\d+) \[(?:[\w.-]+ )?(\d+/\d+)\] (.*)")
_OUTPUT = pattern(r"#(\d+) \d+\.\d+ (.*)")
_FAULT = pattern(r"#(\d+) ERROR:? (.*)")
_LINE = pattern(r"Dockerfile:(\d+)")
_FLAGS = {"target": "--target", "network_mode": "--network", "shm_size": "--shm-size", "platform": "--platform"}
_SWITCHES = {"no_cache": "--no-cache", "pull": "--pull", "squash": "--squash"}


def build(engine: Engine, wanted: Build, log: BuildLog) -> str:
    """Builds an image; gives its id.

    Raises:
        BuildFailed: as for the classic builder.
    """
    assert engine.buildkit is not None, "a trial has found BuildKit"
    assert wanted.reference is not None, "BuildKit needs no beginnings"
    with tempfile.TemporaryDirectory(prefix="pipec-build-") as folder:
        noted = Path(folder, "id")
        command = [
            engine.buildkit,
            "build",
            "--tag",
            wanted.reference,
            "--iidfile",
            str(noted),
            *_words(wanted.options),
        ]
        command += [word for name, file in wanted.secrets.items() for word in ("--secret", f"id={name},src={file}")]
        with Path(folder, "context.tar").open("w+b") as archive:
            pack(with_dockerfile(wanted.dockerfile, wanted.files), archive)
            archive.seek(0)
            process = subprocess.Popen(
                [*command, "-"],
                env=engine.environment(),
                stdin=archive,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        _follow(process, wanted, log)
        return noted.read_text(encoding="utf-8").strip()


def _words(options: Mapping[str, Json]) -> list[str]:
    words = [flag for name, flag in _SWITCHES.items() if options.get(name)]
    words += [
        word for name, flag in _FLAGS.items() if options.get(name) is not None for word in (flag, str(options[name]))
    ]
    for name, flag, between in (
        ("build_args", "--build-arg", "="),
        ("labels", "--label", "="),
        ("extra_hosts", "--add-host", ":"),
    ):
        table = options.get(name)
        if isinstance(table, dict):
            words += [word for key, value in table.items() for word in (flag, f"{key}{between}{value}")]
        elif isinstance(table, list | tuple):
            words += [word for one in table for word in (flag, str(one))]
    sources = options.get("cache_from")
    words += [
        word for one in (sources if isinstance(sources, list | tuple) else ()) for word in ("--cache-from", str(one))
    ]
    return words


def _follow(process: subprocess.Popen[str], wanted: Build, log: BuildLog) -> None:
    """Prints what happens.

    Raises:
        BuildFailed: the build failed.
    """
    instructions = instructions_of(wanted.dockerfile)
    steps: dict[str, str] = {}
    last, fault, line = "", "", 0
    lines: dict[str, list[str]] = {}
    assert process.stderr is not None
    try:
        for raw in process.stderr:
            text = raw.rstrip()
            last = text or last
            step: re.Match[str] | None = _STEP.match(text)
            output = _OUTPUT.match(text)
            failed = _FAULT.match(text)
            named = _LINE.match(text)
            if step is not None and step[1] not in steps:
                steps[step[1]] = step[3]
                log.step(f"{step[2]}  {' '.join(step[3].split())[:160]}")
            elif failed is not None:
                fault = failed[1]
            elif output is not None:
                lines.setdefault(output[1], []).append(output[2])
            elif named is not None:
                line = int(named[1])
        status = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
    if status == 0:
        return
    running: Instruction | None = next((one for one in instructions if one.first <= line <= one.last), None)
    if running is None and fault in steps:
        running = nearest(instructions, steps[fault])
    log.step("failed")
    for one in lines.get(fault, []):
        log.output(one)
    raise BuildFailed(*failure(wanted, running, last, log))

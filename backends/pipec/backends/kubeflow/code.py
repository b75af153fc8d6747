"""Inline code: the code root as one Python program, which is a constant of the wrapper and the command of every step.

    command: [python3, -I, -c, "{{$.inputs.parameters['pipec_code']}}"]

The program unpacks the code root and starts it: first the runtime, the same text in every file that one pipec writes, then
the user's modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.packed_runtime import pack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.ir.model import CodeFile

INPUT = "pipec_code"
"""The input of the wrapper and of every step that holds the program."""

RUN, STARTED = "pipec_run", "pipec_started"
"""Likewise for the identity of the run and its start, of the steps that need them."""

RESERVED = (INPUT, RUN, STARTED)

FACTS = {RUN: "{{$.pipeline_job_uuid}}", STARTED: "{{$.pipeline_job_create_time_utc}}"}
"""What KFP's driver replaces where it is the whole constant of an input."""

LIMIT = 96 * 1024
"""Bytes: the program travels in one argument of a process, which Linux limits to 128 KiB (reference/kubeflow.md §2)."""

# With its two texts in place it is free of what the layers of §8 look for: no braces, dollars, percent signs, angle brackets.
_PROGRAM = """\
import base64, bz2, json, os, pathlib, sys, tempfile
runtime = \"\"\"
{runtime}\"\"\"
steps = \"\"\"
{steps}\"\"\"
root = pathlib.Path(tempfile.mkdtemp(prefix="pipec-code-"))
for packed in runtime, steps:
    for name, text in json.loads(bz2.decompress(base64.b64decode(packed))):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")
os.execv(sys.executable, [sys.executable, "-I", str(root), "kubeflow", *sys.argv[1:]])
"""


def program(runtime: str, steps: Iterable[CodeFile]) -> str:
    """The program that starts the code root with the arguments that it gets. Same files, same bytes.

    Args:
        runtime: what `packed_runtime` gives.
        steps: the user's part of the code root.
    """
    # The local runner rewrites `python3` wherever it stands; base64 ignores the space.
    return _PROGRAM.format(runtime=runtime, steps=pack(steps)).replace("python3", "python 3")

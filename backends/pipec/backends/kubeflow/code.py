"""Inline code: the code root as one Python program, which is a constant of the wrapper and the command of every step.

    command: [python3, -I, -c, "{{$.inputs.parameters['pipec_code']}}"]

The program unpacks the code root and starts it. bzip2, because what zlib and xz write differs between their versions.
"""

from __future__ import annotations

import base64
import bz2
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipec.compiler.ir.model import CodeFile

INPUT = "pipec_code"
"""The input of the wrapper and of every step that holds the program."""

LIMIT = 96 * 1024
"""Bytes: the program travels in one argument of a process, which Linux limits to 128 KiB (reference/kubeflow.md §2)."""

# Free of what the layers of §8 look for: no braces, dollars, percent signs, angle brackets.
_PROGRAM = """\
import base64, bz2, json, os, pathlib, sys, tempfile
code = json.loads(bz2.decompress(base64.b64decode(\"\"\"
DATA
\"\"\")))
root = pathlib.Path(tempfile.mkdtemp(prefix="pipec-code-"))
for name, text in code:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8", newline="")
os.execv(sys.executable, [sys.executable, "-I", str(root), "kubeflow", *sys.argv[1:]])
"""


def program(files: Iterable[CodeFile]) -> str:
    """The program that starts the code root with the arguments that it gets. Same files, same bytes."""
    content = json.dumps([[file.path, file.text] for file in files], ensure_ascii=True)
    encoded = base64.b64encode(bz2.compress(content.encode(), 9)).decode()
    lines = "\n".join(encoded[i : i + 100] for i in range(0, len(encoded), 100))
    # The local runner rewrites this word wherever it stands; base64 ignores the space.
    return _PROGRAM.replace("DATA", lines.replace("python3", "python 3"))

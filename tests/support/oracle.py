"""What a program means: its pipeline run by plain Python, every step called as a plain function (DESIGN §4)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

_SCRIPT = """
import importlib.util, json, sys
file, name, parameters = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
spec = importlib.util.spec_from_file_location("program", file)
module = importlib.util.module_from_spec(spec)
sys.modules["program"] = module
spec.loader.exec_module(module)
returned = getattr(module, name).entrypoint(**parameters)
values = list(returned) if isinstance(returned, (tuple, list)) and sys.argv[4] == "many" else [returned]
print("\\n" + json.dumps({"values": values}))
"""


def plain_outputs(file: Path, pipeline: str, count: int, parameters: dict[str, Any] | None = None) -> list[Any]:
    """The values that the pipeline returns, `count` of them, when Python runs its body.

    Raises:
        AssertionError: the program failed, or returned something else than JSON.
    """
    if count == 0:
        return []
    roots = os.pathsep.join(str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime"))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _SCRIPT,
            str(file),
            pipeline,
            json.dumps(parameters or {}),
            "many" if count > 1 else "one",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": roots},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    values: list[Any] = json.loads(done.stdout.splitlines()[-1])["values"]
    return values

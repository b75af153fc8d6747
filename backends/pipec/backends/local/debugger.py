"""One step under pdb, in the foreground, with the inputs that it had: `python debugger.py PACKAGE PATHS DOCUMENT`.

Like `server.py` it runs under the interpreter of the step, as a script, and is no part of any import.
"""

from __future__ import annotations

import bdb
import json
import os
import pdb
import runpy
import sys
from typing import Any


def main() -> int:
    """Call the step's function; stop at its first line, and again where it raises."""
    server = runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.py"))
    package, paths, place = sys.argv[1:4]
    before = set(sys.modules)
    server["_prepare"](package)
    server["_extend_path"](json.loads(paths), before)
    with open(place, "rb") as file:
        document = json.load(file)
    document["results"] = {}
    document["spec"].pop("cache", None)
    for entry in ("record", "error"):
        document.pop(entry, None)
    return _call(document)


def _call(document: dict[str, Any]) -> int:
    from pipec.runtime import execute, fitting, invocation
    from pipec.runtime.artifacts import Workspace
    from pipec.runtime.context import LiveStep
    from pipec.runtime.inputs import Inputs
    from pipec.runtime.lookups import Lookups
    from pipec.sdk import context

    about = invocation.read(document)
    workspace = Workspace()
    try:
        function = execute._function(about.spec.function)
        lookups = Lookups(about, workspace)
        inputs = Inputs(about, workspace, lookups)
        context.install(LiveStep(about, inputs.slot, lookups, workspace))
        arguments = inputs.arguments(fitting.shape(function))
        print(f"pipec: `{about.instance}` of run {about.run}; its result is not stored", file=sys.stderr)
        value = pdb.Pdb(nosigint=True).runcall(function, **arguments)
        print(f"pipec: it returned {value!r:.1000}")
        return 0
    except bdb.BdbQuit:
        return 0
    except Exception as problem:
        cause = problem.__cause__ or getattr(problem, "problem", None) or problem
        print(f"pipec: it raised {type(cause).__name__}: {cause}", file=sys.stderr)
        if cause.__traceback__ is not None:
            pdb.post_mortem(cause.__traceback__)
        return 1
    finally:
        context.install(None)
        workspace.close()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())

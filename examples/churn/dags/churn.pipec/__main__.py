"""`__main__.py` of a code root: `python -I CODE_ROOT ADAPTER …`.

Where the runtime was unpacked to a folder of its own, whoever runs this file says in `CODE_ROOT` where the user's code lies.

Adapters: `run` takes an invocation document (a path, or `-` for standard input); `airflow`, `kubeflow` and `argo` know
their engine. Exit status 0 ok, 1 the user's code raised, 2 wrong invocation, 3 an input, 4 an output.
"""

import sys

# This file alone must be read by every Python 3: an old one gets a sentence instead of a syntax error.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write("pipec: a step needs Python 3.11 or later; this is " + sys.version.split()[0] + "\n")
    sys.exit(2)

import importlib
import os
import types


def _load(root: str, runtime: str, adapter: str, before: set[str]) -> types.ModuleType:
    """Code of the root first, nothing of the working directory; the runtime itself keeps the standard library's modules.

    A module of the user may be called like one of the standard library (`profile`, `secrets`, `test`): the runtime is
    imported without the root on the path, then the user's code finds its own.
    """
    own = {os.path.realpath(root), os.path.realpath(runtime)}
    sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) not in own]
    package = types.ModuleType("pipec")
    package.__path__ = [os.path.join(runtime, "pipec")]
    sys.modules["pipec"] = package
    importlib.import_module("pipec.runtime.execute")
    loaded = importlib.import_module(f"pipec.runtime.{adapter}")
    for entry in os.listdir(root):
        name = entry.removesuffix(".py")
        if name in sys.stdlib_module_names and name not in before:
            for shadowed in [each for each in sys.modules if each == name or each.startswith(name + ".")]:
                del sys.modules[shadowed]
    # Processes that a step starts find `pipec` and `zenml` there.
    sys.path[:0] = [root] if root == runtime else [root, runtime]
    return loaded


def main() -> int:
    """Run one step."""
    runtime = os.path.dirname(os.path.abspath(__file__))
    root = globals().get("CODE_ROOT", runtime)
    before = set(sys.modules)
    # The root is read-only, or in git: no `__pycache__` in it.
    sys.dont_write_bytecode = True
    for stream in (sys.stdout, sys.stderr):
        # `-I` also switches off PYTHONUNBUFFERED, and a log is read while the step runs.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    adapter, *arguments = sys.argv[1:] or [""]
    known = sorted(entry.removesuffix(".py") for entry in os.listdir(os.path.join(runtime, "pipec", "runtime")))
    if adapter not in ("airflow", "argo", "kubeflow", "local", "run") or adapter not in known:
        sys.stderr.write(f"pipec: `{adapter}` is no adapter of this code root\n")
        return 2
    return int(_load(root, runtime, adapter, before).main(arguments))


if __name__ == "__main__":
    sys.exit(main())

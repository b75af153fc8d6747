"""Compile examples/churn to every target, run its DAG with Airflow, and print the metrics that came out.

What is compiled goes to a scratch folder: the committed files of the example stay as they are.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples/churn"
TARGETS = ("airflow", "kubeflow", "argo")
sys.path.insert(0, str(ROOT / "tests/support"))


def compile_to(target: str, folder: Path) -> None:
    """Compile the example as a user would, and show the files."""
    command = ["-m", "pipec", "compile", "--target", target, "-o", str(folder)]
    print(f"\n$ pipec compile --target {target}", flush=True)
    done = subprocess.run([sys.executable, *command], cwd=EXAMPLE, check=False)
    if done.returncode != 0:
        raise SystemExit(done.returncode)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        print(f"  {path.relative_to(folder)}  ({text.count(chr(10))} lines)")


def show(folder: Path) -> Path:
    """Print the DAG file, the product of it all; its path."""
    (dag_file,) = folder.glob("*.py")
    print(f"\n--- {dag_file.name} ---\n{dag_file.read_text(encoding='utf-8')}")
    return dag_file


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value inside `value` with its path; a text that is JSON is looked into."""
    if isinstance(value, str):
        try:
            inside = json.loads(value)
        except ValueError:
            inside = value
        if not isinstance(inside, str):
            yield from leaves(inside, path)
            return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, str(number)))
    else:
        yield path, value


def run_dag(folder: Path) -> int:
    """Run the DAG to its end; 0 if it succeeded and measured something."""
    from engines import Airflow, DagCase, EngineMissing, locate

    dag_file = show(folder)
    try:
        airflow = Airflow(locate("airflow"))
    except EngineMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    print(f"--- dag.test() of {dag_file.stem} ---", flush=True)
    (verdict,) = airflow.check([dag_file])
    if verdict.errors or len(verdict.tasks) != 1:
        print("\n".join(verdict.errors) or f"expected one DAG, found {sorted(verdict.tasks)}", file=sys.stderr)
        return 1
    (run,) = airflow.run([DagCase(folder, next(iter(verdict.tasks)))])
    for task, state in run.states.items():
        print(f"  {task}: {state}")
    if run.state != "success":
        print(f"{run.log}\nstate: {run.state} {run.error or ''}", file=sys.stderr)
        return 1
    measured = {
        (task, path[-1] if path else key): value
        for (task, _, key), stored in run.all_xcoms.items()
        for path, value in leaves(stored)
        if isinstance(value, float)
    }
    for (task, name), value in measured.items():
        print(f"{task}.{name} = {value}")
    if not measured:
        print("the run succeeded, but no task returned a metric", file=sys.stderr)
    return 0 if measured else 1


def main() -> int:
    """The whole demonstration."""
    with tempfile.TemporaryDirectory(prefix="pipec-demo-") as scratch:
        for target in TARGETS:
            compile_to(target, Path(scratch, target))
        return run_dag(Path(scratch, "airflow"))


if __name__ == "__main__":
    sys.exit(main())

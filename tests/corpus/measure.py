"""Compiles real pipelines and prints what came of it: `python tests/corpus/measure.py FOLDER [--target T …]`.

FOLDER holds checkouts of the repositories that `pipelines.txt` names, each in `owner/name` or `owner+name`. Nothing of them
is committed, imported or run: each pipeline is compiled in a process of its own, which says how long it took, how much
memory it needed, and whether a module of the checkout was imported. The run configuration that the repository's own driver
names is given to those that do not compile without it.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PIPELINES = Path(__file__).parent / "pipelines.txt"
TARGETS = ("ir", "airflow", "kubeflow", "argo")
MUST_COMPILE = frozenset({"a1", "a2", "b", "c0", "c1", "d1", "d2", "d3"})
"""Classes of which 95 % compile; of the others (`d4`, `e`, `x`) each compiles or gets an error with its place."""
TIME_OUT = 120


class Row(NamedTuple):
    """One pipeline of the list: its class is that of `reference/corpus.md` §1."""

    repository: str
    path: str
    function: str
    kind: str
    calls: int
    folder: str
    config: str | None

    def __str__(self) -> str:
        return f"{self.repository} {self.path}:{self.function}"


class Outcome(NamedTuple):
    """What came of one pipeline for one target.

    Attributes:
        state: `compiled`, `refused` (an error with a place), `unlocated` (an error without), `missing` (no such file),
            `imported` (a module of the checkout was loaded), `unparsable` (what was written cannot be read), or `crashed`.
        seconds: wall time of the compilation, without the start of the interpreter.
        megabytes: peak memory of the process.
        errors: the errors, one line each.
        warnings: codes of warnings and notes.
    """

    state: str
    seconds: float = 0.0
    megabytes: float = 0.0
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_rows(file: Path) -> list[Row]:
    """The pipelines that a list names."""
    rows: list[Row] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            repository, path, function, kind, calls, *rest = line.split()
            more = dict(one.split("=", 1) for one in rest)
            folder = more.get("as") or repository.partition("/")[2]
            rows.append(Row(repository, path, function, kind, int(calls), folder, more.get("config")))
    return rows


def main(arguments: Sequence[str]) -> int:
    """Measures what the arguments ask for. The status is 1 where a pipeline crashed, imported, or lost its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the checkouts")
    parser.add_argument("--target", action="append", choices=TARGETS, help="what to compile to; default `ir`")
    parser.add_argument("--only", metavar="REGEX", default="", help="pipelines whose line matches")
    parser.add_argument("--list", type=Path, default=PIPELINES, help="another list of pipelines")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--quiet", action="store_true", help="the totals, and what did not compile")
    parser.add_argument("--one", nargs=4, metavar=("FILE", "FUNCTION", "TARGET", "CONFIG"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        file, function, target, config = given.one
        print(json.dumps(compile_one(given.folder, Path(file), function, target, config)))
        return 0
    targets = given.target or ["ir"]
    rows = [row for row in read_rows(given.list) if re.search(given.only, f"{row} {row.kind}")]
    bad = 0
    for target in targets:
        with ThreadPoolExecutor(given.jobs) as pool:
            outcomes = list(pool.map(partial(measure, given.folder, target), rows))
        print(report(rows, outcomes, target, is_quiet=given.quiet))
        bad += sum(one.state not in {"compiled", "refused"} for one in outcomes)
    return 1 if bad else 0


def measure(folder: Path, target: str, row: Row) -> Outcome:
    """Compiles one pipeline in a process of its own."""
    owner = row.repository.partition("/")[0]
    places = (folder / owner / row.folder, folder / row.repository.replace("/", "+"))
    checkout = next((one for one in places if (one / row.path).is_file()), None)
    if checkout is None:
        return Outcome("missing", errors=(f"{row.path} is in none of {', '.join(map(str, places))}",))
    config = "" if row.config is None else str(checkout / row.config)
    command = [sys.executable, __file__, str(checkout), "--one", str(checkout / row.path), row.function, target, config]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIME_OUT, check=False)
    except subprocess.TimeoutExpired:
        return Outcome("crashed", TIME_OUT, errors=(f"not done after {TIME_OUT} s",))
    if result.returncode:
        return Outcome("crashed", errors=tuple(result.stderr.strip().splitlines()[-3:]))
    found: dict[str, Any] = json.loads(result.stdout)
    return Outcome(
        found["state"], found["seconds"], found["megabytes"], tuple(found["errors"]), tuple(found["warnings"])
    )


def compile_one(checkout: Path, file: Path, function: str, target: str, config: str) -> dict[str, Any]:
    """The outcome of one pipeline, as JSON; runs in a process of its own."""
    from pipec.compiler import compile

    start = time.perf_counter()
    compilation = compile(file, target, pipeline=function)
    if config and any(one.is_error for one in compilation.diagnostics):
        start = time.perf_counter()
        compilation = compile(file, target, pipeline=function, config=config)
    seconds = time.perf_counter() - start
    errors = [one for one in compilation.diagnostics if one.is_error]
    state = "compiled"
    if errors:
        state = "refused" if errors[0].span is not None else "unlocated"
    elif not compilation.files or not all(parses(one.path, one.text) for one in compilation.files):
        state = "unparsable"
    loaded = [
        module for module in sys.modules.values() if (getattr(module, "__file__", "") or "").startswith(f"{checkout}/")
    ]
    if loaded:
        state = "imported"
    return {
        "state": state,
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "errors": [one_line(one) for one in errors],
        "warnings": [one.code for one in compilation.diagnostics if not one.is_error],
    }


def one_line(diagnostic: Any) -> str:
    """A diagnostic as `PC0204 pipelines/training.py:12: headline`."""
    span = diagnostic.span
    place = f" {span.path}:{span.start.line}" if span is not None else ""
    return f"{diagnostic.code}{place}: {diagnostic.message}"


def parses(path: str, text: str) -> bool:
    """Whether a generated file can be read as what its name says it is."""
    if path.endswith(".py"):
        try:
            compile(text, path, "exec")
        except SyntaxError:
            return False
    elif path.endswith((".yaml", ".yml")):
        import yaml

        try:
            return bool(list(yaml.safe_load_all(text)))
        except yaml.YAMLError:
            return False
    elif path.endswith(".json"):
        return isinstance(json.loads(text), dict)
    return True


def report(rows: Sequence[Row], outcomes: Sequence[Outcome], target: str, *, is_quiet: bool) -> str:
    """The table: a line per pipeline, its errors below it, and the totals per class."""
    lines = [f"# {target}", ""]
    for row, one in zip(rows, outcomes, strict=True):
        if is_quiet and one.state == "compiled":
            continue
        codes = f"  ({' '.join(sorted(set(one.warnings)))})" if one.warnings else ""
        lines.append(f"{row.kind:2} {one.state:9} {one.seconds:6.2f} s {one.megabytes:6.1f} MB  {row}{codes}")
        lines += [f"       {error}" for error in one.errors[:4]]
    return "\n".join([*lines, "", *totals(rows, outcomes)])


def totals(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> Iterable[str]:
    """How many of each class compiled, the share of those that must, and the figures of time and memory."""
    per_class: dict[str, Counter[str]] = {}
    for row, one in zip(rows, outcomes, strict=True):
        per_class.setdefault(row.kind, Counter())[one.state] += 1
    for kind, states in sorted(per_class.items()):
        listed = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        yield f"{kind:2} {sum(states.values()):4}: {listed}"
    wanted = [one for row, one in zip(rows, outcomes, strict=True) if row.kind in MUST_COMPILE]
    if wanted:
        done = sum(one.state == "compiled" for one in wanted)
        yield f"a-d3 compiled: {done} of {len(wanted)}, {100 * done / len(wanted):.1f} %"
    seconds = sorted(one.seconds for one in outcomes)
    if seconds:
        most = max(one.megabytes for one in outcomes)
        yield f"seconds: median {seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}; memory: most {most:.0f} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

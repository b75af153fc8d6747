"""Compiles real pipelines and prints what came of it: `python tests/corpus/measure.py FOLDER [--target T …]`.

FOLDER holds checkouts of the repositories that `pipelines.txt` names, each in `owner/name` or `owner+name`. Nothing of them
is committed, imported or run: each pipeline is compiled in a process of its own, which says how long it took, how much
memory it needed, and whether a module of the checkout was imported. The run configuration that the repository's own driver
names is given to those that do not compile without it. With `--stub`, each that compiles is also run to its end on the
local executor with made-up values in place of its steps, as `pipec run --stub` does. Targets that keep nothing between
runs get an `artifact_root`, as a user must give one to a pipeline that looks artifacts up.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipec.compiler.ir.model import Pipeline

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
    fill: str | None
    bind: str | None

    def __str__(self) -> str:
        return f"{self.repository} {self.path}:{self.function}"


class Outcome(NamedTuple):
    """What came of one pipeline for one target.

    Attributes:
        state: `compiled`, `refused` (an error with a place), `unlocated` (an error without), `missing` (no such file),
            `imported` (a module of the checkout was loaded), `unparsable` (what was written cannot be read), `stuck` (it
            compiled and does not run to its end with stub steps), or `crashed`.
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
            rows.append(
                Row(
                    repository,
                    path,
                    function,
                    kind,
                    int(calls),
                    folder,
                    more.get("config"),
                    more.get("fill"),
                    more.get("bind"),
                )
            )
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
    parser.add_argument("--stub", action="store_true", help="run what compiled, with stub steps")
    parser.add_argument("--one", metavar="JSON", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        print(json.dumps(compile_one(given.folder, **json.loads(given.one))))
        return 0
    targets = given.target or ["ir"]
    rows = [row for row in read_rows(given.list) if re.search(given.only, f"{row} {row.kind}")]
    bad = 0
    for target in targets:
        with ThreadPoolExecutor(given.jobs) as pool:
            outcomes = list(pool.map(partial(measure, given.folder, target, given.stub), rows))
        print(report(rows, outcomes, target, is_quiet=given.quiet))
        bad += sum(one.state not in {"compiled", "refused"} for one in outcomes)
    return 1 if bad else 0


def measure(folder: Path, target: str, is_run: bool, row: Row) -> Outcome:
    """Compiles one pipeline in a process of its own."""
    owner = row.repository.partition("/")[0]
    places = (folder / owner / row.folder, folder / row.repository.replace("/", "+"))
    checkout = next((one for one in places if (one / row.path).is_file()), None)
    if checkout is None:
        return Outcome("missing", errors=(f"{row.path} is in none of {', '.join(map(str, places))}",))
    asked = {
        "file": str(checkout / row.path),
        "function": row.function,
        "target": target,
        "config": None if row.config is None else str(checkout / row.config),
        "fill": dict(one.split(":", 1) for one in (row.fill or "").split(",") if one),
        "bind": dict(one.split(":", 1) for one in (row.bind or "").split(",") if one),
        "is_run": is_run,
    }
    command = [sys.executable, __file__, str(checkout), "--one", json.dumps(asked)]
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


def compile_one(
    checkout: Path,
    file: str,
    function: str,
    target: str,
    config: str | None,
    fill: dict[str, str],
    bind: dict[str, str],
    is_run: bool,
) -> dict[str, Any]:
    """The outcome of one pipeline, as JSON; runs in a process of its own."""
    from pipec.compiler import compile

    options = {"artifact_root": "s3://bucket/pipec"} if target in {"kubeflow", "argo"} else {}
    compiled = partial(compile, file, target, pipeline=function, bind=bind, options=options)
    with tempfile.TemporaryDirectory() as scratch:
        if config is not None and fill:
            config = filled_in(Path(config), fill, Path(scratch))
        start = time.perf_counter()
        compilation = compiled()
        if config is not None and any(one.is_error for one in compilation.diagnostics):
            start = time.perf_counter()
            compilation = compiled(config=config)
    seconds = time.perf_counter() - start
    errors = [one for one in compilation.diagnostics if one.is_error]
    state = "compiled"
    if errors:
        state = "refused" if errors[0].span is not None else "unlocated"
    elif not compilation.files or not all(parses(one.path, one.text) for one in compilation.files):
        state = "unparsable"
    faults = [one_line(one) for one in errors]
    if state == "compiled" and is_run:
        faults = [fault for each in compilation.pipelines for fault in run_with_stubs(each)]
        state = "stuck" if faults else state
    loaded = [
        module for module in sys.modules.values() if (getattr(module, "__file__", "") or "").startswith(f"{checkout}/")
    ]
    if loaded:
        state = "imported"
    return {
        "state": state,
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "errors": faults,
        "warnings": [one.code for one in compilation.diagnostics if not one.is_error],
    }


def filled_in(config: Path, values: dict[str, str], folder: Path) -> str:
    """A copy of a run configuration in which the blanks that its comments ask to fill in are filled in."""
    import yaml

    table = yaml.safe_load(config.read_text(encoding="utf-8"))
    for key, value in values.items():
        *path, last = key.split(".")
        inner = table
        for part in path:
            inner = inner[part]
        assert inner[last] is None, f"{config}: {key} is not blank"
        inner[last] = value
    copy = folder / config.name
    copy.write_text(yaml.safe_dump(table, sort_keys=False), encoding="utf-8")
    return str(copy)


def run_with_stubs(pipeline: Pipeline) -> list[str]:
    """What kept the graph from running to its end with made-up values in place of its steps."""
    from pipec.backends.local import stubs

    result = stubs.run(pipeline, {})
    unsettled = [name for name, state in result.operations.items() if state not in {"succeeded", "skipped"}]
    return [
        *(f"{one.instance}: {one.message}" for one in result.failures),
        *(f"{name}: not run" for name in unsettled),
        *([] if result.state == "succeeded" else [f"the run {result.state}"]),
    ]


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


def totals(rows: Sequence[Row], outcomes: Sequence[Outcome], word: str = "compiled") -> Iterable[str]:
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
        yield f"a-d3 {word}: {done} of {len(wanted)}, {100 * done / len(wanted):.1f} %"
    seconds = sorted(one.seconds for one in outcomes)
    if seconds:
        most = max(one.megabytes for one in outcomes)
        yield f"seconds: median {seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}; memory: most {most:.0f} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

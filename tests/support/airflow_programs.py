"""The programs of tests/backends/airflow, compiled for Airflow."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.airflow import backend
from pipec.compiler.backend import GeneratedFile, Request
from pipec.compiler.driver import compile
from pipec.compiler.ir import types
from pipec.compiler.ir.config import Schedule
from pipec.compiler.ir.model import Block, Call
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Lazy, RunFact

if TYPE_CHECKING:
    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Value

HERE = Path(__file__).resolve().parent.parent / "backends/airflow"
PROGRAMS = sorted(path.stem for path in (HERE / "programs").glob("*.py"))
CONTROL = frozenset(
    "branches loops nested_loops loops_in_arms loop_failures lifecycle stopped reused looked_up tracked".split()
)
"""Those that `test_airflow_control` and `test_airflow_runs` run."""
OPTIONS = {option.name: option.default for option in backend.options}


@cache
def pipeline_of(name: str) -> Pipeline:
    compilation = compile(HERE / "programs" / f"{name}.py", None)
    assert compilation.pipelines, [each.message for each in compilation.diagnostics]
    (pipeline,) = compilation.pipelines
    if name == "scheduled":
        return with_schedule(
            pipeline,
            cron="0 3 * * *",
            timezone="Europe/Berlin",
            start_time="2024-03-01T07:30:00+01:00",
            end_time="2030-01-01T00:00:00+00:00",
            catchup=True,
        )
    if name == "facts":
        return with_facts(pipeline)
    return pipeline


def with_facts(pipeline: Pipeline) -> Pipeline:
    """What the front end makes of `os.environ`, the clock and `random`."""
    (call,) = pipeline.body.operations
    assert isinstance(call, Call)
    arguments: dict[str, Value] = {
        "place": Lazy("environment", {"name": "PLACE"}, types.STR),
        "other": Lazy("environment", {"name": "NOT_THERE", "default": "{{ fallback }}"}, types.STR),
        "run": RunFact("run_id", "", types.STR),
        "drawn": RunFact("random", "facts:1", types.FLOAT),
        "started": RunFact("start_time", "", Type("datetime.datetime")),
    }
    return replace(pipeline, body=Block((replace(call, arguments=arguments),)))


def with_schedule(pipeline: Pipeline, **fields: Any) -> Pipeline:
    return replace(pipeline, schedule=Schedule(pipeline.span, **fields))


def legalized(pipeline: Pipeline, **options: Any) -> tuple[list[GeneratedFile], list[Diagnostic]]:
    """The files of a pipeline, none where it has errors, and what was found."""
    request = Request("pipelines/x.py", "pipec compile pipelines/x.py --target airflow", {**OPTIONS, **options})
    model, found = backend.legalize(pipeline, request)
    return ([] if model is None else list(backend.emit(model, request))), list(found)


@cache
def files_of(name: str) -> tuple[GeneratedFile, ...]:
    files, found = legalized(pipeline_of(name))
    assert found == []
    assert list(backend.check(files)) == []
    return tuple(files)


def write(name: str, folder: Path) -> Path:
    """The files of a program below `folder`, which is returned."""
    for file in files_of(name):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return folder

"""The text of DAG files: expected files, formatters and linters, what is refused, literals that read back as they were."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_programs import HERE, PROGRAMS, files_of, legalized, pipeline_of, with_schedule, write
from ir_builders import Builder, const, item
from pipec.backends.airflow import backend, edges, literals, parameters, schedule
from pipec.backends.airflow.model import Edge
from pipec.compiler.backend import GeneratedFile, Support
from pipec.compiler.ir import types
from pipec.compiler.ir.config import Retry
from pipec.compiler.ir.features import Feature
from pipec.compiler.ir.model import Block, Call, ForEach, Operation, Parameter, Pipeline
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Const, Output

RUFF = Path(sys.executable).with_name("ruff")


@pytest.mark.parametrize("name", PROGRAMS)
def test_expected_file(name: str, golden: Callable[[Path, str], None]) -> None:
    main = files_of(name)[0]
    golden(HERE / "golden" / f"{name}.py", main.text)


def test_code_folder() -> None:
    main, ignore, *code = files_of("frames")
    assert main.path == "frames.py"
    assert (ignore.path, ignore.text) == ("frames.pipec/.airflowignore", "[A-Za-z_]*\n")
    assert all(file.owns_folder and file.path.startswith("frames.pipec/") for file in [ignore, *code])
    assert {"frames.pipec/__main__.py", "frames.pipec/frames.py", "frames.pipec/pipec/runtime/airflow.py"} <= {
        file.path for file in code
    }


def test_formatted_and_linted(tmp_path: Path) -> None:
    """With default settings, as a team would have them."""
    for name in PROGRAMS:
        write(name, tmp_path / name)
    files = [str(path) for path in tmp_path.glob("*/*.py")]
    assert len(files) == len(PROGRAMS)
    for command in (["format", "--diff"], ["check", "--preview", "--select", "AIR,F,E9,I,B"]):
        done = subprocess.run([RUFF, *command, "--isolated", *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.integers(0, 60))
def test_literals_read_back(value: Any, indent: int) -> None:
    text = literals.render(literals.literal(value), indent)
    read = ast.literal_eval(text)
    assert (read, repr(read)) == (value, repr(value))
    assert text.isascii()


@given(st.text(st.sampled_from("ab\"'\\\n\t \u00e9{") | st.characters(codec="utf-8"), max_size=200), st.integers(0, 60))
def test_prose_reads_back(text: str, indent: int) -> None:
    printed = literals.render(literals.Prose(text), indent)
    assert ast.literal_eval(printed) == text
    assert printed.isascii()


@given(st.text(st.sampled_from("ab\"'\\\n \u00e9") | st.characters(codec="utf-8"), min_size=1))
def test_docstrings_read_back(text: str) -> None:
    printed = literals.docstring(text)
    assert ast.literal_eval(printed) == (text + "\n" if "\n" in text else text)
    assert printed.isascii()


def test_literals_are_laid_out_as_formatters_do(tmp_path: Path) -> None:
    values: list[Any] = [
        {"a": ["x" * 70, "it's", 'say "x"', "both ' and \""], "b": {"c": 1e300, "d": -0.5, "e": 2**80}},
        ["x" * 100, {}, [], [[1, 2], {"k": ["y" * 80]}]],
        {"k" * 90: {"a": 1}},
        [1e20, 1e-7, 5e-324, True, None],
    ]
    lines = [f"x = {literals.render(literals.literal(value), 0, 4)}" for value in values]
    lines += [
        f"x = {literals.render(literals.Prose(text), 0, 4)}" for text in ("a\nb", "a" * 80 + '\n"b"\nc', "'\n" * 60)
    ]
    path = tmp_path / "x.py"
    path.write_text("\n".join(lines) + "\n")
    done = subprocess.run([RUFF, "format", "--diff", "--isolated", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ("ab bc cd", ["a >> b >> c >> d"]),
        ("ab ac ad be ce de", ["a >> [b, c, d] >> e"]),
        ("ab ac bc cd", ["a >> b", "[a, b] >> c >> d"]),
        ("ac bc ad bd", ["[a, b] >> c", "[a, b] >> d"]),
        ("", []),
    ],
)
def test_edges(pairs: str, expected: list[str]) -> None:
    assert edges.lines([Edge(*pair) for pair in pairs.split()], 0) == expected


def test_long_edges(tmp_path: Path) -> None:
    names = [f"train_with_a_long_name_{number}" for number in range(5)]
    given_edges = [Edge("load", name) for name in names] + [Edge(name, "compare") for name in names]
    lines = edges.lines(given_edges, 0)
    path = tmp_path / "x.py"
    path.write_text("\n".join(lines) + "\n")
    done = subprocess.run([RUFF, "format", "--diff", "--isolated", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert sum(text.count(name) for text in lines for name in names) == 10


def test_ledger_has_a_row_for_every_feature() -> None:
    assert set(backend.ledger) == set(Feature)
    assert all(row.note for row in backend.ledger.values() if row.support is not Support.NATIVE)


def test_schemas() -> None:
    shapes: list[tuple[Type, dict[str, Any]]] = [
        (types.INT, {"type": "integer"}),
        (Type("union", (types.NONE, types.STR)), {"type": ["string", "null"]}),
        (Type("list", (types.FLOAT,)), {"type": "array", "items": {"type": "number"}}),
        (Type("tuple", (types.INT, types.STR)), {"type": "array", "minItems": 2, "maxItems": 2}),
        (Type("dict", (types.STR, types.ANY)), {"type": "object"}),
        (Type("literal", (), ("a", 3)), {"enum": ["a", 3]}),
        (Type("union", (Type("literal", (), ("a",)), types.NONE)), {"enum": ["a", None]}),
        (
            Type("union", (Type("list", (types.INT,)), types.NONE)),
            {"type": ["array", "null"], "items": {"type": "integer"}},
        ),
        (Type("datetime.date"), {"type": "string", "format": "date"}),
        (types.ANY, {}),
        (Type("union", (types.INT, Type("a.B"))), {}),
    ]
    for type_, expected in shapes:
        assert parameters.schema(type_) == expected, str(type_)


def messages(pipeline: Pipeline, **options: Any) -> list[tuple[str, str]]:
    files, found = legalized(pipeline, **options)
    assert bool(files) != any(each.is_error for each in found)
    return [(each.code, each.message) for each in found]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cron": "0 2 31 2 *"}, "the cron expression `0 2 31 2 *` never comes due"),
        ({"cron": "@reboot"}, "the cron expression `@reboot` never comes due"),
        ({"interval": 0.0}, None),
        (
            {"cron": "0 2 * * *", "start_time": "2024-01-02T00:00:00+00:00", "end_time": "2024-01-01T00:00:00+00:00"},
            "the schedule ends before it starts",
        ),
    ],
)
def test_schedules_that_cannot_be(fields: dict[str, Any], message: str | None) -> None:
    found = messages(with_schedule(pipeline_of("scheduled"), **fields))
    assert [text for _, text in found] == [message or "an interval of less than a second"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"interval": 5400.0},
            "schedule=DeltaTriggerTimetable(timedelta(minutes=90)), start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)",
        ),
        (
            {"run_once_at": "2031-02-03T04:05:06+02:00"},
            'schedule="@once", start_date=datetime(2031, 2, 3, 2, 5, 6, tzinfo=',
        ),
        ({"cron": "@daily"}, 'schedule=CronTriggerTimetable("@daily", timezone="UTC")'),
    ],
)
def test_schedules(fields: dict[str, Any], expected: str) -> None:
    node = literals.call(
        "",
        *(
            (f"{key}=", each)
            for key, each in schedule.options(with_schedule(pipeline_of("scheduled"), **fields).schedule).items()
        ),
    )
    assert expected in literals.flat(node)


def test_defaults_that_are_no_json() -> None:
    pipeline = pipeline_of("frames")
    (rows,) = pipeline.parameters
    odd = replace(rows, default=Const({"$pipec": ["float", "nan"]}, types.FLOAT))
    (fault,) = messages(replace(pipeline, parameters=(odd,)))
    assert fault == ("PC0404", "the default of `rows` is a number that is not finite, and Airflow's params are JSON")


def test_names_without_a_letter() -> None:
    (fault,) = messages(replace(pipeline_of("frames"), name="\u65e5\u672c"))
    assert fault[0] == "PC0406"


def test_long_tags() -> None:
    pipeline = pipeline_of("frames")
    (fault,) = messages(replace(pipeline, config=replace(pipeline.config, tags=("x" * 101,))))
    assert fault[0] == "PC0403"


def many(count: int) -> Pipeline:
    pipeline = pipeline_of("timed")
    call = pipeline.body.operations[0]
    assert isinstance(call, Call)
    return replace(pipeline, body=Block(tuple(replace(call, id=f"s{i}", after=()) for i in range(count))))


def test_size() -> None:
    assert messages(many(500)) == []
    assert [code for code, _ in messages(many(501))] == ["PC0407"]
    assert [code for code, _ in messages(many(5001))] == ["PC0403"]


def test_interpreter() -> None:
    files, _ = legalized(pipeline_of("frames"), python="/opt/ml/bin/python")
    assert files[0].text.count('settings={"python": "/opt/ml/bin/python"}') == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"load",', "open('x'),"),
        ('load["output"]', 'loaded["output"]'),
        ("load >> total", "load >> totals"),
        ('"load",', "__import__('os').name,"),
        ("    load >> total", "    import os"),
        ("catchup=False", "catchup=lambda: 1"),
        ('"total"', '"load"'),
        ("with DAG(", "with DAG("[:-1]),
    ],
)
def test_check_finds_what_should_not_be_there(old: str, new: str) -> None:
    main = files_of("frames")[0]
    changed = main.text.replace(old, new, 1)
    assert changed != main.text
    found = backend.check([GeneratedFile(main.path, changed)])
    assert [each.code for each in found][:1] == ["PC0902"]


def test_same_text_twice() -> None:
    pipeline = pipeline_of("inert")
    assert legalized(pipeline)[0] == legalized(pipeline)[0]


def test_parameter_docs() -> None:
    parameter = Parameter("x", types.INT, pipeline_of("frames").span, Const(1, types.INT), "say {{ x }}\nand more")
    node = parameters.param(parameter)
    assert isinstance(node, literals.Brackets)
    assert literals.flat(node) == r'Param(1, type="integer", description="say {{ x }}\nand more")'


VERSIONED = ("loops_in_arms", "parameters", "scheduled")


@pytest.mark.parametrize("version", ["2", "both"])
@pytest.mark.parametrize("name", VERSIONED)
def test_expected_file_for_airflow_2(name: str, version: str, golden: Callable[[Path, str], None]) -> None:
    """The names of that release; the rest of the file is the same."""
    pipeline = pipeline_of(name)
    if name == "scheduled":
        pipeline = replace(pipeline, parameters=())
    files, found = legalized(pipeline, airflow_version=version)
    assert found == []
    assert list(backend.check(files)) == []
    golden(HERE / "golden" / f"{name}_for_{version}.py", files[0].text)


def test_files_for_airflow_2_are_formatted(tmp_path: Path) -> None:
    for name in VERSIONED:
        for version in ("2", "both"):
            (tmp_path / f"{name}_{version}.py").write_text(
                legalized(pipeline_of(name), airflow_version=version)[0][0].text
            )
    files = [str(path) for path in tmp_path.glob("*.py")]
    for command in (["format", "--diff"], ["check", "--preview", "--select", "F,E9,I,B"]):
        done = subprocess.run([RUFF, *command, "--isolated", *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_what_airflow_2_does_not_have() -> None:
    pipeline = pipeline_of("attempts")
    (call,) = pipeline.body.operations
    assert isinstance(call, Call)
    slower = replace(call, config=replace(call.config, retry=Retry(3, 1.0, 3.0)))
    (fault,) = messages(replace(pipeline, body=Block((slower,))), airflow_version="2")
    assert fault == ("PC0411", "Airflow 2 can double the delay between retries, not multiply it by 3")


def test_secret_of_the_store() -> None:
    files, _ = legalized(pipeline_of("frames"), artifact_secret="bucket")
    assert files[0].text.count('settings={"secrets": ["bucket"]}') == 3


def test_bounded_loops() -> None:
    """In a loop in a loop the lower bound holds for all."""
    pipeline = pipeline_of("nested_loops")

    def bounded(operation: Operation) -> tuple[Operation, ...]:
        if not isinstance(operation, ForEach):
            return (operation,)
        return (replace(operation, max_parallelism=3 if operation.id == "for_row" else 5),)

    files, found = legalized(replace(pipeline, body=rewrite(pipeline.body, bounded)))
    assert found == []
    assert files[0].text.count("max_active_tis_per_dagrun=3") == 7
    assert "max_active_tis_per_dagrun=5" not in files[0].text


def test_a_constant_loop_in_a_loop_has_a_gate() -> None:
    b = Builder()
    inner = b.loop("for_y", const([1, 2]), b.call("a", x=item("for_x"), y=item("for_y")), r=b.out("a"))
    outer = b.loop("for_x", b.param("xs", "list[int]", const([3])), inner, r=Output("for_y", "r", types.ANY))
    pipeline = b.pipeline(outer, b.call("b", x=Output("for_x", "r", types.ANY)))
    files, found = legalized(pipeline)
    assert found == []
    assert list(backend.check(files)) == []
    text = files[0].text
    assert 'for_y_indices = flatten(\n        "for_y_indices",\n        ["item_index", "item_index_2"],' in text
    assert "for_y.expand_kwargs(for_y_indices)" in text


def test_a_constant_loop_is_mapped_over_its_indices() -> None:
    b = Builder()
    loop = b.loop("for_x", const(["a", "b"]), b.call("a", x=item("for_x")), r=b.out("a"))
    files, found = legalized(b.pipeline(loop, b.call("b", x=Output("for_x", "r", types.ANY))))
    assert found == []
    assert list(backend.check(files)) == []
    assert "for_x.expand(item_index=[0, 1])" in files[0].text

"""How a step ends: exit status, what is printed, the error document."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from step_process import StepRunner

STEPS = """
from __future__ import annotations

import asyncio, ctypes, dataclasses, os, signal, sys, threading
from typing import Annotated, Literal, TYPE_CHECKING

from pipec.sdk import get_step_context, log_metadata, step

from helpers import deep, fail

if TYPE_CHECKING:
    from nowhere import Unknown


@step
def add(a: int, b: int = 2) -> int:
    return a + b

@step
def two() -> tuple[Annotated[int, "n"], Annotated[str, "s"]]:
    return 1, "x"

@step
def three_of_two() -> tuple[int, int]:
    return 1, 2, 3

@step
def nothing() -> None:
    return 5

@step
def text_for_int() -> int:
    return "a"

@step
def raises():
    print("before")
    fail("the \\u00e4 reason")

@step
def raises_from():
    try:
        fail("first")
    except ValueError as error:
        raise RuntimeError("second") from error

@step
def raises_unprintable():
    class Odd(Exception):
        def __str__(self):
            raise KeyError("no text")
    raise Odd

@step
def exits():
    sys.exit(0)

@step
def dies():
    os._exit(7)

@step
def interrupted():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with it ignored
    os.kill(os.getpid(), signal.SIGINT)

@step
def recursive():
    deep(0)

@step
def group():
    raise ExceptionGroup("several", [ValueError("a"), KeyError("b")])

@step
def nested():
    return add(a=add(1), b=1)

@step
async def waits(a: int) -> int:
    await asyncio.sleep(0)
    return a * 2

@step
def nesting() -> list:
    value = []
    for _ in range(100_000):
        value = [value]
    return value

@step
def unstorable():
    return threading.Lock()

@step
def large() -> str:
    return "x" * 40_000

@step
def mirrored_frame():
    return object()

@step
def recorded() -> int:
    context = get_step_context()
    log_metadata({"rows": 3})
    context.add_output_metadata({"shape": (1, 2)})
    context.add_output_tags(["fresh"])
    print(context.pipeline.name, context.pipeline_run.id, context.step_name, context.step_run.attempt, context.step_run.parameters)
    return 1

@step
def unknown_annotation(x: Unknown, y: "also.unknown" = 1) -> Literal["a", "b"]:
    return x

@dataclasses.dataclass
class Settings:
    rate: float
    names: list[str]

@step
def settings(settings: Settings) -> str:
    return f"{settings!r}"
"""

HELPERS = """
def fail(text):
    raise ValueError(text)

def deep(n):
    return deep(n + 1)
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> StepRunner:
    broken = "import os\n\nraise RuntimeError('at import')\n"
    missing = "import no_such_package\n\ndef f(): ...\n"
    return StepRunner(tmp_path_factory.mktemp("steps"), steps=STEPS, helpers=HELPERS, broken=broken, missing=missing)


def out(steps: StepRunner) -> dict[str, Any]:
    return {"output": {"parameter": str(steps.folder / "out" / "output.json")}}


@pytest.mark.parametrize(
    ("function", "status", "type_", "message", "place"),
    [
        ("steps:raises", 1, "ValueError", "the ä reason", "helpers.py:3 fail"),
        ("steps:raises_from", 1, "RuntimeError", "second", "steps.py:45 raises_from"),
        ("steps:raises_unprintable", 1, "raises_unprintable.<locals>.Odd", "the exception has no printable text", "steps.py"),
        ("steps:exits", 1, "SystemExit", "0", "steps.py"),
        ("steps:interrupted", 1, "KeyboardInterrupt", "", "steps.py"),
        ("steps:recursive", 1, "RecursionError", "maximum recursion depth exceeded", "helpers.py:6 deep"),
        ("steps:group", 1, "ExceptionGroup", "several (2 sub-exceptions)", "steps.py"),
        ("broken:f", 1, "RuntimeError", "at import", "broken.py:3 <module>"),
        ("missing:f", 1, "ModuleNotFoundError", "No module named 'no_such_package'", "missing.py:1 <module>"),
        ("steps:no_such", 2, "InvalidInvocation", "the module `steps` has no `no_such`", ""),
        ("nowhere.at_all:f", 2, "InvalidInvocation", "there is no module `nowhere` in the code root", ""),
        ("steps", 2, "InvalidInvocation", "`steps` is not `module:name`", ""),
        ("steps:STEPS.x", 2, "InvalidInvocation", "the module `steps` has no `STEPS.x`", ""),
        ("steps:three_of_two", 4, "OutputFault", "step `s` has 2 outputs, but returned 3 values", ""),
        ("steps:add", 4, "OutputFault", "step `s` has 2 outputs, but returned int", ""),
    ],
)  # fmt: skip
def test_what_fails(steps: StepRunner, function: str, status: int, type_: str, message: str, place: str) -> None:
    ended = steps.run(function, "a", "b", slots={"a": {"json": "1"}} if function == "steps:add" else {})
    assert ended.status == status
    assert ended.error["status"] == status
    assert ended.error["type"].split(".", 1)[-1].endswith(type_.split(".", 1)[-1])
    assert message in ended.error["message"]
    found = f"{ended.error.get('file', '')}:{ended.error.get('line', '')} {ended.error.get('function', '')}"
    assert found.startswith(place)
    assert "pipec/runtime" not in ended.error["traceback"]
    assert "pipec/runtime" not in ended.err
    assert "Traceback" in ended.err or status in (2, 4)
    assert ended.record["state"] == "failed"


def test_what_was_printed_passes_through(steps: StepRunner) -> None:
    ended = steps.run("steps:raises")
    assert ended.out == "before\n"
    assert re.sub(r'File "[^"]*/', 'File "', ended.err) == (
        "Traceback (most recent call last):\n"
        '  File "steps.py", line 38, in raises\n'
        '    fail("the \\u00e4 reason")\n'
        '  File "helpers.py", line 3, in fail\n'
        "    raise ValueError(text)\n"
        "ValueError: the ä reason\n"
    )


def test_the_cause_of_an_exception_is_shown(steps: StepRunner) -> None:
    error = steps.run("steps:raises_from").error
    assert "ValueError: first\n\nThe above exception was the direct cause" in error["traceback"]


def test_a_process_that_dies_leaves_its_exit_status_alone(steps: StepRunner) -> None:
    ended = steps.run("steps:dies", "output")
    assert (ended.status, ended.err, ended.error) == (7, "", {})
    assert not steps.place("output").exists()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("steps:text_for_int", "step `s`, output `output`: expected int, got str 'a'"),
        ("steps:large", "step `s`, output `output` has 40,002 bytes as a parameter; the limit is 32,768"),
        ("steps:mirrored_frame", "step `s`, output `output` must be JSON to travel as a parameter, but it is or holds a value of type object"),
        ("steps:unstorable", "step `s`, output `output` must be JSON"),
    ],
)  # fmt: skip
def test_outputs_that_cannot_be_parameters(steps: StepRunner, function: str, message: str) -> None:
    ended = steps.run(function, "output", results=out(steps))
    assert ended.status == 4
    assert message in ended.error["message"]
    assert f"pipec: {message}" in ended.err


@pytest.mark.parametrize("function", ["steps:unstorable", "steps:nesting"])
def test_outputs_that_cannot_be_stored(steps: StepRunner, function: str) -> None:
    place = steps.folder / "nothing"
    ended = steps.run(function, "output", results={"output": {"artifact": str(place)}})
    assert ended.status == 4
    assert ended.error["message"].startswith("step `s`, output `output` could not be stored: ")
    assert not place.exists()
    assert not [path for path in steps.folder.iterdir() if path.name.startswith(".nothing")]


def test_a_step_without_outputs_that_returns_something(steps: StepRunner) -> None:
    assert steps.run("steps:nothing").error["message"] == "step `s` has no outputs, but returned int"


def test_one_of_several_outputs_can_be_left_out(steps: StepRunner) -> None:
    results = {"s": {"artifact": str(steps.place("s")), "parameter": str(steps.folder / "out" / "s.json")}}
    ended = steps.run("steps:two", "n", "s", results=results)
    assert (ended.status, ended.err) == (0, "")
    assert steps.parameter("s") == "x"
    assert list(ended.record["outputs"]) == ["s"]


@pytest.mark.parametrize(
    ("function", "slots", "value"),
    [
        ("steps:add", {"a": "1"}, 3),
        ("steps:add", {"a": '"40"', "b": "2.0"}, 42),
        ("steps:nested", {}, 4),
        ("steps:waits", {"a": "4"}, 8),
        ("steps:unknown_annotation", {"x": '"a"', "y": "null"}, "a"),
        ("steps:settings", {"settings": '{"rate": "0.5", "names": ["a"]}'}, "Settings(rate=0.5, names=['a'])"),
    ],
)
def test_what_succeeds(steps: StepRunner, function: str, slots: dict[str, str], value: object) -> None:
    json_slots = {name: {"json": text} for name, text in slots.items()}
    ended = steps.run(function, "output", slots=json_slots, results=out(steps))
    assert (ended.status, ended.err, ended.error) == (0, "", {})
    assert steps.parameter("output") == value


@pytest.mark.parametrize(
    ("function", "slots", "status", "message"),
    [
        ("steps:add", {"a": {"json": '"x"'}}, 3, "step `s`, input `a`: expected int, got str 'x'"),
        ("steps:add", {"a": {"json": "1.5"}}, 3, "step `s`, input `a`: expected int, got float 1.5"),
        ("steps:add", {"a": {"json": "null"}}, 3, "step `s`, input `a`: expected int, got NoneType"),
        ("steps:add", {"a": {"json": "{"}}, 3, "step `s`, input `a` could not be loaded: JSONDecodeError: "),
        ("steps:add", {"a": {"artifact": "/no/such"}}, 3, "step `s`, input `a`: no artifact at /no/such: No such file"),
        ("steps:settings", {"settings": {"json": '{"rate": []}'}}, 3, "input `settings`: expected steps.Settings, got dict"),
        ("steps:add", {}, 2, "step `s` cannot be called: missing a required argument: 'a'"),
        ("steps:add", {"a": {}}, 2, "slot `a` must have one of `artifact` and `json`"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(
    steps: StepRunner, function: str, slots: dict[str, Any], status: int, message: str
) -> None:
    ended = steps.run(function, slots=slots)
    assert ended.status == status
    assert f"pipec: {message}" in ended.err or message in ended.error["message"]


def test_an_argument_that_cannot_be_computed(steps: StepRunner) -> None:
    recipe = {"expr": ["/", {"slot": "n"}, {"const": 0}]}
    ended = steps.run("steps:add", spec={"compose": {"a": recipe}}, slots={"n": {"json": "1"}})
    assert ended.status == 3
    assert ended.error["message"] == "step `s`, input `a` could not be computed: ZeroDivisionError: division by zero"


def test_a_look_up_in_the_environment_that_finds_nothing(steps: StepRunner) -> None:
    recipe = {"lazy": ["environment", {"name": "PIPEC_NO_SUCH"}]}
    ended = steps.run("steps:add", spec={"compose": {"a": recipe}})
    assert (ended.status, ended.error["message"]) == (
        3,
        "step `s`, input `a`: the environment variable `PIPEC_NO_SUCH` is not set",
    )


def test_facts_metadata_and_tags(steps: StepRunner) -> None:
    ended = steps.run("steps:recorded", "output", attempt=2)
    assert (ended.status, ended.out, ended.err) == (0, "p r s 2 {}\n", "")
    manifest = json.loads((steps.place("output") / "manifest.json").read_text())
    assert manifest["metadata"] == {"shape": {"$pipec": ["tuple", [1, 2]]}}
    assert manifest["tags"] == ["fresh"]
    assert {"kind": "step", "name": "s", "metadata": {"rows": 3}, "tags": []} in ended.record["recorded"]


def test_metadata_is_printed_where_there_is_no_record(steps: StepRunner) -> None:
    ended = steps.run("steps:recorded", "output", record=None)
    assert ended.err == 'pipec: metadata of step `s`: {"rows": 3}\n'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "the invocation has version 2; this runtime reads version 1"),
        ({"step": None}, "`step` of the invocation must be str, not None"),
        ({"attempt": True}, "`attempt` of the invocation must be int, not True"),
        ({"extras": {}}, "the invocation has an unknown entry `extras`"),
        ({"start_time": "today"}, "`start_time` is no ISO time: 'today'"),
        ({"start_time": "2026-01-01T00:00:00"}, "`start_time` has no zone"),
        ({"results": {"other": {"parameter": "x"}}}, "`results` names `other`, which is no output of step `s`"),
        ({"results": {"output": {}}}, "result `output` must have `artifact` or `parameter`"),
        ({"spec": {"function": "a:b", "outputs": {"x": {"carrier": "mail"}}}}, "output `x` has the carrier `mail`"),
        ({"spec": {"function": "a:b", "outputs": {"x": {}, "y": {}}}}, "several outputs but not `returns_tuple`"),
        ({"spec": []}, "`spec` of the invocation must be dict, not []"),
    ],
)
def test_wrong_documents(change: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    from pipec.runtime.execute import execute

    spec = {"function": "a:b", "outputs": {"output": {}}}
    document: dict[str, Any] = {"version": 1, "pipeline": "p", "step": "s", "run": "r", "spec": spec, **change}
    assert execute(document) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "{}"])
def test_documents_that_are_none(steps: StepRunner, text: str) -> None:
    ended = steps.run_document(text)
    assert ended.status == 2
    assert re.fullmatch(r"pipec: the invocation .*\n", ended.err)


def test_what_cannot_be_recorded_is_no_success(steps: StepRunner) -> None:
    blocked = steps.folder / "blocked"
    blocked.write_text("a file where a folder should be")
    ended = steps.run("steps:add", "output", spec={"values": {"a": 1}}, record=str(blocked / "record.json"))
    assert ended.status == 4
    assert "step `s`: what it did cannot be recorded: " in ended.err
    assert ended.error["status"] == 4

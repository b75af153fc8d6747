"""A pipeline called as plain Python is its body."""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any

import pytest

from pipec.sdk import (
    Client,
    PipelineRunConfiguration,
    Schedule,
    context,
    get_pipeline_context,
    pipeline,
    pipelines,
    step,
    wait,
)


@pytest.fixture(autouse=True)
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls fall back to plain Python, whether or not the compiler is there."""
    monkeypatch.setattr(pipelines, "LOCAL_RUNNER", ("pipec.no_compiler", "run_local"))


@step
def double(value: int) -> int:
    return value * 2


@pipeline
def inner(value: int) -> int:
    return double(value) + 1


@pipeline(name="outer-pipeline", extra={"factors": [1, 2]}, tags=["a"])
def outer(value: int, offset: int = 0) -> int:
    """Sum of two."""
    factors = get_pipeline_context().extra["factors"]
    return sum(inner(value * factor) for factor in factors) + offset


def test_a_call_runs_the_body() -> None:
    assert inner(2) == 5
    assert outer(1, offset=100) == 108
    assert outer.entrypoint(1) == 8


def test_a_pipeline_looks_like_its_function() -> None:
    assert inspect.signature(outer) == inspect.signature(inspect.unwrap(outer))
    wrapper: Any = outer
    assert (wrapper.__name__, wrapper.__module__, wrapper.__doc__) == ("outer", __name__, "Sum of two.")
    assert (outer.name, inner.name) == ("outer-pipeline", "inner")
    assert repr(outer) == "<pipeline outer-pipeline>"


def test_arguments_are_those_of_the_function() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'value'"):
        inner()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_futures_in_results_are_values() -> None:
    @pipeline
    def body() -> Any:
        return double.submit(1), {"two": double.submit(2)}

    assert body() == (2, {"two": 4})


class Runner:
    """Stands for the compiler's local runner and notes its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *call: Any) -> str:
        self.calls.append(call)
        return "run"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    module, found = types.ModuleType("local_runner_for_test"), Runner()
    vars(module)["run_local"] = found
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(pipelines, "LOCAL_RUNNER", (module.__name__, "run_local"))
    return found


def test_a_call_goes_to_the_local_runner(runner: Runner) -> None:
    configured: Any = outer.with_options(enable_cache=False)
    assert configured(1, offset=2) == "run"
    assert runner.calls == [(configured, (1,), {"offset": 2})]


def test_inside_of_a_body_or_a_step_the_body_runs(runner: Runner) -> None:
    @step
    def calls_a_pipeline(value: int) -> int:
        return inner(value)

    assert outer.entrypoint(1) == 8
    assert calls_a_pipeline(3) == 7
    before = context.install(object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    try:
        assert inner(1) == 3
    finally:
        context.install(before)
    assert runner.calls == []


def test_a_compiler_that_cannot_be_imported_is_no_missing_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "broken_compiler_for_test.py").write_text("import no_such_module_for_test\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(pipelines, "LOCAL_RUNNER", ("broken_compiler_for_test", "run_local"))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_for_test"):
        inner(1)


def test_configured_parameters() -> None:
    configured: Any = outer.with_options(parameters={"value": 1})
    assert configured() == 8
    assert configured(offset=1) == 9
    assert configured(1) == 8
    with pytest.raises(ValueError, match="pipeline `outer-pipeline`: `value` is 2 in the call, 1 configured"):
        configured(2)


def test_a_config_file_is_not_dropped_in_silence() -> None:
    with pytest.raises(RuntimeError, match="`config_path` is read by pipec's compiler"):
        inner.with_options(config_path="run.yaml")(1)


def test_options() -> None:
    schedule = Schedule(cron_expression="0 6 * * *")
    copied = outer.with_options(schedule=schedule, tags=["b"], extra={"more": 1}, failure_hook_source="hooks.notify")
    assert copied.options == {
        "name": "outer-pipeline",
        "extra": {"factors": [1, 2], "more": 1},
        "tags": ["a", "b"],
        "schedule": schedule,
        "on_failure": "hooks.notify",
    }
    assert outer.options == {"name": "outer-pipeline", "extra": {"factors": [1, 2]}, "tags": ["a"]}
    copied.configure(enable_cache=False, merge=False, extra={"only": 1})
    assert (copied.options["enable_cache"], copied.options["extra"]) == (False, {"only": 1})


def test_a_run_configuration_unpacks_into_options() -> None:
    configuration = PipelineRunConfiguration(enable_cache=False, parameters={"value": 3}, retry={"max_retries": 2})  # type: ignore[arg-type]  # pyright: ignore
    configured: Any = inner.with_options(**configuration)
    assert set(configured.options) == {"enable_cache", "parameters", "retry"}
    assert configured.options["retry"].max_retries == 2
    assert configured() == 7


def test_run_is_with_options_and_a_call() -> None:
    @pipeline
    def plain() -> int:
        return double(21)

    assert plain.run(run_name="now") == 42


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"nmae": "x"}, TypeError, "@pipeline has no keyword `nmae` (did you mean `name`?)"),
        ({"schedule": 1}, TypeError, "@pipeline has no keyword `schedule`"),
        ({"max_parallelism": 0}, ValueError, "@pipeline(max_parallelism=…) must be a whole number above 0, not 0"),
        (
            {"execution_mode": "fast"},
            ValueError,
            "@pipeline(execution_mode=…) must be one of 'fail_fast', 'stop_on_failure', 'continue_on_failure', not 'fast'",
        ),
    ],
)
def test_wrong_keywords(keywords: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        pipeline(**keywords)
    assert str(raised.value) == message


def test_methods_of_a_server_say_what_takes_their_place() -> None:
    anything: Any = inner
    with pytest.raises(AttributeError, match="pipeline has no `deploy`: pipec has no server; see `pipec compile`"):
        anything.deploy()
    with pytest.raises(AttributeError, match="pipeline has no `with_option`"):
        anything.with_option()


def test_pipeline_context_is_for_bodies() -> None:
    with pytest.raises(RuntimeError, match="only inside a running pipeline"):
        get_pipeline_context()

    @step
    def asks() -> None:
        get_pipeline_context()

    with pytest.raises(RuntimeError, match="inside a step use get_step_context"):
        asks()


def test_wait_has_nobody_to_ask() -> None:
    with pytest.raises(RuntimeError, match=r"wait\(\) needs a server"):
        wait(schema=int, question="go on?")


def test_server_values_pass_as_options() -> None:
    tracker = Client().active_stack.experiment_tracker
    assert step(experiment_tracker=tracker.name)(lambda: 1)() == 1

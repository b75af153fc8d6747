"""A step called as plain Python is its function."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
from typing import Annotated, Any

import pytest

from pipec.sdk import BaseStep, CommandStep, ExternalArtifact, StepInterfaceError, step, unmapped


@step
def add(left: int, right: int = 10, *, scale: int = 1) -> Annotated[int, "total"]:
    """Add two numbers."""
    return (left + right) * scale


@step(enable_cache=False, name="halves")
def split(values: list[int]) -> tuple[list[int], list[int]]:
    return values[:1], values[1:]


@step
async def later(value: str) -> str:
    await asyncio.sleep(0)
    return value.upper()


class Doubled(BaseStep):
    def entrypoint(self, value: int) -> int:
        return value * 2


def test_a_call_returns_what_the_function_returns() -> None:
    assert add(1) == 11
    assert add(1, 2, scale=3) == 9
    assert add(left=1, right=2) == 3
    first, rest = split([1, 2, 3])
    assert (first, rest) == ([1], [2, 3])


def test_arguments_are_those_of_the_function() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'left'"):
        add()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="unexpected keyword argument 'rihgt'"):
        add(1, rihgt=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def test_id_and_after_are_not_arguments() -> None:
    assert add(1, id="first") == 11
    assert add(1, after="first") == 11
    assert add(1, 2, after=["first", 3], id="second") == 3
    assert add.after(split) is add


def test_a_step_looks_like_its_function() -> None:
    assert inspect.signature(add) == inspect.signature(add.entrypoint)
    assert str(inspect.signature(add)).startswith("(left: 'int', right: 'int' = 10, *, scale: 'int' = 1)")
    wrapper: Any = add
    assert (wrapper.__name__, wrapper.__qualname__, wrapper.__module__) == ("add", "add", __name__)
    assert add.__doc__ == "Add two numbers."
    assert inspect.unwrap(wrapper) is add.entrypoint
    assert repr(add) == "<step add>"
    assert isinstance(add, BaseStep)


def test_an_async_step_runs_to_completion() -> None:
    assert later("a") == "A"


def test_an_async_step_runs_to_completion_inside_a_running_loop() -> None:
    async def main() -> str:
        return later("b")

    assert asyncio.run(main()) == "B"


def test_decorating_a_function_inline() -> None:
    def subtract(left: int, right: int) -> int:
        return left - right

    assert step(subtract)(3, 1) == 2
    assert step(name="minus")(subtract).name == "minus"


def test_names() -> None:
    assert (add.name, split.name, Doubled().name) == ("add", "halves", "Doubled")
    assert split.with_options(name="other").name == "halves"


def test_a_class_is_a_step() -> None:
    assert Doubled(enable_cache=True)(4) == 8
    assert Doubled()(4, after="x", id="y") == 8
    with pytest.raises(NotImplementedError, match="BaseStep does not implement `entrypoint`"):
        BaseStep()()


def test_with_options_copies_and_configure_changes() -> None:
    copied = split.with_options(enable_cache=True, extra={"a": 1}).with_options(extra={"b": 2})
    assert copied.options == {"enable_cache": True, "name": "halves", "extra": {"a": 1, "b": 2}}
    assert split.options == {"enable_cache": False, "name": "halves"}
    assert copied([1, 2]) == ([1], [2])
    assert copied.with_options(extra={"c": 3}, merge=False).options["extra"] == {"c": 3}
    changed = Doubled()
    assert changed.configure(timeout=5) is changed
    assert changed.options == {"timeout": 5}


def test_configured_parameters_fill_arguments_and_the_call_wins() -> None:
    configured = add.with_options(parameters={"left": 1, "right": 2})
    assert configured() == 3  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    assert configured(left=5) == 7


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"enable_cash": True}, "@step has no keyword `enable_cash` (did you mean `enable_cache`?)"),
        ({"timeot": 3}, "@step has no keyword `timeot` (did you mean `timeout`?)"),
        ({"parameters": {}}, "@step has no keyword `parameters`"),
        ({"schedule": None}, "@step has no keyword `schedule`"),
    ],
)
def test_an_unknown_keyword_is_a_type_error(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        step(**keywords)
    assert str(raised.value) == message


def test_unknown_options_are_type_errors() -> None:
    wrong: Any = {"enabel_cache": True}
    with pytest.raises(TypeError, match=r"with_options has no keyword `enabel_cache` \(did you mean `enable_cache`"):
        add.with_options(**wrong)
    with pytest.raises(TypeError, match="step has no keyword `enabel_cache`"):
        Doubled(**wrong)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"timeout": 0}, "@step(timeout=…) must be a number above 0, not 0"),
        ({"enable_cache": "yes"}, "@step(enable_cache=…) must be bool | None, not 'yes'"),
        (
            {"heartbeat_healthy_threshold": 5},
            "@step(heartbeat_healthy_threshold=…) must be a whole number from 10 to 60",
        ),
        ({"retry": {"max_retries": 0}}, "StepRetryConfig.max_retries must be a whole number above 0, not 0"),
        ({"runtime": "elsewhere"}, "@step(runtime=…) must be one of 'inline', 'isolated', not 'elsewhere'"),
        ({"model": "churn"}, "@step(model=…) must be Model | None, not 'churn'"),
    ],
)
def test_a_wrong_value_is_a_value_error(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="must be") as raised:
        step(**keywords)
    assert str(raised.value).startswith(message)


def test_reserved_parameter_names() -> None:
    def wrong(value: int, *, after: int) -> int:
        return value + after

    with pytest.raises(StepInterfaceError, match="step `wrong`: `after` is a keyword of every step's call"):
        step(wrong)


def test_submit() -> None:
    future = split.submit([1, 2, 3], after=[], id="x", start_after=None)
    assert future.result() == future.load() == ([1], [2, 3])
    assert (future[0], list(future), len(future), future.running()) == ([1], [[1], [2, 3]], 2, False)
    assert add.submit(add.submit(1), right=add.submit(1)).result() == 22


def test_map_takes_lists_item_by_item() -> None:
    mapped = add.map(left=[1, 2, 3], right=unmapped(0), max_parallelism=2, after="x")
    assert mapped == [1, 2, 3]
    assert (mapped.load(), mapped.result(), len(mapped)) == ([1, 2, 3], [1, 2, 3], 3)
    assert [future.load() for future in mapped.futures] == [1, 2, 3]
    assert add.map([1, 2], (10, 20)) == [11, 22]
    assert add.map(left=mapped, right=5) == [6, 7, 8]
    assert add.map(left=[]) == []


def test_a_mapped_result_is_a_list_argument() -> None:
    @step
    def total(values: list[int]) -> int:
        assert type(values) is list
        return sum(values)

    assert total(add.map(left=[1, 2])) == 23
    submitted: Any = [add.submit(1), 2]
    assert total(submitted) == 13


def test_map_unpack() -> None:
    firsts, rests = split.map(values=[[1, 2], [3, 4]]).unpack()
    assert (firsts, rests) == ([[1], [3]], [[2], [4]])


def test_product_varies_the_last_argument_fastest() -> None:
    assert add.product(left=[1, 2], right=[10, 20]) == [11, 21, 12, 22]


def test_map_refuses_what_is_no_map() -> None:
    with pytest.raises(ValueError, match="nothing to map over: no argument is a list"):
        add.map(left=1)
    with pytest.raises(ValueError, match="mapped arguments differ in length: `left` 2, `right` 3"):
        add.map(left=[1, 2], right=[1, 2, 3])


def test_an_external_artifact_is_its_value() -> None:
    artifact: Any = ExternalArtifact(value=4)
    assert add(artifact) == 14


def test_command_step(capfd: pytest.CaptureFixture[str]) -> None:
    assert CommandStep(["echo", "hello"])() is None
    assert capfd.readouterr().out == "hello\n"
    assert CommandStep(["true"], name="named").name == "named"
    assert CommandStep(["true"]).options["enable_cache"] is False
    with pytest.raises(subprocess.CalledProcessError):
        CommandStep(["false"])()
    with pytest.raises(StepInterfaceError, match="needs a command"):
        CommandStep([])
    with pytest.raises(StepInterfaceError, match="no hooks: `on_failure`"):
        CommandStep(["true"], on_failure="hooks.notify")

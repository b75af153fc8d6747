"""Hooks of the run and of a step, the state of the pipeline, what the run returns."""

import os
from typing import Annotated

from pipec.sdk import get_step_context, pipeline, step


def note(text: str) -> None:
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{text}\n")


def begin(word: str) -> dict[str, str]:
    note("init")
    if os.environ.get("NO_START"):
        raise RuntimeError("no start")
    return {"word": word}


def well() -> None:
    note("success")


def badly(exception: BaseException) -> None:
    note(f"failure {type(exception).__name__} {exception}")


def clean() -> None:
    note("cleanup")
    raise RuntimeError("a hook that fails changes nothing")


def step_failed(exception: BaseException) -> None:
    note(f"step failure {exception}")


def step_succeeded() -> None:
    note("step success")


@step(on_failure=step_failed, on_success=step_succeeded)
def work(value: int) -> Annotated[int, "worked"]:
    if value > 5:
        raise KeyError(f"value {value}")
    return value + 1


@step
def speak() -> str:
    return get_step_context().pipeline_state["word"]


@step
def gather(values: list[int]) -> dict[str, list[int]]:
    return {"values": values}


@pipeline(on_init=begin, on_init_kwargs={"word": "hello"}, on_success=well, on_failure=badly, on_cleanup=clean)
def lifecycle(value: int = 1, chosen: bool = True, values: list[int] = [1, 2]):
    first = work(value)
    spoken = speak()
    collected = []
    for each in values:
        collected.append(work(each))
    if chosen:
        last = gather(collected)
    else:
        last = first
    return spoken, last, collected, value

"""Hooks of the run and of steps, which write down that they were called."""

import os
from typing import Any

from pipec.sdk import get_step_context, pipeline, step


def note(text: str) -> None:
    with open(os.environ["NOTES"], "a") as file:
        file.write(text + "\n")


def begin(word: str) -> dict[str, str]:
    note(f"init {word}")
    if os.environ.get("FAIL") == "init":
        raise RuntimeError("init fails")
    return {"word": word}


def succeed() -> None:
    note("success")
    if os.environ.get("FAIL") == "success":
        raise RuntimeError("hook fails")


def fail(problem: BaseException | None) -> None:
    note(f"failure {type(problem).__name__}: {problem}")


def clean() -> None:
    note("cleanup")


def step_fails(problem: BaseException) -> None:
    note(f"step failure {problem}")


def step_succeeds() -> None:
    note("step success")


@step(enable_cache=False, on_success=step_succeeds)
def first() -> str:
    return get_step_context().pipeline_state["word"]


@step(enable_cache=False, on_failure=step_fails)
def second(word: str) -> str:
    if os.environ.get("FAIL") == "step":
        raise KeyError(word)
    return word


@pipeline(on_init=begin, on_init_kwargs={"word": "hello"}, on_success=succeed, on_failure=fail, on_cleanup=clean)
def hooked() -> str:
    return second(first())

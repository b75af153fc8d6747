"""Hooks of the run and of steps. What they say goes to a file in the working folder."""

import pathlib

from pipec.sdk import get_step_context, pipeline, step


def note(text: str) -> None:
    with pathlib.Path("notes.txt").open("a") as file:
        file.write(text + "\n")


def init(base: int) -> dict[str, int]:
    note("init")
    return {"base": base}


def step_failed(exception: BaseException) -> None:
    note(f"a step failed: {exception}")


def step_done() -> None:
    note("a step is done")


def succeeded() -> None:
    note("the run succeeded")


def failed() -> None:
    note("the run failed")


def cleanup() -> None:
    note("cleanup")
    raise RuntimeError("this changes nothing")


@step(on_success=step_done, on_failure=step_failed)
def add(n: int) -> int:
    base = get_step_context().pipeline_state["base"]
    if n > 10:
        raise ValueError(f"{n} is too much")
    note(f"add {n}")
    return base + n


@pipeline(
    on_init=init,
    on_init_kwargs={"base": 5},
    on_success=succeeded,
    on_failure=failed,
    on_cleanup=cleanup,
)
def hooks(n: int = 1) -> int:
    return add(add(n))

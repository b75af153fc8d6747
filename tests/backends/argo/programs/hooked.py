import json
import os
from typing import Annotated

from pipec.sdk import get_step_context, pipeline, step


class TooSmall(ValueError):
    pass


def note(text: str) -> None:
    with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def prepare(base: int) -> dict[str, int]:
    note(f"init {base}")
    if base < 0:
        raise ValueError("no base")
    return {"base": base}


def celebrate() -> None:
    note("success")


def alarm(exception: BaseException) -> None:
    note(f"failure {type(exception).__name__} {exception}")


def tidy() -> None:
    note("cleanup")
    raise RuntimeError("not tidy")


def started() -> None:
    note("step starts")


def stumbled(exception: BaseException) -> None:
    note(f"step failed: {exception}")


@step(on_start=started, on_failure=stumbled)
def check(size: int) -> Annotated[int, "size"]:
    if size < 2:
        raise TooSmall(f"{size} {{{{workflow.name}}}} is too small")
    return size


@step
def read(size: int) -> Annotated[str, "text"]:
    return json.dumps([size, get_step_context().pipeline_state])


@step
def join(texts: list[str]) -> Annotated[str, "texts"]:
    return " ".join(texts)


@pipeline(on_init=prepare, on_init_kwargs={"base": 7}, on_success=celebrate, on_failure=alarm, on_cleanup=tidy)
def hooked(sizes: list[int] = [2, 3]):
    texts = []
    for size in sizes:
        texts.append(read(check(size)))
    return join(texts)

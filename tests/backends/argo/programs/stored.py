import os
from typing import Annotated

from pipec.sdk import ArtifactConfig, Client, Model, log_metadata, pipeline, step


def note(text: str) -> None:
    with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


@step
def make(base: int) -> Annotated[int, "made"]:
    note("make")
    assert os.environ["STORE_KEY"] == "k"
    return base


@step(substitutions={"kind": "base"}, model=Model(name="stock"), enable_artifact_metadata=False)
def copy(base: int) -> Annotated[int, ArtifactConfig(name="{kind}_copy")]:
    note("copy")
    log_metadata({"is_copy": True})
    return base


@step
def each(number: int, base: int) -> list[int]:
    note(f"each {number}")
    return [number, base]


@step(enable_cache=False)
def show(rows: list[list[int]], made: int) -> Annotated[str, "text"]:
    return f"{rows} {made}"


@pipeline
def stored(count: list[int] = [0, 1]):
    base = make(10)
    copy(base)
    rows = []
    for number in count:
        rows.append(each(number, base))
    return show(rows, Client().get_artifact_version("made"), after=[base])

import pathlib
from typing import Annotated

from pipec.sdk import CachePolicy, Client, pipeline, step


def note(text: str) -> None:
    with pathlib.Path("notes.txt").open("a") as file:
        file.write(text + "\n")


@step(enable_cache=False)
def make(n: int) -> Annotated[dict[str, int], "made_for_kubeflow"]:
    return {"n": n}


@step(cache_policy=CachePolicy(ignored_inputs=["label"]))
def read(data: dict[str, int], label: str) -> str:
    note(f"read {label}")
    return f"{data} {label}"


@pipeline
def lookup(n: int = 1, label: str = "first") -> str:
    made = make(n)
    found = Client().get_artifact_version("made_for_kubeflow")
    return read(found, label, after=[made])

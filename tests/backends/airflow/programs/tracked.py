"""A model, names with placeholders, a cache that ignores an input, metadata that is not kept."""

import os
from typing import Annotated

from zenml import ArtifactConfig, Model, log_metadata, pipeline, step
from zenml.config import CachePolicy


def note(text: str) -> None:
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{text}\n")


@step(cache_policy=CachePolicy(ignored_inputs=["noise"]))
def fit(size: int, noise: int) -> Annotated[list[int], ArtifactConfig(name="fitted_{kind}", tags=["small"])]:
    note(f"fit {size} {noise}")
    log_metadata({"size": size}, infer_model=True)
    return [size]


@step(enable_artifact_metadata=False, enable_cache=False)
def measure(values: list[int]) -> Annotated[int, "measured"]:
    note("measure")
    return sum(values)


@pipeline(model=Model(name="tracked", tags=["tried"]), substitutions={"kind": "linear"})
def tracked(size: int = 2, noise: int = 0) -> int:
    return measure(fit(size, noise))

from typing import Annotated

from zenml import pipeline, step


@step
def say_hello(name: str) -> Annotated[str, "greeting"]:
    return f"Hello, {name}!"


@pipeline
def simple_pipeline(name: str = "World") -> Annotated[str, "greeting"]:
    return say_hello(name)


if __name__ == "__main__":
    simple_pipeline()
    simple_pipeline(name="ZenML")

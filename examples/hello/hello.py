"""The first program: one step, one named output."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def say_hello(name: str) -> Annotated[str, "greeting"]:
    """Greets somebody by name."""
    return f"Hello, {name}!"


@pipeline
def simple_pipeline(name: str = "World") -> Annotated[str, "greeting"]:
    """Says hello."""
    return say_hello(name)


if __name__ == "__main__":
    print(simple_pipeline())

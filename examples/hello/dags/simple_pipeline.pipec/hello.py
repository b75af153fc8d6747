from typing import Annotated

from pipec.sdk import pipeline, step


@step
def say_hello(name: str) -> Annotated[str, "greeting"]:
    """Greets somebody by name."""
    return f"Hello, {name}!"

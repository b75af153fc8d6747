"""One step, one parameter, one output.

run
  ran: hello
  outputs: {"hello": "Hello, World!"}
run name="ZenML"
  ran: hello
  outputs: {"hello": "Hello, ZenML!"}
"""
from pipec.sdk import pipeline, step


@step
def hello(name: str) -> str:
    return f"Hello, {name}!"


@pipeline
def program(name: str = "World") -> str:
    return hello(name)

from pathlib import Path

from pipec.sdk import pipeline, step


@step
def note(name: str) -> None:
    with Path("order.txt").open("a") as file:
        file.write(name)


@pipeline
def later() -> None:
    note("c")


@pipeline
def ordered() -> None:
    """What is written first runs last."""
    last = note("d", after=["note_2", "later"])
    note("b", id="note_2", after=["note_3"])
    note("a", id="note_3")
    later(after="note_2")

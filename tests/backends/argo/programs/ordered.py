from pathlib import Path

from pipec.sdk import pipeline, step


@step
def write(path: str, word: str) -> None:
    with Path(path).open("a") as stream:
        stream.write(word)


@step
def read(path: str) -> str:
    return Path(path).read_text()


@pipeline
def ordered(path: str) -> str:
    """A parameter without a default."""
    write(path, "a", id="matches")
    write(path, "b", id="not", after="matches")
    write(path, "c", id="9 lives", after=["not"])
    return read(path, after=["matches", "9 lives"])

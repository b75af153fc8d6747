"""`after=` orders steps that share no data: by result, by id, by list.

run folder="$TMP"
  ran: note x4, read
  outputs: {"read": "abcd"}
  notes: abcd
"""
from pathlib import Path

from pipec.sdk import pipeline, step


@step
def note(folder: str, letter: str) -> None:
    with open(Path(folder, "notes"), "a", encoding="utf-8") as file:
        file.write(letter)


@step
def read(folder: str) -> str:
    return Path(folder, "notes").read_text(encoding="utf-8")


@pipeline
def program(folder: str) -> str:
    first = note(folder, "a")
    second = note(folder, "b", after=first)
    note(folder, "c", after=[first, second], id="third")
    note(folder, "d", after="third", id="fourth")
    return read(folder, after=["fourth"])

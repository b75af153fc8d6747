"""Several outputs, lists and dicts of results, computed arguments."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def pair(seed: int) -> tuple[Annotated[int, "low"], Annotated[dict[str, list[int]], "table"]]:
    return seed, {"b": [seed, 2], "a": []}


@step
def gather(lows: list[int], tables: dict[str, dict[str, list[int]]], title: str, half: float) -> dict[str, object]:
    return {"lows": lows, "keys": list(tables["first"]), "title": title, "half": half}


@pipeline
def gathered(seed: int = 3, name: str = "x") -> dict[str, object]:
    low, table = pair(seed)
    other, other_table = pair(seed * 2)
    return gather([low, other, 7], {"first": table, "second": other_table}, title=f"run {name}: {seed:>4}", half=seed / 2)

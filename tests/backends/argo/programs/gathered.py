from typing import Annotated

from pipec.sdk import pipeline, step


@step
def square(value: int) -> int:
    return value * value


@step
def name(value: int) -> str:
    return f"n{value}"


@step
def gather(values: list[int], names: dict[str, str], pair: tuple[int, str]) -> Annotated[str, "all"]:
    return f"{values} {names} {pair} {type(pair).__name__}"


@pipeline
def gathered(limit: int = 4) -> str:
    squares = [square(i) for i in range(3)]
    named = {str(i): name(i) for i in range(2)}
    return gather([*squares, limit], named, (squares[1], named["0"]))

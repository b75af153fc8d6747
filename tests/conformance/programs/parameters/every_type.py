"""Parameters of every type, by default and given.

run
  ran: show
  outputs: {"show": ["int 1", "float 0.5", "bool True", "str 'x'", "list [1, 2]", "dict {'a': [1]}", "NoneType None", "str 'fast'"]}
run i=-3 f=2.0 b=false s="" l=[] d={} o=1.5 m="slow"
  ran: show
  outputs: {"show": ["int -3", "float 2.0", "bool False", "str ''", "list []", "dict {}", "float 1.5", "str 'slow'"]}
"""
from typing import Literal, Optional

from pipec.sdk import pipeline, step


@step
def show(values: list) -> list[str]:
    return [f"{type(value).__name__} {value!r}" for value in values]


@pipeline
def program(
    i: int = 1,
    f: float = 0.5,
    b: bool = True,
    s: str = "x",
    l: list[int] = [1, 2],
    d: dict[str, list[int]] = {"a": [1]},
    o: Optional[float] = None,
    m: Literal["fast", "slow"] = "fast",
) -> list[str]:
    return show([i, f, b, s, l, d, o, m])

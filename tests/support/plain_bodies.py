"""Generated bodies (`bodies.py`) as Python itself runs them, each step a plain function: the oracle of DESIGN §4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any


def run_python(program: str, parameters: dict[str, Any]) -> tuple[Any, Counter[str]]:
    """What Python's own execution of the pipeline returns, and the calls of steps."""
    calls: Counter[str] = Counter()
    names: dict[str, Any] = {"step": lambda function: noted(function, calls), "pipeline": lambda function: function}
    exec(program.replace("from pipec.sdk import pipeline, step", ""), names)
    return names["p"](**parameters), calls


def noted(function: Callable[..., Any], calls: Counter[str]) -> Callable[..., Any]:
    def call(*positional: Any, **keywords: Any) -> Any:
        calls[f"{function.__name__}{(*positional, *keywords.values())!r}"] += 1
        return function(*positional, **keywords)

    call.map = lambda *lists, **named: Listed(map(call, *lists, *named.values()))  # type: ignore[attr-defined]
    call.submit = lambda *given: Future(call(*given))  # type: ignore[attr-defined]
    return call


class Listed(list[Any]):
    """What `step.map` returns, in plain Python."""

    def load(self) -> list[Any]:
        return list(self)


class Future:
    """What `step.submit` returns, in plain Python."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def result(self) -> Any:
        return self.value

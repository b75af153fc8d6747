"""Loops that a run decides: several steps in a body, conditions in it, what is collected, empty ones."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def names(count: int) -> list[str]:
    return ["abcdef"[i] * (i + 1) for i in range(count)]


@step
def train(name: str, rate: float) -> tuple[Annotated[dict[str, float], "model"], Annotated[float, "loss"]]:
    return {name: rate}, len(name) * rate


@step
def score(model: dict[str, float], name: str) -> float:
    return model[name] + 1


@step
def polish(score: float) -> float:
    return score * 100


@step
def best(models: list[dict[str, float]], scores: list[float], pairs: dict[str, float], kept: list[float]) -> str:
    return f"{models} {scores} {pairs} {kept}"


@pipeline
def loops(count: int = 3, rate: float = 0.5, extra: list[int] = [7, 8]) -> str:
    models = []
    scores = []
    pairs = {}
    kept = []
    for name in names(count):
        model, loss = train(name, rate)
        value = score(model, name)
        models.append(model)
        pairs[name] = loss
        if value > 1.2:
            scores.append(polish(value))
        elif loss > 100:
            continue
        else:
            scores.append(value)
            if name == "a":
                kept.append(polish(loss))
    for number in extra:
        kept.append(polish(number + rate))
    return best(models, scores, pairs, kept)

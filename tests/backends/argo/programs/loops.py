from typing import Annotated, Any

from pipec.sdk import pipeline, step


class Model:
    def __init__(self, name: str, depth: int) -> None:
        self.name, self.depth = name, depth


@step
def depths(top: int) -> list[int]:
    return list(range(top))


@step
def train(kind: str, depth: int) -> tuple[Annotated[Model, "model"], Annotated[float, "score"]]:
    return Model(kind, depth), depth + len(kind) / 8


@step
def best(models: list[Model], scores: list[float]) -> Annotated[str, "best"]:
    return " ".join(f"{model.name}{model.depth}={score}" for model, score in zip(models, scores, strict=True))


@step
def best_of(scores: list[float]) -> float:
    return max(scores, default=-1.0)


@step
def describe(model: Model) -> str:
    return f"<{model.name}{model.depth}>"


@step
def gather(texts: list[str], bests: list[str], all_scores: list[Any]) -> Annotated[str, "text"]:
    return f"{texts} {bests} {all_scores}"


@step
def halve(number: int) -> Annotated[int, "half"]:
    return number // 2


@step
def show(numbers: list[int], pairs: list[Any]) -> Annotated[str, "numbers"]:
    return f"{numbers} {pairs}"


@pipeline
def loops(kinds: list[str] = ["tree", "forest"], top: int = 3):
    bests = []
    all_scores = []
    texts = []
    for kind in kinds:
        models = []
        scores = []
        for depth in depths(top):
            model, score = train(kind, depth)
            models.append(model)
            scores.append(score)
        bests.append(best(models, scores))
        all_scores.append([best_of(scores), "best"])
        if top > 2:
            text = describe(models[0])
        else:
            text = kind
        texts.append(text)
    numbers = []
    pairs = []
    for number in [8, 6, 4]:
        half = halve(number)
        numbers.append(half)
        pairs.append((number, half))
    return gather(texts, bests, all_scores), show(numbers, pairs)

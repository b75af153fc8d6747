from typing import Annotated, Any

from pipec.sdk import pipeline, step


class Model:
    def __init__(self, name: str) -> None:
        self.name = name


@step
def parts(count: int) -> Annotated[list[int], "parts"]:
    return list(range(count))


@step
def train(kind: str, depth: int) -> Model:
    return Model(f"{kind}{depth}")


@step
def score(kind: str, depth: int) -> float:
    return float("inf") if depth > 8 else depth / 4 + len(kind)


@step
def load(part: int) -> Annotated[Model, "loaded"]:
    return Model(f"part{part}")


@step
def echo(kind: str) -> str:
    return kind


@step
def names(models: list[Model]) -> Annotated[str, "names"]:
    return " ".join(model.name for model in models)


@step
def report(table: list[list[Model]], scores: list[list[float]], loaded: list[Model], some: list[Any], name: str, echoed: list[str]) -> str:
    rows = [[model.name for model in row] for row in table]
    return f"{rows} {scores} {[model.name for model in loaded]} {[one.name for one in some]} {name} {echoed}"


@pipeline
def loading(count: int):
    return names([load(part) for part in parts(count)])


@pipeline
def nested_loops(kinds: list[str] = ["a", "bb"], depths: list[int] = [1, 9], count: int = 2, more: bool = True):
    table = [[train(kind, depth) for depth in depths] for kind in kinds]
    echoed = echo.map(kinds, max_parallelism=2)
    scores = [[score(kind, depth) for depth in depths] for kind in kinds]
    loaded = [load(part) for part in parts(count)]
    if more:
        some = [load(depth) for depth in depths]
    else:
        some = []
    if count > 1:
        name = loading(count)
    else:
        name = "few"
    return report(table, scores, loaded, some, name, echoed)

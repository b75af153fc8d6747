from pipec.sdk import pipeline, step


@step
def load() -> list[int]:
    return [1, 2]


@step
def score(x: object = 1) -> float:
    return 0.5


@step
def train(x: object = 1) -> object:
    return x


@pipeline
def training(big: bool = False, name: str = "x", n: int = 3, cached: bool = True):
    chosen = train if big else score
    chosen(1)
    train(2, id=f"train_{name}")
    if n < 1:
        raise ValueError("too few")
    train.with_options(enable_cache=cached)(3)

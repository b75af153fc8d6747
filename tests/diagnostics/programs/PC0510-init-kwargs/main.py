from zenml import pipeline, step


def begin(name: str) -> None:
    pass


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(on_init=begin, on_init_kwargs={"nmae": 1})
def training(rows: int = 3):
    train(load(rows))

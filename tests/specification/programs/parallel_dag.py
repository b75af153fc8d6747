from zenml import pipeline, step


@step
def load_data() -> list[int]:
    return [1, 2, 3]


@step
def preprocess(data: list[int]) -> list[int]:
    return [one * 2 for one in data]


@step
def train_a(data: list[int], epochs: int) -> float:
    return sum(data) * epochs


@step
def train_b(data: list[int], epochs: int) -> float:
    return max(data) * epochs


@step
def compare(a: float, b: float) -> str:
    return "a" if a > b else "b"


@step
def report() -> None:
    print("done")


@pipeline
def parallel_pipeline(epochs: int = 10):
    data = preprocess(load_data())
    a = train_a(data, epochs)
    b = train_b(data, epochs)
    compare(a, b)
    report(after=["train_a", "train_b"])
